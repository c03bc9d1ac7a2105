"""Thoughts rewritten by a chat model for fluency: taken only if nothing that counts is lost.

The model rewrites paragraph by paragraph under marks, so what it wrote can be compared with what it was given, and
each paragraph still knows its node and its events.
"""

import re
import time
from dataclasses import dataclass
from typing import Final

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from longthought.agents.agent import call_of, failures
from longthought.agents.dialects import prompts
from longthought.agents.dialects.reading import without_thinking
from longthought.agents.invocation import Invocation
from longthought.thoughts.english import PARAGRAPH
from longthought.thoughts.fidelity import losses, stretch_text, stretches
from longthought.thoughts.thought import LongThought, Sentence
from longthought.trajectories.events import Call


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What came of a rewrite."""

    thought: LongThought
    """The rewritten thought if it was accepted, else the plain one."""
    accepted: bool
    objections: tuple[str, ...]
    """Why it was not."""
    call: Call
    """What was written, and what it cost."""


async def rewrite(thought: LongThought, model: BaseChatModel, *, name: str = "") -> Rewritten:
    """Let a chat model make a thought fluent; keep the plain version if a number, a turn or the answer was lost.

    Args:
        thought: A thought in plain English.
        model: Any LangChain chat model.
        name: What the model is called in the bill.

    Raises:
        EndpointError: if the model can't be asked; an OutageError if nothing can be asked of it.

    """
    pieces = stretches(thought)
    marked = PARAGRAPH.join(f"[[{number}]] {stretch_text(piece)}" for number, piece in enumerate(pieces, start=1))
    asked = prompts.THOUGHT.format(statement=thought.problem.statement, thought=marked)
    call = await ask(model, [SystemMessage(prompts.REWRITE), HumanMessage(asked)], name)
    new = marked_paragraphs(without_thinking(call.text))
    objections = losses(thought, new)
    if objections:
        return Rewritten(thought, accepted=False, objections=objections, call=call)
    sentences = (
        Sentence(text, piece[0].factor, piece[0].node, _events(piece), PARAGRAPH)
        for piece, text in zip(pieces, new, strict=True)
    )
    return Rewritten(
        LongThought(thought.course, f"{thought.voice}, rewritten", tuple(sentences)), accepted=True, objections=(),
        call=call,
    )  # fmt: skip


def marked_paragraphs(text: str) -> list[str]:
    """Cut a text at its marks; empty if they are not 1, 2, 3 and so on, or words stand before the first."""
    before, *rest = _MARK.split(text)
    numbers, paragraphs = rest[::2], rest[1::2]
    if before.strip() or numbers != [str(n) for n in range(1, len(numbers) + 1)]:
        return []
    return [paragraph.strip() for paragraph in paragraphs]


_MARK: Final = re.compile(r"\[\[(\d+)\]\]")


def _events(piece: tuple[Sentence, ...]) -> tuple[int, ...]:
    return tuple(sorted({event for sentence in piece for event in sentence.events}))


async def ask(model: BaseChatModel, messages: list[BaseMessage], name: str) -> Call:
    """Ask a chat model once.

    Raises:
        EndpointError: if it can't be asked; an OutageError if nothing can be asked of it.

    """
    began = time.perf_counter()
    with failures(name or "the chat model"):
        message = await Invocation(model)(messages)
    return call_of(name, message, time.perf_counter() - began)
