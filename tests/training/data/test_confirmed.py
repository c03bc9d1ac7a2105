"""What tools correct in a reply, by hand."""

import pytest

from longthought.domains.countdown import countdown_task
from longthought.problems.countdown.game import CountdownMove, after
from longthought.problems.countdown.notation import read_step
from longthought.problems.countdown.puzzle import Puzzle
from longthought.training.data.confirmed import corrected_step, corrected_verdict
from longthought.trajectories.events import Action, Verdict

FOUR = countdown_task(Puzzle((8, 12, 29, 39), 24)).problem
FIVE = countdown_task(Puzzle((2, 8, 12, 29, 39), 24)).problem
LOST = "12 need 1 have 2 none"


@pytest.mark.parametrize(
    ("step", "redone"),
    [
        ("39 * 8 = 288 left 288 29 12", "39 * 8 = 312 left 312 29 12"),
        ("39 - 8 = 31 left 31 39 12", "39 - 8 = 31 left 31 29 12"),
        ("8 + 39 = 47 left 47 29 12", "39 + 8 = 47 left 47 29 12"),
        ("so I add", None),
    ],
)
def test_a_step_whose_operation_is_allowed_gets_the_right_numbers(step: str, redone: str | None) -> None:
    assert corrected_step(FOUR, (), step, (), "seed") == redone


@pytest.mark.parametrize(
    ("step", "tried"),
    [
        ("39 * 29 = 1 left 12 8 1", ()),  # more than the notation can write
        ("29 / 12 = 2 left 39 8 2", ()),
        ("40 - 8 = 32 left 32 29 12", ()),
        ("39 - 8 = 31 left 31 29 12", ("39 - 8 = 30 left 30 29 12", "8 + 12 = 20 left 39 29 20")),
    ],
)
def test_in_place_of_a_step_that_is_forbidden_or_tried_comes_a_new_one_that_is_allowed(
    step: str, tried: tuple[str, ...]
) -> None:
    drawn = {corrected_step(FOUR, (), step, tried, seed) for seed in "abcdefghij"}
    assert len(drawn) > 3
    moves = [read_step(text or "") for text in drawn]
    assert all(m and after((8, 12, 29, 39), CountdownMove(*m[:4])) == m.remaining for m in moves)
    assert not tried or not {text and text.partition(" =")[0] for text in drawn} & {"39 - 8", "12 + 8"}
    assert corrected_step(FOUR, (), step, tried, "a") == corrected_step(FOUR, (), step, tried, "a")


def test_nothing_comes_in_place_of_a_step_where_everything_was_tried() -> None:
    path = ("39 - 8 = 31 left 31 29 12", "31 - 29 = 2 left 12 2")
    tried = tuple(f"12 {operator} 2 = 1 left 1" for operator in "+-*/")
    assert corrected_step(FOUR, path, "12 + 2 = 13 left 13", tried[1:], "a") == "12 + 2 = 14 left 14"
    assert corrected_step(FOUR, path, "12 + 2 = 13 left 13", tried, "a") is None


def _redone(
    step: str, verdict: Verdict, path: tuple[str, ...] = (), live: bool | None = None
) -> tuple[Action, int | None, str] | None:
    problem = FIVE if len(step.split()) == 10 else FOUR
    found = corrected_verdict(problem, path, step, verdict, back_to=0, live=live)
    return found and (found.action, found.target, found.critique)


def test_a_verdict_follows_from_its_look_ahead_redone() -> None:
    accepts = Verdict(action=Action.CONTINUE, score=0.9, critique=LOST)
    found = _redone("39 - 8 = 31 left 31 29 12", accepts)
    assert found == (Action.CONTINUE, None, "12 need 36 12 288 2 have 60 2 found")
    pair = ("39 - 8 = 31 left 31 29 12", "31 - 29 = 2 left 12 2")
    rejects = Verdict(action=Action.BACKTRACK, target=0, score=0.1, critique="need 3 have 1 none")
    assert _redone(pair[1], rejects, pair[:1]) == (Action.CONTINUE, None, "need 24 have 14 10 24 found")
    assert _redone("31 + 29 = 60 left 60 12", accepts, pair[:1]) == (
        Action.BACKTRACK, 0, "need 24 have 72 48 blank 5 none",
    )  # fmt: skip


def test_a_known_outcome_counts_more_than_a_look_ahead_and_other_words_are_left_alone() -> None:
    accepts = Verdict(action=Action.CONTINUE, score=0.9, critique=LOST)
    step = ("39 - 8 = 31 left 31 29 12", "31 + 29 = 60 left 60 12")
    assert _redone(step[1], accepts, step[:1], live=True) is None
    assert _redone(step[0], accepts.model_copy(update={"critique": "It looks fine."})) is None
    assert _redone("39 * 8 = 288 left 288 29 12", accepts) is None


def test_with_more_numbers_than_a_look_ahead_holds_only_the_outcome_speaks() -> None:
    step = "39 - 8 = 31 left 31 29 12 2"
    guess = Verdict(action=Action.BACKTRACK, target=0, score=0.5, critique=LOST)
    assert _redone(step, guess) == (Action.CONTINUE, None, "")
    assert _redone(step, guess, live=False) == (Action.BACKTRACK, 0, "")
    silent = guess.model_copy(update={"critique": ""})
    assert _redone(step, silent) == (Action.CONTINUE, None, "")
    assert _redone(step, silent, live=True) == (Action.CONTINUE, None, "")
