"""The tokens of a reply in which an agent chooses its move, apart from the words that follow from the choice.

A reply is first a kind of move, then its words. The reward of a move says little about its words, so the advantage may
be put on the choice alone. In compact, a step's choice is its two numbers and the operator, and a verdict's is its
action and where it goes back. In prose, a step's choice is its first word (Wait, Alternatively, So), and a verdict's is
the action and the target in its JSON.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from statistics import fmean, pstdev
from typing import Any, Final

from longthought.training.reinforcement.rewards.forms import told_steps
from longthought.training.reinforcement.rewards.state import State
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
    written = _tokens(tokenizer, ids, start, end)
    return [int(at in written) for at in range(len(ids))]


def step_credits(tokenizer: Any, replies: Sequence[Sequence[int]], asked: Sequence[State]) -> list[dict[int, float]]:
    """Return what the tokens that choose the steps of some thoughts earn by the novelty of their step, by position.

    A choice earns 1 for a new and legal step and 0 for another, less the mean over all steps, in units of their
    standard deviation (at least 0.1), as rewards of steps are normalised by Shao et al., "DeepSeekMath", 2024. There a
    step also earns what the steps after it do; here it earns its own alone.
    """
    texts = [tokenizer.decode(ids, skip_special_tokens=True) for ids in replies]
    told = [told_steps(text, state.dialect, state.task.problem) for text, state in zip(texts, asked, strict=True)]
    every = [float(step.good) for steps in told for step in steps]
    mean, spread = (fmean(every), pstdev(every)) if every else (0.0, 0.0)
    earned = [dict[int, float]() for _ in replies]
    for ids, steps, row in zip(replies, told, earned, strict=True):
        for step in steps:
            for at in _tokens(tokenizer, ids, step.start, step.end):
                row[at] = (step.good - mean) / max(spread, 0.1)
    return earned


def _tokens(tokenizer: Any, ids: Sequence[int], start: int, end: int) -> range:
    """Return the tokens in which something of a part of their text is written."""

    def written(count: int) -> int:
        return len(tokenizer.decode(ids[:count], skip_special_tokens=True))

    counts = range(len(ids) + 1)
    return range(bisect_right(counts, start, key=written) - 1, bisect_left(counts, end, key=written))
