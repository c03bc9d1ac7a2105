import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longthought.errors import ConfigError, ProblemError
from longthought.problems.countdown import game
from longthought.problems.countdown.puzzle import Puzzle
from longthought.problems.problem import Problem
from longthought.training.data.contamination import NGRAM, TestSets, problem_key

TALE = (
    "Anna has twelve apples and gives three of them to each of her two brothers before lunch. How many are left with "
    "her when the afternoon begins?"
)


def write(path: Path, *statements: str) -> str:
    rows = [{"id": f"t{n}", "statement": statement} for n, statement in enumerate(statements)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def posed(statement: str) -> Problem:
    return Problem(id="x", statement=statement)


@given(st.permutations([3, 7, 16, 20]))
def test_a_puzzle_has_one_key_however_it_is_dealt(numbers: list[int]) -> None:
    assert problem_key(posed(Puzzle(tuple(numbers), 46).statement)) == "countdown-3-7-16-20-46"


@given(st.lists(st.integers(1, 20), min_size=4, max_size=4), st.integers(10, 100))
def test_the_countdown_split_is_kept_by_hash(numbers: list[int], target: int) -> None:
    split, held_out = game.split_of(numbers), game.held_out_target(target)
    problem, sets = posed(Puzzle(tuple(numbers), target).statement), TestSets()
    assert (sets.objection(problem) is None) == (split == "train" and not held_out)
    assert (sets.objection(problem, validation=True) is None) == (split != "test")
    assert TestSets(("none",)).objection(problem) is None


def test_a_test_problem_is_known_in_other_letters_and_by_a_run_of_its_words(tmp_path: Path) -> None:
    sets = TestSets((write(tmp_path / "tales.jsonl", TALE, "What is 2 + 2?"),))
    assert sets.sizes == {str(tmp_path / "tales.jsonl"): 2}
    assert sets.objection(posed(TALE.upper().replace(".", " …"))) == "in tales.jsonl"
    assert sets.objection(posed("what is 2 + 2")) == "in tales.jsonl"
    words = TALE.split()
    inside, short = " ".join(words[3 : 3 + NGRAM]), " ".join(words[3 : 2 + NGRAM])
    assert "13 words in a row" in (sets.objection(posed(f"Tell me: {inside} or not?")) or "")
    assert sets.objection(posed(f"Tell me: {short} or not?")) is None
    assert sets.objection(posed("What is 2 + 3?")) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Solve x^2 - 5x + 6 = 0.", "Solve x^2 + 5x + 6 = 0."),
        ("What is 17 * 23 - 4?", "What is 17 + 23 - 4?"),
        ("What is 3.5 + 1?", "What is 3 * 5 + 1?"),
    ],
)
def test_signs_and_decimals_tell_problems_apart_and_punctuation_does_not(one: str, other: str) -> None:
    assert problem_key(posed(one)) != problem_key(posed(other))
    assert problem_key(posed(one)) == problem_key(posed(f"{one.upper()[:-1]} !?".replace("!", "")))
    assert problem_key(posed("A well-known sum.")) == problem_key(posed("A well known sum"))


def test_countdown_test_sets_are_known_by_numbers_and_target_alone(tmp_path: Path) -> None:
    puzzle = next(p for p in game.generate(count=1, split="train", seed=9))
    sets = TestSets((write(tmp_path / "held.jsonl", puzzle.statement),))
    assert sets.objection(posed(Puzzle(puzzle.numbers[::-1], puzzle.target).statement)) == "in held.jsonl"
    assert sets.objection(posed(Puzzle(puzzle.numbers, puzzle.target + 1).statement)) is None


def test_a_missing_test_set_and_none_beside_others_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="no such file"):
        TestSets((str(tmp_path / "gone.jsonl"),))
    with pytest.raises(ConfigError, match="`against=none`"):
        TestSets(("none", "countdown"))
