"""The comparison: its figures against the run folders read another way, and how a plan is played."""

import csv
import json
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.messages.ai import UsageMetadata

import longthought as lt
from longthought.agents.agent import Policy, Reply
from longthought.agents.dialects.dialect import Step
from longthought.agents.dialects.prose import Prose
from longthought.agents.view import View
from longthought.domains.countdown import countdown_task
from longthought.errors import ConfigError, EndpointError, ProblemError, RunFolderError
from longthought.evaluation import plots
from longthought.evaluation.comparison import Comparison, compare, curve_budgets
from longthought.evaluation.evaluation import evaluate
from longthought.evaluation.request import EvaluationRequest
from longthought.evaluation.runs import Evaluation, StrategyRun, with_references
from longthought.evaluation.strategies import STRATEGIES, USUAL, Strategy, chosen, read
from longthought.graphs.rules import DebateContext
from longthought.jobs.progress import Progress
from longthought.problems.countdown import game
from longthought.problems.problem import AnswerReference, Problem, Task
from longthought.statistics import paired, share
from longthought.trajectories.events import Action, Verdict
from tests.fakes.enumerator import Enumerator, Solver, bill
from tests.fakes.scripted import ScriptedChatModel

TASKS = [countdown_task(p) for p in game.generate(count=8, numbers=4, split="validation", seed=3)]
# Under the names of the baselines, so that everything is tested against them.
LOOSE = Strategy("majority", "debate", {"backtracks": 6})
CHECKED = Strategy("best-of-n", "debate", checker=True, runs_of="leaf-only")
BUDGETS = (150, 400, 900)
PRICE = UsageMetadata(input_tokens=20, output_tokens=10, total_tokens=30)


def asked(strategies: Sequence[Strategy], **changes: Any) -> tuple[EvaluationRequest, Enumerator]:
    policy = Enumerator()
    given: dict[str, Any] = {"budgets": BUDGETS, "policy": policy, "critic": Solver(), **changes}
    return EvaluationRequest.of(strategies=strategies, **given), policy


def raw(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Read a run folder as what it is: lines of JSON."""
    found: dict[str, list[dict[str, Any]]] = {}
    for segment in sorted(folder.glob("events-*.jsonl")):
        for line in segment.read_text().splitlines():
            event = json.loads(line)
            found.setdefault(event["trajectory"], []).append(event)
    return found


def replayed(events: list[dict[str, Any]], budget: int, *, cached: bool, checker: bool) -> tuple[bool, int, int]:
    """Go through a log call by call: whether it is solved within a budget, and what that cost in tokens and calls."""
    spent = calls = 0
    numbers = next(t for t in TASKS if t.problem == Problem(**events[0]["problem"])).reference
    assert numbers is not None
    for event in events:
        price = sum(
            c["usage"]["prompt"] + c["usage"]["completion"] - (0 if cached else c["usage"]["cached"])
            for c in event["calls"]
        )
        if spent + price > budget:
            return False, spent, calls
        spent, calls = spent + price, calls + len(event["calls"])
        answer = event.get("answer") if event["kind"] == ("proposed" if checker else "finished") else None
        if answer and game.check(numbers.numbers, numbers.target, answer) is None:  # pyright: ignore
            return True, spent, calls
    return False, spent, calls


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Comparison]:
    """A comparison of fake agents, with two seeds."""
    out = tmp_path_factory.mktemp("played")
    strategies = [STRATEGIES["debate"], LOOSE, STRATEGIES["leaf-only"], CHECKED]
    request, _ = asked(strategies, seeds=(0, 1), concurrency=4)
    found, critics = evaluate(TASKS, request, out=out)
    plots.draw(found, critics, out)
    return out, found


def check_rows(out: Path, found: Comparison, folders: dict[str, str], checkers: Sequence[str] = ()) -> int:
    """Compute every row again from the bare logs; return how many there were."""
    solved: dict[tuple[str, int, str], list[list[bool]]] = {}
    for row in found.rows:
        seeds = [raw(out / folders[row.strategy] / f"seed-{seed}") for seed in found.seeds]
        runs = [
            [
                replayed(logs[f"{task.problem.id}#0"], row.budget, cached=row.count == "all",
                         checker=row.strategy in checkers)
                for task in TASKS
            ]
            for logs in seeds
        ]  # fmt: skip
        hits = solved[row.strategy, row.budget, row.count] = [[run[0] for run in one] for one in runs]
        flat = [run for one in runs for run in one]
        assert row.solved.solved == sum(run[0] for run in flat)
        assert row.solved.of == len(flat)
        assert row.by_seed == tuple(sum(one) / len(one) for one in hits)
        assert (row.all if row.count == "all" else row.computed) == pytest.approx(sum(r[1] for r in flat) / len(flat))
        assert row.requests == pytest.approx(sum(r[2] for r in flat) / len(flat))
        if len(found.seeds) == 1:
            assert (row.solved.low, row.solved.high) == share(row.solved.solved, row.solved.of)[3:]
    for row in found.rows:
        mine = solved[row.strategy, row.budget, row.count]
        for name, p in row.p.items():
            other = solved[name, row.budget, row.count]
            differences = [
                sum(a) - sum(b) for a, b in zip(zip(*mine, strict=True), zip(*other, strict=True), strict=True)
            ]
            assert p == paired(differences)
    return len(found.rows)


def test_every_figure_again_from_the_bare_logs(played: tuple[Path, Comparison]) -> None:
    out, found = played
    folders = {"debate": "debate", "majority": "majority", "leaf-only": "leaf-only", "best-of-n": "leaf-only"}
    assert check_rows(out, found, folders, ["best-of-n"]) == 4 * 3 * 2
    assert {row.solved.solved for row in found.rows} != {0}
    assert set(found.row("debate", 400).p) == {"majority", "best-of-n"}
    assert set(found.row("majority", 400).p) == {"best-of-n"}


def test_a_strategy_that_reads_anothers_runs_has_no_folder_and_does_at_least_as_well(
    played: tuple[Path, Comparison],
) -> None:
    out, found = played
    assert sorted(p.name for p in out.iterdir() if p.is_dir()) == ["debate", "leaf-only", "majority"]
    for budget in BUDGETS:
        mine, theirs = found.row("best-of-n", budget), found.row("leaf-only", budget)
        assert mine.solved.solved >= theirs.solved.solved
        assert mine.computed <= theirs.computed  # the checker stops at the first right answer


def test_more_tokens_never_solve_less_and_the_curve_goes_through_the_table(played: tuple[Path, Comparison]) -> None:
    _, found = played
    for name in ("debate", "majority", "leaf-only", "best-of-n"):
        curve = [row for row in found.curve if row.strategy == name]
        rates = [row.solved.rate for row in curve]
        assert rates == sorted(rates)
        assert [row for row in curve if row.budget in BUDGETS] == [found.row(name, budget) for budget in BUDGETS]


def test_unseen_targets_stand_apart(played: tuple[Path, Comparison]) -> None:
    out, found = played
    new = [t for t in TASKS if game.held_out_target(t.reference.target)]  # pyright: ignore
    row = found.row("debate", 900)
    if not new:
        assert row.unseen is None
        return
    logs = [raw(out / "debate" / f"seed-{seed}") for seed in (0, 1)]
    hits = sum(replayed(log[f"{t.problem.id}#0"], 900, cached=False, checker=False)[0] for log in logs for t in new)
    assert row.unseen is not None
    assert (row.unseen.solved, row.unseen.of) == (hits, 2 * len(new))


def test_what_is_left_in_the_folder(played: tuple[Path, Comparison]) -> None:
    out, found = played
    assert Comparison.model_validate_json((out / "comparison.json").read_text()) == found
    with (out / "table.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(r["strategy"], int(r["budget"]), r["count"], float(r["rate"])) for r in rows] == [
        (r.strategy, r.budget, r.count, r.solved.rate) for r in found.rows
    ]
    assert Counter(r["checker"] for r in rows) == {"False": 18, "True": 6}
    report = json.loads((out / "critic.json").read_text())["reports"]
    assert set(report) == {"debate", "majority"}
    assert report["debate"]["auroc"] == 1.0
    for name in ("curve", "calibration-debate"):
        assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert "<svg" in (out / f"{name}.svg").read_text()


def test_played_once_and_never_again(tmp_path: Path) -> None:
    request, policy = asked([STRATEGIES["debate"]])
    first, _ = evaluate(TASKS, request, out=tmp_path)
    assert policy.asked > 0
    again, same = asked([STRATEGIES["debate"]], budgets=(300, 900))  # other smaller budgets cost nothing
    second, _ = evaluate(TASKS, again, out=tmp_path)
    assert same.asked == 0
    assert second.row("debate", 900) == first.row("debate", 900)


def test_the_random_critic_has_the_debates_played_before_it(tmp_path: Path) -> None:
    request, _ = asked(chosen(["random-critic"]))
    names: list[str] = []

    @contextmanager
    def watch(run: StrategyRun, progress: Progress) -> Generator[None]:
        assert (progress.done, progress.expected) == (0, len(TASKS))
        yield
        assert progress.done == len(TASKS)
        names.append(run.strategy.name)

    found, critics = evaluate(TASKS, request, out=tmp_path, watch=watch)
    assert names == ["debate", "random-critic"]
    assert [entrant.critic for entrant in found.strategies] == ["random"]
    assert set(critics.reports) == {"debate"}


@pytest.mark.slow
def test_the_bundled_agents_and_every_figure_again_from_their_logs(tmp_path: Path) -> None:
    names = ("debate", "leaf-only", "greedy", "best-of-n")
    request = EvaluationRequest.of(strategies=names, budgets=BUDGETS)
    found, critics = evaluate(TASKS, request, out=tmp_path)
    folders = {name: name for name in names} | {"best-of-n": "majority"}
    assert check_rows(tmp_path, found, folders, ["best-of-n"]) == 4 * 3 * 2
    for attempts in Evaluation(request, TASKS, tmp_path).run_of(STRATEGIES["majority"], 0).trajectories():
        paid = [event.calls for event in attempts.events if event.calls]
        before = sum(call.usage.computed for calls in paid[:-1] for call in calls)
        assert before < max(BUDGETS) <= attempts.usage.total.computed  # spent to the last call, and no further
    assert found.row("debate", 900).solved.solved > 0
    assert critics.reports["debate"].judged > 0


def test_a_curve_holds_the_budgets() -> None:
    found = curve_budgets([100, 800])
    assert {100, 800} <= set(found)
    assert found == sorted(set(found))
    assert found[-1] == 800
    assert curve_budgets([1]) == [1]


def test_a_budget_too_small_for_one_call(tmp_path: Path) -> None:
    request, _ = asked([STRATEGIES["debate"]], budgets=(3, 300))
    with pytest.raises(ConfigError, match=r"`budgets` 3: too small for a single call of debate, .* \d+ tokens"):
        evaluate(TASKS, request, out=tmp_path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"budgets": (0,)}, "`budgets` must be at least 1"), ({"seeds": ()}, "`seeds` must hold at least 1")],
)
def test_requests_that_make_no_sense(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        asked([STRATEGIES["debate"]], **changes)


def test_a_run_folder_is_no_place_for_several(tmp_path: Path) -> None:
    for _ in lt.generate(TASKS[:1], out=tmp_path, policy=Enumerator(), critic=Solver()):
        pass
    with pytest.raises(RunFolderError, match="is a run folder itself"):
        evaluate(TASKS, asked([STRATEGIES["debate"]])[0], out=tmp_path)


async def test_a_plan_that_was_not_played_says_so(tmp_path: Path) -> None:
    request, _ = asked([STRATEGIES["debate"]])
    with pytest.raises(RunFolderError, match="does not exist"):
        await compare(Evaluation(request, TASKS, tmp_path))


def test_every_problem_has_something_to_grade_by() -> None:
    game = Task(problem=Problem(id="g", statement="Use 3 and 7, each once, to make 21.", domain="countdown"))
    sum_ = Task(problem=Problem(id="s", statement="What is 1 + 1?"), reference=AnswerReference(answer="2"))
    assert with_references([game, sum_])[0].reference is not None
    with pytest.raises(ProblemError, match="'t' has no reference"):
        with_references([sum_, Task(problem=Problem(id="t", statement="Why?"))])


class Scores:
    """A critic that scores an attempt by its answer: one wrong answer high, right ones lower."""

    name = "fake:scores"

    def __init__(self, five: float) -> None:
        self.five = five

    def unsuitable(self, view: View) -> str | None:
        """Accept every problem."""
        return None

    async def judge(self, view: View) -> Reply[Verdict]:
        """Score the candidate."""
        assert view.candidate is not None
        score = self.five if view.candidate.answer == "5" else 0.6
        return Reply(Verdict(action=Action.TERMINATE, score=score), (bill(self.name, "yes", view),))

    async def aclose(self) -> None:
        """Release nothing."""


@pytest.mark.parametrize("five", [0.9, 1.0])  # the best score ends a choice by scores, but no vote
def test_a_weighted_vote_goes_on_where_the_best_score_is_enough(tmp_path: Path, five: float) -> None:
    task = Task(
        problem=Problem(id="s", statement="What is 2 + 2?", domain="math"), reference=AnswerReference(answer="4")
    )
    replies = ["\\boxed{5}", "\\boxed{4}", "It is \\boxed{4}", "\\boxed{4}."]
    solved: list[int] = []
    for name in ("critic-best-of-n", "weighted"):
        model = ScriptedChatModel([AIMessage(r, usage_metadata=PRICE) for r in replies])
        played = replace(STRATEGIES[name], settings={**STRATEGIES[name].settings, "attempts": 4})
        agents: dict[str, Any] = {"policy": Policy("fake:policy", model, Prose()), "critic": Scores(five)}
        found = lt.evaluate(
            [task], out=tmp_path / name, strategies=[played], budgets=(4000,), concurrency=1, **agents
        ).comparison
        solved.append(found.row(name, 4000).solved.solved)
        assert found.strategies[0].settings["choose"] == played.settings["choose"]
    assert solved == [0, 1]


def test_the_usual_tools_check_what_a_critic_chooses_from(tmp_path: Path) -> None:
    for given in ({}, {"tools": ["countdown"]}):
        request = EvaluationRequest.of(strategies=["majority", "critic-best-of-n", "weighted"], **given)
        used = {run.strategy.name: list(run.settings["tools"]) for run in Evaluation(request, TASKS, tmp_path).runs()}
        usual = DebateContext(**given).used_tools
        assert used == {"majority": [], "critic-best-of-n": usual, "weighted": usual}


def test_a_comparison_with_another_critic_leaves_it_out_where_the_policy_judges_itself(tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "policy": "openai:m", "critic": "openai:c", "base_url": "http://127.0.0.1:1/v1", "critic_temperature": 0.5,
    }  # fmt: skip
    evaluation = Evaluation(EvaluationRequest.of(**given), TASKS, tmp_path)
    for run in evaluation.runs():
        run.expect_sound()
        assert run.settings.get("critic") == (None if run.strategy.name == "self-critique" else "openai:c")


def test_a_setting_that_suits_one_strategy_alone_is_found_before_anything_is_played(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="patience"):
        lt.evaluate(TASKS, out=tmp_path, strategies=["debate", "majority"], budgets=(100,), patience=3)
    assert not list(tmp_path.iterdir())


def test_a_vote_is_weighed_by_what_tools_confirmed(tmp_path: Path) -> None:
    task = Task(problem=Problem(id="s", statement="What is 2 + 2?"), reference=AnswerReference(answer="4"))
    replies = ["\\boxed{5}", "2 + 2 = 5, so \\boxed{5}", "As 2 + 2 = 4 and 4 + 0 = 4, it is \\boxed{4}."]
    policy = Policy("fake:policy", ScriptedChatModel([AIMessage(r, usage_metadata=PRICE) for r in replies]), Prose())
    played = replace(
        STRATEGIES["tools-vote"], settings={**STRATEGIES["tools-vote"].settings, "attempts": 3, "batch": 1}
    )
    settings: dict[str, Any] = {"budgets": (4000,), "policy": policy, "concurrency": 1}
    found = lt.evaluate([task], out=tmp_path, strategies=[played], **settings).comparison
    assert found.row("tools-vote", 4000).solved.solved == 1  # one five is refuted, and the other confirmed by nothing


def test_the_tools_alone_are_compared_and_their_report_needs_no_program(tmp_path: Path) -> None:
    task = Task(problem=Problem(id="s", statement="What is 3 * 4?"), reference=AnswerReference(answer="12"))
    replies = ["So 3 + 4 = 7: \\boxed{7}.", "```python\nprint(3 * 4)\n```", "3 * 4 = 12: \\boxed{12}."]
    replies.append(replies[1])
    policy = Policy("fake:policy", ScriptedChatModel([AIMessage(r, usage_metadata=PRICE) for r in replies]), Prose())
    settings: dict[str, Any] = {"budgets": (4000,), "policy": policy, "concurrency": 1}
    found = lt.evaluate([task], out=tmp_path, strategies=[STRATEGIES["tools"]], **settings)
    assert found.comparison.row("tools", 4000).solved.solved == 1
    assert "tools" in found.critics.reports


# Strategies.


def test_strategies_by_name_and_written_out() -> None:
    assert set(USUAL) <= set(STRATEGIES)
    found = chosen(["debate"], ["quick=debate:patience=1,rounds=8"])
    assert [s.name for s in found] == ["debate", "quick"]
    assert EvaluationRequest.of(strategies=["debate", "quick=debate:patience=1,rounds=8"]).strategies == found
    assert found[1].settings == {"patience": 1, "rounds": 8}
    assert read("plain=debate") == Strategy("plain", "debate", {})


@pytest.mark.parametrize(
    ("names", "written", "said"),
    [
        (["debat"], [], "unknown strategy 'debat': there are greedy, majority, best-of-n"),
        ([], [], "no strategy is left to play: choose from greedy"),
        ([], ["debate"], "write NAME=GRAPH:SETTING=VALUE"),
        ([], ["a/b=debate"], "write NAME=GRAPH:SETTING=VALUE"),
        ([], ["x=debate:colour=red"], "`strategy` colour=red: debate has no setting colour: "),
        ([], ["x=debate:rounds=many"], "rounds=many"),
        ([], ["x=debate:rounds=0"], "rounds=0: rounds must be at least 1"),
        ([], ["x=duel"], "unknown graph 'duel'"),
        ([], ["debate=debate"], "`strategy` debate: that name is taken"),
        ([], ["x=debate", "x=debate:rounds=2"], "`strategy` x: that name is taken"),
    ],
)
def test_strategies_that_make_no_sense(names: list[str], written: list[str], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        chosen(names, written)
    assert said in str(error.value)


class Moody(Enumerator):
    """A policy whose server refuses one problem until it is mended."""

    mended = False

    async def propose(self, view: View) -> Reply[Step]:
        """Propose, or fail on the first problem."""
        if not self.mended and view.problem == TASKS[0].problem:
            raise EndpointError("the server refuses this one")
        return await super().propose(view)


def test_debates_that_failed_are_played_on_when_asked_for(tmp_path: Path) -> None:
    policy = Moody()
    settings: dict[str, Any] = {"budgets": BUDGETS, "policy": policy, "critic": Solver(), "strategies": ["debate"]}
    first = lt.evaluate(TASKS, out=tmp_path, **settings).comparison
    policy.mended = True
    same = lt.evaluate(TASKS, out=tmp_path, **settings).comparison
    again = lt.evaluate(TASKS, out=tmp_path, retry_failed=True, **settings).comparison
    assert [max(row.failed for row in found.rows) for found in (first, same, again)] == [1, 1, 0]
