r"""Read the exact value of a number in plain or LaTeX notation: `1,234`, `2 1/2`, `\frac12`, `1.5\times10^3`, `1/4!`.

The value is a rational if the text has exactly one reading, else None. Sizes are bounded before anything is computed,
so that `9^{9^9}` costs nothing.
"""

import math
import re
from fractions import Fraction
from typing import Final

_MAX_BITS: Final = 200_000
_MAX_FACTORIAL: Final = 5_000
_MAX_DEPTH: Final = 40
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]{1,9})?|\.[0-9]+)"
    r"|(?P<word>\\(?:frac|sqrt|cdot|times|div)(?![a-zA-Z]))|(?P<sign>[-+*/^!(){}]))"
)
_SIGNS: Final = {"\\cdot": "*", "\\times": "*", "\\div": "/"}


class _NotExact(Exception):
    pass


def value(text: str) -> Fraction | None:
    """Return the value of a cleaned text (see `cleaning.clean`), or None if it isn't plainly a rational number."""
    try:
        reader = _ExpressionReader(text)
        total = reader.sum()
        return total if reader.position == len(reader.tokens) else None
    except (_NotExact, ZeroDivisionError, ValueError):
        return None


def power(base: Fraction, exponent: Fraction) -> Fraction:
    """Raise to a power if the result is rational and not too large."""
    if exponent.denominator != 1 or (base == 0 and exponent <= 0):
        raise _NotExact
    if base not in (0, 1, -1) and abs(exponent) * _bits(base) > _MAX_BITS:
        raise _NotExact
    return base ** (exponent.numerator % 2 if abs(base) == 1 else exponent.numerator)


def _bits(number: Fraction) -> int:
    return max(number.numerator.bit_length(), number.denominator.bit_length())


class _ExpressionReader:
    """Reads sums of products of powers from left to right, by recursive descent."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        self.spaced: list[bool] = []
        self.position = self.depth = 0
        offset, text = 0, text.rstrip()
        while offset < len(text):
            match = _TOKEN.match(text, offset)
            if match is None:
                raise _NotExact
            token = match[0].strip()
            self.tokens.append(_SIGNS.get(token, token))
            self.spaced.append(match[0][:1].isspace())
            offset = match.end()

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        if self.peek() in wanted and self.peek():
            self.position += 1
            return self.tokens[self.position - 1]
        return ""

    def sum(self) -> Fraction:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise _NotExact
        total = self.product()
        while sign := self.take("+", "-"):
            total += self.product() if sign == "+" else -self.product()
            _bounded(total)
        self.depth -= 1
        return total

    def product(self) -> Fraction:
        total = self.signed()
        while sign := self.take("*", "/"):
            factor = self.signed()
            total = total * factor if sign == "*" else total / factor
            _bounded(total)
        return total

    def signed(self) -> Fraction:
        negative = False
        while sign := self.take("-", "+"):
            negative ^= sign == "-"
        magnitude = self.raised()
        return -magnitude if negative else magnitude

    def raised(self) -> Fraction:
        base = self.atom()
        while self.take("!"):
            if self.peek() == "!" or base.denominator != 1 or not 0 <= base <= _MAX_FACTORIAL:
                raise _NotExact
            base = Fraction(math.factorial(base.numerator))
        if not self.take("^"):
            return base
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise _NotExact
        negative = bool(self.take("-"))
        exponent = self.group() if self.peek() == "{" else self.raised()
        self.depth -= 1
        return power(base, -exponent if negative else exponent)

    def atom(self) -> Fraction:
        token = self.peek()
        if token[:1].isdigit() or token[:1] == ".":
            self.position += 1
            whole = _number(token)
            return whole + self.fraction_after() if token.isdecimal() else whole
        if token == "(" or token == "{":
            return self.group()
        if token == "\\frac":
            self.position += 1
            return self.argument() / self.argument()
        if token == "\\sqrt":
            self.position += 1
            return _root(self.argument())
        raise _NotExact

    def fraction_after(self) -> Fraction:
        r"""Read the fraction of a mixed number: `2\frac12` or `2 1/2`."""
        if self.peek() == "\\frac":
            self.position += 1
            fraction = self.argument() / self.argument()
        elif (
            re.fullmatch(r"[0-9]+ / [0-9]+", " ".join(self.tokens[self.position : self.position + 3]))
            and self.spaced[self.position]
        ):
            fraction = Fraction(int(self.tokens[self.position]), int(self.tokens[self.position + 2]))
            self.position += 3
        else:
            return Fraction(0)
        if not 0 < fraction < 1 or self.peek() in ("^", "!"):
            raise _NotExact
        return fraction

    def group(self) -> Fraction:
        closing = {"(": ")", "{": "}"}.get(self.take("(", "{"))
        total = self.sum()
        if closing is None or not self.take(closing):
            raise _NotExact
        return total

    def argument(self) -> Fraction:
        r"""Read what follows `\frac` or `\sqrt`: a group, or a single digit as TeX does."""
        if self.peek() == "{":
            return self.group()
        token = self.peek()
        if not token.isdecimal():
            raise _NotExact
        if len(token) == 1:
            self.position += 1
        else:
            self.tokens[self.position] = token[1:]
        return Fraction(int(token[0]))


def _number(token: str) -> Fraction:
    mantissa, _, exponent = token.replace(",", "").lower().partition("e")
    if abs(int(exponent or 0)) * 4 > _MAX_BITS:
        raise _NotExact
    return Fraction(f"{mantissa}e{exponent}" if exponent else mantissa.removesuffix("."))


def _root(number: Fraction) -> Fraction:
    if number < 0:
        raise _NotExact
    root = Fraction(math.isqrt(number.numerator), math.isqrt(number.denominator))
    if root * root != number:
        raise _NotExact
    return root


def _bounded(number: Fraction) -> None:
    if _bits(number) > _MAX_BITS:
        raise _NotExact
