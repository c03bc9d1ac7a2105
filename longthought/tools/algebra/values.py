"""Compute exact values of expression trees: rationals, and rational functions of variables.

Nothing is estimated. A value that is neither, such as √2, is refused, and so is one that would grow too large.
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
    """The value is no rational number or rational function, or is not recognised as one."""


def number(tree: Node, values: Mapping[str, Fraction]) -> Fraction:
    """Compute a rational number.

    Raises:
        IrrationalError: if the value is no rational number, or a variable has no value.
        UnreadableError: if it is undefined or too large.
        ZeroDivisionError: if it divides by zero.

    """
    match tree:
        case Number(value):
            return value
        case Operation(sign, left_tree, right_tree):
            left, right = number(left_tree, values), number(right_tree, values)
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
    """Take a root that is rational; roots of negative numbers are refused, for they may be complex."""
    if value < 0 or not 1 <= degree <= 64:
        raise IrrationalError
    numerator, denominator = _whole_root(value.numerator, degree), _whole_root(value.denominator, degree)
    if numerator**degree != value.numerator or denominator**degree != value.denominator:
        raise IrrationalError
    return Fraction(numerator, denominator)


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
    """A quotient of two polynomials, not reduced; cross-multiplication decides whether two are equal."""

    numerator: Polynomial
    denominator: Polynomial


def quotient(tree: Node) -> Quotient:
    """Compute a rational function of the names in a tree.

    Raises:
        IrrationalError: if the tree is no rational function.
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
            return _to_power(quotient(base), int(power))
        case Operation(sign, left, right):
            return _combined(sign, quotient(left), quotient(right))
        case Negative(of):
            inner = quotient(of)
            return Quotient({m: -c for m, c in inner.numerator.items()}, inner.denominator)
        case _:
            value = number(tree, {})
            return Quotient({(): value} if value else {}, {(): _ONE})


def difference(left: Quotient, right: Quotient) -> Quotient:
    """Subtract; the numerator is empty exactly if both are the same function."""
    return _combined("-", left, right)


def _combined(sign: str, left: Quotient, right: Quotient) -> Quotient:
    if sign == "*":
        return Quotient(_product(left.numerator, right.numerator), _product(left.denominator, right.denominator))
    if sign == "/":
        if not right.numerator:
            raise ZeroDivisionError
        return Quotient(_product(left.numerator, right.denominator), _product(left.denominator, right.numerator))
    if sign == "-":
        right = Quotient({m: -c for m, c in right.numerator.items()}, right.denominator)
    if left.denominator == right.denominator:
        return Quotient(_sum(left.numerator, right.numerator), left.denominator)
    numerator = _sum(_product(left.numerator, right.denominator), _product(right.numerator, left.denominator))
    return Quotient(numerator, _product(left.denominator, right.denominator))


def _to_power(base: Quotient, power: int) -> Quotient:
    if power < 0:
        if not base.numerator:
            raise ZeroDivisionError
        base, power = Quotient(base.denominator, base.numerator), -power
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
    for left_monomial, a in left.items():
        for right_monomial, b in right.items():
            powers = dict(left_monomial)
            for name, power in right_monomial:
                powers[name] = powers.get(name, 0) + power
            monomial = tuple(sorted(powers.items()))
            total[monomial] = _bounded(total.get(monomial, Fraction(0)) + a * b)
            if not total[monomial]:
                del total[monomial]
    if len(total) > MAX_TERMS or any(sum(p for _, p in m) > MAX_DEGREE for m in total):
        raise UnreadableError
    return total
