"""Figures of long thoughts: how long they are, and how often they wait, doubt and turn.

Figures are tabulated by difficulty and outcome, as Qin et al. tabulate the thoughts of o1 ("O1 Replication Journey: A
Strategic Progress Report, Part 1", 2024). Thoughts are counted one at a time and not kept, so a run of any size can be
measured. The caller says how difficult a problem is.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from longthought.thoughts.thought import LongThought

KEYWORDS: Final[tuple[str, ...]] = (
    "wait",
    "alternatively",
    "consider",
    "therefore",
    "since",
    "maybe",
    "however",
    "let me",
    "check",
    "instead",
    "back",
    "but",
    "so",
)
"""Words and phrases that are counted, in the order of the table."""
_TOKEN: Final = re.compile(r"\d+|[^\W\d_]+|[^\w\s]")
_KEYWORD: Final = re.compile(rf"\b({'|'.join(KEYWORDS)})\b", re.IGNORECASE)


def words(text: str) -> int:
    """Count words, numbers and signs, as an estimate of tokens without a tokenizer."""
    return sum(1 for _ in _TOKEN.finditer(text))


def keywords(text: str) -> dict[str, int]:
    """Count the keywords in a text."""
    counts: dict[str, int] = dict.fromkeys(KEYWORDS, 0)
    for match in _KEYWORD.finditer(text):
        counts[match[0].lower()] += 1
    return counts


def outcome_of(solved: bool | None) -> str:
    """Return the name of an outcome in the table."""
    return "ungraded" if solved is None else "right" if solved else "wrong"


@dataclass(frozen=True, slots=True)
class ThoughtFigures:
    """The thoughts of one difficulty and outcome; all figures are means per thought."""

    difficulty: str
    outcome: str
    thoughts: int
    """Number of thoughts."""
    tokens: float
    lines: float
    """Lines that are not blank."""
    steps: float
    wrong_turns: float
    keywords: Mapping[str, float]


@dataclass(slots=True)
class _Sums:
    thoughts: int = 0
    tokens: int = 0
    lines: int = 0
    steps: int = 0
    wrong_turns: int = 0
    keywords: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KEYWORDS, 0))


class ThoughtStatistics:
    """A table that grows with every thought added to it."""

    def __init__(self, tokens: Callable[[str], int] = words) -> None:
        """Count tokens with the given function (default: words, numbers and signs)."""
        self._tokens = tokens
        self._cells: dict[tuple[str, str], _Sums] = {}

    def add(self, thought: LongThought, *, difficulty: str = "all", solved: bool | None = None) -> None:
        """Count one thought; `solved` is the grade of its debate."""
        sums = self._cells.setdefault((difficulty, outcome_of(solved)), _Sums())
        sums.thoughts += 1
        sums.tokens += self._tokens(thought.text)
        sums.lines += sum(1 for line in thought.text.splitlines() if line.strip())
        sums.steps += thought.steps
        sums.wrong_turns += thought.wrong_turns
        for word, count in keywords(thought.text).items():
            sums.keywords[word] += count

    def rows(self) -> Iterator[ThoughtFigures]:
        """Yield the table, ordered by difficulty and outcome."""
        for (difficulty, outcome), sums in sorted(self._cells.items()):
            n = sums.thoughts
            yield ThoughtFigures(
                difficulty, outcome, n, sums.tokens / n, sums.lines / n, sums.steps / n, sums.wrong_turns / n,
                {word: count / n for word, count in sums.keywords.items()},
            )  # fmt: skip
