"""One link of a chain, such as `16 - 8 = 8`, judged by exact arithmetic.

It sees the words of the link alone, and the values of variables that somebody vouches for. What is false on a plain
reading, yet may be right on another that people use, is not judged: rounding, units of one kind standing for one
another, a percentage added to an amount, a range, a run-on (`5 + 3 = 8 * 2 = 16`, where each number starts afresh).
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

from longthought.tools.algebra.doubts import TOLERANCE, about, doubt, literal, mixed, short
from longthought.tools.algebra.expression import Name, Negative, Node, Number, Operation, UnreadableError
from longthought.tools.algebra.links import Link, read
from longthought.tools.algebra.values import IrrationalError, Quotient, difference, number, quotient
from longthought.trajectories.events import EvidenceStatus

_PI: Final = Fraction(3141592653589793238462643383279502884197, 10**39)
_DIGITS: Final = 100
_ROUGH: Final = Fraction(1, 20)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of a link. Without a status, sympy must decide."""

    status: EvidenceStatus | None
    detail: str = ""


def abstained(detail: str) -> Finding:
    """Say why nothing is said."""
    return Finding(EvidenceStatus.ABSTAINED, detail)


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
        why = mixed(link) if sums else ""
        return abstained(why) if why else Finding(EvidenceStatus.CONFIRMED)
    if literal(link.left.tree) and literal(link.right.tree):
        return None  # two numbers side by side are a table or a label more often than a claim
    if link.relation == "≈":
        return _approximation(link, left, right)
    if why := doubt(link, left, right):
        return abstained(why)
    return Finding(EvidenceStatus.REFUTED, _objection(link, short(left), short(right)))


def _objection(link: Link, left: str, right: str) -> str:
    if link.relation != "=":
        return f"{link.left_text} is {left}, {link.right_text} is {right}"
    if link.right.literal:
        return f"{link.left_text} is {left}, not {right}"
    if link.left.literal:
        return f"{link.right_text} is {right}, not {left}"
    return f"{link.left_text} is {left}, but {link.right_text} is {right}"


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
    said = literal(link.right.tree)
    unit = Fraction(1, 10**said.places) if said else None
    off = abs(left - right)
    if unit and off <= unit / 2:
        return Finding(EvidenceStatus.CONFIRMED, f"{about(left)} to that many digits")
    why = doubt(link, left, right)
    if why or (unit and off <= unit) or off <= _ROUGH * max(abs(left), abs(right)) or not said:
        return abstained(why or f"{link.left_text} is {about(left)}, near {link.right_text}")
    if not said.places and right % 10 == 0:
        return abstained(f"{link.left_text} is {about(left)}; {link.right_text} may be a round number")
    return Finding(EvidenceStatus.REFUTED, f"{link.left_text} is about {about(left)}, not {link.right_text}")


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
    if abs(left - right) <= TOLERANCE * max(abs(left), abs(right)):
        return abstained("π may have been rounded")
    why = doubt(link, left, right)
    words = f"{link.left_text} is about {about(left)}, {link.right_text} about {about(right)}"
    return abstained(why) if why else Finding(EvidenceStatus.REFUTED, words)


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


def loosely(link: Link, answer: str, left: str, right: str) -> Finding:
    """Judge a link by what sympy says of its sides, with the same doubts as ever.

    Args:
        link: Two sides and what is said of them.
        answer: `equal`, `different` or `unknown`.
        left: The left side in decimals, if it is a number.
        right: The right side in decimals, if it is a number.

    """
    if answer == "equal":
        return Finding(EvidenceStatus.CONFIRMED, "by sympy") if link.relation in "=≈≤≥" else abstained("both are equal")
    if answer != "different" or any(abs(Decimal(side).adjusted()) > _DIGITS for side in (left, right)):
        return abstained("sympy can't tell")
    one, other = Fraction(left), Fraction(right)
    if link.relation == "≈":
        return _approximation(link, one, other)
    if link.relation != "=" and _holds(link.relation, one, other):
        return Finding(EvidenceStatus.CONFIRMED, f"{left} {link.relation} {right}")
    if abs(one - other) <= TOLERANCE * max(abs(one), abs(other)):
        return abstained(f"{link.left_text} is about {left}, and {link.right_text} may have been rounded")
    why = doubt(link, one, other)
    words = f"{link.left_text} is about {left}, {link.right_text} about {right}"
    return abstained(why) if why else Finding(EvidenceStatus.REFUTED, words)
