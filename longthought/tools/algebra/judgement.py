"""Judge one link of a chain, such as `16 - 8 = 8`, by exact arithmetic.

Only the text of the link and known values of its variables are used. A link that looks false but may be right on
another reading (see `doubts`) is not refuted.
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
_FAR: Final = Fraction(1, 20)


@dataclass(frozen=True, slots=True)
class Finding:
    """The judgement on a link; without a status, sympy must decide."""

    status: EvidenceStatus | None
    detail: str = ""


def abstained(detail: str) -> Finding:
    """Return a finding that abstains, with the reason."""
    return Finding(EvidenceStatus.ABSTAINED, detail)


@lru_cache(maxsize=4096)
def judge(text: str, values: tuple[tuple[str, Fraction], ...] = ()) -> Finding | None:
    """Judge the text of a link; None if it holds nothing to check.

    Args:
        text: The link, such as `3 + 4 = 7` or `(x+1)^2 = x^2 + 2x + 1`.
        values: The known values of variables, each with its name.

    """
    link = read(text)
    if link is None or (link.left.literal and link.right.literal and link.left.units == link.right.units):
        return None
    values_by_name = dict(values)
    try:
        if link.names - values_by_name.keys():
            return _of_functions(link)
        return _of_numbers(link, number(link.left.tree, values_by_name), number(link.right.tree, values_by_name))
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
    """Judge `≈`: confirmed if the left side rounds to the right one, refuted only if it is far from it."""
    stated = literal(link.right.tree)
    unit = Fraction(1, 10**stated.places) if stated else None
    error = abs(left - right)
    if unit and error <= unit / 2:
        return Finding(EvidenceStatus.CONFIRMED, f"{about(left)} to that many digits")
    why = doubt(link, left, right)
    if why or (unit and error <= unit) or error <= _FAR * max(abs(left), abs(right)) or not stated:
        return abstained(why or f"{link.left_text} is {about(left)}, near {link.right_text}")
    if not stated.places and right % 10 == 0:
        return abstained(f"{link.left_text} is {about(left)}; {link.right_text} may be a round number")
    return Finding(EvidenceStatus.REFUTED, f"{link.left_text} is about {about(left)}, not {link.right_text}")


# With variables.


def _of_functions(link: Link) -> Finding | None:
    """Judge a link between functions: an identity is confirmed, and a link that no number can make true is refuted.

    Any other link may be an equation to solve or a definition, which can't be checked.
    """
    if link.relation not in "=≈":
        return _constants_only(link)
    left, right = quotient(link.left.tree), quotient(link.right.tree)
    gap = difference(left, right)
    if not gap.numerator:
        trivial = link.left_text == link.right_text
        return None if trivial else Finding(EvidenceStatus.CONFIRMED, "an identity")
    if link.names == {"π"}:
        return _constants_only(link)
    doubts = link.left.doubts + link.right.doubts
    if doubts or link.left.units or link.right.units or link.relation == "≈":
        return None
    never = set(gap.numerator) == {()} and bool(link.left.names & link.right.names) and len(gap.denominator) == 1
    if (never and _is_worked_out(link)) or _adds_like_terms(link, left, right):
        return Finding(EvidenceStatus.REFUTED, f"{link.left_text} is not {link.right_text}, whatever the variables are")
    return None


def _constants_only(link: Link) -> Finding | None:
    """Judge a link between numbers with π in them."""
    if link.names != {"π"} or link.left.literal or isinstance(link.left.tree, Name):
        return None
    left, right = number(link.left.tree, {"π": _PI}), number(link.right.tree, {"π": _PI})
    if link.relation not in "=≈" and _holds(link.relation, left, right):
        return Finding(EvidenceStatus.CONFIRMED)
    if abs(left - right) <= TOLERANCE * max(abs(left), abs(right)):
        return abstained("π may have been rounded")
    why = doubt(link, left, right)
    objection = f"{link.left_text} is about {about(left)}, {link.right_text} about {about(right)}"
    return abstained(why) if why else Finding(EvidenceStatus.REFUTED, objection)


def _is_worked_out(link: Link) -> bool:
    """Say whether the left side is worked out on the right: a product of sums, multiplied out or collected."""
    return _has_product_of_sums(link.left.tree) and not _has_product_of_sums(link.right.tree)


def _has_product_of_sums(tree: Node) -> bool:
    match tree:
        case Operation("*" | "^", left, right):
            return (
                any(isinstance(side, Operation) and side.sign in "+-" for side in (left, right))
                or _has_product_of_sums(left)
                or _has_product_of_sums(right)
            )
        case Operation(_, left, right):
            return _has_product_of_sums(left) or _has_product_of_sums(right)
        case Negative(of):
            return _has_product_of_sums(of)
        case _:
            return False


def _adds_like_terms(link: Link, left: Quotient, right: Quotient) -> bool:
    """Say whether like terms are added up to one term of their kind, as in `2x + 3x = 6x`."""
    tree = link.left.tree
    if not (isinstance(tree, Operation) and tree.sign in "+-") or left.denominator != right.denominator:
        return False
    alike = len(left.numerator) == len(right.numerator) == 1 and set(left.numerator) == set(right.numerator) != {()}
    return (
        alike and all(_is_monomial(side) for side in (tree.right, link.right.tree)) and not _has_product_of_sums(tree)
    )


def _is_monomial(tree: Node) -> bool:
    match tree:
        case Operation("*", left, right):
            return _is_monomial(left) and _is_monomial(right)
        case Number() | Name():
            return True
        case _:
            return False


def judge_by_comparison(link: Link, answer: str, left: str, right: str) -> Finding:
    """Judge a link by sympy's comparison of its sides, with the same doubts as in `judge`.

    Args:
        link: The link.
        answer: Sympy's answer: `equal`, `different` or `unknown`.
        left: The left side in decimals, if it is a number.
        right: The right side in decimals, if it is a number.

    """
    if answer == "equal":
        return Finding(EvidenceStatus.CONFIRMED, "by sympy") if link.relation in "=≈≤≥" else abstained("both are equal")
    if answer != "different" or any(abs(Decimal(side).adjusted()) > _DIGITS for side in (left, right)):
        return abstained("sympy can't tell")
    left_value, right_value = Fraction(left), Fraction(right)
    if link.relation == "≈":
        return _approximation(link, left_value, right_value)
    if link.relation != "=" and _holds(link.relation, left_value, right_value):
        return Finding(EvidenceStatus.CONFIRMED, f"{left} {link.relation} {right}")
    if abs(left_value - right_value) <= TOLERANCE * max(abs(left_value), abs(right_value)):
        return abstained(f"{link.left_text} is about {left}, and {link.right_text} may have been rounded")
    why = doubt(link, left_value, right_value)
    objection = f"{link.left_text} is about {left}, {link.right_text} about {right}"
    return abstained(why) if why else Finding(EvidenceStatus.REFUTED, objection)
