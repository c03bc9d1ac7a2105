"""The debate from end to end, in both languages: real graph, rules and tools, and models that follow a script."""

import asyncio
import hashlib
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from langchain_core.messages import BaseMessage
from langgraph.checkpoint.memory import InMemorySaver

from longthought.agents.agent import Critic, Policy
from longthought.agents.catalogue import DIALECTS
from longthought.agents.dialects.compact import Compact
from longthought.errors import ConfigError, EndpointError, ProblemError
from longthought.graphs.context import started
from longthought.graphs.debate import Debate, DebateContext
from longthought.graphs.machine import NO_LIMIT
from longthought.graphs.seats import Seats
from longthought.problems.problem import Problem
from longthought.tools.catalogue import verifiers
from longthought.tools.verifier import Claim, Verifier
from longthought.trajectories.events import (
    EVENT,
    Action,
    AnyEvent,
    Author,
    Cause,
    Checked,
    Event,
    Evidence,
    EvidenceStatus,
    Failed,
    Failure,
    Finished,
    Judged,
    Moved,
    Proposed,
    Reflected,
    Started,
    StopReason,
)
from longthought.trajectories.tree import Standing, Tree
from tests.fakes.logs import timeless
from tests.fakes.scripted import Line, Script, ScriptedChatModel

TOOLS = ("algebra", "countdown")


@dataclass(frozen=True)
class Language:
    """One problem as told in one dialect: two steps that lead to the answer, and some that don't."""

    dialect: str
    statement: str
    first: str
    second: str
    last: str
    """A step with the final answer, from `second`."""
    answer: str
    detour: str
    """Another first step."""
    astray: str
    """Another second step, from `first`."""
    miscalculated: str
    """A first step that the tools refute."""
    nonsense: str
    """What is no reply in this language."""

    @property
    def problem(self) -> Problem:
        return Problem(id=f"{self.dialect}-problem", statement=self.statement)

    def says(self, action: str, back_to: tuple[int, int] | None = None, critique: str = "as it should be") -> str:
        """Write a verdict; `back_to` is a place on the path, counted in steps, and its node."""
        if self.dialect == "compact":
            return f"need 46 have {action if back_to is None else f'{action} {back_to[0]}'}"
        target = None if back_to is None else back_to[1]
        return json.dumps({"critique": critique, "action": action, "target": target, "score": 0.5})


COMPACT = Language(
    dialect="compact",
    statement="Use 3, 7, 16 and 20, each once, to make 46.",
    first="20 + 16 = 36 left 36 7 3",
    second="36 + 7 = 43 left 43 3",
    last="43 + 3 = 46 left 46",
    answer="((20 + 16) + 7) + 3",
    detour="20 - 16 = 4 left 7 4 3",
    astray="36 - 7 = 29 left 29 3",
    miscalculated="20 + 16 = 37 left 37 7 3",
    nonsense="blank blank",
)
PROSE = Language(
    dialect="prose",
    statement="What is 12 * 13 + 7 * 8?",
    first="First, 12 * 13 = 156.",
    second="Then 7 * 8 = 56.",
    last=r"Together, 156 + 56 = 212. So it is \boxed{212}.",
    answer="212",
    detour="Let me write 12 as 10 + 2.",
    astray="Now I add 7 to it.",
    miscalculated="First, 12 * 13 = 146.",
    nonsense="",
)
both = pytest.mark.parametrize("told", [PROSE, COMPACT], ids=lambda told: told.dialect)


class Debated:
    """A debate that was run: what was said, and what was asked."""

    def __init__(self, events: list[AnyEvent], policy: ScriptedChatModel, critic: ScriptedChatModel) -> None:
        self.events, self.policy, self.critic = events, policy, critic
        self.tree = Tree.fold(events)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def end(self) -> Finished:
        assert isinstance(self.events[-1], Finished)
        return self.events[-1]

    @property
    def standings(self) -> str:
        return " ".join(f"{n.id}{n.standing[:2]}" for n in self.tree.nodes[1:])

    @property
    def path(self) -> list[int]:
        return [node.id for node in self.tree.path()]


async def debate(
    told: Language,
    policy: Script,
    critic: Script,
    *,
    log: Sequence[AnyEvent] = (),
    tools: Sequence[Verifier] | None = None,
    **settings: Any,
) -> Debated:
    """Run a debate, from a log if there is one, to its end. Nothing catches what the graph raises."""
    dialect = DIALECTS[told.dialect]()
    said, judged = ScriptedChatModel(policy), ScriptedChatModel(critic)
    found = verifiers(TOOLS) if tools is None else tools
    seats = Seats(Policy("fake:policy", said, dialect), Critic("fake:critic", judged, dialect), found)
    context = DebateContext(**{"patience": 3, **settings})
    begun = list(log) or [started(told.problem, context)]
    state: Any = {"events": [event.model_dump(mode="json") for event in begun]}
    ended = await Debate(seats).compile().ainvoke(state, context=context, config=NO_LIMIT)
    return Debated([EVENT.validate_python(event) for event in ended["events"]], said, judged)


# The critic decides.


@both
async def test_two_agents_reach_the_answer(told: Language) -> None:
    go, end = told.says("continue"), told.says("terminate")
    debated = await debate(told, [told.first, told.second, told.last], [go, go, end])
    assert [type(event) for event in debated.events] == [
        Started,
        *[Proposed, Checked, Judged, Moved] * 3,
        Finished,
    ]
    assert (debated.end.reason, debated.end.node, debated.end.answer) == (StopReason.ANSWERED, 3, told.answer)
    assert debated.path == [1, 2, 3]
    assert [e.evidence[0].status for e in debated.of(Checked)] == [EvidenceStatus.CONFIRMED] * 3
    for event in debated.events[1:]:
        if isinstance(event, Proposed | Judged):
            assert [(c.model, c.usage.completion > 0) for c in event.calls] == [(f"fake:{event.by}", True)]


@both
async def test_one_flipped_verdict_changes_the_path(told: Language) -> None:
    steps = [told.first, told.detour]
    go, back, reflect = told.says("continue"), told.says("backtrack"), told.says("reflect")
    followed = await debate(told, steps, [go, go], rounds=2, tools=())
    flipped = await debate(told, steps, [back, go], rounds=2, tools=())
    doubted = await debate(told, [told.first, "hm", told.detour], [reflect, go, go], rounds=2, tools=())
    assert [e.text for e in followed.of(Proposed)] == [e.text for e in flipped.of(Proposed)] == steps
    assert (followed.path, flipped.path, doubted.path) == ([1, 2], [2], [1, 3])
    assert told.first in followed.policy.prompts[1]
    assert followed.policy.prompts[1] != flipped.policy.prompts[1]


@both
async def test_a_flipped_verdict_on_the_answer_changes_the_answer(told: Language) -> None:
    steps = [told.first, told.second, told.last, told.detour]
    go, end = told.says("continue"), told.says("terminate")
    accepted = await debate(told, steps, [go, go, end], rounds=4)
    rejected = await debate(told, steps, [go, go, told.says("backtrack", (0, 0)), go], rounds=4)
    assert (accepted.end.reason, accepted.end.answer) == (StopReason.ANSWERED, told.answer)
    assert (rejected.end.reason, rejected.end.answer) == (StopReason.ROUNDS, None)
    assert (accepted.path, rejected.path) == ([1, 2, 3], [4])


@both
async def test_going_back_to_the_problem_abandons_the_whole_path(told: Language) -> None:
    go = told.says("continue")
    back = told.says("backtrack", (0, 0), critique="the first step already lost it")
    debated = await debate(told, [told.first, told.astray, told.detour], [go, back, go], rounds=3)
    assert debated.standings == "1ab 2ab 3ac"
    assert debated.path == [3]
    moved = debated.of(Moved)[1]
    assert (moved.to, moved.cause, moved.abandoned) == (0, Cause.REJECTED, (1, 2))
    asked = debated.policy.prompts[2]  # back at the problem
    if told is PROSE:
        assert told.first in asked
        assert "the first step already lost it" in asked
        assert told.astray not in asked
    else:
        assert asked == "use 20 16 7 3 make 46 not 20 + 16 dead step"
        assert debated.policy.prompts[0] == "use 20 16 7 3 make 46 step"


@both
async def test_going_back_one_step_keeps_the_rest(told: Language) -> None:
    go = told.says("continue")
    back = told.says("backtrack", (1, 1), critique="that leads nowhere")
    debated = await debate(told, [told.first, told.astray, told.second], [go, back, go], rounds=3)
    assert debated.standings == "1ac 2ab 3ac"
    assert debated.path == [1, 3]
    asked = debated.policy.prompts[2]
    if told is PROSE:
        assert told.astray in asked
        assert "that leads nowhere" in asked
    else:
        assert asked == f"use 20 16 7 3 make 46 step {told.first} not 36 - 7 dead step"


@both
async def test_what_was_rejected_elsewhere_is_not_brought_up(told: Language) -> None:
    go, back = told.says("continue"), told.says("backtrack", critique="not like this")
    debated = await debate(told, [told.detour, told.first, told.second], [back, go, go], rounds=3)
    dead_end = "not 20 - 16 dead" if told is COMPACT else told.detour
    assert [dead_end in prompt for prompt in debated.policy.prompts] == [False, True, False]


# The tools' veto.


@both
async def test_a_veto_spends_no_critic_call(told: Language) -> None:
    go = told.says("continue")
    debated = await debate(told, [told.miscalculated, told.first], [go], rounds=2)
    assert debated.standings == "1ab 2ac"
    assert len(debated.critic.seen) == 1
    moved = debated.of(Moved)[0]
    assert (moved.cause, moved.by, moved.to) == (Cause.VETOED, Author.TOOL, 0)
    right, wrong = ("156", "146") if told is PROSE else ("36", "37")
    assert (right in moved.reason, wrong in moved.reason) == (True, True)
    asked = debated.policy.prompts[1]
    if told is PROSE:
        assert told.miscalculated in asked
        assert moved.reason in asked
    else:
        assert asked == "use 20 16 7 3 make 46 not 20 + 16 illegal step"


@both
async def test_without_the_veto_the_critic_is_shown_the_evidence_and_decides(told: Language) -> None:
    go = told.says("continue")
    debated = await debate(told, [told.miscalculated, told.detour], [go, go], rounds=2, veto=False)
    assert debated.path == [1, 2]
    assert len(debated.critic.seen) == 2
    assert ("12 * 13 = 146: WRONG" if told is PROSE else "refuted") in debated.critic.prompts[0]


async def test_a_final_answer_can_be_vetoed() -> None:
    wrong = r"So 12 * 13 = 146. The answer is \boxed{202}."
    end = PROSE.says("terminate")
    debated = await debate(PROSE, [wrong, PROSE.first, PROSE.last], [PROSE.says("continue"), end])
    assert debated.standings == "1ab 2ac 3ac"
    assert debated.end.answer == "212"


# Reflections.


@both
async def test_a_doubted_step_is_re_examined_and_judged_again(told: Language) -> None:
    reflect, go = told.says("reflect", critique="is that so?"), told.says("continue")
    debated = await debate(told, [told.first, "yes it is", told.second], [reflect, go, go], rounds=2)
    assert [type(e) for e in debated.events[1:8]] == [Proposed, Checked, Judged, Moved, Reflected, Judged, Moved]
    assert debated.standings == "1ac 2ac 3ac"
    assert (debated.path, debated.tree.rounds) == ([1, 3], 2)
    assert told.first in debated.policy.prompts[1]
    if told is PROSE:
        assert "is that so?" in debated.policy.prompts[1]
        assert "is that so?" in debated.critic.prompts[1]
        assert "yes it is" in debated.critic.prompts[1]
    else:
        assert debated.policy.prompts[1] == f"use 20 16 7 3 make 46 step {told.first} doubt"
    assert "yes it is" not in debated.policy.prompts[2], "it is settled"


@both
async def test_a_critic_that_only_doubts_is_told_off_and_loses_the_step(told: Language) -> None:
    reflect, go = told.says("reflect"), told.says("continue")
    debated = await debate(told, [told.first, "yes", told.detour], [reflect] * 4 + [go], rounds=5)
    failures = debated.of(Failed)
    assert [f.failure for f in failures] == [Failure.ILLEGAL_VERDICT] * 3
    assert all("reflected on 1 times already" in f.detail for f in failures)
    assert debated.standings == "1ab 2ab 3ac"
    assert debated.of(Moved)[1].cause is Cause.EXHAUSTED
    if told is PROSE:
        assert failures[0].detail in debated.critic.prompts[2]


# Replies that can't be used.


def replies_to_a_repetition(told: Language) -> int:
    """How many replies there are in a round in which every one repeats a rejected step."""
    dialect = DIALECTS[told.dialect]()
    return 1 + dialect.repairs * dialect.candidates


@both
async def test_a_step_rejected_before_is_noticed(told: Language) -> None:
    back = told.says("backtrack")
    again = f"  {told.first}\n"
    tries = replies_to_a_repetition(told)
    debated = await debate(told, [told.first, *[again] * 3 * tries], [back])
    failures = debated.of(Failed)
    assert [len(f.calls) for f in failures] == [tries] * 3
    assert [f.failure for f in failures] == [Failure.REPEATED_STEP] * 3
    assert "step 1 again" in failures[0].detail
    assert (debated.end.reason, debated.tree.rounds, len(debated.tree.nodes)) == (StopReason.STUCK, 4, 2)
    assert len(debated.critic.seen) == 1


@both
async def test_a_node_from_which_nothing_new_comes_is_left(told: Language) -> None:
    go, back = told.says("continue"), told.says("backtrack")
    tries = replies_to_a_repetition(told)
    steps = [told.first, told.astray, *[told.astray] * 3 * tries, told.detour]
    debated = await debate(told, steps, [go, back, go], rounds=6)
    assert debated.standings == "1ab 2ab 3ac"
    assert [m.cause for m in debated.of(Moved)] == [
        Cause.ACCEPTED,
        Cause.REJECTED,
        Cause.EXHAUSTED,
        Cause.ACCEPTED,
    ]


async def test_an_unreadable_step_is_sent_back_once_and_then_recorded() -> None:
    policy = ["", PROSE.first, "", "", PROSE.detour]
    debated = await debate(PROSE, policy, [PROSE.says("continue")] * 2, rounds=3)
    asked = debated.policy.seen
    assert [len(messages) for messages in asked] == [2, 4, 2, 4, 2]
    assert asked[1][:2] == asked[0]
    assert "empty" in str(asked[1][-1].content)
    repaired, failed, later = debated.events[1], debated.of(Failed)[0], debated.of(Proposed)[1]
    assert [c.text for c in repaired.calls] == ["", PROSE.first]
    assert (failed.failure, [c.text for c in failed.calls]) == (Failure.UNREADABLE_STEP, ["", ""])
    assert (later.text, debated.tree.rounds, debated.path) == (PROSE.detour, 3, [1, 2])


async def test_an_unreadable_verdict_is_sent_back_once_and_then_recorded() -> None:
    go = PROSE.says("continue")
    critic = ["fine", go, "fine", "very fine", PROSE.says("backtrack")]
    debated = await debate(PROSE, [PROSE.first, PROSE.second, EndpointError("gone")], critic, rounds=4)
    assert [len(messages) for messages in debated.critic.seen] == [2, 4, 2, 4, 2]
    failed = debated.of(Failed)[0]
    assert (failed.failure, failed.node, [c.text for c in failed.calls]) == (
        Failure.UNREADABLE_VERDICT,
        2,
        ["fine", "very fine"],
    )
    assert failed.detail in str(debated.critic.seen[4][1].content)
    assert (debated.standings, debated.tree.rounds) == ("1ac 2ab", 3)


@both
async def test_a_step_rejected_before_is_asked_for_again_before_it_costs_a_round(told: Language) -> None:
    back, go = told.says("backtrack"), told.says("continue")
    others = [told.detour] * DIALECTS[told.dialect]().candidates
    debated = await debate(told, [told.first, told.first, *others], [back, go], rounds=2)
    assert [len(p.calls) for p in debated.of(Proposed)] == [1, 1 + len(others)]
    assert (debated.standings, debated.tree.rounds, debated.of(Failed)) == ("1ab 2ac", 2, [])
    if told is PROSE:
        assert "tried from here before" in str(debated.policy.seen[2][-1].content)


async def test_the_small_language_asks_the_same_again_and_warmer_each_time() -> None:
    debated = await debate(COMPACT, [COMPACT.nonsense] * 4, [], rounds=1)
    assert [(f.failure, len(f.calls)) for f in debated.of(Failed)] == [(Failure.UNREADABLE_STEP, 4)]
    assert len({repr(messages) for messages in debated.policy.seen}) == 1
    asked = [options.get("temperature") for options in debated.policy.options]
    assert asked == [None, *(pytest.approx(n * Compact.warming) for n in (1, 2, 3))]


@both
async def test_an_unreadable_verdict_costs_the_step_after_some_patience(told: Language) -> None:
    tries = 1 + DIALECTS[told.dialect]().repairs
    critic = [told.nonsense] * 3 * tries + [told.says("continue")]
    debated = await debate(told, [told.first, told.detour], critic, rounds=5)
    assert [f.failure for f in debated.of(Failed)] == [Failure.UNREADABLE_VERDICT] * 3
    assert (debated.standings, debated.tree.rounds) == ("1ab 2ac", 5)


async def test_an_illegal_verdict_is_recorded_and_asked_again() -> None:
    critic = [PROSE.says("terminate"), PROSE.says("continue")]
    debated = await debate(PROSE, [PROSE.first, EndpointError("enough")], critic)
    failed = debated.of(Failed)[0]
    assert (failed.failure, failed.node, failed.by) == (Failure.ILLEGAL_VERDICT, 1, Author.CRITIC)
    assert debated.end.answer is None
    assert len(failed.calls) == 1
    assert debated.path == [1]
    assert debated.tree.rounds == 2


@both
async def test_to_accept_a_final_answer_is_to_terminate(told: Language) -> None:
    debated = await debate(told, [told.first, told.second, told.last], [told.says("continue")] * 3)
    assert debated.end.answer == told.answer
    *_, last = debated.of(Judged)
    assert (last.verdict.action, last.verdict.said) == (Action.TERMINATE, Action.CONTINUE)
    assert not debated.of(Failed)


async def test_to_end_a_path_that_looks_good_is_to_continue_it() -> None:
    ends = PROSE.says("terminate").replace("0.5", "0.9")
    debated = await debate(PROSE, [PROSE.first, EndpointError("enough")], [ends])
    (verdict,) = [event.verdict for event in debated.of(Judged)]
    assert (verdict.action, verdict.said) == (Action.CONTINUE, Action.TERMINATE)


async def test_to_go_back_to_the_new_step_is_to_reject_it() -> None:
    critic = [PROSE.says("continue"), PROSE.says("backtrack", (1, 2))]
    debated = await debate(PROSE, [PROSE.first, PROSE.second, EndpointError("enough")], critic)
    assert debated.standings == "1ac 2ab"
    assert debated.of(Judged)[-1].verdict.said is Action.BACKTRACK


async def test_a_target_off_the_path_is_illegal() -> None:
    go, back = PROSE.says("continue"), PROSE.says("backtrack")
    critic = [back, go, PROSE.says("backtrack", (0, 1)), PROSE.says("backtrack", (0, 4)), go]
    debated = await debate(PROSE, [PROSE.detour, PROSE.first, PROSE.second, EndpointError("enough")], critic, rounds=6)
    failures = debated.of(Failed)
    assert [f.failure for f in failures] == [Failure.ILLEGAL_VERDICT] * 2 + [Failure.MODEL]
    assert "node 1 is not an accepted step" in failures[0].detail
    assert "node 4 is not an accepted step" in failures[1].detail
    assert debated.standings == "1ab 2ac 3ac"


async def test_a_target_below_the_path_can_not_be_said_in_the_small_language() -> None:
    critic = [*[COMPACT.says("backtrack", (1, 9))] * (1 + Compact.repairs), COMPACT.says("continue")]
    debated = await debate(COMPACT, [COMPACT.first, EndpointError("enough")], critic)
    assert [f.failure for f in debated.of(Failed)] == [Failure.UNREADABLE_VERDICT, Failure.MODEL]
    assert debated.path == [1]


# What breaks.


@both
async def test_a_policy_that_can_not_be_reached_ends_the_debate(told: Language) -> None:
    down = EndpointError("http://localhost:1 refused; start the server")
    debated = await debate(told, [told.first, down], [told.says("continue")])
    failed = debated.of(Failed)[0]
    assert (failed.failure, failed.by, failed.fatal, failed.detail) == (Failure.MODEL, Author.POLICY, True, str(down))
    assert (debated.end.reason, debated.end.answer) == (StopReason.FAILED, None)
    assert [type(e) for e in debated.events] == [Started, Proposed, Checked, Judged, Moved, Failed, Finished]
    assert debated.path == [1]


@both
async def test_a_critic_that_can_not_be_reached_ends_the_debate(told: Language) -> None:
    debated = await debate(told, [told.first], [EndpointError("gone")])
    failed = debated.of(Failed)[0]
    assert (failed.failure, failed.by, failed.node, failed.fatal) == (Failure.MODEL, Author.CRITIC, 1, True)
    assert debated.end.reason is StopReason.FAILED
    assert debated.tree.nodes[1].standing is Standing.OPEN


async def test_a_policy_that_breaks_while_reflecting_ends_the_debate() -> None:
    debated = await debate(PROSE, [PROSE.first, EndpointError("gone")], [PROSE.says("reflect")])
    assert (debated.of(Failed)[0].by, debated.end.reason) == (Author.POLICY, StopReason.FAILED)


async def test_a_problem_that_can_not_be_said_in_the_dialect_ends_the_debate() -> None:
    prose_in_compact = Language(**{**vars(COMPACT), "statement": PROSE.statement})
    debated = await debate(prose_in_compact, [], [])
    assert debated.end.reason is StopReason.FAILED
    assert "reads only Countdown" in debated.of(Failed)[0].detail


class Broken:
    """A verifier that can't find claims, or can't check the ones it found."""

    name = "broken"

    def __init__(self, *, finds_claims: bool) -> None:
        self.finds_claims = finds_claims

    def claims(self, problem: Problem, path: Sequence[str], step: str) -> list[Claim]:
        if not self.finds_claims:
            raise RuntimeError("no claims today")
        return [Claim(step, (0, len(step)), problem, tuple(path))]

    async def check(self, claim: Claim) -> Evidence:
        raise RuntimeError("no checks today")


@both
@pytest.mark.parametrize("finds_claims", [True, False])
async def test_a_tool_that_raises_is_unavailable_and_no_failed_check(told: Language, finds_claims: bool) -> None:
    tools = [Broken(finds_claims=finds_claims), *verifiers(["algebra"])]
    debated = await debate(told, [told.first], [told.says("continue")], tools=tools, rounds=1)
    found = {e.tool: e for e in debated.of(Checked)[0].evidence}
    assert (found["broken"].status, found["broken"].claim) == (EvidenceStatus.UNAVAILABLE, told.first)
    assert "today" in found["broken"].detail
    assert found["algebra"].status is EvidenceStatus.CONFIRMED
    assert debated.path == [1]


async def test_a_defect_of_a_model_is_raised_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        await debate(PROSE, [ZeroDivisionError("a bug")], [])


# Resuming.


def by_view(told: Language) -> tuple[Script, Script]:
    """Return a policy and a critic that depend on nothing but what they are shown, and do everything they may."""
    go, back, reflect = told.says("continue"), told.says("backtrack"), told.says("reflect")
    verdicts = [go, go, go, go, back, reflect, reflect, told.says("terminate"), told.nonsense]
    verdicts += [told.says("backtrack", (0, 0)), told.says("backtrack", (1, 1))]

    def policy(messages: list[BaseMessage]) -> Line:
        text = str(messages[1].content if told is PROSE else messages[0].content)
        follow = {told.second: [told.last], told.first: [told.second, told.astray]}
        fitting = next((steps for step, steps in follow.items() if step in text), [told.first, told.detour])
        return choose([*fitting * 3, told.miscalculated, told.nonsense], messages)

    def choose(choices: list[str], messages: list[BaseMessage]) -> Line:
        text = "\n".join(str(m.content) for m in messages)
        return choices[int(hashlib.sha256(text.encode()).hexdigest(), 16) % len(choices)]

    return policy, lambda messages: choose(verdicts, messages)


LONG = {"rounds": 30, "reflections": 2}


async def a_varied_log(told: Language) -> tuple[Debated, Script, Script]:
    """Find a statement on which the hash-driven agents do nearly everything that can be done."""
    policy, critic = by_view(told)
    best: Debated | None = None
    for extra in range(20):
        numbers = f"Use 3, 7, 16 and 20, each once, to make {46 + extra}."
        statement = numbers if told is COMPACT else f"{told.statement} ({extra})"
        found = await debate(Language(**{**vars(told), "statement": statement}), policy, critic, **LONG)
        if best is None or len(variety(found)) > len(variety(best)):
            best = found
    assert best is not None
    return best, policy, critic


def variety(debated: Debated) -> set[str]:
    return {f"{e.kind} {getattr(e, 'cause', getattr(e, 'failure', ''))}" for e in debated.events}


@both
async def test_a_debate_goes_on_from_every_prefix_of_its_log(told: Language) -> None:
    whole, policy, critic = await a_varied_log(told)
    assert {"reflected ", "moved rejected", "moved vetoed", "moved accepted", "moved doubted"} <= variety(whole)
    assert any(kind.startswith("failed") for kind in variety(whole))
    requests = [len(e.calls) for e in whole.events]
    for cut in range(1, len(whole.events) + 1):
        prefix = whole.events[:cut]
        resumed = await debate(told, policy, critic, log=prefix, **LONG)
        assert resumed.events[:cut] == prefix
        assert timeless(resumed.events) == timeless(whole.events)
        assert len(resumed.policy.seen) + len(resumed.critic.seen) == sum(requests[cut:]), "a logged turn was redone"


@both
async def test_a_debate_stopped_between_an_answer_and_its_end_asks_nobody_again(told: Language) -> None:
    go, end = told.says("continue"), told.says("terminate")
    whole = await debate(told, [told.first, told.second, told.last], [go, go, end])
    resumed = await debate(told, [], [], log=whole.events[:-1])
    assert timeless(resumed.events) == timeless(whole.events)


# A person steps in.


def by_hand(log: Sequence[AnyEvent], kind: type[Event], **fields: Any) -> list[AnyEvent]:
    event: Any = kind(trajectory=log[0].trajectory, seq=len(log), by=Author.HUMAN, at=time.time(), **fields)
    return [*log, event]


@both
async def test_a_person_takes_back_a_path_and_the_debate_goes_on_from_there(told: Language) -> None:
    go, end = told.says("continue"), told.says("terminate")
    whole = await debate(told, [told.detour, told.first], [go, go], rounds=2, tools=())
    edited = by_hand(
        whole.events[:9], Moved, to=0, cause=Cause.EDITED, abandoned=(1, 2), reason="start over, the simple way"
    )
    debated = await debate(told, [told.first, told.second, told.last], [go, go, end], log=edited)
    assert debated.standings == "1ab 2ab 3ac 4ac 5ac"
    assert debated.end.answer == told.answer
    if told is PROSE:
        assert told.detour in debated.policy.prompts[0]
        assert "start over, the simple way" in debated.policy.prompts[0]
    else:
        assert debated.policy.prompts[0] == "use 20 16 7 3 make 46 not 20 - 16 dead step"


@both
async def test_a_person_can_propose_and_the_step_is_checked_and_judged_like_any_other(told: Language) -> None:
    context = DebateContext()
    for text, calls in ((told.first, 1), (told.miscalculated, 0)):
        edited = by_hand([started(told.problem, context)], Proposed, node=1, parent=0, text=text)
        debated = await debate(told, [told.nonsense] * 12, [told.says("backtrack")], log=edited)
        assert (debated.tree.nodes[1].by, debated.tree.nodes[1].standing) == (Author.HUMAN, Standing.ABANDONED)
        assert len(debated.critic.seen) == calls


async def test_forks_of_one_debate_run_side_by_side() -> None:
    """Two people fork the same log in one server: neither may see the other's steps."""
    whole = await debate(PROSE, [PROSE.first, PROSE.second], [PROSE.says("continue")] * 2, rounds=2)
    log: Any = {"events": [e.model_dump(mode="json") for e in whole.events[:5]]}
    waiting = asyncio.Barrier(2)

    class Slow(ScriptedChatModel):
        async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
            await waiting.wait()
            return await super()._agenerate(*args, **kwargs)

    dialect = DIALECTS["prose"]()
    policy = Policy("fake:policy", Slow([f"fork {n}" for n in range(6)]), dialect)
    critic = Critic("fake:critic", ScriptedChatModel([PROSE.says("continue")] * 6), dialect)
    graph = Debate(Seats(policy, critic)).compile()
    context = DebateContext(rounds=4)
    ends: list[Any] = await asyncio.gather(
        *(graph.ainvoke(log, context=context, config=NO_LIMIT) for _ in range(2))  # pyright: ignore
    )
    texts: list[str] = []
    for end in ends:
        tree = Tree.fold([EVENT.validate_python(e) for e in end["events"]])
        assert [n.id for n in tree.path()] == [1, 2, 3, 4]
        texts += [n.text for n in tree.nodes[2:]]
    assert sorted(texts) == [f"fork {n}" for n in range(6)]


async def test_a_debate_left_in_the_middle_does_not_colour_another_of_its_name() -> None:
    dialect = DIALECTS["prose"]()
    judge = ScriptedChatModel([PROSE.says("continue")])
    critic = Critic("fake:critic", judge, dialect)
    graph = Debate(Seats(Policy("fake:policy", ScriptedChatModel([]), dialect), critic)).compile()
    context = DebateContext(rounds=1)

    async def run(step: str, **more: Any) -> None:
        log = by_hand([started(PROSE.problem, context)], Proposed, node=1, parent=0, text=step)
        log = by_hand(log, Checked, node=1)
        state: Any = {"events": [event.model_dump(mode="json") for event in log]}
        await graph.ainvoke(state, context=context, config=NO_LIMIT, **more)

    await run(PROSE.detour, interrupt_before=["judge"])  # its tree is kept
    assert judge.prompts == []
    await run(PROSE.first)
    assert PROSE.first in judge.prompts[0]
    assert PROSE.detour not in judge.prompts[0]


# From words typed in, as in Studio.


async def test_a_typed_statement_opens_the_log() -> None:
    seats = Seats(
        Policy("fake:policy", ScriptedChatModel([PROSE.last]), DIALECTS["prose"]()),
        Critic("fake:critic", ScriptedChatModel([PROSE.says("terminate")]), DIALECTS["prose"]()),
    )
    typed: Any = {"statement": f"  {COMPACT.statement} "}
    end = await Debate(seats).compile().ainvoke(typed)  # without any settings
    first = EVENT.validate_python(end["events"][0])
    assert isinstance(first, Started)
    assert (first.by, first.problem.statement, first.problem.domain) == (
        Author.HUMAN,
        COMPACT.statement,
        "countdown",
    )
    assert first.config == DebateContext().written()
    assert DebateContext.read(first.config) == DebateContext(tools=["algebra", "countdown"])
    assert end["narration"].startswith("answered: ")


@pytest.mark.parametrize(
    ("policy", "critic", "reason"),
    [
        ("transformers:/nowhere/at/all", "openai:x", "/nowhere/at/all"),
        ("openai:nobody", "openai:nobody", "`base_url=http://localhost:8000/v1`"),
        ("transformers:/nowhere/at/all", "just a name", "just a name"),
    ],
)
async def test_a_model_that_does_not_exist_ends_the_debate_with_its_reason(
    policy: str, critic: str, reason: str
) -> None:
    graph = Debate().compile()
    typed: Any = {"statement": PROSE.statement}
    urls = {"base_url": "http://localhost:1/v1"} if reason == "/nowhere/at/all" else {}
    end = await graph.ainvoke(typed, context=DebateContext(policy=policy, critic=critic, **urls))
    failed, last = (EVENT.validate_python(event) for event in end["events"][-2:])
    assert isinstance(failed, Failed)
    assert (failed.failure, failed.fatal) == (Failure.MODEL, True)
    assert reason in failed.detail
    assert isinstance(last, Finished)
    assert last.reason is StopReason.FAILED


async def test_without_settings_a_debate_goes_on_with_those_it_was_started_with() -> None:
    whole = await debate(PROSE, [PROSE.first, PROSE.second], [PROSE.says("continue")] * 2, rounds=2)
    dialect = DIALECTS["prose"]()
    policy = Policy("fake:policy", ScriptedChatModel([PROSE.second]), dialect)
    critic = Critic("fake:critic", ScriptedChatModel([PROSE.says("continue")]), dialect)
    begun: Any = {"events": [event.model_dump(mode="json") for event in whole.events[:5]]}
    end = await Debate(Seats(policy, critic)).compile().ainvoke(begun)
    assert timeless([EVENT.validate_python(event) for event in end["events"][-2:]]) == timeless(whole.events[-2:])


async def test_a_person_can_edit_a_checkpoint_and_fork_the_debate() -> None:
    """What Studio does, with LangGraph's own checkpointer: routing works outside of a run, without its settings."""
    dialect = DIALECTS["prose"]()
    policy = Policy("fake:policy", ScriptedChatModel([PROSE.first, PROSE.second, PROSE.detour]), dialect)
    critic = Critic("fake:critic", ScriptedChatModel([PROSE.says("continue")] * 3), dialect)
    graph = Debate(Seats(policy, critic)).compile()
    graph.checkpointer = InMemorySaver()
    thread: Any = {"configurable": {"thread_id": "t"}}
    context = DebateContext(rounds=2)
    await graph.ainvoke({"statement": PROSE.statement}, context=context, config=thread)
    accepted = next(s for s in [s async for s in graph.aget_state_history(thread)] if len(s.values["events"]) == 5)
    log = [EVENT.validate_python(event) for event in accepted.values["events"]]
    edit = by_hand(log, Moved, to=0, cause=Cause.EDITED, abandoned=(1,), reason="no")[-1]
    fork = await graph.aupdate_state(accepted.config, {"events": [edit.model_dump(mode="json")]}, as_node="act")
    assert (await graph.aget_state(thread)).next == ("propose",)
    end = await graph.ainvoke(None, context=context, config=fork)
    tree = Tree.fold([EVENT.validate_python(event) for event in end["events"]])
    assert [node.text for node in tree.path()] == [PROSE.detour]
    assert tree.nodes[1].rejected_by is Author.HUMAN


async def test_an_empty_statement_is_refused() -> None:
    graph = Debate().compile()
    for typed in ({}, {"statement": "  \n"}):
        with pytest.raises(ProblemError, match="write a problem"):
            await graph.ainvoke(typed)  # pyright: ignore


async def test_senseless_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match="`rounds` must be at least 1, got 0"):
        await debate(PROSE, [], [], rounds=0)


# Long debates.


@pytest.mark.slow
async def test_a_long_debate_folds_every_event_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds cost the same late as early: each event is folded and read a constant number of times."""
    work: Counter[str] = Counter()
    fold = Tree.apply

    def counted(tree: Tree, event: AnyEvent) -> None:
        work["folded"] += 1
        fold(tree, event)

    monkeypatch.setattr(Tree, "apply", counted)
    done: dict[int, tuple[int, int]] = {}
    for rounds in (50, 2_000):
        work.clear()
        said = Counter[str]()

        def policy(messages: list[BaseMessage], said: Counter[str] = said) -> Line:
            said["steps"] += 1
            return f"thought {said['steps']}"

        def critic(messages: list[BaseMessage], said: Counter[str] = said) -> Line:
            said["verdicts"] += 1
            return PROSE.says("backtrack", (0, 0)) if said["verdicts"] % 40 == 0 else PROSE.says("continue")

        models = [ScriptedChatModel(policy), ScriptedChatModel(critic)]
        dialect = DIALECTS["prose"]()
        seats = Seats(Policy("fake:policy", models[0], dialect), Critic("fake:critic", models[1], dialect))
        context = DebateContext(rounds=rounds)
        first: Any = {"events": [started(PROSE.problem, context).model_dump(mode="json")]}
        state = await Debate(seats).compile().ainvoke(first, context=context, config=NO_LIMIT)
        assert state["events"][-1]["reason"] == StopReason.ROUNDS
        done[rounds] = (len(state["events"]), work["folded"])
    assert done[2_000][0] == 2 + 4 * 2_000
    for events, folded in done.values():
        assert folded == events
