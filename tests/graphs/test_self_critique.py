"""Self-critique from end to end: one model in both chairs, told when it stops too soon or runs low."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from longthought.agents import catalogue
from longthought.agents.agent import Critic, Policy
from longthought.agents.catalogue import DIALECTS, alone
from longthought.agents.dialects import prompts
from longthought.agents.dialects.prose import Prose
from longthought.agents.served.chat_model import ServedChatModel
from longthought.errors import ConfigError, EndpointError, ModelError
from longthought.graphs import catalogue as graphs
from longthought.graphs.context import started
from longthought.graphs.machine import NO_LIMIT
from longthought.graphs.self_critique import SelfCritique, SelfCritiqueContext, notice
from longthought.trajectories.events import (
    EVENT,
    AnyEvent,
    Author,
    Failed,
    Failure,
    Finished,
    Judged,
    Moved,
    Proposed,
    StopReason,
    Usage,
)
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Tree
from tests.fakes.scripted import Script, ScriptedChatModel
from tests.graphs.test_debate import COMPACT, PROSE, Language, both

URL = "http://localhost:8000/v1"


class Thought:
    """A run: what was said, and what the one model was asked."""

    def __init__(self, events: list[AnyEvent], model: ScriptedChatModel) -> None:
        self.events, self.model = events, model
        self.tree = Tree.fold(events)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def end(self) -> Finished:
        assert isinstance(self.events[-1], Finished)
        return self.events[-1]


async def think(told: Language, script: Script, *, log: Sequence[AnyEvent] = (), **settings: Any) -> Thought:
    """Run self-critique to its end, the same scripted model asked for steps and for verdicts."""
    model = ScriptedChatModel(script)
    context = SelfCritiqueContext(**settings)
    seats = context.seats(policy=Policy("fake:solo", model, DIALECTS[told.dialect]()))
    begun = list(log) or [started(told.problem, context)]
    state: Any = {"events": [event.model_dump(mode="json") for event in begun]}
    ended = await SelfCritique(seats).compile().ainvoke(state, context=context, config=NO_LIMIT)
    return Thought([EVENT.validate_python(event) for event in ended["events"]], model)


def turns(told: Language, *steps: tuple[str, str]) -> list[str]:
    """Write steps and verdicts as one model says them, by turns."""
    return [line for step, verdict in steps for line in (step, told.says(verdict))]


@both
async def test_one_agent_proposes_and_judges_on_one_bill(told: Language) -> None:
    script = turns(told, (told.first, "continue"), (told.second, "continue"), (told.last, "terminate"))
    thought = await think(told, script)
    assert (thought.end.reason, thought.end.answer) == (StopReason.ANSWERED, told.answer)
    assert {event.by for event in thought.events if event.calls} == {Author.POLICY}
    assert [m.by for m in thought.of(Moved)] == [Author.POLICY] * 3
    assert thought.tree.critic_usage == Usage()
    spent = [call.usage for event in thought.events for call in event.calls]
    assert thought.tree.policy_usage == sum(spent, Usage())
    assert len(spent) == 6


async def test_steps_and_verdicts_share_their_prefix() -> None:
    script = turns(PROSE, (PROSE.first, "continue"), (PROSE.second, "continue"), (PROSE.last, "terminate"))
    thought = await think(PROSE, script)
    assert {str(messages[0].content) for messages in thought.model.seen} == {prompts.ALONE}
    asked, judged = (str(messages[1].content) for messages in thought.model.seen[2:4])
    assert judged.startswith(asked.removesuffix(prompts.WRITE_STEP + prompts.IN_WORDS))
    assert judged != asked


@both
async def test_a_rejected_step_is_shown_as_ones_own_rejection(told: Language) -> None:
    script = turns(told, (told.detour, "backtrack"), (told.first, "continue"))
    thought = await think(told, script, rounds=2)
    asked = thought.model.prompts[2]
    if told is PROSE:
        assert "Why you rejected it: as it should be" in asked
        assert "Rejected by" not in asked
    else:
        assert asked == "use 20 16 7 3 make 46 not 20 - 16 dead step"


async def test_stopping_without_an_answer_is_refused_and_it_reconsiders() -> None:
    script = [PROSE.first, PROSE.says("terminate"), PROSE.says("continue"), EndpointError("enough")]
    thought = await think(PROSE, script)
    failed = thought.of(Failed)[0]
    assert (failed.by, failed.failure, failed.node) == (Author.POLICY, Failure.ILLEGAL_VERDICT, 1)
    assert "Your verdict was refused:\nterminate: the step carries no final answer" in thought.model.prompts[2]
    assert [e.verdict.action for e in thought.of(Judged)] == ["continue"], (
        "it was asked for a verdict, not a reflection"
    )
    assert thought.tree.cursor == 1


@both
async def test_it_may_stop_without_an_answer_when_nothing_is_left_to_try(told: Language) -> None:
    thought = await think(told, [told.first, told.says("terminate")], rounds=1)
    assert (thought.end.reason, thought.end.answer) == (StopReason.GAVE_UP, None)


async def test_it_doubts_re_examines_and_decides_again() -> None:
    script = [PROSE.first, PROSE.says("reflect", critique="is it?"), "It is.", PROSE.says("continue")]
    thought = await think(PROSE, script, rounds=1)
    assert "Your doubt:\nis it?" in thought.model.prompts[2]
    assert prompts.WRITE_REFLECTION_ALONE in thought.model.prompts[2]
    assert "Your reflection:\nIt is." in thought.model.prompts[3]
    assert thought.tree.path()[0].text == PROSE.first


async def test_an_unreadable_verdict_is_asked_for_again_as_a_verdict() -> None:
    script = [PROSE.first, "fine", "fine", PROSE.says("continue"), EndpointError("enough")]
    thought = await think(PROSE, script)
    assert thought.of(Failed)[0].failure is Failure.UNREADABLE_VERDICT
    assert len(thought.of(Judged)) == 1


# Running low.


async def test_it_is_told_when_its_rounds_run_low() -> None:
    steps = [(f"Step by step, {n} of many.", "continue") for n in range(4)]
    thought = await think(PROSE, turns(PROSE, *steps), rounds=4)
    told = ["proposals are left" in prompt for prompt in thought.model.prompts]
    assert told == [False] * 5 + [True, True, False]  # the last verdict: nothing is left, so nothing is said
    assert "1 of 4 proposals are left" in thought.model.prompts[6]
    assert (thought.end.reason, thought.end.answer) == (StopReason.ROUNDS, None)


async def test_the_compact_language_has_no_words_for_notices() -> None:
    thought = await think(COMPACT, turns(COMPACT, (COMPACT.first, "continue"), (COMPACT.second, "continue")), rounds=2)
    assert thought.model.prompts[2] == f"use 20 16 7 3 make 46 step {COMPACT.first} step"


async def test_it_is_told_of_the_scarcest_budget() -> None:
    script = turns(PROSE, (PROSE.first, "continue"), (PROSE.second, "continue"))
    thought = await think(PROSE, script, rounds=2)
    tree = Tree.fold(thought.events)
    spent = tree.policy_usage.total

    def said(**budgets: Any) -> str:
        return notice(tree, SelfCritiqueContext(**{"rounds": 100, **budgets}))

    assert said() == said(tokens=2 * spent) == ""
    assert f"and {spent // 5} tokens are left" in said(tokens=spent + spent // 5)
    assert said(tokens=spent) == "", "nothing is left, and nobody is asked"


# Resuming, seats and settings.


@both
async def test_it_goes_on_from_every_prefix_of_its_log(told: Language) -> None:
    def script(messages: list[BaseMessage]) -> str:
        prompt = str(messages[-1].content)
        verdict = "judge" if told is COMPACT else "JSON object"
        if verdict not in prompt:
            return (
                told.second
                if told.first in prompt
                else told.first
                if told.detour.split(" =")[0] in prompt
                else told.detour
            )
        return told.says("backtrack" if told.detour in prompt.rpartition("\n\nStep ")[2] else "continue")

    whole = await think(told, script, rounds=3)
    for end in range(1, len(whole.events) + 1):
        again = await think(told, script, log=whole.events[:end], rounds=3)
        assert [type(e) for e in again.events] == [type(e) for e in whole.events]
        assert [getattr(e, "text", None) for e in again.events] == [getattr(e, "text", None) for e in whole.events]
    assert len(whole.of(Proposed)) == 3


async def test_its_transcript_is_one_voice() -> None:
    thought = await think(PROSE, turns(PROSE, (PROSE.first, "continue")), rounds=1)
    transcript = Trajectory("t", thought.events).transcript(Author.POLICY)
    assert [(r.by, r.kind) for r in transcript[1:3]] == [(Author.POLICY, "proposed"), (Author.POLICY, "judged")]


def test_one_model_is_sampled_for_steps_and_greedy_for_verdicts() -> None:
    seats = SelfCritiqueContext(policy="openai:m", base_url=URL).seats()
    assert isinstance(seats.policy, Policy)
    assert isinstance(seats.critic, Critic)
    writing, judging = seats.policy.model, seats.critic.model
    assert isinstance(writing, ServedChatModel)
    assert isinstance(judging, ServedChatModel)
    assert (writing.temperature, judging.temperature) == (None, 0.0)
    assert (writing.model, writing.base_url) == (judging.model, judging.base_url) == ("m", URL)
    assert seats.policy.dialect is seats.critic.dialect
    assert isinstance(alone(Prose()), Prose)


def test_a_second_agent_is_refused() -> None:
    with pytest.raises(ConfigError, match="`critic` can't be 'openai:n': in self_critique the policy judges"):
        graphs.context("self_critique", {"policy": "openai:m", "critic": "openai:n"})
    with pytest.raises(ConfigError, match="critic_base_url"):
        graphs.context("self_critique", {"critic_base_url": URL})
    graphs.context("self_critique", {"policy": "openai:m", "critic": "openai:m"})


def test_a_bundle_without_a_solo_agent_says_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "countdown").mkdir()
    monkeypatch.setattr(catalogue, "BUNDLED", tmp_path)
    with pytest.raises(ModelError, match="bundled:countdown has no solo; `longthought train bundled`"):
        catalogue.solo("bundled:countdown")


def test_verifiers_are_those_of_the_debate() -> None:
    assert SelfCritiqueContext().used_tools == ["algebra", "countdown"]
    assert [v.name for v in SelfCritiqueContext().seats().verifiers] == ["algebra", "countdown"]


def test_texts_of_ones_own_are_kept_and_a_dialect_for_one_chair_is_refused() -> None:
    class Mine(Prose):
        """A dialect of one's own."""

    assert isinstance(alone(Mine()), Mine)
    own = Prose(replace(Prose().voice, write_step="One line, please."))
    assert alone(own) is own
    for dialect in ("yes-no", "program", "prose-thought"):
        with pytest.raises(ConfigError, match=f"`dialect` {dialect} is for one chair alone"):
            catalogue.solo("openai:m", base_url=URL, dialect=dialect)


async def test_of_an_answer_nothing_is_said_of_low_budgets_and_computed_tokens_are_one() -> None:
    before = [(f"Step by step, {n}.", "continue") for n in range(3)]
    for last, told in ((("Step by step, 3.", "continue"), True), ((r"So \boxed{7}.", "terminate"), False)):
        thought = await think(PROSE, turns(PROSE, *before, last, ("Step by step, 4.", "continue")), rounds=5, tools=())
        assert ("You have no final answer yet" in thought.model.prompts[7]) is told
    answered = next(at for at, event in enumerate(thought.events) if getattr(event, "answer", None) is not None)
    tree = Tree.fold(thought.events[:answered])
    assert notice(tree, SelfCritiqueContext(rounds=100, computed=tree.total_usage.computed + 1))
