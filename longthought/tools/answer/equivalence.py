"""The outcome of a comparison: equal, different, unknown, or pending until a worker has compared expressions."""

from dataclasses import dataclass
from typing import Final, NamedTuple


@dataclass(frozen=True, slots=True)
class Equivalence:
    """The result of a comparison."""

    equal: bool | None
    """None if it is unknown."""
    detail: str = ""
    """The reason or the condition; it never quotes the reference, since it is logged."""


class Undecided(NamedTuple):
    """A comparison that depends on expressions, which must be compared symbolically: all of them must be equal."""

    pairs: tuple[tuple[str, str], ...]
    """Expressions of the reference and of the answer, in cleaned LaTeX."""
    doubt: str = ""
    """Why the answers may be equal although expressions differ; empty if they are different then."""


Decision = Equivalence | Undecided

SAME: Final = Equivalence(True)
DIFFERENT: Final = Equivalence(False, "it is not the reference")


def unknown(reason: str) -> Equivalence:
    """Return the outcome of a comparison that can't be decided."""
    return Equivalence(None, reason)


def symbolically(gold: str, given: str) -> Undecided:
    """Leave a comparison to a worker."""
    return Undecided(((gold, given),))


def all_equal(decisions: list[Decision], doubt: str = "") -> Decision:
    """Join the comparisons of parts: one that differs decides; then one that is unknown; else all must be equal.

    Args:
        decisions: One outcome for each part.
        doubt: Why the whole may be equal although parts differ; empty if it is different then.

    """
    if any(isinstance(d, Equivalence) and d.equal is False for d in decisions):
        return unknown(doubt) if doubt else DIFFERENT
    for decision in decisions:
        if isinstance(decision, Equivalence) and decision.equal is None:
            return decision
    pending = [d for d in decisions if isinstance(d, Undecided)]
    if not pending:
        return SAME
    doubt = doubt or next((d.doubt for d in pending if d.doubt), "")
    return Undecided(tuple(pair for d in pending for pair in d.pairs), doubt)
