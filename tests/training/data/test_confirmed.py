"""What tools correct in a reply, by hand."""

import pytest

from longthought.domains.countdown import countdown_task
from longthought.problems.countdown.game import CountdownMove, after
from longthought.problems.countdown.notation import read_step
from longthought.problems.countdown.puzzle import Puzzle
from longthought.training.data.confirmed import allowed_steps, corrected_verdict
from longthought.trajectories.events import Action, Verdict

FOUR = countdown_task(Puzzle((8, 12, 29, 39), 24)).problem
FIVE = countdown_task(Puzzle((2, 8, 12, 29, 39), 24)).problem
LOST = "12 need 1 have 2 none"


def _allowed(
    step: str, tried: tuple[str, ...] = (), path: tuple[str, ...] = (), seed: str = "seed", count: int = 4
) -> list[str]:
    return allowed_steps(FOUR, path, step, tried, seed, count)


@pytest.mark.parametrize(
    ("step", "redone"),
    [
        ("39 * 8 = 288 left 288 29 12", "39 * 8 = 312 left 312 29 12"),
        ("39 - 8 = 31 left 31 39 12", "39 - 8 = 31 left 31 29 12"),
        ("8 + 39 = 47 left 47 29 12", "39 + 8 = 47 left 47 29 12"),
    ],
)
def test_a_step_whose_operation_is_allowed_comes_first_with_the_right_numbers(step: str, redone: str) -> None:
    found = _allowed(step)
    assert found[0] == redone
    assert len(set(found)) == 4


@pytest.mark.parametrize(
    ("step", "tried"),
    [
        ("39 * 29 = 1 left 12 8 1", ()),  # more than the notation can write
        ("29 / 12 = 2 left 39 8 2", ()),
        ("40 - 8 = 32 left 32 29 12", ()),
        ("so I add", ()),
        ("39 - 8 = 31 left 31 29 12", ("39 - 8 = 31 left 39 29 12", "8 + 12 = 20 left 39 29 20")),
    ],
)
def test_otherwise_come_new_ones_at_random_that_the_rules_allow(step: str, tried: tuple[str, ...]) -> None:
    drawn = {text for seed in "abcdefghij" for text in _allowed(step, tried, seed=seed)}
    assert len(drawn) > 10
    moves = [read_step(text) for text in drawn]
    assert all(m and after((8, 12, 29, 39), CountdownMove(*m[:4])) == m.remaining for m in moves)
    assert not tried or not {text.partition(" =")[0] for text in drawn} & {"39 - 8", "12 + 8"}
    assert _allowed(step, tried, seed="a") == _allowed(step, tried, seed="a")


def test_an_operation_that_was_miscalculated_may_be_tried_again_and_nothing_comes_where_all_were_tried() -> None:
    path = ("39 - 8 = 31 left 31 29 12", "31 - 29 = 2 left 12 2")
    tried = ("12 + 2 = 14 left 14", "12 - 2 = 10 left 10", "12 * 2 = 24 left 24", "12 / 2 = 6 left 6")
    again = "12 + 2 = 13 left 13"
    assert _allowed(again, (again, *tried[1:]), path) == ["12 + 2 = 14 left 14"]
    assert _allowed(again, tried, path) == []
    assert _allowed(again, tried, ("39 - 8 = 30 left 30 29 12",)) == []


def _redone(
    step: str, verdict: Verdict, path: tuple[str, ...] = (), live: bool | None = None
) -> tuple[Action, int | None, str] | None:
    problem = FIVE if len((*path, step)[0].split()) == 10 else FOUR
    found = corrected_verdict(problem, path, step, verdict, targets=range(len(path) + 1), live=live)
    return found and (found.action, found.target, found.critique)


def test_a_verdict_follows_from_its_look_ahead_redone() -> None:
    accepts = Verdict(action=Action.CONTINUE, score=0.9, critique=LOST)
    found = _redone("39 - 8 = 31 left 31 29 12", accepts)
    assert found == (Action.CONTINUE, None, "12 need 36 12 288 2 have 60 2 found")
    pair = ("39 - 8 = 31 left 31 29 12", "31 - 29 = 2 left 12 2")
    rejects = Verdict(action=Action.BACKTRACK, target=0, score=0.1, critique="need 3 have 1 none")
    assert _redone(pair[1], rejects, pair[:1]) == (Action.CONTINUE, None, "need 24 have 14 10 24 found")
    assert _redone("31 + 29 = 60 left 60 12", accepts, pair[:1]) == (
        Action.BACKTRACK, 1, "need 24 have 72 48 blank 5 none",
    )  # fmt: skip


def test_a_verdict_goes_back_to_the_last_step_after_which_a_look_ahead_finds_a_way() -> None:
    found, lost = "39 - 8 = 31 left 31 29 12", "39 + 29 = 68 left 68 12 8"
    for target in (0, 1):
        verdict = Verdict(action=Action.BACKTRACK, target=target, score=0.1, critique=LOST)
        assert _redone("31 + 29 = 60 left 60 12", verdict, (found,)) == (
            Action.BACKTRACK, 1, "need 24 have 72 48 blank 5 none",
        )  # fmt: skip
        back = _redone("12 + 8 = 20 left 68 20", verdict, (lost,))
        assert back is not None
        assert back[:2] == (Action.BACKTRACK, 0)


def test_where_no_look_ahead_reaches_a_verdict_goes_back_as_far_as_it_said() -> None:
    first, second, third = "39 - 29 = 10 left 12 10 8 2", "12 - 10 = 2 left 8 2 2", "8 + 2 = 10 left 10 2"
    for target in (0, 1, 2):
        verdict = Verdict(action=Action.BACKTRACK, target=target, score=0.1, critique=LOST)
        for path, step in (((first,), second), ((first, second), third)):
            back = _redone(step, verdict, path)
            assert back is not None
            assert back[:2] == (Action.BACKTRACK, min(target, 1))
    accepts = Verdict(action=Action.CONTINUE, score=0.9, critique=LOST)
    back = _redone(second, accepts, (first,))
    assert back is not None
    assert back[:2] == (Action.BACKTRACK, 1)


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
