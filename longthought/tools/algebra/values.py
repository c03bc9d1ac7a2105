"""Exact values of expression trees: rationals, and rational functions of variables.

Everything here is decided, never estimated. What is neither, such as √2, is refused, and so is what would grow too big.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from longthought.tools.algebra.expression import FunctionCall, Name, Negative, Node, Number, Operation, UnreadableError

MAX_BITS: Final = 10_000
MAX_FACTORIAL: Final = 1_000
MAX_TERMS: Final = 200
MAX_DEGREE: Final = 40
_ONE: Final = Fraction(1)


class IrrationalError(Exception):
    """Not a rational number or a rational function, or not seen to be one."""


def number(tree: Node, values: Mapping[str, Fraction]) -> Fraction:
    """Compute a rational number.

    Raises:
        IrrationalError: if it is none, or has variables without a value.
        UnreadableError: if it is undefined or too large.
        ZeroDivisionError: if it divides by zero.

    """
    match tree:
        case Number(value):
            return value
        case Operation(sign, one, other):
            left, right = number(one, values), number(other, values)
            if sign == "^":
                return _power(left, right)
            return _bounded(_arithmetic(sign, left, right))
        case Negative(of):
            return -number(of, values)
        case Name(text):
            if text not in values:
                raise IrrationalError
            return values[text]
        case FunctionCall(function, arguments):
            return _call(function, [number(a, values) for a in arguments])


def _arithmetic(sign: str, left: Fraction, right: Fraction) -> Fraction:
    if sign == "+":
        return left + right
    if sign == "-":
        return left - right
    if sign == "*":
        return left * right
    return left / right


def _bounded(value: Fraction) -> Fraction:
    if value.numerator.bit_length() + value.denominator.bit_length() > MAX_BITS:
        raise UnreadableError
    return value


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        return _power(_root(base, exponent.denominator), Fraction(exponent.numerator))
    size = max(base.numerator.bit_length(), base.denominator.bit_length())
    if abs(exponent) * size > MAX_BITS:
        raise UnreadableError
    return base**exponent.numerator


def _root(value: Fraction, degree: int) -> Fraction:
    """Take a root that is rational; the odd root of a negative number is left to those who know which is meant."""
    if value < 0 or not 1 <= degree <= 64:
        raise IrrationalError
    over, under = _whole_root(value.numerator, degree), _whole_root(value.denominator, degree)
    if over**degree != value.numerator or under**degree != value.denominator:
        raise IrrationalError
    return Fraction(over, under)


def _whole_root(value: int, degree: int) -> int:
    if degree == 2:
        return math.isqrt(value)
    low, high = 0, 1 << (value.bit_length() // degree + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**degree <= value else (low, middle - 1)
    return low


def _call(function: str, arguments: list[Fraction]) -> Fraction:
    first = arguments[0]
    if function == "root" and arguments[1].denominator == 1:
        return _root(first, arguments[1].numerator)
    if function in ("factorial", "binomial"):
        if any(a.denominator != 1 or not 0 <= a <= MAX_FACTORIAL for a in arguments):
            raise UnreadableError
        whole = [a.numerator for a in arguments]
        return Fraction(math.factorial(whole[0]) if function == "factorial" else math.comb(*whole))
    raise IrrationalError


Monomial = tuple[tuple[str, int], ...]
Polynomial = dict[Monomial, Fraction]


@dataclass(frozen=True, slots=True)
class Quotient:
    """A polynomial over another, neither reduced; equality is by cross-multiplication, which decides."""

    over: Polynomial
    under: Polynomial


def quotient(tree: Node) -> Quotient:
    """Compute a rational function of the names in a tree.

    Raises:
        IrrationalError: if it is none.
        UnreadableError: if it is undefined or too large.
        ZeroDivisionError: if it divides by zero.

    """
    match tree:
        case Name(text):
            return Quotient({((text, 1),): _ONE}, {(): _ONE})
        case Operation("^", base, exponent):
            power = number(exponent, {})
            if power.denominator != 1:
                raise IrrationalError
            if abs(power) > MAX_DEGREE:
                raise UnreadableError
            return _raised(quotient(base), int(power))
        case Operation(sign, one, other):
            return _combined(sign, quotient(one), quotient(other))
        case Negative(of):
            inner = quotient(of)
            return Quotient({m: -c for m, c in inner.over.items()}, inner.under)
        case _:
            value = number(tree, {})
            return Quotient({(): value} if value else {}, {(): _ONE})


def difference(left: Quotient, right: Quotient) -> Quotient:
    """Subtract; the numerator is empty exactly where both are the same function."""
    return _combined("-", left, right)


def _combined(sign: str, left: Quotient, right: Quotient) -> Quotient:
    if sign == "*":
        return Quotient(_product(left.over, right.over), _product(left.under, right.under))
    if sign == "/":
        if not right.over:
            raise ZeroDivisionError
        return Quotient(_product(left.over, right.under), _product(left.under, right.over))
    if sign == "-":
        right = Quotient({m: -c for m, c in right.over.items()}, right.under)
    if left.under == right.under:
        return Quotient(_sum(left.over, right.over), left.under)
    over = _sum(_product(left.over, right.under), _product(right.over, left.under))
    return Quotient(over, _product(left.under, right.under))


def _raised(base: Quotient, power: int) -> Quotient:
    if power < 0:
        if not base.over:
            raise ZeroDivisionError
        base, power = Quotient(base.under, base.over), -power
    result = Quotient({(): _ONE}, {(): _ONE})
    for _ in range(power):
        result = _combined("*", result, base)
    return result


def _sum(left: Polynomial, right: Polynomial) -> Polynomial:
    total = dict(left)
    for monomial, coefficient in right.items():
        total[monomial] = total.get(monomial, Fraction(0)) + coefficient
        if not total[monomial]:
            del total[monomial]
    return total


def _product(left: Polynomial, right: Polynomial) -> Polynomial:
    if len(left) * len(right) > MAX_TERMS * 8:
        raise UnreadableError
    total: Polynomial = {}
    for one, a in left.items():
        for other, b in right.items():
            powers = dict(one)
            for name, power in other:
                powers[name] = powers.get(name, 0) + power
            monomial = tuple(sorted(powers.items()))
            total[monomial] = _bounded(total.get(monomial, Fraction(0)) + a * b)
            if not total[monomial]:
                del total[monomial]
    if len(total) > MAX_TERMS or any(sum(p for _, p in m) > MAX_DEGREE for m in total):
        raise UnreadableError
    return total
