"""The log of a debate in sentences, one for each event, and as a dialogue for a chat pane."""

from collections.abc import Iterable, Sequence
from typing import Final

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from longthought.trajectories.events import (
    AnyEvent,
    Author,
    Cause,
    Checked,
    EvidenceStatus,
    Failed,
    Finished,
    Graded,
    Judged,
    Moved,
    Observed,
    Proposed,
    Reflected,
    Started,
    StopReason,
    Verdict,
)
from longthought.trajectories.tree import Tree

_MOVES: Final = {
    Cause.ACCEPTED: "accepted",
    Cause.SELECTED: "on from {there}",
    Cause.ROLLOUT: "on from {there}",
    Cause.DOUBTED: "in doubt",
    Cause.PRUNED: "pruned",
}
_GRADES: Final = {True: "graded: solved", False: "graded: wrong", None: "not graded"}
_ENDS: Final = {
    StopReason.GAVE_UP: "nothing was left to try",
    StopReason.STUCK: "only rejected steps came again",
    StopReason.ROUNDS: "the rounds are spent",
    StopReason.BACKTRACKS: "the backtracks are spent",
    StopReason.TOKENS: "the tokens are spent",
    StopReason.SECONDS: "the time is spent",
    StopReason.FAILED: "a model or a tool failed",
}


def narrate(event: AnyEvent) -> str:
    """Say in a sentence what happened."""
    match event:
        case Started():
            return f"the problem: {event.problem.statement}"
        case Proposed():
            return f"{_who(event.by)} proposes step {event.node}: {event.text}"
        case Observed():
            return f"{event.tool} printed: {event.output}"
        case Checked():
            return "tools: " + (", ".join(f"{e.tool} {e.status}" for e in event.evidence) or "nothing to check")
        case Judged():
            return f"{_who(event.by)} says {said(event.verdict)}"
        case Reflected():
            return f"{_who(event.by)} reflects: {event.text}"
        case Moved():
            return _with(_moved(event), event.reason)
        case Failed():
            return f"{event.failure.replace('_', ' ')}: {event.detail}"
        case Finished(reason=reason) if event.answer is not None:
            return f"answered: {event.answer}" + ("" if reason is StopReason.ANSWERED else f" ({_ENDS[reason]})")
        case Finished():
            return f"ended without an answer: {_ENDS.get(event.reason, event.reason.value)}"
        case Graded():
            return _with(_GRADES[event.solved], event.detail)
        case _:
            return "the failure was lifted, and the debate goes on"


def said(verdict: Verdict) -> str:
    """Write a verdict as a sentence."""
    to = "" if verdict.target is None else f" to {there(verdict.target)}"
    return _with(f"{verdict.action}{to}", verdict.critique)


def there(node: int) -> str:
    """Name a node."""
    return f"step {node}" if node else "the problem"


def _moved(event: Moved) -> str:
    if event.cause is Cause.ACCEPTED and len(event.accepted) == 1:
        return f"{there(event.to)} is accepted"
    return _MOVES.get(event.cause, "back to {there}").format(there=there(event.to))


def _who(author: Author) -> str:
    return {Author.HUMAN: "a person", Author.STRATEGY: "the strategy"}.get(author, f"the {author}")


def _with(text: str, reason: str) -> str:
    return f"{text}: {reason}" if reason else text


def dialogue(events: Iterable[AnyEvent], debate: str) -> list[AnyMessage]:
    """Return events as messages; the person's are on one side, and everybody else's on the other.

    Args:
        events: The events; those that nobody says, such as an accepted step, make no message.
        debate: What sets the debate apart from others in the thread; the messages' ids begin with it.

    """
    messages: list[AnyMessage] = []
    for event in events:
        spoken = _spoken(event)
        if spoken is None:
            continue
        by = Author.HUMAN if isinstance(event, Started) else event.by
        name, text = spoken
        kind = HumanMessage if by is Author.HUMAN else AIMessage
        messages.append(kind(text, name="person" if by is Author.HUMAN else name, id=f"{debate}:{event.seq}"))
    return messages


def _spoken(event: AnyEvent) -> tuple[str, str] | None:
    """Return who says what; None if nobody says anything."""
    match event:
        case Started():
            return "person", event.problem.statement
        case Proposed() | Reflected():
            return event.by.value, event.text
        case Judged():
            return event.by.value, said(event.verdict)
        case Checked():
            found = [e for e in event.evidence if e.status in (EvidenceStatus.CONFIRMED, EvidenceStatus.REFUTED)]
            told = "; ".join(f"{e.tool} {e.status}: {e.detail or e.claim}" for e in found)
            return ("tools", told) if told else None
        case Moved(cause=Cause.EDITED | Cause.VETOED):
            return "rules", narrate(event)
        case Failed() | Finished() | Graded():
            return "rules", narrate(event)
        case _:
            return None


def path(tree: Tree, tip: int | None) -> Sequence[str]:
    """Return the texts of the steps from the problem to a node, the cursor by default."""
    return [node.text for node in tree.path(tip)]
