"""Grading: right is right, wrong is wrong, and what can't be told is said to be unknown."""

import pytest

from longthought.domains.grade import grade, reference_of
from longthought.problems.problem import AnswerReference, CountdownReference, Problem, Reference

MATH = Problem(id="m", statement="What is it?")
GAME = Problem(id="g", statement="Use 16, 16, 8 and 11, each once, to make 35.", domain="countdown")
GAME_REFERENCE = CountdownReference(numbers=(16, 16, 8, 11), target=35)


@pytest.mark.parametrize(
    ("answer", "solved", "why"),
    [
        ("11 + 8 + (16 * 1)", False, "instead of"),
        ("(16 - 8) + 11 + 16", True, ""),
        ("(16 − 8) + 11 + 16", True, ""),
        ("16 + 11 + 8", False, "instead of"),
        (r"16 + 16 + 11 - 8 = 35", True, ""),
        (r"$\left(16 - 8\right) + 11 + 16$", True, ""),
        ("16 + 16 + 11 - 8 + 0", False, "instead of"),
        ("16 + 16 + 11 - 8", True, ""),
        ("35", False, "instead of"),
        ("__import__('os').getpid()", False, "only whole numbers"),
        ("", False, ""),
    ],
)
async def test_countdown_answers_are_checked_exactly(answer: str, solved: bool, why: str) -> None:
    found, detail = await grade(GAME, GAME_REFERENCE, answer)
    assert found is solved
    assert why in detail
    assert bool(detail) is not solved


@pytest.mark.parametrize("reference", [GAME_REFERENCE, AnswerReference(answer="72")])
async def test_no_answer_is_no_solution(reference: Reference) -> None:
    assert await grade(MATH, reference, None) == (False, "no answer was given")


@pytest.mark.parametrize(
    ("gold", "given", "solved"),
    [
        ("72", "72", True),
        ("72", " 72. ", True),
        ("72", "$72$", True),
        ("72", "72.0", True),
        ("1/2", "0.5", True),
        ("2/4", "1/2", True),
        ("1,200", "1200", True),
        ("1,234,567", "1234567", True),
        ("-3", "-3", True),
        ("72", "71", False),
        ("0.5", "0.50001", False),
        ("1/2", "1/3", False),
        ("-3", "3", False),
        ("x = 3", "x  = 3", True),
        ("Paris", "Paris", True),
        ("Paris", "paris", True),
        ("Paris", "in France", None),
        ("12", "1,2", None),
        ("1,2", "{1,2}", None),
        ("3%", "3", None),
        ("\\sqrt{8}", "2\\sqrt2", True),
        ("5 cm", "5 m", False),
        ("1/0", "0", None),
        ("1_000", "1000", None),
        ("½", "0.5", True),
        ("72", "", False),
        ("72", "1e999999999", False),
        ("72", "9" * 10_000, None),
    ],
)
async def test_other_answers_are_compared_exactly_else_symbolically(gold: str, given: str, solved: bool | None) -> None:
    found, detail = await grade(MATH, AnswerReference(answer=gold), given)
    assert found is solved
    assert bool(detail) is not (solved is True)


async def test_a_reference_of_an_unknown_kind_is_not_graded() -> None:
    class Riddle(Reference):
        pass

    assert await grade(MATH, Riddle(), "42") == (None, "no grader for a Riddle (math)")


def test_a_countdown_statement_is_its_own_reference() -> None:
    assert reference_of(GAME, None) == GAME_REFERENCE
    assert reference_of(GAME, "35") == GAME_REFERENCE
    assert reference_of(MATH, "72") == AnswerReference(answer="72")
    assert reference_of(MATH, None) is None
    assert reference_of(Problem(id="z", statement="Use 3 and 5 to make 0."), None) is None
