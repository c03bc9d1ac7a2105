from collections import Counter
from pathlib import Path

from longthought.agents import notation
from longthought.agents.agent import Reply
from longthought.agents.dialect import Step
from longthought.agents.view import View
from longthought.evaluation.ablations import CredulousCritic, LeafCritic, OracleCritic, RandomCritic
from longthought.evaluation.worth import Bench, arm_result, critic_result
from longthought.problems import countdown
from longthought.problems.loader import countdown_task
from longthought.trajectories.events import Action, Cause, Moved, StopReason


class Enumerator:
    """A fake policy without a model: proposes the first legal move that was not tried from here yet."""

    name = "fake:enumerator"

    def unsuitable(self, view: View) -> str | None:
        return None

    async def propose(self, view: View) -> Reply[Step]:
        puzzle = notation.read_statement(view.problem.statement)
        assert puzzle
        table = tuple(sorted(puzzle.numbers, reverse=True))
        if view.path:
            step = notation.read_step(view.path[-1])
            assert step
            table = step.remaining
        tried = {attempt.text for attempt in view.attempts}
        texts = []
        for move in countdown.moves(table):
            following = countdown.after(table, move)
            assert following is not None
            texts.append(notation.write_step(move.left, move.operator, move.right, move.result, following))
        text = next((t for t in texts if t not in tried), texts[0])
        answer = None
        if len(table) == 2:
            from longthought.agents.compact import Compact

            read = Compact().read_step(text, view)
            assert isinstance(read, Step)
            answer = read.answer
        return Reply(Step(text, answer), ())

    async def reflect(self, view: View) -> Reply[str]:
        raise AssertionError("nobody asks for a reflection here")

    async def aclose(self) -> None:
        pass


TASKS = [countdown_task(p) for p in countdown.generate(count=12, numbers=4, split="validation", seed=3)]


def test_oracle_with_an_enumerating_policy_solves_everything_within_the_tree(tmp_path: Path) -> None:
    debates = Bench(TASKS, tmp_path, rounds=64).play("oracle", Enumerator(), OracleCritic())
    assert all(t.solved for t in debates)
    result = critic_result(debates)
    assert result.auroc == 1.0
    assert result.false_dead.startswith("0.0%")
    assert result.false_live.startswith("0.0%") or result.false_live == "none"
    assert result.right_target.startswith("100.0%")


def test_leaf_critic_goes_back_only_at_a_leaf(tmp_path: Path) -> None:
    debates = Bench(TASKS, tmp_path, rounds=60).play("leaf-only", Enumerator(), LeafCritic())
    for debate in debates:
        for event in debate.events:
            if isinstance(event, Moved) and event.cause is Cause.REJECTED:
                step = notation.read_step(debate.tree.node(event.abandoned[-1]).text)
                assert step is not None
                assert len(step.remaining) == 1


def test_credulous_critic_makes_one_pass(tmp_path: Path) -> None:
    debates = Bench(TASKS, tmp_path).play("greedy", Enumerator(), CredulousCritic())
    assert all(t.rounds == 3 and t.stop_reason is StopReason.ANSWERED for t in debates)
    assert arm_result("greedy", debates).solved < len(TASKS)


def test_random_critic_draws_at_the_measured_rates(tmp_path: Path) -> None:
    debates = Bench(TASKS, tmp_path / "real", rounds=64).play("oracle", Enumerator(), OracleCritic())
    drawn = RandomCritic.like(debates, seed=1)
    rates = drawn._rates
    assert sum(sum(c.values()) for c in rates.values()) == critic_result(debates).judged
    assert set(rates) == {1, 2, 3}
    assert all(action is Action.TERMINATE or action is Action.BACKTRACK for action, _ in rates[1])
    counts = Counter(RandomCritic.like(debates, seed=s)._rng.random() for s in range(3))
    assert len(counts) == 3  # seeds differ
    again = Bench(TASKS, tmp_path / "a", rounds=32).play("random", Enumerator(), RandomCritic.like(debates, seed=5))
    assert sum(t.solved is True for t in again) < len(TASKS)
