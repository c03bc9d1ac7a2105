"""A proposal that was rejected before: what counts as the same, and how another one is asked for."""

import random
from collections.abc import Sequence

import pytest
from langchain_core.messages import AIMessage, BaseMessage

from longthought.agents.agent import RAISED, Policy
from longthought.agents.dialects.compact import Compact
from longthought.agents.dialects.dialect import Dialect, Step
from longthought.agents.dialects.prose import Prose
from longthought.agents.served.chat_model import ServedChatModel
from longthought.agents.view import TriedStep, View
from longthought.agents.wording import words
from longthought.problems.problem import Problem
from longthought.trajectories.events import Author
from tests.fakes.scripted import ScriptedChatModel
from tests.fakes.server import FakeServer, says

PROBLEM = Problem(id="p", statement="What is 2 + 2 * 3?", domain="math")
WRONG, RIGHT = "First, 2 + 2 = 4.", "First, 2 * 3 = 6."


def seen(*rejected: str, draft: int | None = 1) -> View:
    tried = tuple(TriedStep(text, "The product comes first.", Author.CRITIC, 1) for text in rejected)
    return View(PROBLEM, (), (), tried, draft=draft)


def text_of(read: object) -> str:
    assert isinstance(read, Step)
    return read.text


# What counts as the same.


@pytest.mark.parametrize(
    "same",
    ["first,2+2=4", "1. First, 2 + 2 = 4.", "Step 1: First, 2 + 2 = 4", "**First**, 2 + 2 = 4", "FIRST 2 +  2 =\n4"],
)
def test_spacing_case_punctuation_and_numbers_of_items_do_not_count(same: str) -> None:
    assert words(same) == words(WRONG)


@pytest.mark.parametrize(
    "other", ["First, 2 - 2 = 4.", "First, 2 * 2 = 4.", "First, 2 + 2 = .4", "First, 22 = 4.", "First, 2 + 2 = 4!"]
)
def test_numbers_and_operators_count(other: str) -> None:
    assert words(other) != words(WRONG)


def test_moves_of_the_small_language_differ_if_their_words_do() -> None:
    moves = ["3 + 4 = 7 left 7 1 2", "3 + 4 = 7 left 7 12", "3 - 4 = 7 left 7 1 2", "3 * 4 = 7 left 7 1 2"]
    assert len({words(move) for move in moves}) == len(moves)


def test_a_draft_repeats_what_it_says_again_whole_and_not_what_it_only_begins_like() -> None:
    whole = seen("2 * 3 = 6.\n\n2 + 6 = 9.")
    assert whole.repeated(["2 * 3 = 6.", "2 + 6 = 9."]) is not None
    assert whole.repeated(["1. 2 * 3 = 6.", "2. 2 + 6 = 9", "So it is 9."]) is not None, "and goes on"
    assert whole.repeated(["2 * 3 = 6. 2 + 6 = 9."]) is not None, "cut in another way"
    assert whole.repeated(["2 * 3 = 6.", "2 + 6 = 8."]) is None
    assert seen(WRONG).repeated([WRONG, "Then 4 * 3 = 12."]) is not None, "a single step was wrong by itself"
    assert seen(WRONG).repeated([f"{WRONG} Then 4 * 3 = 12."]) is None


# How another one is asked for.


async def test_others_come_in_one_request_and_the_first_new_one_counts() -> None:
    replies = [WRONG, RIGHT, "Let me see: 6 + 2 = 8."]
    choices = [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"} for text in replies]
    async with FakeServer([says(WRONG), says(choices=choices)]) as server:
        policy = Policy("openai:fake", ServedChatModel(model="fake", base_url=server.base_url), Prose())
        reply = await policy.propose(seen(WRONG))
        await policy.aclose()
        first, second = (chat.payload for chat in server.chats)
    assert text_of(reply.read) == RIGHT
    assert [call.text for call in reply.calls] == [WRONG, WRONG, replies[2], RIGHT], "the last call is the one used"
    assert (first.get("n"), second["n"]) == (None, 3)
    assert second["messages"][: len(first["messages"])] == first["messages"], "what was read stays in the cache"
    assert "The product comes first" in second["messages"][-1]["content"]


async def test_a_round_of_nothing_new_is_a_repetition_with_every_call_on_the_bill() -> None:
    model = ScriptedChatModel([WRONG] * 4)
    reply = await Policy("fake:policy", model, Prose()).propose(seen(WRONG))
    assert text_of(reply.read) == WRONG
    assert len(reply.calls) == 4


async def test_a_reply_that_cannot_be_read_is_repaired_alone() -> None:
    model = ScriptedChatModel(["", RIGHT])
    reply = await Policy("fake:policy", model, Prose()).propose(seen(WRONG))
    assert (text_of(reply.read), len(reply.calls)) == (RIGHT, 2)


@pytest.mark.parametrize(
    ("own", "rejected", "asked"),
    [
        (0.7, 0, [None]),
        (0.7, 1, [0.95, RAISED]),
        (0.7, 2, [RAISED, RAISED]),
        (0.0, 3, [0.5, 0.5]),
        (1.0, 5, [RAISED, RAISED]),
        (1.8, 1, [1.8, 1.8]),
        (None, 1, [RAISED, RAISED]),
    ],
)
async def test_the_temperature_rises_above_the_models_own_with_what_was_rejected(
    own: float | None, rejected: int, asked: Sequence[float | None]
) -> None:
    tried = [f"Take {number}." for number in range(rejected)]
    again = tried[0] if tried else RIGHT
    model = ScriptedChatModel([again, RIGHT, RIGHT, RIGHT], temperature=own)
    await Policy("fake:policy", model, Prose()).propose(seen(*tried))
    first, *others = [options.get("temperature") for options in model.options]
    assert [first, *others[:1]] == pytest.approx(asked)


@pytest.mark.parametrize(("dialect", "raised"), [(Prose(), True), (Compact(), False)])
async def test_several_proposals_at_once_are_asked_for_as_one_is(dialect: Dialect, *, raised: bool) -> None:
    move = "3 + 5 = 8 left 8 8"
    view = View(Problem(id="g", statement="Use 3, 5 and 8, each once, to make 16."), (), (), seen(move).attempts)
    model = ScriptedChatModel([move] * 2)
    await dialect_policy(model, dialect).propose_many(view, 2)
    assert [("temperature" in options) for options in model.options] == [raised] * 2


def dialect_policy(model: ScriptedChatModel, dialect: Dialect) -> Policy:
    return Policy("fake:policy", model, dialect)


class Stubborn:
    """A policy that copies what its prompt shows as rejected, the more rarely the hotter it is asked."""

    def __init__(self, seed: int) -> None:
        self._draw, self.model = random.Random(seed), ScriptedChatModel(self._say, temperature=0.5)

    def _say(self, messages: list[BaseMessage]) -> AIMessage | str:
        heat: float = self.model.options[-1].get("temperature", 0.5)
        shown = "\n".join(str(message.content) for message in messages)
        if "Attempt 1:" in shown and self._draw.random() < 0.9 - 0.5 * heat:
            return WRONG
        return f"Take {self._draw.randrange(10**6)}."


async def test_few_proposals_of_a_model_that_copies_what_it_is_shown_repeat_it() -> None:
    repeated, raw = 0, 0
    for seed in range(200):
        reply = await Policy("fake:policy", Stubborn(seed).model, Prose()).propose(seen(WRONG))
        repeated += text_of(reply.read) == WRONG
        raw += reply.calls[0].text == WRONG
    assert raw / 200 > 0.4
    assert repeated / 200 < 0.05


def test_a_rejected_step_without_words_is_no_beginning_of_every_other() -> None:
    assert seen("...").repeated(["Take 1."]) is None
    assert seen("...").repeated(["…"]) is not None
