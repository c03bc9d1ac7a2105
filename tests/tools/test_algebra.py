"""The algebra verifier: it catches plain miscalculations and, above all, never refutes what is true."""

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longthought.problems.problem import Problem
from longthought.tools.algebra import Algebra
from longthought.tools.workers import Workers
from longthought.trajectories.events import Evidence, EvidenceStatus

CONFIRMED, REFUTED, ABSTAINED = EvidenceStatus.CONFIRMED, EvidenceStatus.REFUTED, EvidenceStatus.ABSTAINED


async def checked(step: str, statement: str = "What is it?", path: tuple[str, ...] = ()) -> list[Evidence]:
    algebra = Algebra()
    return [await algebra.check(c) for c in algebra.claims(Problem(id="p", statement=statement), path, step)]


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
    found = await checked(step)
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
    (evidence,) = await checked(step)
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
        "5 + 3 = 9. Wait, that is not right.",
        "```python\n1 + 1 = 3\n```",
        # equations, definitions, functions, other notations
        "2x = 10",
        "x^2 - 4 = (x-2)(x+3)",
        "f(x) = x^2 = 4",
        "x_1 + 3 = 7",
        "2ab + 3 = 7",
        "5 m + 3 = 9",
        "1 + 2 + ... + 100 = 5051",
        "3:4 = 6:9",
        r"&= \dfrac{5}{10} : \dfrac{2}{3} \\ &= \dfrac{1}{2} \cdot \dfrac{3}{2}",
        r"\begin{pmatrix} 3 \\ 4 + 1 \end{pmatrix} = \begin{pmatrix} 3 \\ 5 \end{pmatrix}",
        r"\sum_{k=1}^{5} k + 1 = 17",
        r"\lfloor 7/2 \rfloor + 1 = 5",
        "10 - 3 = 2 |-3| + 1",
        "gcd(12, 18) + 1 = 8",
        "5,5 + 1 = 7,5",
        "12_8 + 1 = 14",
        # numbers that only name or count something
        "Day 2 = 10",
        "Quiz 1 = 3 * 5",
        "50% = 10 students",
        "20% off $50 = $40",
        "half price of 10 + 2 = 6",
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
    assert await checked(step) == []


UNDERSTOOD = [
    ("9x + 55 + 75 = 130 + 9x", [CONFIRMED]),
    ("2^3 + 1 = 9", [CONFIRMED]),
    ("2 ^ 3 + 1 = 9", [CONFIRMED]),
    ("2**3 + 1 = 9", [CONFIRMED]),
    ("2³ + 1 = 9", [CONFIRMED]),
    ("5! + 1 + 1 = 122", [CONFIRMED]),
    ("√9 + 1 = 4", [CONFIRMED]),
    ("sqrt 9 + 1 = 4", [CONFIRMED]),
    ("2(3 + 4) = 14", [CONFIRMED]),
    (r"\frac{1}{2} + 1 + 1 = 2.5", [CONFIRMED]),
    (r"\frac12 + \frac12 = 1", [CONFIRMED]),
    (r"\frac{5!}{3!2!} = 10", [CONFIRMED]),
    (r"\binom{5}{2} + 1 = 11", [CONFIRMED]),
    (r"\sqrt[3]{27} = 3", [CONFIRMED]),
    ("−5 + 13 = 8", [CONFIRMED]),
    ("-5 + 13 = 8", [CONFIRMED]),
    ("20% of 50 + 5 = 15", [CONFIRMED]),
    ("3/4 of 20 = 15", [CONFIRMED]),
    ("3 + 4 = 3!+1", [CONFIRMED]),
    ("5 + 1 = 2 * 3", [CONFIRMED]),
    ("5 + 1 = 2(3)", [CONFIRMED]),
    ("3 1/2 + 2 = 5 1/2", [CONFIRMED]),
    ("3½ + ½ = 4", [CONFIRMED]),
    (r"3\frac{1}{2} = 3.5", [CONFIRMED]),
    ("500 + 700 = 1,200", [CONFIRMED]),
    (r"1{,}000 + 2 = 1{,}002", [CONFIRMED]),
    ("50/100 = 50%", [CONFIRMED]),
    ("1 / 2 = 50 percent", [CONFIRMED]),
    ("0.5 = 50%", [CONFIRMED]),
    ("10 / 3 = about 3", [CONFIRMED]),
    ("10 / 3 ≈ 3.33", [CONFIRMED]),
    (r"22/7 \approx 3.143", [CONFIRMED]),
    ("22 / 7 = 3.14...", [CONFIRMED]),
    ("3 x 4 = 12", [CONFIRMED]),
    ("40 times 3 equals 120", [CONFIRMED]),
    ("$15 +$23=$38", [CONFIRMED]),
    (r"\$5.00 + \$3.50 = \$8.50", [CONFIRMED]),
    ("5 snakes/jaguar * 6 jaguars = 30 snakes", [CONFIRMED]),
    (r"7 \cdot 8 = 56 \text{ cm}^2", [CONFIRMED]),
    (r"$10 \text{ apples} \times 3 = 30 \text{ apples}$", [CONFIRMED]),
    (r"\boxed{5 + 3 = 8}", [CONFIRMED]),
    ("48/2 = <<48/2=24>>24 clips", [CONFIRMED, CONFIRMED]),
    ("2 + 3 > 4", [CONFIRMED]),
    (r"2^{10} \le 1024", [CONFIRMED]),
    ("(x+1)^2 = x^2+2x+1", [CONFIRMED]),
    (r"\frac{x^2 - 1}{x - 1} = x + 1", [CONFIRMED]),
    (r"\pi \cdot 5^2 = 25\pi", [CONFIRMED]),
    # chains, link by link
    ("6 = 2 + 4 = 6", [CONFIRMED, CONFIRMED]),
    ("2 + 3 = 5 = 5 + 0", [CONFIRMED, CONFIRMED]),
    ("2x = 3 + 5 = 8 = 4y", [CONFIRMED]),
    ("2 + 3 = 5 + 1 = 6", [ABSTAINED, CONFIRMED]),
    ("5 + 3 = 8 * 2 = 17", [ABSTAINED, REFUTED]),
    ("S + 2S + 4S = 7S = 847", [CONFIRMED]),
    (r"x &= 5 + 3 \\ &= 8 \\ &= 2 \cdot 5", [CONFIRMED, REFUTED]),
    # right in other units, on another reading, or rounded
    ("30 + 30 = 1 hour", [ABSTAINED]),
    ("500 + 500 = 1 thousand", [ABSTAINED]),
    ("6 + 6 = 1 dozen eggs", [ABSTAINED]),
    ("50 + 50 = 1 dollar", [ABSTAINED]),
    ("$1.50 + 50 cents = $2", [ABSTAINED]),
    ("24 eggs + 12 eggs = 3 cartons", [ABSTAINED]),
    ("20 quarters = 20 * .25 = $5", [ABSTAINED, CONFIRMED]),
    ("2 hours + 30 minutes = 2.5 hours", [ABSTAINED]),
    ("10 feet - 6 inches = 4", [ABSTAINED]),
    ("$50 - 20% = $40", [ABSTAINED]),
    ("2/3 = 0.67", [ABSTAINED]),
    ("3 * $33.33 = $100", [ABSTAINED]),
    (r"\frac{3}{4} = 60", [ABSTAINED]),
    (r"5 \frac{1}{2} = 2.5", [ABSTAINED]),
    ("6 ÷ 2(1+2) = 1", [ABSTAINED]),
    ("-2^2 = 4", [ABSTAINED]),
    ("2 + 2 = 5!", [ABSTAINED]),
    (r"\pi \cdot 5^2 = 78.5", [ABSTAINED]),
    ("9^{9^9} = 2", [ABSTAINED]),
    # false whatever is meant
    ("1 + 1 >= 3", [REFUTED]),
    ("5 + 1 < 3", [REFUTED]),
    ("The total is $20 + $30 = $60.", [REFUTED]),
    ("5 apples + 3 apples = 9 apples", [REFUTED]),
    ("8 hours * $18 = $154", [REFUTED]),
    ("60% of 200 = 130", [REFUTED]),
    ("3 1/2 + 2 = 6 1/2", [REFUTED]),
    ("10/3 ≈ 4.33", [REFUTED]),
    ("2/3 = 0.77", [REFUTED]),
    (r"\left(\frac{2}{3}\right)^2 = \frac{4}{6}", [REFUTED]),
    ("(2) 5 + 3 = 9", [REFUTED]),
    ("Step 2: 5 + 3 = 9", [REFUTED]),
    ("So 3 × $1.50 = $4.50 and 4.50 + 1 = 5.60.", [CONFIRMED, REFUTED]),
    ("2(x+3) = 2x + 3", [REFUTED]),
    ("2x + 3x = 6x", [REFUTED]),
    (r"\pi \cdot 5^2 = 35\pi", [REFUTED]),
]


@pytest.mark.parametrize(("step", "statuses"), UNDERSTOOD, ids=[step for step, _ in UNDERSTOOD])
async def test_many_notations_are_understood(step: str, statuses: list[EvidenceStatus]) -> None:
    found = await checked(step)
    assert [e.status for e in found] == statuses, found
    for evidence in found:
        assert evidence.span is not None
        assert step[slice(*evidence.span)] == evidence.claim


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
    (evidence,) = await checked(step)
    assert evidence.status is ABSTAINED
    assert detail in evidence.detail


async def test_the_statement_may_say_that_numbers_mean_something_else() -> None:
    assert await checked("5 + 5 = 12", statement="Work in base 8. What is 5 + 5?") == []
    assert [e.status for e in await checked("5 + 5 = 12")] == [REFUTED]


async def test_a_new_operation_in_the_statement_silences_it() -> None:
    assert await checked("3 * 4 = 10", statement="For all numbers let a * b = 2a + b. What is 3 * 4?") == []


@pytest.mark.parametrize(
    ("path", "step", "statuses"),
    [
        (["x = 5"], "2x + 1 = 11", [CONFIRMED]),
        (["x = 5"], "2x + 1 = 12", [REFUTED]),
        (["Let's compute A = 2 + 3 = 5.", "B = 4"], "A * B = 5 * 4 = 20", [CONFIRMED, CONFIRMED]),
        (["Let's compute A = 2 + 3 = 5.", "B = 4"], "A * B = 5 * 5 = 25", [REFUTED, CONFIRMED]),
        # not unambiguous
        (["x = 5", "x = 6"], "2x + 1 = 12", []),
        (["If x = 5, it works"], "2x + 1 = 12", []),
        (["Case 1: x = 5"], "2x + 1 = 12", []),
        (["Try x = 5."], "2x + 1 = 12", []),
        (["x ≈ 5"], "2x + 1 = 12", []),
        (["x = 5 + 1 = 7"], "2x + 1 = 12", []),
        (["x = y"], "2x + 1 = 12", []),
        (["x = 2, -3"], "x - 2 = -5", []),
        (["The roots are $x = 2$ and $-3$."], "x - 2 = -5", []),
        (["x = 5"], "2x + y = 12", []),
        (["x = 5"], "x = 6", []),
        (["x = 5"], "Now let x = 4, so 2x + 1 = 9", []),
        ([], "2x + 1 = 11", []),
    ],
)
async def test_variables_have_the_one_value_the_path_gives_them(
    path: list[str], step: str, statuses: list[EvidenceStatus]
) -> None:
    assert [e.status for e in await checked(step, path=tuple(path))] == statuses


@pytest.mark.parametrize(
    ("step", "status"),
    [
        (r"\sqrt{50} = 5\sqrt{2}", CONFIRMED),
        (r"\sqrt{50} = 5\sqrt{3}", REFUTED),
        (r"\sqrt{2} = 1.41", ABSTAINED),
        (r"\sin 30^\circ = \frac{1}{2}", CONFIRMED),
        (r"\cos 60^\circ = \frac{1}{3}", REFUTED),
        (r"\sin^2 x + \cos^2 x = 1", CONFIRMED),
        (r"\sqrt{x^2 + 1} + 1 = 3x", ABSTAINED),
        (r"1 + \sqrt{2} < 3", CONFIRMED),
        (r"(-8)^{1/3} = -2", ABSTAINED),
    ],
)
async def test_sympy_has_the_second_word(step: str, status: EvidenceStatus) -> None:
    (evidence,) = await checked(step)
    assert evidence.status is status, evidence


async def test_a_worker_that_takes_too_long_abstains() -> None:
    workers = Workers("time:sleep", size=1, seconds=0.2)
    try:
        algebra = Algebra(workers)
        (claim,) = algebra.claims(Problem(id="p", statement="?"), (), r"\sqrt{50} = 5\sqrt{2}")
        evidence = await algebra.check(claim)
    finally:
        workers.close()
    assert evidence.status is ABSTAINED


async def test_plain_arithmetic_starts_no_worker() -> None:
    class Never(Workers):
        async def call(self, *arguments: object, seconds: float | None = None) -> object:
            raise AssertionError(f"a worker was asked about {arguments}")

    algebra = Algebra(Never("time:sleep"))
    for step, statuses in UNDERSTOOD:
        found = [await algebra.check(c) for c in algebra.claims(Problem(id="p", statement="?"), (), step)]
        assert [e.status for e in found] == statuses


JUNK = {
    "nested": "(" * 24_000 + "1" + ")" * 24_000 + " = 1",
    "nested, more": "1 = " + "(" * 100_000 + "1" + ")" * 100_000,
    "LaTeX that never closes": r"1 + 1 = \frac{" * 3_000,
    "roots of roots": "1 = " + r"\sqrt" * 9_000 + "1",
    "null bytes": "\0 1 + 1 = 2 \0" * 1_000,
    "lone surrogates in notes": "1 + 1 = <<\ud800>>2 <<1+1=\udfff3>> `\ud800` 1 + 1 = 2 \ud800",
    "lone surrogates": "\ud800 1 + 1 = 3 \udfff = \udc00",
    "ten megabytes": "1 + 1 = 2, " * 900_000,
    "long numbers": "9" * 20_000 + " + 1 = " + "9" * 20_000,
    "towers": "2^" * 10_000 + "2 = 4",
    "huge powers": "9^9^9 = 2, 9^{999999999} = 2, 2^{2^{2^{2^{2^2}}}} = 3, 10^{2000} + 1 = 3",
    "huge factorials": r"999999! = 2, \binom{1000000}{500000} = 3, 900!/2 = 3",
    "huge products": "(x+y+z+w)^40 = 1, (a+b)(c+d)(e+k)(g+h)(i+j)(k+l)(m+n)(o+p)(q+r) = 1",
    "nothing but relations": "=" * 40_000,
    "long chain": "1=" * 20_000,
    "notes": "<<1+1=2>>" * 5_000,
    "open notes": "<<" * 20_000 + "1 = 1",
    "words": "a b " * 10_000 + "= 3",
    "blanks": " " * 40_000 + "= 3",
    "commas": "if " + "1, " * 15_000 + "1 + 1 = 3",
    "fences": "```" * 9_001 + "1 + 1 = 3",
    "groups": "1,111" * 9_000 + " = 1",
    "binary": "".join(map(chr, range(1, 256))) * 100 + "1 + 1 = 2",
    "zero to the zero": "0^0 = 2, 0^{-1} = 3, 1/0 = 2, 1/(1-1) = 2, \\sqrt[0]{3} + 1 = 2",
    "odd digits": "٣ + ٤ = ٧, ½½ = 1, 1²³⁻ + 1 = 2",
}


@pytest.mark.parametrize("text", JUNK.values(), ids=JUNK)
async def test_junk_is_survived(text: str) -> None:
    for evidence in await checked(text, path=(text,)):
        assert evidence.status in (CONFIRMED, ABSTAINED, REFUTED)
        assert len(evidence.detail) < 10_000


@pytest.mark.parametrize("piece", ["1+", "1 + 1 = ", "= ", "1 ", "\n", "$", "**", "9", ".", "1.1", "so ", " \n "])
async def test_long_texts_are_read_in_passing(piece: str) -> None:
    for text in (piece * 20_000, f"{piece * 5_000}1 + 1 = 3", f"1 + 1 = 3{piece * 5_000}"):
        assert all(evidence.status for evidence in await checked(text))


@st.composite
def sums(draw: st.DrawFn) -> tuple[str, Fraction]:
    """Write a sum of plain numbers, and compute its value independently."""
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
    (right,) = await checked(f"{before}{left} = {_decimal(value)}{after}")
    assert right.status is CONFIRMED
    if value + off < 10**15:
        (wrong,) = await checked(f"{before}{left} = {_decimal(value + off)}{after}")
        assert wrong.status is REFUTED


def _decimal(value: Fraction) -> str:
    whole, rest = divmod(value, 1)
    digits = f"{int(rest * 10**15):015}".rstrip("0")
    return f"{int(whole)}.{digits}" if digits else str(int(whole))


async def test_true_equalities_inside_random_text_are_never_refuted() -> None:
    """Cut true sentences anywhere and join the pieces: the result may be nonsense, but then it abstains."""
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
        for evidence in await checked(text):
            assert evidence.status is CONFIRMED, text
