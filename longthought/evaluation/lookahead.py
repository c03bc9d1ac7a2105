"""Whether the look-ahead that a critic writes in the compact language is right, by plain arithmetic.

`13 need 35 22 blank blank have 24 8 128 2 none` says: hold 13 back, and the other two would have to make its sum or
difference with the target; they make 24, 8, 128 and 2; none of them helps. Each of these words can be checked. What
follows from them is for the verdict to say, and for the solver to judge.
"""

import re
from collections.abc import Sequence
from typing import Final

from longthought.agents import notation
from longthought.problems import countdown

_BLOCK: Final = re.compile(
    r"(?:(?P<held>\d+) )?need (?P<need>(?:\d+|blank)(?: (?:\d+|blank))*)"
    r" have (?P<have>(?:\d+|blank)(?: (?:\d+|blank))*) (?P<ending>found|none)"
)


def holds(words: str, left: Sequence[int], target: int) -> bool | None:
    """Say whether every number in a look-ahead on the numbers left is right; None if the words are none."""
    blocks = list(_BLOCK.finditer(words))
    if not blocks or " ".join(block[0] for block in blocks) != " ".join(words.split()):
        return None
    return all(_block_holds(block, left, target) for block in blocks)


def _block_holds(block: re.Match[str], left: Sequence[int], target: int) -> bool:
    others, need = sorted(left, reverse=True), [target]
    if block["held"] is not None:
        held = int(block["held"])
        if held not in others:
            return False
        others.remove(held)
        need = _results(max(target, held), min(target, held))
    if len(others) > 2:
        return False
    made = _results(*others) if len(others) == 2 else others
    have = _read(block["have"])
    found = [value for value in have if value is not None and value in need]
    if _read(block["need"]) != need or have != made[: len(have)]:
        return False
    return found == have[-1:] if block["ending"] == "found" else not found and len(have) == len(made)


def _results(high: int, low: int) -> list[int | None]:
    """Return sum, difference, product and quotient; None where the rules or the language have none."""
    made = (countdown.apply(high, operator, low) for operator in countdown.OPERATORS)
    return [value if value is not None and value <= notation.MAX_VALUE else None for value in made]


def _read(words: str) -> list[int | None]:
    return [None if word == "blank" else int(word) for word in words.split()]
