"""Short accounts of a thought, for readers: by rule, or by a chat model under the rule's eye.

By rule an account is cut out of the thought: what was tried and dropped, what worked, the answer. A chat model's own
words stand only if they say nothing that the thought does not; else the rule's do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage

from longthought.agents.dialects import prompts
from longthought.agents.dialects.reading import without_thinking
from longthought.agents.editor import ask
from longthought.problems.countdown.notation import read_step
from longthought.thoughts import shorthand
from longthought.thoughts.english import step_name
from longthought.thoughts.fidelity import unsupported_claims
from longthought.thoughts.moves import SHOWN_FAILURES, STEPS, Factor, Move
from longthought.thoughts.thought import Course, LongThought
from longthought.trajectories.events import Call
from longthought.trajectories.tree import Node

LONGEST: Final = 5
"""Wrong turns that are told by name."""
_REASON: Final = 100


@dataclass(frozen=True, slots=True)
class ThoughtSummary:
    """An account of a thought."""

    text: str
    by_rule: bool
    """Whether these are the rule's words, and not a model's."""
    objections: tuple[str, ...] = ()
    """Why a model's words were not taken."""
    call: Call | None = None
    """What the model wrote, and what it cost."""


def summary(thought: LongThought) -> ThoughtSummary:
    """Sum up a thought by rule."""
    dropped, stands = _outcome(thought.course)
    said: list[str] = []
    if dropped:
        more = "; and others" if len(dropped) > LONGEST else ""
        said.append(f"Tried and dropped: {'; '.join(dropped[:LONGEST])}{more}.")
    if stands:
        said.append(f"{'What worked' if thought.answer else 'What stood at the end'}: {'; '.join(stands)}.")
    said.append("No answer was found." if thought.answer is None else f"Answer: {thought.answer}")
    return ThoughtSummary("\n".join(said), by_rule=True)


async def summarise(thought: LongThought, model: BaseChatModel, *, name: str = "") -> ThoughtSummary:
    """Let a chat model sum up a thought; if it says what the thought does not, the rule's summary stands.

    Raises:
        EndpointError: if the model can't be asked.

    """
    asked = prompts.THOUGHT.format(statement=thought.problem.statement, thought=thought.text)
    call = await ask(model, [SystemMessage(prompts.SUMMARISE), HumanMessage(asked)], name)
    text = without_thinking(call.text).strip()
    objections = unsupported_claims(text, thought)
    if objections:
        return ThoughtSummary(summary(thought).text, by_rule=True, objections=objections, call=call)
    return ThoughtSummary(text, by_rule=False, call=call)


def _outcome(course: Course) -> tuple[list[str], list[str]]:
    """Return the wrong turns and the steps that stand at the end, in words, each told once."""
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
                dropped[_named(nodes[left], failure)] = None
    return list(dropped), [_short(nodes[number]) for number in path]


def _leave(path: list[int], nodes: list[Node], to: int) -> int | None:
    """Go to a node, and return the first step that no longer stands, if `to` is above it."""
    depth = nodes[to].depth
    if depth and (len(path) < depth or path[depth - 1] != to):
        path[:] = list(_above(nodes, to))[::-1]
        return None
    left = path[depth] if len(path) > depth else None
    del path[depth:]
    return left


def _above(nodes: list[Node], number: int) -> Iterator[int]:
    current: int | None = number
    while current:
        yield current
        current = nodes[current].parent


def _named(node: Node, failure: Move) -> str:
    reason = failure.detail or failure.text
    reason = "" if shorthand.look_ahead(reason) or failure.node != node.id else " ".join(reason.split())
    return f"{_short(node)} ({reason.rstrip('.')})" if 0 < len(reason) <= _REASON else _short(node)


def _short(node: Node) -> str:
    read = read_step(node.text)
    return shorthand.equation(read) if read else step_name(node)
