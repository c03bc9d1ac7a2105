"""Rewriting of thoughts by a chat model for fluency; a rewrite is accepted only if it loses nothing essential.

The model rewrites paragraph by paragraph under numbered marks, so that each paragraph can be compared with its original
and keeps its node and its events.
"""

import re
import time
from dataclasses import dataclass
from typing import Final

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from longthought.agents.agent import model_errors
from longthought.agents.calls import call_of
from longthought.agents.dialects import prompts
from longthought.agents.dialects.thinking import without_thinking
from longthought.agents.endings import unusable
from longthought.agents.invocation import Invocation
from longthought.thoughts.english import PARAGRAPH
from longthought.thoughts.fidelity import losses, stretches
from longthought.thoughts.thought import LongThought, Sentence, joined
from longthought.trajectories.events import Author, Call


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The result of a rewrite."""

    thought: LongThought
    """The rewritten thought if it was accepted, else the original."""
    accepted: bool
    objections: tuple[str, ...]
    """Why the rewrite was not accepted."""
    call: Call
    """The model call: the rewrite as written, and its cost."""


async def rewrite(thought: LongThought, model: BaseChatModel, *, name: str = "") -> Rewritten:
    """Let a chat model rewrite a thought fluently; keep the original if a number, a turn or the answer was lost.

    Where a person had a hand in the debate, who writes tersely, the model is asked for finer steps and pauses to
    reflect; what must survive is the same.

    Args:
        thought: A thought in plain English.
        model: Any LangChain chat model.
        name: The model's name in the recorded call.

    Raises:
        EndpointError: if the request fails; an OutageError if every request to the model would.

    """
    pieces = stretches(thought)
    marked = PARAGRAPH.join(f"[[{number}]] {joined(piece)}" for number, piece in enumerate(pieces, start=1))
    request = prompts.THOUGHT.format(statement=thought.problem.statement, thought=marked)
    system = prompts.EXPAND if _by_hand(thought) else prompts.REWRITE
    call = await ask(model, [SystemMessage(system), HumanMessage(request)], name)
    rewritten = marked_paragraphs(without_thinking(call.text))
    cut = unusable(call, "max_tokens")
    objections = (cut.reason,) if cut else losses(thought, rewritten)
    if objections:
        return Rewritten(thought, accepted=False, objections=objections, call=call)
    sentences = (
        Sentence(text, piece[0].factor, piece[0].node, _events(piece), PARAGRAPH)
        for piece, text in zip(pieces, rewritten, strict=True)
    )
    return Rewritten(
        LongThought(thought.course, f"{thought.voice}, rewritten", tuple(sentences)), accepted=True, objections=(),
        call=call,
    )  # fmt: skip


def _by_hand(thought: LongThought) -> bool:
    """Say whether a person wrote or rejected a step of the debate."""
    return any(Author.HUMAN in (node.by, node.rejected_by) for node in thought.course.tree.nodes[1:])


def marked_paragraphs(text: str) -> list[str]:
    """Split a text at its marks; return nothing if they are not 1, 2, 3, … or text stands before the first."""
    before, *rest = _MARK.split(text)
    numbers, paragraphs = rest[::2], rest[1::2]
    if before.strip() or numbers != [str(n) for n in range(1, len(numbers) + 1)]:
        return []
    return [paragraph.strip() for paragraph in paragraphs]


_MARK: Final = re.compile(r"\[\[(\d+)\]\]")


def _events(piece: tuple[Sentence, ...]) -> tuple[int, ...]:
    return tuple(sorted({event for sentence in piece for event in sentence.events}))


async def ask(model: BaseChatModel, messages: list[BaseMessage], name: str) -> Call:
    """Send a chat model one request.

    Raises:
        EndpointError: if the request fails; an OutageError if every request to the model would.

    """
    began = time.perf_counter()
    with model_errors(name or "the chat model"):
        message = await Invocation(model, name)(messages)
    return call_of(name, message, time.perf_counter() - began)
