r"""Read products of rationals, square roots and π, which can be compared exactly: `\frac{\sqrt{3}}{3}`, `2\pi\sqrt{5}`.

Such a term is determined by its sign, the square of its part without π, which is rational, and its power of π. Since π
is transcendental (Lindemann, 1882), two terms are equal exactly if these three are. Sums are left to the worker
processes.
"""

import re
from fractions import Fraction
from math import isqrt
from typing import Final, NamedTuple

_TOKEN: Final = re.compile(r"\s*(\\(?:frac|sqrt|pi|cdot|times)(?![a-zA-Z])|[0-9]+|[-*/(){}])")
_MAX_TOKENS: Final = 60
_MAX_DIGITS: Final = 60


class Term(NamedTuple):
    """One product: its sign, the square of its part without π, and its power of π."""

    sign: int
    square: Fraction
    pi: int

    def times(self, other: "Term", power: int = 1) -> "Term":
        """Multiply, or divide with `power=-1`."""
        return Term(self.sign * other.sign, self.square * other.square**power, self.pi + power * other.pi)


class _NotATerm(Exception):
    pass


def term(text: str) -> Term | None:
    """Read a cleaned text; None if it is zero or not plainly such a product."""
    tokens = list[str]()
    position, text = 0, text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or len(tokens) == _MAX_TOKENS or len(match[1]) > _MAX_DIGITS:
            return None
        tokens.append({"\\cdot": "*", "\\times": "*"}.get(match[1], match[1]))
        position = match.end()
    try:
        product = _product(tokens[::-1], "")
    except (_NotATerm, IndexError, ZeroDivisionError):
        return None
    return product if product.square else None


def _product(rest: list[str], closing: str) -> Term:
    """Read up to a closing bracket or the end; `rest` is reversed."""
    product, divided = Term(1, Fraction(1), 0), False
    if rest[-1] == "-":
        rest.pop()
        product = Term(-1, Fraction(1), 0)
    power = 1
    while True:
        before = rest[-1]
        product = product.times(_factor(rest), power)
        if not rest or rest[-1] == closing:
            if closing:
                rest.pop()
            return product
        power = -1 if rest[-1] == "/" else 1
        if rest[-1] in ("*", "/"):
            divided = divided or rest.pop() == "/"
        elif divided or rest[-1].isdecimal() or (before.isdecimal() and rest[-1] == "\\frac"):
            raise _NotATerm  # such as 1/2√3 and 2½


def _factor(rest: list[str]) -> Term:
    token = rest.pop()
    if token.isdecimal():
        return Term(1, Fraction(int(token)) ** 2, 0)
    if token == "\\pi":
        return Term(1, Fraction(1), 1)
    if token == "\\frac":
        return _argument(rest).times(_argument(rest), -1)
    if token == "\\sqrt":
        radicand = _argument(rest)
        root = radicand.square
        whole = Fraction(_root(root.numerator), _root(root.denominator))
        if radicand.sign < 0 or radicand.pi:
            raise _NotATerm
        return Term(1, whole, 0)
    if token in "({":
        return _product(rest, {"(": ")", "{": "}"}[token])
    raise _NotATerm


def _argument(rest: list[str]) -> Term:
    if rest[-1] == "{":
        return _factor(rest)
    digit, more = rest[-1][:1], rest[-1][1:]
    if not digit.isdecimal():
        raise _NotATerm
    rest[-1:] = [more] if more else []
    return Term(1, Fraction(int(digit)) ** 2, 0)


def _root(square: int) -> int:
    if isqrt(square) ** 2 != square:  # a root in a root
        raise _NotATerm
    return isqrt(square)
