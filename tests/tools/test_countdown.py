"""The legality verifier of Countdown: claims that it confirms, refutes and leaves alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longthought.problems.countdown import game
from longthought.problems.countdown.puzzle import Puzzle
from longthought.problems.problem import Problem
from longthought.tools.countdown import Legality
from longthought.trajectories.events import Evidence, EvidenceStatus

PUZZLE = Puzzle((16, 16, 8, 11), 35)


async def checked(step: str, path: tuple[str, ...] = (), statement: str = PUZZLE.statement) -> Evidence | None:
    claims = Legality().claims(Problem(id="p", statement=statement, domain="countdown"), path, step)
    assert len(claims) <= 1
    return await Legality().check(claims[0]) if claims else None


@pytest.mark.parametrize(
    ("path", "step"),
    [
        ((), "16 - 8 = 8 left 16 11 8"),
        ((), "8 * 11 = 88 left 88 16 16"),
        ((), "16 / 16 = 1 left 1 8 11"),
        (("16 - 8 = 8 left 16 11 8", "11 + 8 = 19 left 19 16"), "19 + 16 = 35 left 35"),
        (("16 - 11 = 5 left 16 8 5",), "16 * 8 = 128 left 128 5"),
    ],
)
async def test_legal_moves_are_confirmed(path: tuple[str, ...], step: str) -> None:
    evidence = await checked(step, path)
    assert evidence is not None
    assert (evidence.status, evidence.detail) == (EvidenceStatus.CONFIRMED, "")
    assert (evidence.claim, evidence.span) == (step, (0, len(step)))


@pytest.mark.parametrize(
    ("path", "step", "detail"),
    [
        ((), "16 - 8 = 9 left 16 11 9", "16 - 8 = 9 is not a legal move with 16, 16, 8, 11"),
        ((), "8 - 16 = 8 left 16 11 8", "not a legal move"),
        ((), "16 - 16 = 0 left 11 8", "not a legal move"),
        ((), "16 / 11 = 1 left 16 8 1", "not a legal move"),
        ((), "16 + 7 = 23 left 23 16 11", "not a legal move"),
        ((), "8 + 8 = 16 left 16 16 11", "not a legal move"),
        ((), "16 / 0 = 0 left 16 8 11", "not a legal move"),
        ((), "16 - 8 = 8 left 16 11", "it leaves 16, 11, 8, not 16, 11"),
        ((), "16 - 8 = 8 left 16 16 11 8", "it leaves"),
        (("16 - 8 = 8 left 16 11 8",), "16 + 16 = 32 left 32 11", "not a legal move with 16, 11, 8"),
        (("16 - 8 = 9 left 16 11 9",), "16 + 9 = 25 left 25 11", "the path before it is not legal"),
        ((), "999999999 + 1 = 1000000000 left 16 8 11", "not a legal move"),
    ],
)
async def test_illegal_moves_are_refuted(path: tuple[str, ...], step: str, detail: str) -> None:
    evidence = await checked(step, path)
    assert evidence is not None
    assert evidence.status is EvidenceStatus.REFUTED
    assert detail in evidence.detail


@pytest.mark.parametrize(
    ("path", "step", "statement"),
    [
        ((), "16 - 8 = 8", PUZZLE.statement),
        ((), "First, 16 - 8 = 8 left 16 11 8", PUZZLE.statement),
        ((), "", PUZZLE.statement),
        (("I will use 16 first.",), "16 - 8 = 8 left 16 11 8", PUZZLE.statement),
        ((), "16 - 8 = 8 left 16 11 8", "What is 16 - 8?"),
    ],
)
async def test_anything_but_moves_of_the_game_is_left_alone(path: tuple[str, ...], step: str, statement: str) -> None:
    assert await checked(step, path, statement) is None


@pytest.mark.parametrize(
    ("boxed", "status", "detail"),
    [
        ("(16 - 8) + 11 + 16", EvidenceStatus.CONFIRMED, ""),
        ("16 + 16 + 11 - 8 = 35", EvidenceStatus.CONFIRMED, ""),
        ("35 = 16+16+11-8", EvidenceStatus.CONFIRMED, ""),
        (r"\left(16 - 8\right) + 11 + 16", EvidenceStatus.CONFIRMED, ""),
        (r"16 \times 16 \div 8 + 11", EvidenceStatus.REFUTED, "makes 43, not 35"),
        (r"\frac{16 \cdot 8}{16} + 11", EvidenceStatus.REFUTED, "makes 19, not 35"),
        ("16 + 16 + 11 - 8 = 36", EvidenceStatus.REFUTED, "says that it makes 36, not 35"),
        ("16 + 11 + 8", EvidenceStatus.REFUTED, "uses 8, 11, 16 instead of 8, 11, 16, 16"),
        ("35", EvidenceStatus.REFUTED, "uses 35"),
        ("16 + x", EvidenceStatus.REFUTED, ""),
        ("9" * 5_000, EvidenceStatus.REFUTED, "longer than"),
        ("(" * 900 + "1" + ")" * 900, EvidenceStatus.REFUTED, ""),
        (r"\frac{" * 100 + "1" + "}{2}" * 100, EvidenceStatus.REFUTED, ""),
    ],
)
async def test_a_final_expression_in_prose_is_checked_against_the_statement(
    boxed: str, status: EvidenceStatus, detail: str
) -> None:
    step = f"Add the rest, as in \\boxed{{8 + 8}}. So it is \\boxed{{ {boxed} }}."
    evidence = await checked(step, ("Take 8 from 16 first.",))
    assert evidence is not None
    assert evidence.status is status, evidence
    assert detail in evidence.detail
    assert evidence.span is not None
    assert step[slice(*evidence.span)] == boxed


@pytest.mark.parametrize("step", ["no box: 16 + 16", r"\boxed{never closed", r"\boxed{impossible}", r"\boxed{}"])
async def test_prose_without_a_final_expression_is_left_alone(step: str) -> None:
    assert await checked(step) is None


@given(st.lists(st.integers(1, 20), min_size=2, max_size=5), st.data())
async def test_it_confirms_every_move_of_a_random_game(numbers: list[int], data: st.DataObject) -> None:
    state, path = tuple(numbers), tuple[str, ...]()
    statement = Puzzle(tuple(numbers), 10).statement
    while len(state) > 1:
        move = data.draw(st.sampled_from(game.moves(state)))
        following = game.after(state, move)
        assert following is not None
        step = f"{move} left {' '.join(map(str, data.draw(st.permutations(following))))}"
        evidence = await checked(step, path, statement)
        assert evidence is not None
        assert evidence.status is EvidenceStatus.CONFIRMED, evidence
        state, path = following, (*path, step)
