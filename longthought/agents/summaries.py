"""Short summaries of a thought for readers, by rule or by a chat model.

A summary by rule is extracted from the thought: what was tried and dropped, what worked, the answer. A chat model's
summary is accepted only if it says nothing that the thought does not; otherwise the summary by rule is used.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage

from longthought.agents.dialects import prompts
from longthought.agents.dialects.thinking import without_thinking
from longthought.agents.editor import ask
from longthought.agents.endings import unusable
from longthought.problems.countdown.notation import read_step
from longthought.thoughts import shorthand
from longthought.thoughts.english import step_name
from longthought.thoughts.fidelity import unsupported_claims
from longthought.thoughts.moves import SHOWN_FAILURES, STEPS, Factor, Move
from longthought.thoughts.thought import Course, LongThought
from longthought.trajectories.events import Call
from longthought.trajectories.tree import Node

MAX_DROPPED: Final = 5
"""Wrong turns that a summary names."""
_MAX_REASON: Final = 100
"""Characters beyond which a reason is left out."""


@dataclass(frozen=True, slots=True)
class ThoughtSummary:
    """A summary of a thought."""

    text: str
    by_rule: bool
    """Whether the text was written by rule and not by a model."""
    objections: tuple[str, ...] = ()
    """Why a model's summary was not accepted."""
    call: Call | None = None
    """The model call, if there was one: its summary as written, and its cost."""


def summary(thought: LongThought) -> ThoughtSummary:
    """Summarise a thought by rule."""
    dropped, standing = _outcome(thought.course)
    lines: list[str] = []
    if dropped:
        more = "; and others" if len(dropped) > MAX_DROPPED else ""
        lines.append(f"Tried and dropped: {'; '.join(dropped[:MAX_DROPPED])}{more}.")
    if standing:
        lines.append(f"{'What worked' if thought.answer else 'What stood at the end'}: {'; '.join(standing)}.")
    lines.append("No answer was found." if thought.answer is None else f"Answer: {thought.answer}")
    return ThoughtSummary("\n".join(lines), by_rule=True)


async def summarise(thought: LongThought, model: BaseChatModel, *, name: str = "") -> ThoughtSummary:
    """Let a chat model summarise a thought; if it says anything that the thought does not, summarise by rule.

    Raises:
        EndpointError: if the request fails.

    """
    request = prompts.THOUGHT.format(statement=thought.problem.statement, thought=thought.text)
    call = await ask(model, [SystemMessage(prompts.SUMMARISE), HumanMessage(request)], name)
    text = without_thinking(call.text).strip()
    cut = unusable(call, "max_tokens")
    objections = (cut.reason,) if cut else unsupported_claims(text, thought)
    if objections:
        return ThoughtSummary(summary(thought).text, by_rule=True, objections=objections, call=call)
    return ThoughtSummary(text, by_rule=False, call=call)


def _outcome(course: Course) -> tuple[list[str], list[str]]:
    """Return the wrong turns, each once, and the steps that stand at the end, all in words."""
    nodes = course.tree.nodes
    path: list[int] = []
    dropped: dict[str, None] = {}
    failure: Move | None = None
    for move in course.moves:
        if move.factor in STEPS or move.factor is Factor.MERGE:
            path.append(move.node)
        elif move.factor in SHOWN_FAILURES:
            failure = move
        elif move.factor in (Factor.RETURN, Factor.SWITCH):
            left = _leave(path, nodes, move.node)
            if move.factor is Factor.RETURN and failure is not None and left is not None:
                dropped[_with_reason(nodes[left], failure)] = None
    return list(dropped), [_short_form(nodes[number]) for number in path]


def _leave(path: list[int], nodes: list[Node], to: int) -> int | None:
    """Change the path to end at node `to`; if `to` was on it, return the first step that is dropped."""
    depth = nodes[to].depth
    if depth and (len(path) < depth or path[depth - 1] != to):
        path[:] = list(_upwards(nodes, to))[::-1]
        return None
    left = path[depth] if len(path) > depth else None
    del path[depth:]
    return left


def _upwards(nodes: list[Node], number: int) -> Iterator[int]:
    """Yield a node and its ancestors, without the problem."""
    current: int | None = number
    while current:
        yield current
        current = nodes[current].parent


def _with_reason(node: Node, failure: Move) -> str:
    reason = failure.detail or failure.text
    reason = "" if shorthand.look_ahead(reason) or failure.node != node.id else " ".join(reason.split())
    return f"{_short_form(node)} ({reason.rstrip('.')})" if 0 < len(reason) <= _MAX_REASON else _short_form(node)


def _short_form(node: Node) -> str:
    read = read_step(node.text)
    return shorthand.equation(read) if read else step_name(node)
