"""What came of one proof, and how Lean's messages about it add up to that.

A proof is confirmed only where nothing speaks against it *and* Lean says in so many words that the theorem is there at
the end; silence confirms nothing.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from longthought.tools.lean.messages import SORRY, UNSOLVED, Message, Severity
from longthought.tools.lean.source import Placed
from longthought.trajectories.events import EvidenceStatus

ALLOWED: Final = frozenset({"propext", "Quot.sound", "Classical.choice"})
"""The axioms of ordinary mathematics in Lean."""
MAX_DETAIL: Final = 4_000
"""Characters of an error, or of goals, that are passed on."""


class Assurance(StrEnum):
    """How far a confirmed proof was checked, weakest first."""

    ELABORATED = "elaborated"
    """The words were screened, the statement locked, and Lean and its kernel accepted it without a complaint."""
    AXIOMS = "axioms"
    """Also, the axioms it rests on were printed, and are among those of ordinary mathematics."""


@dataclass(frozen=True, slots=True)
class LeanResult:
    """What came of one proof."""

    status: EvidenceStatus
    detail: str
    """The reason in words; empty if there is nothing to say."""
    assurance: Assurance | None = None
    """How far it was checked, if it was confirmed."""
    messages: tuple[Message, ...] = ()
    """What Lean said of the proof; line 1 is its first line, and line 0 stands for the statement."""
    goals: tuple[str, ...] = ()
    """What is left to show, as Lean prints it, if goals were left."""
    unfinished: bool = False
    """Whether all that is wrong is that the proof stops too early."""
    at_fault: str = "proof"
    """`statement` if it is the statement that can't be used."""
    axioms: tuple[str, ...] | None = None
    """What it rests on, where the toolchain can tell."""
    seconds: float = 0.0
    """Wall time, of a whole batch for each of its proofs."""


def cut(text: str) -> str:
    """Shorten what Lean said to what a person or a model will read."""
    return text if len(text) <= MAX_DETAIL else text[:MAX_DETAIL] + "…"


def judge(placed: Placed, said: list[Message], *, axioms: bool) -> LeanResult | None:
    """Add up what Lean said of one case; None if it didn't get to the end of it."""
    own = [message for message in said if placed.first <= message.line <= placed.last]
    if not any(message.line == placed.marker for message in own):
        return None
    moved = tuple(_moved(placed, message) for message in own if message.line != placed.marker)
    errors = [message for message in own if message.severity is Severity.ERROR and message.line != placed.marker]
    if any(message.kind == SORRY for message in own):
        return LeanResult(EvidenceStatus.REFUTED, "it leaves a hole: a `sorry` is in it", messages=moved)
    if errors:
        return _wrong(placed, errors, moved)
    return _right(placed, next(m for m in own if m.line == placed.marker), moved, axioms=axioms)


def _wrong(placed: Placed, errors: list[Message], moved: tuple[Message, ...]) -> LeanResult:
    first = _moved(placed, errors[0])
    found = LeanResult(EvidenceStatus.REFUTED, f"{_where(first)}{cut(first.text)}", messages=moved)
    if any(error.line < placed.opening for error in errors):
        return replace(found, detail=f"the statement itself is wrong: {cut(errors[0].text)}", at_fault="statement")
    goals = tuple(dict.fromkeys(goal for error in errors for goal in error.goals))
    return replace(found, goals=goals, unfinished=all(_only_stops(placed, error) for error in errors))


def _only_stops(placed: Placed, error: Message) -> bool:
    """Say whether an error would go away if the proof went on from where it stops."""
    if error.line >= placed.closing:  # the bracket behind it came as a surprise
        return True
    if error.kind == UNSOLVED:
        return (error.end_line, error.end_column) >= placed.end
    return error.text.startswith("Alternative ")  # a case of `induction` that is still to come


def _right(placed: Placed, marker: Message, moved: tuple[Message, ...], *, axioms: bool) -> LeanResult:
    if marker.severity is not Severity.INFORMATION:
        return LeanResult(EvidenceStatus.ABSTAINED, f"the theorem is not there: {marker.text}", messages=moved)
    if not axioms:
        return LeanResult(EvidenceStatus.CONFIRMED, "", Assurance.ELABORATED, moved)
    listed = re.search(r"\[([^\]]*)\]", marker.text.removeprefix(f"'{placed.name}'"))
    found = tuple(name.strip() for name in listed[1].split(",")) if listed else ()
    if foreign := sorted(set(found) - ALLOWED):
        detail = f"it rests on {', '.join(foreign)}, which is no axiom of ordinary mathematics"
        return LeanResult(EvidenceStatus.REFUTED, detail, messages=moved, axioms=found)
    return LeanResult(EvidenceStatus.CONFIRMED, "", Assurance.AXIOMS, moved, axioms=found)


def _moved(placed: Placed, message: Message) -> Message:
    """Return a message with its place in the candidate's own text."""
    (line, column), (end_line, end_column) = (
        placed.in_proof(message.line, message.column),
        placed.in_proof(message.end_line, message.end_column),
    )
    return replace(message, line=line, column=column, end_line=end_line, end_column=end_column)


def _where(message: Message) -> str:
    return f"line {message.line}, column {message.column}: " if message.line else ""
