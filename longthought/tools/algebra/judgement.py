"""One link of a chain, such as `16 - 8 = 8`, judged by exact arithmetic.

It sees the words of the link alone, and the values of variables that somebody vouches for. What is false on a plain
reading, yet may be right on another that people use, is not judged: rounding, units of one kind standing for one
another, a percentage added to an amount, a range, a run-on (`5 + 3 = 8 * 2 = 16`, where each number starts afresh).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

from longthought.tools.algebra.expression import (
    Expression,
    Name,
    Negative,
    Node,
    Number,
    Operation,
    UnreadableError,
    parse,
)
from longthought.tools.algebra.lexicon import APPROXIMATELY, DIMENSIONS
from longthought.tools.algebra.tokens import Token, tokenize
from longthought.tools.algebra.values import IrrationalError, Quotient, difference, number, quotient
from longthought.trajectories.events import EvidenceStatus

MAX_LENGTH: Final = 1_000
"""Characters of one link."""
_PI: Final = Fraction(3141592653589793238462643383279502884197, 10**39)
_TOLERANCE: Final = Fraction(1, 50)
_ROUGH: Final = Fraction(1, 20)
_DASHES: Final = re.compile(r"[0-9]+(?:[-−–][0-9]+)+")
_SLASHES: Final = re.compile(r"[0-9]{1,4}(?:/[0-9]{1,4})+")
_RATIOS: Final = {"$": (100, 1000, 10**6, 10**9), "%": (100,)}
"""By how much a currency sign or a percent sign may change a number; other units, by any whole number."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of a link. Without a status, sympy must decide."""

    status: EvidenceStatus | None
    detail: str = ""


@dataclass(slots=True)
class Link:
    """Two sides and what is said of them."""

    text: str
    left_text: str
    right_text: str
    relation: str
    """One of `= ≈ < > ≤ ≥`."""
    left: Expression
    right: Expression

    @property
    def names(self) -> set[str]:
        """Variables on either side, π among them."""
        return self.left.names | self.right.names


def abstained(detail: str) -> Finding:
    """Say why nothing is said."""
    return Finding(EvidenceStatus.ABSTAINED, detail)


@lru_cache(maxsize=4096)
def read(text: str) -> Link | None:
    """Read two expressions and one relation between them; None if it is something else."""
    if len(text) > MAX_LENGTH:
        return None
    tokens = [t for t in tokenize(text) if t.kind != "line"]
    at = [i for i, t in enumerate(tokens) if t.kind == "relation"]
    if len(at) != 1 or not 0 < at[0] < len(tokens) - 1:
        return None
    relation, left, right = tokens[at[0]].text, tokens[: at[0]], tokens[at[0] + 1 :]
    if relation == "=" and right[0].kind == "word" and right[0].text.lower() in APPROXIMATELY:
        relation, right = "≈", right[1:]
    if relation in "=≈" and right and right[-1].kind == "dots":
        relation, right = "≈", right[:-1]
    try:
        return Link(text, _words(text, left), _words(text, right), relation, parse(left), parse(right))
    except (UnreadableError, RecursionError):
        return None


def _words(text: str, tokens: list[Token]) -> str:
    return text[tokens[0].start : tokens[-1].end] if tokens else ""


@lru_cache(maxsize=4096)
def judge(text: str, values: tuple[tuple[str, Fraction], ...] = ()) -> Finding | None:
    """Judge the words of a link; None where there is nothing in them to be checked.

    Args:
        text: Such as `3 + 4 = 7` or `(x+1)^2 = x^2 + 2x + 1`.
        values: What variables are known to be.

    """
    link = read(text)
    if link is None or (link.left.literal and link.right.literal and link.left.units == link.right.units):
        return None
    known = dict(values)
    try:
        if link.names - known.keys():
            return _of_functions(link)
        return _of_numbers(link, number(link.left.tree, known), number(link.right.tree, known))
    except ZeroDivisionError:
        return abstained("it divides by zero")
    except IrrationalError:
        bare = isinstance(link.left.tree, Name) or isinstance(link.right.tree, Name)
        return None if bare or (link.names - {"π"} and link.relation != "=") else Finding(None)
    except UnreadableError:
        return abstained("it is too large")


def _of_numbers(link: Link, left: Fraction, right: Fraction) -> Finding | None:
    if _holds(link.relation, left, right):
        sums = any(isinstance(s.tree, Operation) and s.tree.sign in "+-" for s in (link.left, link.right))
        mixed = sums and _mixed(link)
        return abstained(mixed) if mixed else Finding(EvidenceStatus.CONFIRMED)
    if _literal(link.left.tree) and _literal(link.right.tree):
        return None  # two numbers side by side are a table or a label more often than a claim
    if link.relation == "≈":
        return _approximation(link, left, right)
    doubt = _doubt(link, left, right)
    if doubt:
        return abstained(doubt)
    if link.relation != "=":
        return Finding(EvidenceStatus.REFUTED, f"{link.left_text} is {left}, {link.right_text} is {right}")
    if link.right.literal:
        return Finding(EvidenceStatus.REFUTED, f"{link.left_text} is {left}, not {right}")
    return Finding(EvidenceStatus.REFUTED, f"{link.left_text} is {left}, but {link.right_text} is {right}")


def _holds(relation: str, left: Fraction, right: Fraction) -> bool:
    match relation:
        case "<":
            return left < right
        case ">":
            return left > right
        case "≤":
            return left <= right
        case "≥":
            return left >= right
        case _:
            return left == right


def _approximation(link: Link, left: Fraction, right: Fraction) -> Finding:
    """Judge `≈`: right if it rounds to what is said, wrong only if it is far from it."""
    said = _literal(link.right.tree)
    unit = Fraction(1, 10**said.places) if said else None
    off = abs(left - right)
    if unit and off <= unit / 2:
        return Finding(EvidenceStatus.CONFIRMED, f"{_short(left)} to that many digits")
    doubt = _doubt(link, left, right)
    if doubt or (unit and off <= unit) or off <= _ROUGH * max(abs(left), abs(right)) or not said:
        return abstained(doubt or f"{link.left_text} is {_short(left)}, near {link.right_text}")
    if not said.places and right % 10 == 0:
        return abstained(f"{link.left_text} is {_short(left)}; {link.right_text} may be a round number")
    return Finding(EvidenceStatus.REFUTED, f"{link.left_text} is about {_short(left)}, not {link.right_text}")


def _short(value: Fraction) -> str:
    return str(value) if len(str(value.denominator)) < 5 and abs(value) < 10**15 else f"{float(value):.6g}"


def _doubt(link: Link, left: Fraction, right: Fraction) -> str:
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


def _mixed(link: Link) -> str:
    """Say whether units that stand for one another are mixed, such as hours and minutes."""
    units = set(link.left.units) | set(link.right.units)
    kinds = [DIMENSIONS[u] for u in units if u in DIMENSIONS and u.removesuffix("s") not in units - {u}]
    if len(set(kinds)) < len(kinds) or ("$" in units and "money" in kinds):
        return "units of one kind are mixed"
    return ""


def _units(link: Link, left: Fraction, right: Fraction) -> str:
    """Say whether units may account for the difference."""
    units = set(link.left.units) | set(link.right.units)
    if not units or _mixed(link):
        return _mixed(link)
    signs = {u for u in units if u in _RATIOS}
    measures = {u for u in units if u in DIMENSIONS}
    ratio = max(abs(left), abs(right)) / min(abs(left), abs(right)) if left and right else Fraction(0)
    if any(ratio == known for sign in signs for known in _RATIOS[sign]):
        return f"{link.left_text} is {left}; {link.right_text} may be counted in other units"
    nouns = {u.rstrip("s") for u in link.left.units}, {u.rstrip("s") for u in link.right.units}
    renamed = bool(nouns[1] - signs) and bool(nouns[0] - signs) and not nouns[0] & nouns[1]
    if ratio.denominator == 1 and ratio > 1 and (measures or renamed):
        return f"{link.left_text} is {left}; {link.right_text} may be counted in other units"
    return ""


def _rounding(link: Link, left: Fraction, right: Fraction) -> str:
    """Say whether one side may be the other, rounded."""
    if link.relation != "=":
        return ""
    said, off = _literal(link.right.tree), abs(left - right)
    if said is None:
        inexact = not (_terminates(left) and _terminates(right)) or _places(link.right.tree) < _needed(left)
        if inexact and off <= _TOLERANCE * max(abs(left), abs(right)):
            return f"{link.left_text} is {_short(left)}, which may have been rounded on the way"
        return ""
    rounded = f"{link.left_text} is {left}, which rounds to {link.right_text}"
    if said.places and off < Fraction(1, 10**said.places) and _needed(left) > said.places:
        return rounded
    if not said.places and left.denominator != 1:
        if right == left // 1:
            return f"{link.left_text} is {left}; {link.right_text} is its whole part"
        if off < 1 and (off <= Fraction(1, 2) or right > left):
            return rounded
        places = len(str(abs(int(right)))) - len(str(abs(int(right))).rstrip("0"))
        if right and off < 10**places / Fraction(2):
            return rounded
    return ""


def _literal(tree: Node) -> Number | None:
    """Return the number a side is, sign and percent sign aside."""
    if isinstance(tree, Negative):
        return _literal(tree.of)
    if isinstance(tree, Operation) and tree.sign == "/" and tree.right == Number(Fraction(100)):
        inner = _literal(tree.left)
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
        return f"{link.left_text} is {left}, and the next calculation starts from it"
    return ""


# With variables.


def _of_functions(link: Link) -> Finding | None:
    """Judge a link between functions: an identity holds, what no number can make true is refuted.

    Anything else may be an equation to solve or a definition, and says nothing that could be checked.
    """
    if link.relation not in "=≈":
        return _constants_only(link)
    left, right = quotient(link.left.tree), quotient(link.right.tree)
    gap = difference(left, right)
    if not gap.over:
        trivial = link.left_text == link.right_text
        return None if trivial else Finding(EvidenceStatus.CONFIRMED, "an identity")
    if link.names == {"π"}:
        return _constants_only(link)
    doubts = link.left.doubts + link.right.doubts
    if doubts or link.left.units or link.right.units or link.relation == "≈":
        return None
    never = set(gap.over) == {()} and bool(link.left.names & link.right.names) and len(gap.under) == 1
    if (never and _computed(link)) or _collected(link, left, right):
        return Finding(EvidenceStatus.REFUTED, f"{link.left_text} is not {link.right_text}, whatever the variables are")
    return None


def _constants_only(link: Link) -> Finding | None:
    """Judge numbers with π in them."""
    if link.names != {"π"} or link.left.literal or isinstance(link.left.tree, Name):
        return None
    left, right = number(link.left.tree, {"π": _PI}), number(link.right.tree, {"π": _PI})
    if link.relation not in "=≈" and _holds(link.relation, left, right):
        return Finding(EvidenceStatus.CONFIRMED)
    if abs(left - right) <= _TOLERANCE * max(abs(left), abs(right)):
        return abstained("π may have been rounded")
    doubt = _doubt(link, left, right)
    words = f"{link.left_text} is about {float(left):.6g}, {link.right_text} about {float(right):.6g}"
    return abstained(doubt) if doubt else Finding(EvidenceStatus.REFUTED, words)


def _computed(link: Link) -> bool:
    """Say whether the left side is worked out on the right: a product of sums, multiplied out or collected."""
    return _has_product_of_sums(link.left.tree) and not _has_product_of_sums(link.right.tree)


def _has_product_of_sums(tree: Node) -> bool:
    match tree:
        case Operation("*" | "^", one, other):
            return (
                any(isinstance(side, Operation) and side.sign in "+-" for side in (one, other))
                or _has_product_of_sums(one)
                or _has_product_of_sums(other)
            )
        case Operation(_, one, other):
            return _has_product_of_sums(one) or _has_product_of_sums(other)
        case Negative(of):
            return _has_product_of_sums(of)
        case _:
            return False


def _collected(link: Link, left: Quotient, right: Quotient) -> bool:
    """Say whether like terms are added up to one term of their kind, as in `2x + 3x = 6x`."""
    tree = link.left.tree
    if not (isinstance(tree, Operation) and tree.sign in "+-") or left.under != right.under:
        return False
    alike = len(left.over) == len(right.over) == 1 and set(left.over) == set(right.over) != {()}
    return alike and all(_monomial(side) for side in (tree.right, link.right.tree)) and not _has_product_of_sums(tree)


def _monomial(tree: Node) -> bool:
    match tree:
        case Operation("*", one, other):
            return _monomial(one) and _monomial(other)
        case Number() | Name():
            return True
        case _:
            return False


def variables(text: str) -> Mapping[str, bool]:
    """Return the variables of a link, each with whether it stands alone on one side."""
    link = read(text)
    if link is None:
        return {}
    return {n: Name(n) in (link.left.tree, link.right.tree) for n in link.names if n != "π"}


def loosely(link: Link, answer: str, left: str, right: str) -> Finding:
    """Judge a link by what sympy says of its sides, with the same doubts as ever."""
    if answer == "equal":
        holds = link.relation in "=≤≥≈"
        return Finding(EvidenceStatus.CONFIRMED if holds else EvidenceStatus.ABSTAINED, "by sympy")
    if answer != "different" or not left or not right:
        return abstained("sympy can't tell")
    try:
        one, other = Fraction(left), Fraction(right)
    except ValueError:
        return abstained("sympy can't tell")
    if link.relation in "<>≤≥":
        if _holds(link.relation, one, other):
            return Finding(EvidenceStatus.CONFIRMED, f"{left} {link.relation} {right}")
        doubt = _doubt(link, one, other)
        words = f"{link.left_text} is about {left}, {link.right_text} about {right}"
        return abstained(doubt) if doubt else Finding(EvidenceStatus.REFUTED, words)
    if link.relation == "≈":
        return _approximation(link, one, other)
    if abs(one - other) <= _TOLERANCE * max(abs(one), abs(other)):
        return abstained(f"{link.left_text} is about {left}, which may have been rounded to {link.right_text}")
    doubt = _doubt(link, one, other)
    words = f"{link.left_text} is about {left}, not {right}"
    return abstained(doubt) if doubt else Finding(EvidenceStatus.REFUTED, words)
