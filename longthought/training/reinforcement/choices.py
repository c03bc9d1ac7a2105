"""The tokens of a reply in which an agent chooses its move, apart from the words that follow from the choice.

A reply is first a kind of move, then its words. The reward of a move says little about its words, so the advantage may
be put on the choice alone. In compact, a step's choice is its two numbers and the operator, and a verdict's is its
action and where it goes back. In prose, a step's choice is its first word (Wait, Alternatively, So), and a verdict's is
the action and the target in its JSON.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any, Final

from longthought.training.request import Role

_CHOICES: Final = {
    ("policy", "compact"): re.compile(r"^[^=]*[^=\s](?=\s*=)"),
    ("critic", "compact"): re.compile(r"(?:continue|terminate|reflect|backtrack(?:\s+\d+)?)\s*$"),
    ("policy", "prose"): re.compile(r"^\s*\S+"),
    ("critic", "prose"): re.compile(r'"action"\s*:\s*"\w+"(?:\s*,\s*"target"\s*:\s*\w+)?'),
}


def choice(text: str, role: Role, dialect: str) -> tuple[int, int]:
    """Return where a reply's choice begins and ends; a reply without one, as when it can't be read, is all choice."""
    found = _CHOICES[role, dialect].search(text)
    return (0, len(text)) if found is None else found.span()


def choice_mask(tokenizer: Any, ids: Sequence[int], role: Role, dialect: str) -> list[int]:
    """Return 1 for each token of a reply in which something of its choice is written, else 0."""
    text = tokenizer.decode(ids, skip_special_tokens=True)
    start, end = choice(text, role, dialect)
    if (start, end) == (0, len(text)):
        return [1] * len(ids)

    def written(count: int) -> int:
        return len(tokenizer.decode(ids[:count], skip_special_tokens=True))

    counts = range(len(ids) + 1)
    first, last = bisect_right(counts, start, key=written) - 1, bisect_left(counts, end, key=written)
    return [int(first <= at < last) for at in range(len(ids))]
