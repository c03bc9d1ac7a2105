"""The result of one proof, and how it follows from Lean's messages.

A proof is confirmed only if nothing contradicts it *and* Lean states explicitly that the theorem exists at the end;
silence confirms nothing.
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
"""Maximum number of characters of an error or of goals that are passed on."""


class Assurance(StrEnum):
    """How far a confirmed proof was checked, weakest first."""

    ELABORATED = "elaborated"
    """Its words were screened, its statement was locked, and Lean and its kernel accepted it without complaint."""
    AXIOMS = "axioms"
    """In addition, the axioms that it rests on were printed, and are those of ordinary mathematics."""


@dataclass(frozen=True, slots=True)
class LeanResult:
    """The result of one proof."""

    status: EvidenceStatus
    detail: str
    """The reason in words; empty if there is nothing to say."""
    assurance: Assurance | None = None
    """How far it was checked, if it was confirmed."""
    messages: tuple[Message, ...] = ()
    """Lean's messages about the proof; line 1 is its first line, and line 0 stands for the statement."""
    goals: tuple[str, ...] = ()
    """The goals that are left, as Lean prints them."""
    unfinished: bool = False
    """Whether the only fault is that the proof stops too early."""
    at_fault: str = "proof"
    """`statement` if the statement can't be used, else `proof`."""
    axioms: tuple[str, ...] | None = None
    """The axioms that it rests on, if the toolchain can print them."""
    seconds: float = 0.0
    """Wall time; each proof of a batch has the time of the whole batch."""


def shortened(text: str) -> str:
    """Shorten Lean's output to `MAX_DETAIL` characters, for people and models."""
    return text if len(text) <= MAX_DETAIL else text[:MAX_DETAIL] + "…"


def judge(placed: Placed, messages: list[Message], *, axioms: bool) -> LeanResult | None:
    """Derive the result of one case from Lean's messages; None if Lean didn't get to its end."""
    own = [message for message in messages if placed.first <= message.line <= placed.last]
    if not any(message.line == placed.marker for message in own):
        return None
    moved = tuple(_in_own_text(placed, message) for message in own if message.line != placed.marker)
    errors = [message for message in own if message.severity is Severity.ERROR and message.line != placed.marker]
    if any(message.kind == SORRY for message in own):
        return LeanResult(EvidenceStatus.REFUTED, "it leaves a hole: a `sorry` is in it", messages=moved)
    if errors:
        return _refuted(placed, errors, moved)
    return _confirmed(placed, next(m for m in own if m.line == placed.marker), moved, axioms=axioms)


def _refuted(placed: Placed, errors: list[Message], moved: tuple[Message, ...]) -> LeanResult:
    first = _in_own_text(placed, errors[0])
    result = LeanResult(EvidenceStatus.REFUTED, f"{_where(first)}{shortened(first.text)}", messages=moved)
    if any(error.line < placed.opening for error in errors):
        return replace(
            result, detail=f"the statement itself is wrong: {shortened(errors[0].text)}", at_fault="statement"
        )
    goals = tuple(dict.fromkeys(goal for error in errors for goal in error.goals))
    return replace(result, goals=goals, unfinished=all(_only_stops(placed, error) for error in errors))


def _only_stops(placed: Placed, error: Message) -> bool:
    """Say whether an error would go away if the proof went on from where it stops."""
    if error.line >= placed.closing:  # Lean stumbled over the closing bracket
        return True
    if error.kind == UNSOLVED:
        return (error.end_line, error.end_column) >= placed.end
    return error.text.startswith("Alternative ")  # a case of `induction` that is still to come


def _confirmed(placed: Placed, marker: Message, moved: tuple[Message, ...], *, axioms: bool) -> LeanResult:
    if marker.severity is not Severity.INFORMATION:
        return LeanResult(EvidenceStatus.ABSTAINED, f"the theorem is not there: {marker.text}", messages=moved)
    if not axioms:
        return LeanResult(EvidenceStatus.CONFIRMED, "", Assurance.ELABORATED, moved)
    listed = re.search(r"\[([^\]]*)\]", marker.text.removeprefix(f"'{placed.name}'"))
    axioms_used = tuple(name.strip() for name in listed[1].split(",")) if listed else ()
    if foreign := sorted(set(axioms_used) - ALLOWED):
        detail = f"it rests on {', '.join(foreign)}, which is no axiom of ordinary mathematics"
        return LeanResult(EvidenceStatus.REFUTED, detail, messages=moved, axioms=axioms_used)
    return LeanResult(EvidenceStatus.CONFIRMED, "", Assurance.AXIOMS, moved, axioms=axioms_used)


def _in_own_text(placed: Placed, message: Message) -> Message:
    """Return a message with its position in the candidate's own text."""
    (line, column), (end_line, end_column) = (
        placed.in_proof(message.line, message.column),
        placed.in_proof(message.end_line, message.end_column),
    )
    return replace(message, line=line, column=column, end_line=end_line, end_column=end_column)


def _where(message: Message) -> str:
    return f"line {message.line}, column {message.column}: " if message.line else ""
