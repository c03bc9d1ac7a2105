from pathlib import Path

import longthought as lt
from longthought.agents.accepting import AcceptingCritic
from longthought.agents.agent import Judge
from longthought.domains.countdown import countdown_task
from longthought.evaluation.ablations import LeafCritic, OracleCritic, RandomCritic
from longthought.problems.countdown import game, notation
from longthought.trajectories.events import Action, Cause, Judged, Moved, StopReason
from longthought.trajectories.trajectory import Trajectory
from tests.fakes.enumerator import Enumerator

TASKS = [countdown_task(p) for p in game.generate(count=12, numbers=4, split="validation", seed=3)]


def play(out: Path, critic: Judge, rounds: int = 64) -> list[Trajectory]:
    for _ in lt.generate(TASKS, out=out, policy=Enumerator(), critic=critic, rounds=rounds):
        pass
    return list(lt.Run(out).trajectories())


def test_oracle_with_an_enumerating_policy_solves_everything_within_the_tree(tmp_path: Path) -> None:
    assert all(t.solved for t in play(tmp_path, OracleCritic()))


def test_leaf_critic_goes_back_only_at_a_leaf(tmp_path: Path) -> None:
    seen = 0
    for debate in play(tmp_path, LeafCritic(), rounds=60):
        for event in debate.events:
            if isinstance(event, Moved) and event.cause is Cause.REJECTED:
                step = notation.read_step(debate.tree.node(event.abandoned[-1]).text)
                assert step is not None
                assert len(step.remaining) == 1
                seen += 1
    assert seen > len(TASKS)


def test_accepting_critic_makes_one_pass(tmp_path: Path) -> None:
    debates = play(tmp_path, AcceptingCritic())
    assert all(t.rounds == 3 and t.stop_reason is StopReason.ANSWERED for t in debates)
    assert sum(t.solved is True for t in debates) < len(TASKS)


def test_random_critic_draws_at_the_measured_rates_and_the_same_for_the_same_step(tmp_path: Path) -> None:
    debates = play(tmp_path / "real", OracleCritic())
    drawn = RandomCritic.like(debates, seed=1)
    judged = sum(isinstance(event, Judged) for debate in debates for event in debate.events)
    assert sum(sum(counts.values()) for counts in drawn.rates.values()) == judged
    assert set(drawn.rates) == {(1, False), (2, False), (3, True)}
    assert {action for action, _ in drawn.rates[3, True]} == {Action.TERMINATE, Action.BACKTRACK}
    once = [t.tree.nodes[-1].text for t in play(tmp_path / "a", drawn, rounds=32)]
    again = [t.tree.nodes[-1].text for t in play(tmp_path / "b", RandomCritic.like(debates, seed=1), rounds=32)]
    other = [t.tree.nodes[-1].text for t in play(tmp_path / "c", RandomCritic.like(debates, seed=2), rounds=32)]
    assert once == again != other
    assert sum(t.solved is True for t in lt.Run(tmp_path / "a").trajectories()) < len(TASKS)
