"""Sampling from end to end, in both languages: real graph, votes and tools, and models that follow a script."""

import itertools
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage

import longthought as lt
from longthought.agents.agent import Critic, Policy
from longthought.agents.catalogue import DIALECTS
from longthought.agents.dialects.yes_no import YesNo
from longthought.agents.in_process.chat_model import InProcessChatModel
from longthought.errors import ConfigError, EndpointError, ProblemError
from longthought.graphs import catalogue
from longthought.graphs.context import started
from longthought.graphs.sampling.attempts import Attempts, begins
from longthought.graphs.sampling.graph import Sampling
from longthought.graphs.sampling.settings import SamplingContext
from longthought.graphs.seats import EmptyChair, Seats
from longthought.problems.problem import Problem
from longthought.tools.catalogue import verifiers
from longthought.trajectories.events import (
    AnyEvent,
    Author,
    Cause,
    Checked,
    Failed,
    Failure,
    Finished,
    Judged,
    Moved,
    Proposed,
    Started,
    StopReason,
)
from longthought.trajectories.tree import Standing, Tree
from tests.fakes.drivers import DRIVERS, Driver, langgraph, loop
from tests.fakes.scripted import Script, ScriptedChatModel

SUM = Problem(id="sum", statement="What is 12 * 13 + 7 * 8?")
GAME = Problem(id="game", statement="Use 3, 7, 16 and 20, each once, to make 46.", domain="countdown")


def settings_of(events: Sequence[AnyEvent]) -> SamplingContext:
    assert isinstance(events[0], Started)
    return SamplingContext.read(events[0].config)


def folded(events: Sequence[AnyEvent]) -> Attempts:
    fold = Sampling().begin(settings_of(events))
    for event in events:
        fold.apply(event)
    return fold


def conclude(events: Sequence[AnyEvent]) -> str | None:
    return Sampling().answer(folded(events), settings_of(events))


class Sampled:
    """A run: what was said, and what was asked."""

    def __init__(self, events: list[AnyEvent], policy: ScriptedChatModel, critic: ScriptedChatModel) -> None:
        self.events, self.policy, self.critic = events, policy, critic
        self.tree = Tree.fold(events)
        self.fold = folded(events)
        assert len(self.fold.all) == sum(map(begins, events))

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def end(self) -> Finished:
        assert isinstance(self.events[-1], Finished)
        return self.events[-1]

    @property
    def answers(self) -> list[str | None]:
        return [attempt.answer for attempt in self.fold.all]


async def sample(
    problem: Problem,
    policy: Script,
    critic: Script = (),
    *,
    log: Sequence[AnyEvent] = (),
    driver: Driver = langgraph,
    **settings: Any,
) -> Sampled:
    """Run a log, or a new run, to its end. Nothing catches what the graph raises."""
    dialect = DIALECTS["compact" if problem is GAME else "prose"]()
    said, judged = ScriptedChatModel(policy), ScriptedChatModel(critic)
    context = SamplingContext(**settings)
    judges_in = YesNo() if context.critic_dialect == "yes-no" else dialect
    seats = Seats(
        Policy("fake:policy", said, dialect), Critic("fake:critic", judged, judges_in), verifiers(context.tools)
    )
    begun = list(log) or [started(problem, context)]
    return Sampled(await driver(Sampling(seats), begun, context), said, judged)


def solution(answer: int, how: str = "So it is") -> str:
    return rf"I multiply and add. {how} \boxed{{{answer}}}."


def scored(score: float | None, action: str = "terminate") -> str:
    return json.dumps({"critique": "so I say", "action": action, "target": None, "score": score})


FIRST = ("20 + 16 = 36 left 36 7 3", "36 + 7 = 43 left 43 3", "43 + 3 = 46 left 46")
OTHER = ("7 + 3 = 10 left 20 16 10", "16 + 10 = 26 left 26 20", "26 + 20 = 46 left 46")
SAME = ("16 + 20 = 36 left 36 7 3", "7 + 36 = 43 left 43 3", "3 + 43 = 46 left 46")
"""As the first, with the sides of every sum swapped."""


# Whole attempts.


async def test_attempts_are_branches_of_one_tree_and_the_majority_wins() -> None:
    lines = [solution(7), solution(212), "", "I don't know.", solution(212, "Again"), solution(7), solution(212)]
    run = await sample(SUM, lines, attempts=7, stop_early=False)
    assert run.answers == ["7", "212", None, None, "212", "7", "212"]
    assert [node.parent for node in run.tree.nodes[1:]] == [0] * 6
    assert [(f.failure, f.node) for f in run.of(Failed)] == [
        (Failure.UNREADABLE_STEP, None),
        (Failure.UNREADABLE_STEP, 3),
    ]
    moved = run.of(Moved)[0]
    assert (moved.to, moved.cause, moved.accepted, moved.by) == (2, Cause.SELECTED, (2,), Author.STRATEGY)
    assert moved.reason == "3 of 7 votes"
    assert (run.end.reason, run.end.node, run.end.answer) == (StopReason.ANSWERED, 2, "212")
    assert run.tree.node(2).standing is Standing.ACCEPTED
    assert len(set(run.policy.prompts)) == 1, "nobody sees another's attempt"
    assert run.critic.seen == []


@pytest.mark.parametrize("limit", ["tokens", "computed"])
async def test_a_batch_asks_for_no_more_than_the_budget_buys(limit: str) -> None:
    script = [solution(n) for n in range(9)]
    first = await sample(SUM, script, attempts=2, batch=2, stop_early=False)
    each = first.tree.total_usage.total // 2
    run = await sample(SUM, script, attempts=9, batch=2, stop_early=False, **{limit: 3 * each - 1})
    assert len(run.answers) == 3
    cheap = await sample(SUM, script, attempts=9, batch=4, stop_early=False, **{limit: each})
    assert len(cheap.answers) == 4  # what an attempt costs is known only after the first request


async def test_a_batch_is_one_turn_and_the_next_begins_where_it_ended() -> None:
    run = await sample(SUM, [solution(n) for n in range(5)], attempts=5, batch=2, stop_early=False)
    assert run.answers == ["0", "1", "2", "3", "4"]
    assert run.end.answer == "0"


@pytest.mark.parametrize(("early", "made"), [(True, 6), (False, 9)])
async def test_it_stops_when_the_vote_is_decided(early: bool, made: int) -> None:
    lines = [solution(n) for n in (3, 212, 212, 212, 212, 212, 1, 1, 1)]
    run = await sample(SUM, lines, attempts=9, batch=1, stop_early=early)
    assert len(run.fold.all) == made
    assert (run.end.answer, run.end.reason) == ("212", StopReason.ANSWERED)


async def test_without_any_answer_it_gives_up() -> None:
    run = await sample(SUM, ["", "no idea"], attempts=2)
    assert (run.end.reason, run.end.answer, run.end.node, run.of(Moved)) == (StopReason.GAVE_UP, None, None, [])


@pytest.mark.parametrize(("choose", "answer"), [("first", "1"), ("last", "4")])
async def test_the_first_and_the_last_answer(choose: str, answer: str) -> None:
    run = await sample(SUM, ["", *(solution(n) for n in (1, 2, 3, 4))], attempts=5, choose=choose, batch=5)
    assert run.end.answer == answer


async def test_the_first_answer_is_enough_where_the_first_wins() -> None:
    run = await sample(SUM, ["", solution(1)], attempts=5, choose="first", batch=1)
    assert len(run.fold.all) == 2


# The critic.


async def test_a_critic_of_one_word_is_asked_below_the_solution() -> None:
    """So that a server that keeps prefixes reads the question alone."""
    run = await sample(
        SUM, [solution(1), solution(2)], ["No", "Yes"], attempts=2, choose="weighted", critic_dialect="yes-no", tools=()
    )
    assert [request[:-2] for request in run.critic.seen] == [run.policy.seen[0]] * 2
    assert [request[-2].content for request in run.critic.seen] == [solution(1), solution(2)]
    assert run.end.answer == "2"


async def test_without_a_critic_a_vote_may_be_weighed_by_what_tools_confirmed() -> None:
    replies = iter([solution(1), solution(2, how="12 * 13 = 156, 7 * 8 = 56 and 156 + 56 = 212, so it is")])
    policy = Policy("fake:policy", ScriptedChatModel(lambda _: next(replies)), DIALECTS["prose"]())
    run = {"attempts": 2, "batch": 1, "choose": "weighted", "critic": "tools", "tools": ["algebra"]}
    trajectory = await lt.asolve(SUM, graph="sampling", policy=policy, **run)
    assert [round(v.score or 0, 2) for node in trajectory.tree.nodes for v in node.verdicts] == [0.5, 0.8]
    assert trajectory.answer == "2"


async def test_the_critic_scores_each_attempt_alone_and_its_best_wins() -> None:
    scores = iter([scored(0.3), scored(0.9), scored(0.4, "backtrack")])
    run = await sample(
        SUM, [solution(1), solution(2), solution(3)], lambda _: next(scores), attempts=3, choose="critic"
    )
    assert (run.end.answer, run.of(Moved)[0].reason) == ("2", "score 0.90, the best of 3 attempts")
    assert [event.node for event in run.of(Judged)] == [1, 2, 3]
    for number, prompt in enumerate(run.critic.prompts, start=1):
        assert [str(n) for n in (1, 2, 3) if rf"\boxed{{{n}}}" in prompt] == [str(number)]


async def test_a_perfect_score_cannot_be_beaten() -> None:
    run = await sample(
        SUM, [solution(1), solution(2)], [scored(0.5), scored(1.0)], attempts=9, batch=1, choose="critic"
    )
    assert (run.end.answer, len(run.fold.all)) == ("2", 2)


async def test_the_vote_is_weighted_by_score() -> None:
    lines = [solution(n) for n in (1, 1, 1, 2)]
    verdicts = [scored(0.25), scored(0.25), scored(0.25), scored(0.875)]
    run = await sample(SUM, lines, verdicts, attempts=4, choose="weighted")
    assert (run.end.answer, run.of(Moved)[0].reason) == ("2", "1 of 4 votes, 0.88 by weight")
    assert (await sample(SUM, lines, attempts=4)).end.answer == "1"


async def test_verdicts_without_a_score_or_without_sense_still_count_for_something() -> None:
    verdicts = ["what", "what", scored(None, "terminate"), scored(None, "backtrack")]
    run = await sample(SUM, [solution(n) for n in (1, 2, 3)], verdicts, attempts=3, choose="critic")
    assert [run.fold.score(attempt) for attempt in run.fold.all] == [0.0, 1.0, 0.0]
    assert run.end.answer == "2"
    assert [f.by for f in run.of(Failed)] == [Author.CRITIC]


async def test_attempts_without_an_answer_are_not_judged() -> None:
    run = await sample(SUM, ["", "no idea", solution(1)], [scored(0.1)], attempts=3, choose="critic")
    assert (len(run.critic.seen), run.end.answer) == (1, "1")


# Step by step.


async def test_a_policy_that_knows_only_steps_makes_one_attempt_after_the_other() -> None:
    run = await sample(GAME, [*OTHER, *FIRST, *SAME], attempts=3, stop_early=False)
    assert [node.parent for node in run.tree.nodes[1:]] == [0, 1, 2, 0, 4, 5, 0, 7, 8]
    assert run.policy.prompts[0] == run.policy.prompts[3] == "use 20 16 7 3 make 46 step"
    assert run.policy.prompts[4] == f"use 20 16 7 3 make 46 step {FIRST[0]} step"
    assert run.answers == ["(16 + (7 + 3)) + 20", "((20 + 16) + 7) + 3", "3 + (7 + (16 + 20))"]
    assert run.end.answer == run.answers[0], "sums in any order are one answer, and the first to say it speaks"
    assert run.of(Moved)[0].reason == "3 of 3 votes"


async def test_differences_and_quotients_have_an_order() -> None:
    one = ("20 - 16 = 4 left 7 4 3", "7 * 4 = 28 left 28 3", "28 + 3 = 31 left 31")
    run = await sample(GAME, [*one, *FIRST, *SAME], attempts=3, stop_early=False)
    assert (run.end.answer, run.of(Moved)[0].reason) == (run.answers[1], "2 of 3 votes")


async def test_a_step_that_cannot_be_read_ends_its_attempt() -> None:
    nonsense = ["blank"] * 4
    run = await sample(GAME, [FIRST[0], *nonsense, *nonsense, *OTHER], attempts=3, stop_early=False)
    assert run.answers == [None, None, "(16 + (7 + 3)) + 20"]
    assert [(f.node, len(f.calls)) for f in run.of(Failed)] == [(1, 4), (None, 4)]


async def test_an_attempt_has_only_so_many_steps() -> None:
    run = await sample(GAME, lambda _: FIRST[0], attempts=2, steps=3)
    assert (len(run.tree.nodes) - 1, run.answers, run.end.reason) == (6, [None, None], StopReason.GAVE_UP)


AGGREGATES = {"last": "1", "min": "0", "product": "0"}


@pytest.mark.parametrize("aggregate", AGGREGATES)
async def test_scores_of_steps_are_put_together_as_told(aggregate: str) -> None:
    """The first attempt is middling throughout; the second has a bad start and the better end."""

    def judge(messages: list[BaseMessage]) -> str:
        prompt = str(messages[-1].content)
        if FIRST[0] in prompt:
            return "need 46 have continue" if FIRST[2] not in prompt else "need 46 have backtrack 0"
        return "need 46 have backtrack 0" if OTHER[2] not in prompt else "need 46 have terminate"

    run = await sample(GAME, [*SAME, *OTHER], judge, attempts=2, choose="critic", aggregate=aggregate)
    scores = [run.fold.score(attempt) for attempt in run.fold.all]
    single = {e.node: e.verdict.score for e in run.of(Judged)}
    assert len(single) == (2 if aggregate == "last" else 6)
    assert run.end.answer == run.answers[scores.index(max(scores))]
    if aggregate == "last":
        assert scores == [single[3], single[6]]
    elif aggregate == "min":
        assert scores == [min(single[n] for n in nodes) for nodes in ((1, 2, 3), (4, 5, 6))]
    else:
        assert scores == [pytest.approx(single[a] * single[b] * single[c]) for a, b, c in ((1, 2, 3), (4, 5, 6))]


# Revision and examples.


async def test_a_revision_sees_the_attempt_before_and_no_other() -> None:
    lines = [solution(1, "First,"), solution(2, "Second,"), solution(3, "Third,")]
    run = await sample(SUM, lines, attempts=3, revise=True, choose="last")
    seen = [[word for word in ("First", "Second", "Third") if word in prompt] for prompt in run.policy.prompts]
    assert seen == [[], ["First"], ["Second"]]
    assert [p.sources for p in run.of(Proposed)] == [(), (1,), (2,)]
    assert run.end.answer == "3"


async def test_a_revision_is_shown_what_the_critic_said() -> None:
    verdicts = iter([scored(0.5).replace("so I say", f"fault {n}") for n in range(3)])
    lines = [solution(1), solution(2), solution(3)]
    run = await sample(SUM, lines, lambda _: next(verdicts), attempts=3, revise=True, choose="critic")
    said = [[n for n in range(3) if f"fault {n}" in prompt] for prompt in run.policy.prompts]
    assert said == [[], [0], [1]]


async def test_a_last_attempt_merges_those_that_disagree_and_its_answer_is_the_runs() -> None:
    lines = [solution(1, "One,"), solution(2, "Two,"), solution(2, "Too,"), "", solution(3, "Merged,")]
    run = await sample(SUM, lines, attempts=4, merge=True)
    assert run.of(Proposed)[-1].sources == (2, 1), "one of each answer, the most popular first"
    asked = run.policy.prompts[-1]
    assert [word in asked for word in ("Two,", "One,", "Too,")] == [True, True, False]
    assert (run.end.answer, run.of(Moved)[0].reason) == ("3", "made of 2 others")
    assert run.tree.node(4).sources == (2, 1)


async def test_the_best_of_each_answer_is_merged_and_the_merger_is_not_judged() -> None:
    scores = iter([scored(0.2), scored(0.9), scored(0.5)])
    lines = [solution(1, "One,"), solution(1, "Uno,"), solution(2), solution(3)]
    run = await sample(SUM, lines, lambda _: next(scores), attempts=3, merge=True, choose="weighted")
    assert run.of(Proposed)[-1].sources == (2, 3)
    assert (len(run.critic.seen), run.end.answer) == (3, "3")


async def test_nothing_is_merged_where_all_agree_and_a_merger_without_an_answer_leaves_it_to_the_vote() -> None:
    agreed = await sample(SUM, [solution(1)] * 3, attempts=3, merge=True)
    assert (len(agreed.fold.all), agreed.end.answer, agreed.end.reason) == (3, "1", StopReason.ANSWERED)
    undecided = await sample(SUM, [solution(1), solution(2), "I can't tell."], attempts=2, merge=True)
    assert (len(undecided.fold.all), undecided.end.answer) == (3, "1")
    steps = await sample(GAME, [], attempts=2, merge=True)
    assert "`merge` is True, and fake:policy writes steps" in steps.of(Failed)[0].detail


async def test_a_revision_in_steps_sees_what_was_done_from_the_same_place_as_rejected() -> None:
    fork = (FIRST[0], "36 + 3 = 39 left 39 7", "39 + 7 = 46 left 46")
    run = await sample(GAME, [*FIRST, *OTHER, *fork], attempts=3, revise=True, stop_early=False)
    asked = run.policy.prompts
    opening = "use 20 16 7 3 make 46"
    assert asked[0] == f"{opening} step"
    assert asked[3] == f"{opening} not 20 + 16 dead step"
    assert asked[4] == f"{opening} step {OTHER[0]} step"
    assert asked[6] == f"{opening} not 20 + 16 dead not 7 + 3 dead step"
    # the third attempt insists on the first step of the first, is asked again, and then taken at its word
    assert len(run.fold.all) == 3


async def test_examples_come_before_the_problem_which_is_not_among_them(tmp_path: Path) -> None:
    path = tmp_path / "shots.jsonl"
    shots = [("What is 1 + 1?", "Two."), (SUM.statement, "LEAK"), ("What is 2 + 2?", "Four.")]
    path.write_text("\n".join(json.dumps({"statement": s, "solution": t}) for s, t in shots))
    run = await sample(SUM, [solution(212)] * 2, attempts=2, few_shot=str(path))
    [asked, again] = run.policy.seen
    assert [type(m).__name__ for m in asked] == ["SystemMessage", *["HumanMessage", "AIMessage"] * 2, "HumanMessage"]
    assert [str(m.content) for m in asked if isinstance(m, AIMessage)] == ["Two.", "Four."]
    assert "LEAK" not in run.policy.prompts[0]
    assert asked == again
    refused = await sample(GAME, [], attempts=2, few_shot=str(path))
    assert refused.end.reason is StopReason.FAILED
    assert "writes steps" in refused.of(Failed)[0].detail


# Tools.


async def test_no_tool_looks_unless_it_is_chosen() -> None:
    run = await sample(SUM, [r"12 * 13 = 146. \boxed{202}", solution(212)], attempts=2)
    assert (run.of(Checked), run.end.answer) == ([], "202")


@pytest.mark.parametrize(("veto", "answer"), [(True, "212"), (False, "202")])
async def test_with_tools_what_they_refute_is_out_of_the_vote_unless_told_otherwise(veto: bool, answer: str) -> None:
    lines = [r"12 * 13 = 146. \boxed{202}"] * 2 + [solution(212)]
    run = await sample(SUM, lines, attempts=3, tools=["algebra"], veto=veto)
    assert (len(run.of(Checked)), run.end.answer) == (3, answer)


async def test_a_refuted_step_ends_its_attempt_there() -> None:
    run = await sample(GAME, ["20 + 16 = 37 left 37 7 3", *FIRST], attempts=2, tools=["countdown"])
    assert [attempt.refuted for attempt in run.fold.all] == [True, False]
    assert run.end.answer == run.answers[1]


# Budgets, failures and resuming.


def by_prompt(messages: list[BaseMessage]) -> str:
    """Answer each compact prompt by its length, as a model would that is asked twice."""
    prompt = str(messages[-1].content)
    for chain in (FIRST, OTHER):
        for step, follower in itertools.pairwise(chain):
            if prompt.endswith(f"{step} step"):
                return follower
    return OTHER[0] if "not 20 + 16" in prompt else FIRST[0]


async def test_no_call_is_made_once_the_tokens_are_spent_and_the_bill_is_exact() -> None:
    settings: dict[str, Any] = {"attempts": 2, "choose": "critic", "stop_early": False, "driver": loop}
    whole = await sample(GAME, [*FIRST, *OTHER], lambda _: "need 46 have terminate", **settings)
    total = whole.tree.policy_usage.total + whole.tree.critic_usage.total
    for budget in range(1, total + 1):
        run = await sample(GAME, [*FIRST, *OTHER], lambda _: "need 46 have terminate", tokens=budget, **settings)
        calls = [call.usage.total for event in run.events for call in event.calls]
        assert sum(calls) == run.tree.policy_usage.total + run.tree.critic_usage.total
        assert sum(calls[:-1]) < budget <= sum(calls)
        made = [event for event in run.events[1:] if event.calls]
        assert [told(event) for event in made] == [told(event) for event in whole.events if event.calls][: len(made)]
        assert run.end.answer == conclude(whole.events[: made[-1].seq + 1]), "a longer run, cut, is the shorter one"
        assert run.end.reason is (StopReason.ANSWERED if sum(calls) == total else StopReason.TOKENS)


async def test_rounds_are_proposals_over_all_attempts() -> None:
    run = await sample(GAME, [*FIRST, *OTHER], attempts=9, rounds=4, stop_early=False)
    assert (run.tree.rounds, run.end.reason, run.end.answer) == (4, StopReason.ROUNDS, run.answers[0])
    whole = await sample(SUM, [solution(1)] * 3, attempts=9, rounds=3, stop_early=False)
    assert (len(whole.fold.all), whole.end.reason) == (3, StopReason.ROUNDS)


CASES: list[tuple[Problem, dict[str, Any]]] = [
    (SUM, {"attempts": 5, "batch": 2}),
    (SUM, {"attempts": 4, "merge": True, "batch": 4}),
    (SUM, {"attempts": 3, "choose": "weighted", "tools": ["algebra"], "batch": 1}),
    (GAME, {"attempts": 3, "stop_early": False}),
    (GAME, {"attempts": 2, "choose": "critic", "aggregate": "min", "tools": ["countdown"]}),
    (GAME, {"attempts": 3, "revise": True, "stop_early": False}),
]


def prose_by_turn(log: Sequence[AnyEvent]) -> Script:
    """Say what the attempts still to come say; of whole attempts, only how many were made tells them apart."""
    lines = [solution(1), "no idea", solution(2), solution(2), solution(1)]
    return lines[sum(isinstance(e, Proposed) for e in log) :]


def judge_by_prompt(messages: list[BaseMessage]) -> str:
    prompt = str(messages[-1].content)
    if found := re.search(r"boxed{(\d)}", prompt):
        return scored(int(found[1]) / 4)
    return "need 46 have terminate" if OTHER[0] in prompt else "need 46 have continue"


@pytest.mark.parametrize(("problem", "settings"), CASES)
@pytest.mark.parametrize("driver", DRIVERS)
async def test_it_goes_on_from_every_prefix_of_its_log(
    problem: Problem, settings: dict[str, Any], driver: Driver
) -> None:
    def policy(log: Sequence[AnyEvent]) -> Script:
        return prose_by_turn(log) if problem is SUM else by_prompt

    whole = await sample(problem, policy([]), judge_by_prompt, driver=driver, **settings)
    for end in range(1, len(whole.events) + 1):
        log = whole.events[:end]
        again = await sample(problem, policy(log), judge_by_prompt, log=log, driver=driver, **settings)
        assert again.fold.ballots() == whole.fold.ballots()
        assert facts(again.events) == facts(whole.events), "nothing is lost, and nothing done twice"


def facts(events: Sequence[AnyEvent]) -> list[str]:
    """Return the events in an order of their own: a break inside a turn may put its end behind the tools' look."""
    return sorted(json.dumps({**told(event), "seq": None}, sort_keys=True) for event in events)


def told(event: AnyEvent) -> dict[str, Any]:
    """Return an event without its clock."""
    timed = {"at": True, "calls": {"__all__": {"latency"}}}
    return event.model_dump(mode="json", exclude={**timed, "evidence": {"__all__": {"seconds"}}})


@pytest.mark.parametrize(("problem", "settings"), CASES)
async def test_what_it_would_answer_now_is_known_at_every_event(problem: Problem, settings: dict[str, Any]) -> None:
    run = await sample(problem, prose_by_turn([]) if problem is SUM else by_prompt, judge_by_prompt, **settings)
    answers = [conclude(run.events[:end]) for end in range(1, len(run.events) + 1)]
    assert answers[0] is None
    assert answers[-1] == run.end.answer is not None
    known: set[str | None] = {None}
    for event, answer in zip(run.events, answers, strict=True):
        known |= {event.answer} if isinstance(event, Proposed) else set()
        assert answer in known


async def test_a_model_that_cannot_be_had_ends_the_run_and_nothing_else() -> None:
    run = await sample(SUM, [solution(1), EndpointError("gone")], attempts=2, batch=1, stop_early=False)
    assert (run.end.reason, run.end.answer) == (StopReason.FAILED, None)
    assert run.of(Failed)[0].fatal
    judged = await sample(SUM, [solution(1)], [EndpointError("gone")], attempts=1, choose="critic")
    assert (judged.end.reason, judged.of(Failed)[0].by) == (StopReason.FAILED, Author.CRITIC)


async def test_the_same_seed_gives_the_same_run() -> None:
    async def run() -> list[dict[str, Any]]:
        found = await lt.asolve(GAME, graph="sampling", attempts=3, choose="critic", aggregate="min", seed=7)
        return [told(event) for event in found.events if not isinstance(event, Started)]

    assert await run() == await run()


# Settings.


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"attempts": 0}, "`attempts` must be at least 1, got 0"),
        ({"choose": "best"}, "`choose` must be one of first, last, majority, critic, weighted, got 'best'"),
        ({"aggregate": "mean"}, "`aggregate` must be one of last, min, product, got 'mean'"),
        ({"batch": 0}, "`batch` must be at least 1, got 0"),
    ],
)
def test_senseless_settings_are_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        catalogue.context("sampling", settings)


def test_examples_that_cannot_be_read_are_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="no such file"):
        catalogue.context("sampling", {"few_shot": str(tmp_path / "missing")})


def test_settings_are_read_as_typed() -> None:
    assert catalogue.read("sampling", ["samples=4"]) == {"attempts": 4}, "as it was called before"
    found = catalogue.read("sampling", ["attempts=4", "choose=weighted", "stop_early=false", "few_shot=none"])
    assert found == {"attempts": 4, "choose": "weighted", "stop_early": False, "few_shot": None}
    with pytest.raises(ConfigError, match="`settings` choose=best"):
        catalogue.read("sampling", ["choose=best"])


def test_nobody_is_seated_who_is_not_asked() -> None:
    assert isinstance(SamplingContext().seats().critic, EmptyChair)
    assert isinstance(SamplingContext(choose="critic").seats().critic, Critic)
    greedy = SamplingContext(attempts=1, temperature=0.0, max_tokens=9).seats().policy
    assert isinstance(greedy, Policy)
    assert isinstance(greedy.model, InProcessChatModel)
    assert (greedy.model.temperature, greedy.model.max_tokens) == (0.0, 9)


def test_a_fold_is_linear() -> None:
    """Each event is folded once: a thousand attempts are no harder to go on with than one."""
    fold = Attempts()
    stamp: dict[str, Any] = {"trajectory": "t", "by": Author.POLICY, "at": 0.0}
    fold.apply(started(SUM, SamplingContext(), by=Author.HUMAN).model_copy(update={"trajectory": "t"}))
    for n in range(1, 1_001):
        fold.apply(Proposed(seq=n, node=n, parent=0, text="x", answer="1", **stamp))
    assert (len(fold.all), fold.open, fold.unjudged) == (1_000, None, 1)
