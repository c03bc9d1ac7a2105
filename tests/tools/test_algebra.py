"""The algebra verifier: it catches plain miscalculations and, above all, never refutes what is true."""

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longthought.problems.problem import Problem
from longthought.tools.algebra import Algebra
from longthought.trajectories.events import Evidence, EvidenceStatus

CONFIRMED, REFUTED, ABSTAINED = EvidenceStatus.CONFIRMED, EvidenceStatus.REFUTED, EvidenceStatus.ABSTAINED


async def look(step: str, statement: str = "What is it?") -> list[Evidence]:
    algebra = Algebra()
    return [await algebra.check(c) for c in algebra.claims(Problem(id="p", statement=statement), (), step)]


@pytest.mark.parametrize(
    ("step", "claims"),
    [
        ("16 - 8 = 8 left 16 11 8", ["16 - 8 = 8"]),
        ("First, 16 - 11 = 5. 5 * 7 = 35.", ["16 - 11 = 5", "5 * 7 = 35"]),
        ("We have $16 + 11 = 27$, leaving 8.", ["16 + 11 = 27"]),
        (r"So \(3 × 4 ÷ 6 = 2\).", ["3 × 4 ÷ 6 = 2"]),
        ("**2 + 3 * 4 = 14**", ["2 + 3 * 4 = 14"]),
        ("`10 / 4 = 2.5`", ["10 / 4 = 2.5"]),
        ("Total: 0.1 + 0.2 = 0.3", ["0.1 + 0.2 = 0.3"]),
        ("16 - 11 = 5\n5 * 7 = 35\n", ["16 - 11 = 5", "5 * 7 = 35"]),
        ("then 1.50 + 2.25 = 3.75; so 3.75 - 1 = 2.75", ["1.50 + 2.25 = 3.75", "3.75 - 1 = 2.75"]),
        (
            "100000000000000.123456789 + 1 = 100000000000001.123456789",
            ["100000000000000.123456789 + 1 = 100000000000001.123456789"],
        ),
    ],
)
async def test_true_equalities_are_found_and_confirmed(step: str, claims: list[str]) -> None:
    found = await look(step)
    assert [e.claim for e in found] == claims
    assert {e.status for e in found} == {CONFIRMED}
    for evidence in found:
        assert evidence.tool == "algebra"
        assert evidence.span is not None
        assert step[slice(*evidence.span)] == evidence.claim


@pytest.mark.parametrize(
    ("step", "detail"),
    [
        ("16 - 8 = 9 left 16 11 9", "16 - 8 is 8, not 9"),
        ("We have $16 + 11 = 28$, leaving 8.", "16 + 11 is 27, not 28"),
        ("16 / 3 = 4 left 20 7 4", "16 / 3 is 16/3, not 4"),
        ("so 2 + 3 * 4 = 20", "2 + 3 * 4 is 14, not 20"),
        ("Thus 8 / 4 / 2 = 4.", "8 / 4 / 2 is 1, not 4"),
        ("0.1 + 0.2 = 0.4", "0.1 + 0.2 is 3/10, not 2/5"),
        ("100000000000000.5 + 1 = 100000000000001.6", "not 500000000000008/5"),
    ],
)
async def test_plain_miscalculations_are_refuted(step: str, detail: str) -> None:
    (evidence,) = await look(step)
    assert evidence.status is REFUTED
    assert detail in evidence.detail


@pytest.mark.parametrize(
    "step",
    [
        # part of something longer
        "9x + 55 = 64",
        "x + 5 + 3 = 10",
        "x +  5 + 3 = 10",
        "x +\n5 + 3 = 10",
        "y × 5 + 3 = 13",
        "2³ + 1 = 9",
        "f(2) + 3 + 4 = 10",
        "(2)3 + 4 = 10",
        "– 5 + 13 = 8",
        "half of 10 + 2 = 7",
        "log 100 + 1 = 3",
        "the sum of 2 and 3 + 4 = 9",
        "3 + 4 = 7x",
        "5 + 1 = 2\n* 3",
        # chains
        # mixed numbers, groups of digits, percentages, units
        "3 1/2 = 3.5",
        "1 + 2 = 2 1/1",
        "9:30 + 45 = 10:15",
        "17 / 3 = 5 r 2",
        "17 / 3 = 5 R2",
        "17 / 3 = 5 remainder 2",
        "17 / 3 = 5, with 2 left over",
        "17 / 3 = 5 left over 2",
        "11 + 3 = 2 (mod 12)",
        "Modulo 12, 11 + 3 = 2.",
        "In base 8, 5 + 5 = 12.",
        "5 + 5 ≡ 1",
        "Rounded, 10 / 3 = 3.",
        # said to be wrong, or asked
        "It is not true that 2 + 2 = 5.",
        "2 + 2 = 5 is false",
        "Is 2 + 2 = 5?",
        "If 2 + 2 = 5, then pigs fly.",
        "Mistake: 2 + 2 = 5.",
        "The last step doesn't hold: 2 + 2 = 5.",
        # no equality of numbers at all
        "",
        "2 + 2",
        "2024-01-15",
        "x = 3",
        "3 = 3",
        "a + b = c",
        "1 + 1 == 2",
        "1 + 1 => 3",
        "1 + 1 != 3",
    ],
)
async def test_what_may_mean_something_else_is_left_alone(step: str) -> None:
    assert await look(step) == []


@pytest.mark.parametrize(
    ("step", "detail"),
    [
        ("1990-2000 = 10", "range"),
        ("10/12 = 2", "ratio"),
        ("10 / 3 = 3.33", "rounds"),
        ("22 / 7 = 3.14.", "rounds"),
        ("17 / 3 = 5", "whole part"),
        ("5 / 0 = 0", "zero"),
    ],
)
async def test_what_it_cannot_tell_it_does_not_judge(step: str, detail: str) -> None:
    (evidence,) = await look(step)
    assert evidence.status is ABSTAINED
    assert detail in evidence.detail


async def test_the_statement_may_say_that_numbers_mean_something_else() -> None:
    assert await look("5 + 5 = 12", statement="Work in base 8. What is 5 + 5?") == []
    assert [e.status for e in await look("5 + 5 = 12")] == [REFUTED]


@pytest.mark.parametrize("piece", ["1+", "1 + 1 = ", "= ", "1 ", "\n", "$", "**", "9", ".", "1.1", "so ", " \n "])
async def test_long_texts_are_read_in_passing(piece: str) -> None:
    for text in (piece * 20_000, f"{piece * 5_000}1 + 1 = 3", f"1 + 1 = 3{piece * 5_000}"):
        assert all(evidence.status for evidence in await look(text))


@st.composite
def sums(draw: st.DrawFn) -> tuple[str, Fraction]:
    """Write a sum of plain numbers, and its value by an evaluation of its own, from the numbers up."""
    numbers = draw(st.lists(st.decimals(0, 10_000, places=2), min_size=2, max_size=5))
    text, total, term = _plain(numbers[0]), Fraction(0), Fraction(numbers[0])
    for number in numbers[1:]:
        operator = draw(st.sampled_from("+-*"))
        text += f" {operator} {_plain(number)}"
        if operator == "*":
            term *= Fraction(number)
        else:
            total, term = total + term, Fraction(number) if operator == "+" else -Fraction(number)
    return text, total + term


def _plain(number: object) -> str:
    return f"{number:f}"


@given(sums(), st.sampled_from(["", "So ", "First, ", "$", "1. "]), st.integers(1, 99))
async def test_right_results_are_never_refuted_and_wrong_ones_are(
    made: tuple[str, Fraction], before: str, off: int
) -> None:
    left, value = made
    if value < 0 or value >= 10**15 or (value * 10**15).denominator != 1:
        return
    after = "$" if before == "$" else ""
    (right,) = await look(f"{before}{left} = {_decimal(value)}{after}")
    assert right.status is CONFIRMED
    if value + off < 10**15:
        (wrong,) = await look(f"{before}{left} = {_decimal(value + off)}{after}")
        assert wrong.status is REFUTED


def _decimal(value: Fraction) -> str:
    whole, rest = divmod(value, 1)
    digits = f"{int(rest * 10**15):015}".rstrip("0")
    return f"{int(whole)}.{digits}" if digits else str(int(whole))


async def test_true_equalities_inside_random_text_are_never_refuted() -> None:
    """Cut true sentences anywhere and glue the pieces together: what is left may be nonsense, but then it abstains."""
    rng = random.Random(3)
    true = [
        "We have 2x + 3 + 4 = 2x + 7, ",
        "so 16 - 11 = 5. ",
        "Then 5 * 7 = 35, ",
        "leaving 8 and 16. ",
        "(3 + 4) * 2 = 14; ",
    ]
    for _ in range(2_000):
        text = "".join(rng.choice(true) for _ in range(4))
        for evidence in await look(text):
            assert evidence.status is CONFIRMED, text
