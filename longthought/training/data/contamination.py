"""Which problems must not be trained on: those of named test sets, and what the Countdown split holds out.

A problem is recognised by its domain's key, such as the sorted numbers and the target of a Countdown puzzle, however it
is worded. Where the domain has no key, a problem counts as a test problem if its words, numbers and signs equal those
of one, or if it shares 13 words in a row with it (Brown et al., "Language Models are Few-Shot Learners", 2020). Only
hashes are kept.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from longthought.domains.catalogue import domain_of, named
from longthought.domains.loader import data_set
from longthought.errors import ConfigError
from longthought.problems.problem import Problem
from longthought.problems.sources import HUB
from longthought.training.data.request import SPLIT

NONE: Final = "none"
NGRAM: Final = 13
"""Words in a row that no training problem may share with a test problem."""
_ADDRESS: Final = re.compile(r"[^\W\d][\w.]*:\w+")
_WORD: Final = re.compile(r"[^\W_]+")
_TOKEN: Final = re.compile(r"\d+\.\d+|[^\W_]+|[+*/^=<>≤≥%×÷·√!]|(?<![^\W\d_])[-−](?![^\W\d_])")
"""A word, a decimal, or a sign of mathematics; a hyphen between letters is none."""


def problem_key(problem: Problem) -> str:
    """Return the key that identifies a problem: that of its domain, or else a hash of its words and signs."""
    if (key := domain_of(problem).key(problem)) is not None:
        return key
    tokens = _TOKEN.findall(f"{problem.statement} {problem.context}".lower())
    return hashlib.sha256(" ".join(tokens).encode()).hexdigest()[:32]


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, without punctuation."""
    return _WORD.findall(text.lower())


class TestSets:
    """Problems that are not for training."""

    __test__ = False  # its name begins like a test's

    def __init__(self, names: Sequence[str] = (SPLIT,)) -> None:
        """Read the test sets: files, `hf:NAME[:SPLIT]`, or names of domains, whose own splits are then held out.

        Raises:
            UserError: if one can't be read.

        """
        if NONE in names and len(names) > 1:
            raise ConfigError("`against=none` excludes the others: give it alone, or leave it out")
        self.splits = {named(name) for name in names if _is_domain(name)}
        """Domains whose own split is held out."""
        self.sizes: dict[str, int] = {}
        """Number of problems of each named set."""
        self._keys: dict[str, str] = {}
        self._grams: dict[int, str] = {}
        for name in names:
            if name != NONE and not _is_domain(name):
                self._read(name)

    def _read(self, name: str) -> None:
        count = 0
        for task in data_set(name):
            count += 1
            self._keys[problem_key(task.problem)] = name
            if domain_of(task.problem).key(task.problem) is None:
                self._grams.update((gram, name) for gram in _ngrams(words(task.problem.statement)))
        self.sizes[name] = count

    def objection(self, problem: Problem, *, validation: bool = False) -> str | None:
        """Say why a problem must not be used for training, or for validation; None if it may be."""
        domain = domain_of(problem)
        if domain in self.splits:
            split = domain.split(problem)
            if split == "test" or (split == "validation" and not validation):
                return f"in the {split} split of {domain.name.capitalize()}"
            if (unseen := domain.unseen(problem)) is not None and not validation:
                return f"with {unseen} of {domain.name.capitalize()}"
        if (found := self._keys.get(problem_key(problem))) is not None:
            return f"in {Path(found).name}"
        if domain.key(problem) is None and self._grams:
            found = next(filter(None, map(self._grams.get, _ngrams(words(problem.statement)))), None)
            if found is not None:
                return f"sharing {NGRAM} words in a row with a problem of {Path(found).name}"
        return None


def _is_domain(name: str) -> bool:
    """Say whether a name is `countdown` or the `module:NAME` of a domain, and not a data set."""
    return name == SPLIT or (_ADDRESS.fullmatch(name) is not None and not name.startswith(HUB))


def _ngrams(text: Sequence[str]) -> Iterator[int]:
    for start in range(len(text) - NGRAM + 1):
        yield _hash(text[start : start + NGRAM])


def _hash(text: Iterable[str]) -> int:
    return int.from_bytes(hashlib.blake2b(" ".join(text).encode(), digest_size=8).digest())
