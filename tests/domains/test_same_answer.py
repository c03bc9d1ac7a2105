"""What a vote counts as one answer."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longthought.domains.conventions import conventions
from longthought.problems.countdown.game import sorted_terms
from longthought.problems.problem import Problem

GAME = Problem(id="g", statement="Use 3, 7, 16 and 20, each once, to make 46.", domain="countdown")
SUM = Problem(id="s", statement="What is 1/2 + 1/4?")


def alike(problem: Problem, one: str, other: str) -> bool:
    return conventions(problem).same_answer(problem, one, other)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("((20 + 16) + 7) + 3", "3 + (7 + (16 + 20))", True),
        ("(16 - 7) * 3 + 20", r"20 + 3 \times (16 - 7) = 47", True),
        ("(20 - 16) * 3", "(16 - 20) * 3", False),
        ("20 - 16 - 7", "20 - (16 + 7)", False),  # the same value, another expression
        ("20 + 16 + 7 + 3", "20 * 16", False),
        ("nonsense", "nonsense ", True),
        ("nonsense", "other", False),
        ("(" * 300 + "1" + ")" * 300, "1", False),
    ],
)
def test_countdown_goes_by_the_expression(one: str, other: str, same: bool) -> None:
    assert alike(GAME, one, other) is alike(GAME, other, one) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("0.75", r"\frac{3}{4}", True), ("3/4", "0.5", False), ("Paris", "paris", True), ("x+1", "1+x", False)],
)
def test_answers_go_by_what_can_be_decided_exactly_and_at_once(one: str, other: str, same: bool) -> None:
    assert alike(SUM, one, other) is same


def test_programs_go_by_their_words() -> None:
    code = Problem(id="c", statement="Write f.", domain="code")
    assert alike(code, "def f():\n  return 1", "def f():\n    return 1")
    assert not alike(code, "def f(): return 1", "def f(): return 1.0")


expressions = st.recursive(
    st.integers(1, 20).map(str),
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
    max_leaves=6,
)


@given(expressions, st.integers(0, 1_000))
def test_the_sorted_form_keeps_the_value_and_forgets_the_order(text: str, seed: int) -> None:
    form = sorted_terms(text)
    assert form is not None
    assert sorted_terms(form) == form
    assert sorted_terms(swapped(text, random.Random(seed))) == form
    try:
        value = eval(text)
    except ZeroDivisionError:
        return
    assert eval(form) == pytest.approx(value)


def swapped(text: str, rng: random.Random) -> str:
    """Swap the sides of sums and products at random."""
    import ast

    def write(node: ast.expr) -> str:
        if not isinstance(node, ast.BinOp):
            return ast.unparse(node)
        left, right = write(node.left), write(node.right)
        sign = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}[type(node.op)]
        if sign in "+*" and rng.random() < 0.5:
            left, right = right, left
        return f"({left} {sign} {right})"

    return write(ast.parse(text, mode="eval").body)
