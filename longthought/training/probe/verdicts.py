"""The verdicts that a probe learns, as the tokens before them and the two words they may be."""

# pyright: basic

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from longthought.agents.dialects.yes_no import WORDS, YesNo
from longthought.errors import ModelError, ProblemError
from longthought.training.fine_tuning import TrainerInputs
from longthought.training.inspection import Examples, Lengths


@dataclass
class Columns:
    """See `longthought.training.fine_tuning.Rows`."""

    columns: tuple[str, ...] = ("prompt", "completion")
    formats: str = f"critic in the dialect {YesNo.name}"


@dataclass(frozen=True, slots=True)
class Row:
    """A verdict to learn."""

    prompt: tuple[int, ...]
    """The tokens up to the verdict."""
    words: tuple[int, int]
    """The tokens of *yes* and *no* there."""
    yes: bool
    problem: str


def encode(rows: Any, inputs: TrainerInputs, where: str) -> list[Row]:
    """Encode every verdict that the model can take.

    Raises:
        ProblemError: at a row that is no verdict of one word.
        ModelError: if the tokenizer doesn't tell the two words apart.

    """
    examples, found = Examples(inputs.base, rows, ("completion",)), list[Row]()
    for number, row in enumerate(rows, start=1):
        place = f"{where}, example {number}"
        said = row["completion"][-1]["content"].strip()
        if said not in WORDS:
            raise ProblemError(f"{place}: its verdict is {said[:40]!r}, neither Yes nor No; export it again")
        (prompt, yes), (_, no) = (
            examples.encode({**row, "completion": [{"role": "assistant", "content": word}]}, "completion", place)
            for word in WORDS
        )
        at = shared(yes, no)
        if at == min(len(yes), len(no)):
            raise ModelError(f"{place}: {inputs.base.name} has no tokens that tell Yes from No; take another base")
        tokens = (*prompt, *yes[:at])
        if len(tokens) >= inputs.limit:
            continue
        inputs.base.expect_known_words(list(tokens), place)
        found.append(Row(tokens, (yes[at], no[at]), said == WORDS[0], str(row.get("problem", number))))
    return found


def have_both(rows: Sequence[Row]) -> bool:
    """Say whether some verdicts are *yes* and some *no*."""
    return len({row.yes for row in rows}) == 2


def lengths(rows: Sequence[Row], given: int) -> Lengths:
    """Measure the rows that are left of those `given`."""
    sizes, dropped = [len(row.prompt) for row in rows], given - len(rows)
    return Lengths(given, sum(sizes), max(sizes, default=0), len(rows), dropped, dropped)


def shared(a: Sequence[int], b: Sequence[int]) -> int:
    """Return the number of tokens at the beginning that two sequences share."""
    return next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
