"""Rewrites and summaries by a chat model: taken when they hold, refused with the reason when they don't."""

import re

import pytest
from langchain_core.messages import BaseMessage

from longthought.agents.dialects import prompts
from longthought.agents.editor import marked_paragraphs, rewrite
from longthought.agents.summaries import summarise, summary
from longthought.errors import EndpointError
from longthought.trajectories.trajectory import Trajectory
from tests.fakes import logs
from tests.fakes.scripted import ScriptedChatModel
from tests.thoughts.test_fidelity import FLUENT, THOUGHT
from tests.thoughts.test_thought import solved_by_search

MARKED = "\n\n".join(f"[[{number}]] {text}" for number, text in enumerate(FLUENT, start=1))


async def test_a_good_rewrite_is_taken_and_keeps_its_provenance() -> None:
    model = ScriptedChatModel([f"<think>Easy.</think>{MARKED}"])
    done = await rewrite(THOUGHT, model, name="fake:editor")
    assert (done.accepted, done.objections) == (True, ())
    assert done.thought.text == "\n\n".join(FLUENT)
    assert (done.thought.answer, done.thought.voice) == ("102", "prose, rewritten")
    assert done.call.model == "fake:editor"
    assert done.call.usage.completion > 0
    assert [s.node for s in done.thought.sentences] == [0, 1, 2, 3, 4, 4]
    all_events = {event for sentence in THOUGHT.sentences for event in sentence.events}
    assert {event for sentence in done.thought.sentences for event in sentence.events} == all_events
    assert prompts.EXPAND in model.prompts[0], "a person wrote one of its steps"
    assert THOUGHT.problem.statement in model.prompts[0]


async def test_notes_by_a_person_are_expanded_and_checked_alike() -> None:
    def expanded(messages: list[BaseMessage]) -> str:
        return messages[-1].text.partition("Thought:\n")[2].replace("]] ", "]] Hmm, what am I looking for here? ")

    thought = Trajectory("d", logs.edited_by_a_human()).long_thought(walk="chronological")
    model = ScriptedChatModel(expanded)
    done = await rewrite(thought, model)
    assert done.accepted, done.objections
    assert "what am I looking for" in done.thought.text
    assert prompts.EXPAND in model.prompts[0]
    assert not (await rewrite(thought, ScriptedChatModel(["[[1]] It is easy."]))).accepted


@pytest.mark.parametrize(
    ("reply", "objection"),
    [
        (MARKED.replace("102", "103"), "lost the number 102"),
        (MARKED.replace("[[3]]", ""), "0 paragraphs came back for 6"),
        (f"Here you are: {MARKED}", "0 paragraphs came back for 6"),
        ("", "0 paragraphs came back for 6"),
    ],
)
async def test_a_bad_rewrite_leaves_the_plain_version(reply: str, objection: str) -> None:
    done = await rewrite(THOUGHT, ScriptedChatModel([reply]))
    assert done.thought is THOUGHT
    assert not done.accepted
    assert any(objection in said for said in done.objections)


async def test_the_model_is_shown_every_stretch_under_its_mark() -> None:
    def echo(messages: list[BaseMessage]) -> str:
        return messages[-1].text.partition("Thought:\n")[2]

    thought = Trajectory("d", solved_by_search()).long_thought()
    model = ScriptedChatModel(echo)
    done = await rewrite(thought, model)
    assert done.accepted
    assert prompts.REWRITE in model.prompts[0]
    assert re.sub(r"\s+", " ", done.thought.text) == re.sub(r"\s+", " ", thought.text)


async def test_a_model_that_cannot_be_asked_is_an_endpoint_error() -> None:
    with pytest.raises(EndpointError, match="fake:editor: ConnectionError: gone"):
        await rewrite(THOUGHT, ScriptedChatModel([ConnectionError("gone")]), name="fake:editor")


def test_marks_must_count_from_one() -> None:
    assert marked_paragraphs("[[1]] a\n[[2]] b") == ["a", "b"]
    assert marked_paragraphs("[[2]] a") == marked_paragraphs("a") == marked_paragraphs("") == []


def test_a_summary_by_rule() -> None:
    assert summary(Trajectory("d", logs.plain()).long_thought()).text == (
        "Tried and dropped: “16 + 8 = 25” (it is 24); “16 - 16 = 0” (zero is not positive).\n"
        "What worked: “16 / 16 = 1”; “so it is”.\n"
        "Answer: (16 / 16) * 35"
    )
    cut = summary(Trajectory("d", logs.plain()[:8]).long_thought())
    assert cut.text.endswith("What stood at the end: “16 - 16 = 0”.\nNo answer was found.")
    assert cut.by_rule


async def test_a_summary_by_a_model_stands_only_if_it_holds() -> None:
    good = "The thinker first tried 8 * 6, where it is 7 * 6. Then 60 + 42 = 102, so the answer is 102."
    done = await summarise(THOUGHT, ScriptedChatModel([good]))
    assert (done.text, done.by_rule, done.objections) == (good, False, ())
    bad = await summarise(THOUGHT, ScriptedChatModel([good.replace("60", "61")]))
    assert (bad.text, bad.by_rule) == (summary(THOUGHT).text, True)
    assert "the number 61 is not in the thought" in bad.objections
    assert bad.call is not None
