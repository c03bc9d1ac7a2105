"""Find readings under which a link that looks false may still be right.

These are rounding, units of one kind in place of one another, a percentage added to an amount, a range or a date, a
part set equal to its number, and a run-on (`5 + 3 = 8 * 2 = 16`, where each calculation starts from the last result).
Each doubt misses some errors in order to prevent false alarms.
"""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Final

from longthought.tools.algebra.expression import Negative, Node, Number, Operation
from longthought.tools.algebra.lexicon import DIMENSIONS
from longthought.tools.algebra.links import Link

TOLERANCE: Final = Fraction(1, 50)
"""Maximum relative error that rounding on the way may cause."""
_DASHES: Final = re.compile(r"[0-9]+(?:[-−–][0-9]+)+")
_SLASHES: Final = re.compile(r"[0-9]{1,4}(?:/[0-9]{1,4})+")
_RATIOS: Final = {"$": (100, 1000, 10**6, 10**9), "%": (100,)}
"""Factors by which a currency or percent sign may change a number; other units may do so by any whole number."""


def doubt(link: Link, left: Fraction, right: Fraction) -> str:
    """Return the reason why a link that looks false may still be right; empty if none is known."""
    if link.left.doubts or link.right.doubts:
        return (link.left.doubts + link.right.doubts)[0]
    if _DASHES.fullmatch(link.left_text) and left < 0:
        return f"{link.left_text} may be a range, a date or a ratio"
    if _SLASHES.fullmatch(link.left_text) and link.left_text.count("/") > 1:
        return f"{link.left_text} may be a range, a date or a ratio"
    if _is_part(link.left.tree) and right.denominator == 1:
        return f"{link.left_text} may be a ratio, a date or a part of something"
    if (link.left.literal and link.left.units) or (link.right.literal and link.right.units and left == 1):
        return "one side may be the other in other units"
    return _unit_doubt(link, left, right) or _rounding_doubt(link, left, right) or _run_on_doubt(link, left)


def _is_part(tree: Node) -> bool:
    """Say whether a side is a fraction below 1, and nothing else."""
    if not (isinstance(tree, Operation) and tree.sign == "/"):
        return False
    numerator, denominator = tree.left, tree.right
    return isinstance(numerator, Number) and isinstance(denominator, Number) and 0 < numerator.value < denominator.value


def mixed(link: Link) -> str:
    """Return a doubt if units of one kind are mixed, such as hours and minutes; else an empty text."""
    units = set(link.left.units) | set(link.right.units)
    kinds = [DIMENSIONS[u] for u in units if u in DIMENSIONS and u.removesuffix("s") not in units - {u}]
    if len(set(kinds)) < len(kinds) or ("$" in units and "money" in kinds):
        return "units of one kind are mixed"
    return ""


def _unit_doubt(link: Link, left: Fraction, right: Fraction) -> str:
    """Return a doubt if units may explain the difference; else an empty text."""
    units = set(link.left.units) | set(link.right.units)
    if not units or mixed(link):
        return mixed(link)
    signs = {u for u in units if u in _RATIOS}
    measures = {u for u in units if u in DIMENSIONS}
    ratio = max(abs(left), abs(right)) / min(abs(left), abs(right)) if left and right else Fraction(0)
    if any(ratio == factor for sign in signs for factor in _RATIOS[sign]):
        return f"{link.left_text} is {short(left)}; {link.right_text} may be counted in other units"
    nouns = {u.rstrip("s") for u in link.left.units}, {u.rstrip("s") for u in link.right.units}
    renamed = bool(nouns[1] - signs) and bool(nouns[0] - signs) and not nouns[0] & nouns[1]
    if ratio.denominator == 1 and ratio > 1 and (measures or renamed):
        return f"{link.left_text} is {short(left)}; {link.right_text} may be counted in other units"
    return ""


def _rounding_doubt(link: Link, left: Fraction, right: Fraction) -> str:
    """Return a doubt if one side may be the other, rounded; else an empty text."""
    if link.relation != "=":
        return ""
    stated, error = literal(link.right.tree), abs(left - right)
    if stated is None:
        exact = _terminates(left) and _terminates(right) and _digits_written(link.right.tree) >= _digits_needed(left)
        if not exact and error <= TOLERANCE * max(abs(left), abs(right)):
            return f"{link.left_text} is {about(left)}, which may have been rounded on the way"
        return ""
    rounded = f"{link.left_text} is {short(left)}, which rounds to {link.right_text}"
    if stated.places and error < Fraction(1, 10**stated.places) and _digits_needed(left) > stated.places:
        return rounded
    if not stated.places and left.denominator != 1:
        if right == left // 1:
            return f"{link.left_text} is {short(left)}; {link.right_text} is its whole part"
        if error < 1 and (error <= Fraction(1, 2) or right > left):
            return rounded
        places = len(str(abs(int(right)))) - len(str(abs(int(right))).rstrip("0"))
        if right and error < 10**places / Fraction(2):
            return rounded
    return ""


def literal(tree: Node) -> Number | None:
    """Return the number that a side consists of, without its sign and percent sign; None if it is anything else."""
    if isinstance(tree, Negative):
        return literal(tree.of)
    if isinstance(tree, Operation) and tree.sign == "/" and tree.right == Number(Fraction(100)):
        inner = literal(tree.left)
        return Number(inner.value, inner.places + 2) if inner else None
    return tree if isinstance(tree, Number) else None


def _terminates(value: Fraction) -> bool:
    return _digits_needed(value) < 99


def _digits_needed(value: Fraction) -> int:
    """Count the digits after the point that a number needs; 99 if they never end."""
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0 and twos < 99:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0 and fives < 99:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives) if rest == 1 else 99


def _digits_written(tree: Node) -> int:
    """Count the digits after the point in the most precise literal of a tree."""
    match tree:
        case Number():
            return tree.places
        case Operation():
            return max(_digits_written(tree.left), _digits_written(tree.right))
        case Negative():
            return _digits_written(tree.of)
        case _:
            return 0


def _run_on_doubt(link: Link, left: Fraction) -> str:
    """Return a doubt if the right side starts with the result of the left one and goes on from there."""
    tree = link.right.tree
    if link.left.literal or not isinstance(tree, Operation):
        return ""
    while isinstance(tree, Operation):
        tree = tree.left
    if isinstance(tree, Number) and tree.value == left:
        return f"{link.left_text} is {short(left)}, and the next calculation starts from it"
    return ""


def short(value: Fraction) -> str:
    """Write a number exactly if that is short, else to six digits."""
    digits = value.numerator.bit_length() + value.denominator.bit_length()
    return str(value) if digits < 120 else f"{Decimal(value.numerator) / Decimal(value.denominator):.6g}"


def about(value: Fraction) -> str:
    """Write a number exactly if it is simple, else to six digits."""
    return f"{Decimal(value.numerator) / Decimal(value.denominator):.6g}" if value.denominator > 100 else short(value)
