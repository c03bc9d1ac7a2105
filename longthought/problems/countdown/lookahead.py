"""The language of look-aheads: what a critic of Countdown writes in the compact notation before its verdict.

`13 need 35 22 blank blank have 24 8 128 2 none` says: hold 13 back, and the other two would have to make its sum or
difference with the target; they make 24, 8, 128 and 2; none of them helps. The language is written, read and checked
here, by plain arithmetic. What follows from a look-ahead is the verdict's to say, and the solver's to judge.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from longthought.problems.countdown import game, notation

_VALUES: Final = r"(?:\d{1,12}|blank)(?: (?:\d{1,12}|blank))*"
_LOOK: Final = re.compile(
    rf"(?:(?P<held>\d{{1,12}}) )?need (?P<need>{_VALUES}) have (?P<have>{_VALUES}) (?P<ending>found|none)(?: |$)",
    re.ASCII,
)
WRONG: Final = "wrong"
"""What stands for a look-ahead after a step that miscalculates."""


class Look(NamedTuple):
    """One line of a look-ahead; None stands for a number that the rules or the notation do not have."""

    held: int | None
    """The number that is held back for the last operation, where three are left."""
    need: list[int | None]
    """What would help."""
    have: list[int | None]
    """What the other numbers make, up to the first that helps."""
    found: bool
    """Whether the last of `have` helps."""


def read(words: str) -> list[Look] | None:
    """Read a look-ahead; None if the words are something else."""
    text, looks, at = " ".join(words.split()), list[Look](), 0
    while at < len(text):
        match = _LOOK.match(text, at)
        if match is None:
            return None
        held = None if match["held"] is None else int(match["held"])
        looks.append(Look(held, _numbers(match["need"]), _numbers(match["have"]), match["ending"] == "found"))
        at = match.end()
    return looks or None


def holds(words: str, left: Sequence[int], target: int) -> bool | None:
    """Say whether every number in a look-ahead on the numbers left is right; None if the words are no look-ahead."""
    looks = read(words)
    return None if looks is None else all(_is_right(look, left, target) for look in looks)


def verdict(state: Sequence[int], target: int, back_to: int) -> str | None:
    """Write what a perfect critic would: its look-ahead from the state after the step, then its action.

    With three numbers left, each in turn is held back for the last operation, and the other two have to make its sum,
    difference, product or quotient with the target.

    Args:
        state: The one to three numbers left after the step, largest first.
        target: The number to make.
        back_to: Where to go back to if the state is dead: a count of accepted steps on the path, 0 for the problem.

    Returns:
        The words; None for a longer state, and for the rare one whose only way out passes through a number that the
        notation can't write.

    """
    looks = _perfect(state, target)
    found = bool(looks) and looks[-1].found
    if not looks or found != game.solvable(state, target):
        return None
    words = " ".join(_written(look) for look in looks)
    if not found:
        return f"{words} backtrack {back_to}"
    return f"{words} {'terminate' if len(state) == 1 else 'continue'}"


def _perfect(state: Sequence[int], target: int) -> list[Look]:
    """Look ahead from a state, up to the first number that helps; nothing for a state of more than three."""
    match len(state):
        case 1:
            return [Look(None, [target], [state[0]], found=state[0] == target)]
        case 2:
            return [_pair(state[0], state[1], None, [target])]
        case 3:
            looks = list[Look]()
            for index, held in enumerate(state):
                one, other = (n for i, n in enumerate(state) if i != index)
                looks.append(_pair(one, other, held, _results(max(target, held), min(target, held))))
                if looks[-1].found:
                    break
            return looks
        case _:
            return []


def _pair(high: int, low: int, held: int | None, need: list[int | None]) -> Look:
    """List what two numbers can make, up to the first that is needed."""
    have = list[int | None]()
    for value in _results(high, low):
        have.append(value)
        if value is not None and value in need:
            return Look(held, need, have, found=True)
    return Look(held, need, have, found=False)


def _is_right(look: Look, left: Sequence[int], target: int) -> bool:
    others, need = sorted(left, reverse=True), [target]
    if look.held is not None:
        if look.held not in others:
            return False
        others.remove(look.held)
        need = _results(max(target, look.held), min(target, look.held))
    if len(others) > 2:
        return False
    made = _results(others[0], others[1]) if len(others) == 2 else others
    helpful = [value for value in look.have if value is not None and value in need]
    if look.need != need or look.have != made[: len(look.have)]:
        return False
    return helpful == look.have[-1:] if look.found else not helpful and len(look.have) == len(made)


def _results(high: int, low: int) -> list[int | None]:
    """Return sum, difference, product and quotient; None where the rules or the notation have none."""
    values = [game.apply(high, operator, low) for operator in game.OPERATORS]
    return [v if v is not None and v <= notation.MAX_VALUE else None for v in values]


def _written(look: Look) -> str:
    held = "" if look.held is None else f"{look.held} "
    return f"{held}need {_slots(look.need)} have {_slots(look.have)} {'found' if look.found else 'none'}"


def _slots(values: Sequence[int | None]) -> str:
    return " ".join("blank" if v is None else str(v) for v in values)


def _numbers(words: str) -> list[int | None]:
    return [None if word == "blank" else int(word) for word in words.split()]
