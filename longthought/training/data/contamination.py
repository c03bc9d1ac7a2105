"""Which problems must not be trained on: those of named test sets, and what the Countdown split holds out.

A Countdown puzzle is known by its sorted numbers and target, however it is worded, and its split by a hash that is the
same for everyone. Any other problem is a test problem if its normalised words are the same, or if they share a run of
13 words with one (the measure of Brown et al., "Language Models are Few-Shot Learners", 2020). Only hashes are kept.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from longthought.errors import ConfigError
from longthought.problems.countdown.game import held_out_target, split_of
from longthought.problems.countdown.puzzle import Puzzle
from longthought.problems.loader import data_set
from longthought.problems.problem import Problem

SPLIT: Final = "countdown"
"""The name of what the Countdown split holds out; it needs no file."""
NONE: Final = "none"
NGRAM: Final = 13
"""Words in a row that no training problem may share with a test problem."""
_WORD: Final = re.compile(r"[^\W_]+")


def problem_key(problem: Problem) -> str:
    """Return what tells problems apart: numbers and target of a Countdown puzzle, else the words of the statement."""
    puzzle = Puzzle.read(problem.statement)
    if puzzle is not None:
        return puzzle.id
    return hashlib.sha256(" ".join(words(f"{problem.statement} {problem.context}")).encode()).hexdigest()[:32]


def words(text: str) -> list[str]:
    """Return the words of a text in small letters, without signs."""
    return _WORD.findall(text.lower())


class TestSets:
    """Problems that are not for training."""

    __test__ = False  # its name begins like a test's

    def __init__(self, names: Sequence[str] = (SPLIT,)) -> None:
        """Read the test sets: files, `hf:NAME[:SPLIT]`, or `countdown` for what the Countdown split holds out.

        Raises:
            UserError: if one can't be read.

        """
        if NONE in names and len(names) > 1:
            raise ConfigError("`against=none` excludes the others: give it alone, or leave it out")
        self.split = SPLIT in names
        self.sizes: dict[str, int] = {}
        """How many problems each named set holds."""
        self._keys: dict[str, str] = {}
        self._grams: dict[int, str] = {}
        for name in names:
            if name not in (SPLIT, NONE):
                self._read(name)

    def _read(self, name: str) -> None:
        count = 0
        for task in data_set(name):
            count += 1
            self._keys[problem_key(task.problem)] = name
            if Puzzle.read(task.problem.statement) is None:
                self._grams.update((gram, name) for gram in _ngrams(words(task.problem.statement)))
        self.sizes[name] = count

    def objection(self, problem: Problem, *, validation: bool = False) -> str | None:
        """Say why a problem is not for training, or not even for validation; None if it is."""
        puzzle = Puzzle.read(problem.statement)
        if puzzle is not None and self.split:
            split = split_of(puzzle.numbers)
            if split == "test" or (split == "validation" and not validation):
                return f"in the {split} split of Countdown"
            if held_out_target(puzzle.target) and not validation:
                return "with a held-out target of Countdown"
        if (found := self._keys.get(problem_key(problem))) is not None:
            return f"in {Path(found).name}"
        if puzzle is None and self._grams:
            found = next(filter(None, map(self._grams.get, _ngrams(words(problem.statement)))), None)
            if found is not None:
                return f"sharing {NGRAM} words in a row with a problem of {Path(found).name}"
        return None


def _ngrams(text: Sequence[str]) -> Iterator[int]:
    for start in range(len(text) - NGRAM + 1):
        yield _hash(text[start : start + NGRAM])


def _hash(text: Iterable[str]) -> int:
    return int.from_bytes(hashlib.blake2b(" ".join(text).encode(), digest_size=8).digest())
