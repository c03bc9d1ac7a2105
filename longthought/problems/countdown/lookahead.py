"""The language of look-aheads: what a critic of Countdown writes in the compact notation before its verdict.

`13 need 35 22 blank blank have 24 8 128 2 none` says: hold 13 back, and the other two would have to make its sum or
difference with the target; they make 24, 8, 128 and 2; none of them helps. This module writes, reads and checks the
language, by plain arithmetic. It leaves the conclusion to the verdict and to the solver.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from longthought.problems.countdown import game, notation

_VALUES: Final = r"(?:\d{1,12}|blank)(?: (?:\d{1,12}|blank))*"
_LINE: Final = re.compile(
    rf"(?:(?P<held>\d{{1,12}}) )?need (?P<need>{_VALUES}) have (?P<have>{_VALUES}) (?P<ending>found|none)(?: |$)",
    re.ASCII,
)
LEGEND: Final = (
    "Look-ahead: “7 need 53 39 have 68 28 none” holds 7 back for the last operation. The other numbers would need to "
    "make 53 or 39, and they have only 68 and 28; “found” says that the last one helps. “blank” is no whole number "
    f"from 1 to {notation.MAX_VALUE}."
)
"""What the words mean, for people."""
LONGEST: Final = 3
"""How many numbers may be left for a look-ahead."""
WRONG: Final = "wrong"
"""What stands for a look-ahead after a step that miscalculates."""


class LookAheadLine(NamedTuple):
    """One line of a look-ahead; None stands for a number that the rules or the notation do not have."""

    held: int | None
    """The number held back for the last operation if three are left; else None."""
    need: list[int | None]
    """The numbers that would help."""
    have: list[int | None]
    """The numbers that the others make, up to the first that helps."""
    found: bool
    """Whether the last number of `have` helps."""


def read(words: str) -> list[LookAheadLine] | None:
    """Read a look-ahead; None if the words are something else."""
    text, lines, at = " ".join(words.split()), list[LookAheadLine](), 0
    while at < len(text):
        match = _LINE.match(text, at)
        if match is None:
            return None
        held = None if match["held"] is None else int(match["held"])
        lines.append(LookAheadLine(held, _numbers(match["need"]), _numbers(match["have"]), match["ending"] == "found"))
        at = match.end()
    return lines or None


def on_lines(words: str) -> str:
    """Return a look-ahead with one number held back on each line, for people; other words as they are."""
    if not read(words):
        return words
    return "\n".join(match[0].strip() for match in _LINE.finditer(" ".join(words.split())))


def holds(words: str, left: Sequence[int], target: int) -> bool | None:
    """Say whether every number in a look-ahead on the numbers left is right; None if the words are no look-ahead."""
    share = share_right(words, left, target)
    return None if share is None else share == 1


def share_right(words: str, left: Sequence[int], target: int) -> float | None:
    """Return the share of a look-ahead's lines in which every number is right; None if the words are no look-ahead."""
    lines = read(words)
    return None if lines is None else sum(_is_right(line, left, target) for line in lines) / len(lines)


def corrected(words: str, left: Sequence[int], target: int) -> str | None:
    """Redo a look-ahead on the numbers left by plain arithmetic, up to the first number that helps.

    The numbers are held back in the order of the look-ahead; those that it forgot follow, largest first.

    Returns:
        The words; None if they were no look-ahead, or with more than three numbers left.

    """
    lines, waiting = read(words), sorted(left, reverse=True)
    if lines is None or len(left) > LONGEST:
        return None
    if len(left) < LONGEST:
        return _written(_line(None, left, target))
    order = list[int]()
    for line in lines:
        if line.held in waiting:
            waiting.remove(line.held)
            order.append(line.held)
    return " ".join(_written(line) for line in _held_in_turn([*order, *waiting], left, target))


def finds(left: Sequence[int], target: int) -> bool:
    """Say whether a look-ahead from the numbers left finds something; with more than three it can't."""
    return any(line.found for line in _perfect(left, target))


def supports(words: str, left: Sequence[int], *, accepts: bool) -> bool:
    """Say whether a look-ahead ends as its verdict does: a number that helps, or none with any number held back."""
    lines = read(words) or []
    if any(line.found for line in lines):
        return accepts
    return not accepts and (len(left) < 3 or {line.held for line in lines} == set(left))


def verdict(state: Sequence[int], target: int, back_to: int) -> str | None:
    """Write the verdict of a perfect critic: its look-ahead from the state after the step, then its action.

    With three numbers left, each in turn is held back for the last operation, and the other two have to make its sum,
    difference, product or quotient with the target.

    Args:
        state: The one to three numbers left after the step, largest first.
        target: The number to make.
        back_to: Target of a backtrack if the state is dead: the number of accepted steps to keep; 0 for the problem.

    Returns:
        The words; None for a longer state, and if the only solution passes through a number that the notation can't
        write.

    """
    lines = _perfect(state, target)
    found = bool(lines) and lines[-1].found
    if not lines or found != game.solvable(state, target):
        return None
    words = " ".join(_written(line) for line in lines)
    if not found:
        return f"{words} backtrack {back_to}"
    return f"{words} {'terminate' if len(state) == 1 else 'continue'}"


def _perfect(state: Sequence[int], target: int) -> list[LookAheadLine]:
    """Look ahead from a state, up to the first number that helps; return nothing for more than three numbers."""
    if len(state) > LONGEST:
        return []
    return [_line(None, state, target)] if len(state) < LONGEST else _held_in_turn(state, state, target)


def _held_in_turn(order: Sequence[int], left: Sequence[int], target: int) -> list[LookAheadLine]:
    """Hold each number back in turn, up to the first line that helps."""
    lines = list[LookAheadLine]()
    for held in order:
        lines.append(_line(held, left, target))
        if lines[-1].found:
            break
    return lines


def _line(held: int | None, left: Sequence[int], target: int) -> LookAheadLine:
    """Write one line by plain arithmetic."""
    others, need = sorted(left, reverse=True), list[int | None]([target])
    if held is not None:
        others.remove(held)
        need = _results(max(target, held), min(target, held))
    made = _results(others[0], others[1]) if len(others) == 2 else list[int | None](others)
    helpful = next((n for n, value in enumerate(made, 1) if value is not None and value in need), None)
    return LookAheadLine(held, need, made[:helpful], found=helpful is not None)


def _is_right(line: LookAheadLine, left: Sequence[int], target: int) -> bool:
    held = [] if line.held is None else [line.held]
    return set(held) <= set(left) and len(left) - len(held) <= 2 and line == _line(line.held, left, target)


def _results(high: int, low: int) -> list[int | None]:
    """Return sum, difference, product and quotient; None where the rules or the notation have none."""
    values = [game.apply(high, operator, low) for operator in game.OPERATORS]
    return [v if v is not None and v <= notation.MAX_VALUE else None for v in values]


def _written(line: LookAheadLine) -> str:
    held = "" if line.held is None else f"{line.held} "
    return f"{held}need {_slots(line.need)} have {_slots(line.have)} {'found' if line.found else 'none'}"


def _slots(values: Sequence[int | None]) -> str:
    return " ".join("blank" if v is None else str(v) for v in values)


def _numbers(words: str) -> list[int | None]:
    return [None if word == "blank" else int(word) for word in words.split()]
