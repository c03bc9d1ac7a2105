r"""Random equalities in random notation and prose: what is true is never refuted, what is false hardly ever passes.

The trees are evaluated here by their own few lines, and written by a printer that knows plain text, typography and
LaTeX; the verifier shares no code with either.
"""

import random
from dataclasses import dataclass
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from longthought.problems.problem import Problem
from longthought.tools.algebra import Algebra
from longthought.trajectories.events import Evidence, EvidenceStatus

CONFIRMED, REFUTED = EvidenceStatus.CONFIRMED, EvidenceStatus.REFUTED
PROBLEM = Problem(id="p", statement="What is it?")


@dataclass(frozen=True)
class Style:
    """A way to write arithmetic."""

    times: str
    over: str
    minus: str
    space: str
    latex: bool
    grouped: bool


PLAIN = Style("*", "/", "-", " ", latex=False, grouped=False)
STYLES = [
    PLAIN,
    Style("×", "÷", "−", " ", latex=False, grouped=True),
    Style("x", "/", "-", " ", latex=False, grouped=False),
    Style("·", "/", "–", " ", latex=False, grouped=True),
    Style(r"\times", r"\div", "-", " ", latex=True, grouped=False),
    Style(r"\cdot", r"\frac", "-", " ", latex=True, grouped=True),
]
BEFORE = [
    "",
    "So ",
    "First, ",
    "We get ",
    "The total is ",
    "She has ",
    "1. ",
    "- Then: ",
    "Hence **",
    "it follows that ",
]
AFTER = ["", ".", ", so we go on.", " apples", " in all.", "; then", " (as before).", "\n", " and that is it."]

Tree = int | tuple[str, "Tree", "Tree"]


def value(tree: Tree) -> Fraction:
    if isinstance(tree, int):
        return Fraction(tree)
    sign, left, right = tree[0], value(tree[1]), value(tree[2])
    return {"+": left + right, "-": left - right, "*": left * right}[sign] if sign in "+-*" else left / right


def write(tree: Tree, style: Style, *, inside: bool = False) -> str:
    """Write a tree, with brackets wherever they could matter."""
    if isinstance(tree, int):
        text = f"{abs(tree):,}" if style.grouped else str(abs(tree))
        text = text.replace(",", "{,}") if style.latex else text
        return text if tree >= 0 else f"({style.minus}{text})"
    sign, left, right = tree
    if sign == "/" and style.over == r"\frac":
        return rf"\frac{{{write(left, style)}}}{{{write(right, style)}}}"
    shown = {"+": "+", "-": style.minus, "*": style.times, "/": style.over}[sign]
    text = f"{write(left, style, inside=True)}{style.space}{shown}{style.space}{write(right, style, inside=True)}"
    if not inside:
        return text
    return rf"\left({text}\right)" if style.latex else f"({text})"


def number(result: Fraction, style: Style) -> str:
    """Write a result: whole, as a decimal where that ends soon, else as a fraction."""
    if result.denominator == 1:
        return write(int(result), style).strip("()")
    if 10**6 % result.denominator == 0:
        return f"{float(result):.6f}".rstrip("0")
    over = f"{result.numerator}/{result.denominator}"
    return rf"\frac{{{result.numerator}}}{{{result.denominator}}}" if style.latex else over


leaves = st.integers(1, 2_000)
trees = st.recursive(leaves, lambda inner: st.tuples(st.sampled_from("+-*/"), inner, inner), max_leaves=6)
operations = trees.filter(lambda tree: not isinstance(tree, int))


def defined(tree: Tree) -> bool:
    try:
        return abs(value(tree)) < 10**9 and value(tree).denominator < 10**6
    except ZeroDivisionError:
        return False


async def checked(step: str) -> list[Evidence]:
    algebra = Algebra()
    return [await algebra.check(claim) for claim in algebra.claims(PROBLEM, (), step)]


def sentence(left: str, right: str, style: Style, before: str, after: str, *, relation: str = "=") -> str:
    mark = "$" if style.latex else ""
    end = "**" if before.endswith("**") else ""
    return f"{before}{mark}{left} {relation} {right}{mark}{end}{after}"


@settings(max_examples=500, deadline=None)
@given(operations.filter(defined), st.sampled_from(STYLES), st.sampled_from(BEFORE), st.sampled_from(AFTER))
async def test_true_equalities_are_found_and_never_refuted(tree: Tree, style: Style, before: str, after: str) -> None:
    step = sentence(write(tree, style), number(value(tree), style), style, before, after)
    found = await checked(step)
    assert [e.status for e in found] == [CONFIRMED], (step, found)


@settings(max_examples=300, deadline=None)
@given(operations.filter(defined), operations.filter(defined), st.sampled_from(STYLES), st.sampled_from(BEFORE))
async def test_true_chains_and_roundings_are_never_refuted(one: Tree, other: Tree, style: Style, before: str) -> None:
    difference = ("+", other, ("-", one, other))
    chain = f"{write(one, style)} = {write(difference, style)} = {number(value(one), style)}"
    rounded = f"{write(one, style)} = {float(value(one)):.2f} and {write(one, style)} ≈ {float(value(one)):.1f}"
    for text in (chain, rounded):
        for evidence in await checked(f"{before}{text}"):
            assert evidence.status is not REFUTED, evidence


@settings(max_examples=500, deadline=None)
@given(
    operations.filter(defined), st.integers(-50, 50).filter(bool), st.sampled_from(STYLES), st.sampled_from(BEFORE),
    st.sampled_from(AFTER),
)  # fmt: skip
async def test_false_equalities_are_never_confirmed(
    tree: Tree, off: int, style: Style, before: str, after: str
) -> None:
    step = sentence(write(tree, style), number(value(tree) + off, style), style, before, after)
    for evidence in await checked(step):
        assert evidence.status is not CONFIRMED, evidence


async def test_false_equalities_are_refuted_in_most_notations() -> None:
    """The rest passes under doubts that protect true ones: rounding, a part of something."""
    rng = random.Random(7)
    for style in STYLES:
        refuted = 0
        for _ in range(300):
            tree: Tree = (
                rng.choice("+-*"),
                rng.randint(1, 99),
                (rng.choice("+-*/"), rng.randint(1, 99), rng.randint(1, 9)),
            )
            wrong = value(tree) + rng.randint(2, 40)
            step = sentence(write(tree, style), number(wrong, style), style, rng.choice(BEFORE), rng.choice(AFTER))
            refuted += any(e.status is REFUTED for e in await checked(step))
        assert refuted > 0.95 * 300, (style, refuted)


polynomials = st.lists(st.integers(-9, 9), min_size=2, max_size=4).filter(lambda p: p[-1] != 0)


def polynomial(coefficients: list[int]) -> str:
    terms = [f"({c})x^{k}" if c < 0 else f"{c}x^{{{k}}}" for k, c in enumerate(coefficients) if c]
    return " + ".join(reversed(terms))


@settings(max_examples=200, deadline=None)
@given(polynomials, polynomials, st.integers(-5, 5))
async def test_products_of_polynomials(one: list[int], other: list[int], off: int) -> None:
    product = [0] * (len(one) + len(other) - 1)
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            product[i + j] += a * b
    product[0] += off
    step = f"({polynomial(one)})({polynomial(other)}) = {polynomial(product)}"
    statuses = [e.status for e in await checked(step)]
    if off == 0:
        assert statuses == [CONFIRMED], step
    else:
        assert CONFIRMED not in statuses, step
        several = all(sum(c != 0 for c in p) > 1 for p in (one, other))
        assert statuses == [REFUTED] or not several, step


PROSE = [
    "half of",
    "x +",
    "2",
    "about",
    "If",
    "and",
    "=",
    "5 =",
    "%",
    "hours",
    "3 1/2",
    "not",
    ", ",
    ". ",
    "(",
    ")",
    "$",
    "\n",
]


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=40), st.lists(st.sampled_from(PROSE), max_size=4), st.text(max_size=40))
async def test_any_text_around_is_survived(before: str, between: list[str], after: str) -> None:
    step = f"{before}{' '.join(between)} 3 + 4 = 7 {' '.join(between)}{after}"
    for evidence in await checked(step):
        assert evidence.span is not None
        assert step[slice(*evidence.span)] == evidence.claim
