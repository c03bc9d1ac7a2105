"""How a link that is false on a plain reading may still be right on another that people use.

Rounding, units of one kind standing for one another, a percentage added to an amount, a range or a date, a part set
equal to its number, a run-on (`5 + 3 = 8 * 2 = 16`, where each calculation starts from the last result). Each doubt
costs some true alarms, and is here because it saves false ones.
"""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Final

from longthought.tools.algebra.expression import Negative, Node, Number, Operation
from longthought.tools.algebra.lexicon import DIMENSIONS
from longthought.tools.algebra.links import Link

TOLERANCE: Final = Fraction(1, 50)
"""How far rounding on the way may take a result, relatively."""
_DASHES: Final = re.compile(r"[0-9]+(?:[-−–][0-9]+)+")
_SLASHES: Final = re.compile(r"[0-9]{1,4}(?:/[0-9]{1,4})+")
_RATIOS: Final = {"$": (100, 1000, 10**6, 10**9), "%": (100,)}
"""By how much a currency sign or a percent sign may change a number; other units, by any whole number."""


def doubt(link: Link, left: Fraction, right: Fraction) -> str:
    """Say how a link that is false on a plain reading may still be right; empty if no way is known."""
    if link.left.doubts or link.right.doubts:
        return (link.left.doubts + link.right.doubts)[0]
    if _DASHES.fullmatch(link.left_text) and left < 0:
        return f"{link.left_text} may be a range, a date or a ratio"
    if _SLASHES.fullmatch(link.left_text) and link.left_text.count("/") > 1:
        return f"{link.left_text} may be a range, a date or a ratio"
    if _part(link.left.tree) and right.denominator == 1:
        return f"{link.left_text} may be a ratio, a date or a part of something"
    if (link.left.literal and link.left.units) or (link.right.literal and link.right.units and left == 1):
        return "one side may be the other in other units"
    return _units(link, left, right) or (_rounding(link, left, right) or _run_on(link, left))


def _part(tree: Node) -> bool:
    """Say whether a side is a fraction below 1, and nothing else."""
    if not (isinstance(tree, Operation) and tree.sign == "/"):
        return False
    over, under = tree.left, tree.right
    return isinstance(over, Number) and isinstance(under, Number) and 0 < over.value < under.value


def mixed(link: Link) -> str:
    """Say whether units that stand for one another are mixed, such as hours and minutes."""
    units = set(link.left.units) | set(link.right.units)
    kinds = [DIMENSIONS[u] for u in units if u in DIMENSIONS and u.removesuffix("s") not in units - {u}]
    if len(set(kinds)) < len(kinds) or ("$" in units and "money" in kinds):
        return "units of one kind are mixed"
    return ""


def _units(link: Link, left: Fraction, right: Fraction) -> str:
    """Say whether units may account for the difference."""
    units = set(link.left.units) | set(link.right.units)
    if not units or mixed(link):
        return mixed(link)
    signs = {u for u in units if u in _RATIOS}
    measures = {u for u in units if u in DIMENSIONS}
    ratio = max(abs(left), abs(right)) / min(abs(left), abs(right)) if left and right else Fraction(0)
    if any(ratio == known for sign in signs for known in _RATIOS[sign]):
        return f"{link.left_text} is {short(left)}; {link.right_text} may be counted in other units"
    nouns = {u.rstrip("s") for u in link.left.units}, {u.rstrip("s") for u in link.right.units}
    renamed = bool(nouns[1] - signs) and bool(nouns[0] - signs) and not nouns[0] & nouns[1]
    if ratio.denominator == 1 and ratio > 1 and (measures or renamed):
        return f"{link.left_text} is {short(left)}; {link.right_text} may be counted in other units"
    return ""


def _rounding(link: Link, left: Fraction, right: Fraction) -> str:
    """Say whether one side may be the other, rounded."""
    if link.relation != "=":
        return ""
    said, off = literal(link.right.tree), abs(left - right)
    if said is None:
        inexact = not (_terminates(left) and _terminates(right)) or _places(link.right.tree) < _needed(left)
        if inexact and off <= TOLERANCE * max(abs(left), abs(right)):
            return f"{link.left_text} is {about(left)}, which may have been rounded on the way"
        return ""
    rounded = f"{link.left_text} is {short(left)}, which rounds to {link.right_text}"
    if said.places and off < Fraction(1, 10**said.places) and _needed(left) > said.places:
        return rounded
    if not said.places and left.denominator != 1:
        if right == left // 1:
            return f"{link.left_text} is {short(left)}; {link.right_text} is its whole part"
        if off < 1 and (off <= Fraction(1, 2) or right > left):
            return rounded
        places = len(str(abs(int(right)))) - len(str(abs(int(right))).rstrip("0"))
        if right and off < 10**places / Fraction(2):
            return rounded
    return ""


def literal(tree: Node) -> Number | None:
    """Return the number a side is, sign and percent sign aside."""
    if isinstance(tree, Negative):
        return literal(tree.of)
    if isinstance(tree, Operation) and tree.sign == "/" and tree.right == Number(Fraction(100)):
        inner = literal(tree.left)
        return Number(inner.value, inner.places + 2) if inner else None
    return tree if isinstance(tree, Number) else None


def _terminates(value: Fraction) -> bool:
    return _needed(value) < 99


def _needed(value: Fraction) -> int:
    """Digits after the point that a number needs; 99 if they never end."""
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0 and twos < 99:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0 and fives < 99:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives) if rest == 1 else 99


def _places(tree: Node) -> int:
    """Digits after the point in the most precise literal of a tree."""
    match tree:
        case Number():
            return tree.places
        case Operation():
            return max(_places(tree.left), _places(tree.right))
        case Negative():
            return _places(tree.of)
        case _:
            return 0


def _run_on(link: Link, left: Fraction) -> str:
    """Say whether the right side starts with the result of the left one, and goes on from there."""
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
