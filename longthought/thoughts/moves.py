"""What happens in a thought, move by move, before a voice puts it into words.

A move is one thing a thinker does: take a step, check it, doubt it, see it fail, go back. It keeps the words of the
log, its node and the events it comes from. Walks order moves, and voices put them into words; nothing here knows a
dialect, a model or an answer key.

The kinds of move are the *thought factors* that a sampler or a trainer can choose among.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from longthought.trajectories.events import (
    Action,
    AnyEvent,
    Author,
    Checked,
    Evidence,
    EvidenceStatus,
    Judged,
    Observed,
    Proposed,
    Reflected,
)


class Factor(StrEnum):
    """What a move does; also the tag around it in a tagged thought."""

    OPENING = "opening"
    """The thinker turns to the problem."""
    STEP = "step"
    """A step is taken, the first one from where the thinker stands."""
    ALTERNATIVE = "alternative"
    """Another step is taken from a place where one was taken before."""
    COMBINATION = "combination"
    """A step is made from several earlier ones."""
    MERGE = "merge"
    """A step leads to a place that was reached before."""
    OBSERVATION = "observation"
    """A program was run, and this is what it printed."""
    CHECK = "check"
    """A claim was checked, and it holds."""
    REFUTATION = "refutation"
    """A claim was checked, and it is false."""
    APPROVAL = "approval"
    """The step was looked at and found good, with the reasons."""
    DOUBT = "doubt"
    """The step may be wrong, and this is why."""
    REFLECTION = "reflection"
    """The step is re-examined in words."""
    FAILURE = "failure"
    """The step, or what it led to, fails, and this is why."""
    RETURN = "return"
    """The thinker goes back from what failed to a place above it."""
    SWITCH = "switch"
    """The thinker turns to another place, and what is left stays open."""
    ANSWER = "answer"
    """The final answer is given."""
    END = "end"
    """The thought ends without an answer."""


STEPS: Final = frozenset({Factor.STEP, Factor.ALTERNATIVE, Factor.COMBINATION})
"""Moves that take a step, each into a node of its own."""
SHOWN_FAILURES: Final = frozenset({Factor.REFUTATION, Factor.FAILURE})
"""Moves after which a return explains itself."""


@dataclass(frozen=True, slots=True)
class Move:
    """One thing a thinker does, and where it comes from."""

    factor: Factor
    node: int
    """The node it is about; for a return, a switch or a merge, the node it leads to."""
    text: str
    """The words of the log, unchanged."""
    events: tuple[int, ...]
    """The `seq` of the events it comes from."""
    by: Author
    """The author of the words."""
    detail: str = ""
    """What a tool found about the claim that the text repeats."""
    origin: int | None = None
    """For a return, a switch or a merge: the node it leads away from."""


def moves_of(event: AnyEvent) -> Iterator[Move]:
    """Yield the moves of an event about a node, except those that take or leave its step."""
    match event:
        case Observed() if event.output.strip():
            yield Move(Factor.OBSERVATION, event.node, event.output, (event.seq,), event.by)
        case Checked():
            evidence = _evidence_told(event)
            if evidence is not None:
                refuted = evidence.status is EvidenceStatus.REFUTED
                factor = Factor.REFUTATION if refuted else Factor.CHECK
                yield Move(factor, event.node, evidence.claim, (event.seq,), event.by, evidence.detail)
        case Judged() if event.verdict.critique.strip():
            factor = _OF_ACTION[event.verdict.action]
            yield Move(factor, event.node, event.verdict.critique, (event.seq,), event.by)
        case Reflected():
            yield Move(Factor.REFLECTION, event.parent, event.text, (event.seq,), event.by)
        case _:
            pass


def node_of(event: AnyEvent) -> int | None:
    """Return the node that an event is about; None if it is about none."""
    match event:
        case Proposed() | Observed() | Checked() | Judged():
            return event.node
        case Reflected():
            return event.parent
        case _:
            return None


_OF_ACTION: Final = {
    Action.CONTINUE: Factor.APPROVAL,
    Action.TERMINATE: Factor.APPROVAL,
    Action.REFLECT: Factor.DOUBT,
    Action.BACKTRACK: Factor.FAILURE,
}


def _evidence_told(event: Checked) -> Evidence | None:
    """Choose the evidence that is told: the first refuted claim, as the veto does, or the first confirmed one."""
    for status in (EvidenceStatus.REFUTED, EvidenceStatus.CONFIRMED):
        for evidence in event.evidence:
            if evidence.status is status:
                return evidence
    return None
