r"""Read intervals and their unions in either notation: `(-\infty,1)\cup(2,\infty)` and `x<1 or x>2` are one set.

Rational bounds are compared exactly here; other bounds are only rewritten in one notation.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from longthought.tools.answer.exact import value
from longthought.tools.answer.writing import split

_OR: Final = re.compile(r"\\cup(?![a-zA-Z])|\\lor(?![a-zA-Z])|\\text\{\s*or\s*\}|\bor\b")
_RELATION: Final = re.compile(r"(<|>|\\le(?![a-zA-Z])|\\ge(?![a-zA-Z]))")
_VARIABLE: Final = re.compile(r"[a-zA-Z]|\\theta")
_BOUND: Final = re.compile(r"[^=,;<>]+")


@dataclass(frozen=True, slots=True)
class Interval:
    """One interval, with its bounds as written."""

    low: str
    high: str
    low_closed: bool
    high_closed: bool

    def latex(self) -> str:
        """Write it in brackets."""
        return f"{'[' if self.low_closed else '('}{self.low},{self.high}{']' if self.high_closed else ')'}"


@dataclass(frozen=True, slots=True)
class Union:
    """A union of intervals, and the variable that it bounds, if one is named."""

    intervals: tuple[Interval, ...]
    variable: str | None
    explicit: bool
    """Whether it has no other reading: an inequality, a union, a bound at infinity, brackets of two kinds."""

    def latex(self) -> str:
        """Write it in brackets."""
        return "\\cup".join(interval.latex() for interval in self.intervals)


def union(body: str) -> Union | None:
    """Read a union of intervals or inequalities; None if it is something else."""
    intervals, variables = list[Interval](), set[str]()
    explicit = False
    pieces = _OR.split(body)
    for piece in pieces:
        bracketed = _bracketed(re.sub(r"^\s*(?:[a-zA-Z]|\\theta)\s*\\in\s", "", piece).strip())
        parsed = (bracketed, None) if bracketed else _inequality(piece)
        if parsed is None:
            return None
        intervals.append(parsed[0])
        explicit = (
            explicit or bracketed is None or "\\infty" in piece or piece.strip()[0] + piece.strip()[-1] in "(] [)"
        )
        variables |= {parsed[1]} if parsed[1] else set()
    if len(variables) > 1:
        return None
    return Union(tuple(intervals), next(iter(variables), None), explicit or len(pieces) > 1)


def same_set(left: Union, right: Union) -> bool | None:
    """Say whether two unions are the same set; None unless every bound is rational or infinite."""
    left_pieces, right_pieces = _normal(left), _normal(right)
    return None if left_pieces is None or right_pieces is None else left_pieces == right_pieces


def _bracketed(text: str) -> Interval | None:
    if len(text) < 5 or text[0] not in "([" or text[-1] not in ")]":
        return None
    parts = split(text[1:-1])
    if len(parts) != 2 or not all(map(_BOUND.fullmatch, parts)):
        return None
    return Interval(parts[0], parts[1], text[0] == "[", text[-1] == "]")


def _inequality(text: str) -> tuple[Interval, str] | None:
    r"""Read `x < 1`, `1 > x`, `0 \le x < 1`."""
    parts = [part.strip() for part in _RELATION.split(text)]
    if len(parts) == 3:
        left, relation, right = parts
        if _VARIABLE.fullmatch(right) and _BOUND.fullmatch(left):
            left, relation, right = right, {"<": ">", ">": "<", "\\le": "\\ge", "\\ge": "\\le"}[relation], left
        if not _VARIABLE.fullmatch(left) or not _BOUND.fullmatch(right) or _VARIABLE.fullmatch(right):
            return None
        closed = relation in ("\\le", "\\ge")
        if relation in ("<", "\\le"):
            return Interval("-\\infty", right, False, closed), left
        return Interval(right, "\\infty", closed, False), left
    if len(parts) == 5:
        low, first, variable, second, high = parts
        if first in (">", "\\ge") and second in (">", "\\ge"):
            low, first, second, high = high, second, first, low
        elif first in (">", "\\ge") or second in (">", "\\ge"):
            return None
        if _VARIABLE.fullmatch(variable) and _BOUND.fullmatch(low) and _BOUND.fullmatch(high):
            return Interval(low, high, first in ("\\le", "\\ge"), second in ("\\le", "\\ge")), variable
    return None


_Bound = tuple[int, Fraction]
"""-1, 0 or 1 for minus infinity, a number and infinity; and the number."""


def _bound(text: str) -> _Bound | None:
    match = re.fullmatch(r"\s*([-+]?)\s*\\infty\s*", text)
    if match:
        return (-1 if match[1] == "-" else 1, Fraction(0))
    number = value(text)
    return None if number is None else (0, number)


def _normal(union: Union) -> list[tuple[_Bound, bool, _Bound, bool]] | None:
    """Sort and merge the intervals, so that equal sets give equal lists."""
    pieces = list[tuple[_Bound, bool, _Bound, bool]]()
    for interval in union.intervals:
        low, high = _bound(interval.low), _bound(interval.high)
        if low is None or high is None:
            return None
        low_closed, high_closed = interval.low_closed and low[0] == 0, interval.high_closed and high[0] == 0
        if low < high or (low == high and low_closed and high_closed):
            pieces.append((low, low_closed, high, high_closed))
    merged = list[tuple[_Bound, bool, _Bound, bool]]()
    for piece in sorted(pieces, key=lambda p: (p[0], not p[1])):
        if merged and (piece[0] < merged[-1][2] or (piece[0] == merged[-1][2] and (piece[1] or merged[-1][3]))):
            low, low_closed, high, high_closed = merged[-1]
            high, high_closed = max((high, high_closed), (piece[2], piece[3]))
            merged[-1] = (low, low_closed, high, high_closed)
        else:
            merged.append(piece)
    return merged
