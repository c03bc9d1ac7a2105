"""Notice that reinforcement is ruining an agent: figures of each batch of replies, and rules that stop a training.

Every rule compares the mean of the last steps with that of the first, since what is normal differs from agent to
agent. The module knows figures, not trainers; `watching` connects it to one.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from longthought.training.reinforcement.rewards.forms import is_readable, repeated
from longthought.training.reinforcement.rewards.state import readings
from longthought.trajectories.events import Verdict

WINDOW: Final = 5
"""Number of steps whose mean is compared."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When a figure means collapse."""

    figure: str
    words: str
    """What the figure is, in words."""
    least: float = 0.0
    """Share of its first value below which a figure has collapsed."""
    most: float = math.inf
    """Multiple of its first value above which it has collapsed."""
    below: float = math.inf
    """It hasn't collapsed unless it is below this."""
    above: float = -math.inf
    """It hasn't collapsed unless it is above this."""
    began: float = 0.0
    """It can't fall unless its first value was at least this."""
    unless: str = ""
    """A figure that excuses a rise, if it has risen too."""
    advice: str = "lower `learning_rate`, or raise `beta`"

    def broken(self, first: float, last: float, *, excused: bool) -> bool:
        """Say whether a figure has collapsed."""
        fallen = last < self.least * first and last < self.below and first >= self.began
        risen = last > self.most * first and last > self.above
        return fallen or (risen and not excused)


RULES: Final = (
    Rule("format", "share of replies that can be read", least=0.5),
    Rule(
        "verdict_entropy", "entropy of verdicts in bits", least=0.25, below=0.2,
        advice="the critic says the same of nearly every step: check the labels, or raise `beta`",
    ),
    Rule(
        "obeyed", "share of steps that don't repeat a rejected one", least=0.5,
        advice="the policy no longer heeds the critic: lower `learning_rate`, or raise `beta`",
    ),
    Rule(
        "length", "mean tokens of a reply", least=0.25, most=4.0, unless="reward",  # who learns to search says more
        advice="check that no reward pays for length alone; the reward length limits it",
    ),
    Rule(
        "solved", "share of debates with a right answer", least=0.25, began=0.1,
        advice="the agent is paid for something else: add the reward outcome, or lower `learning_rate`",
    ),
    Rule("repeated", "share of steps that repeat one of the same thought", most=1.5, above=0.6),
)  # fmt: skip


@dataclass
class Watch:
    """The figures of a training so far, and the rules that they are held against."""

    rules: Sequence[Rule] = RULES
    steps: list[Mapping[str, float]] = field(default_factory=list[Mapping[str, float]])

    def add(self, figures: Mapping[str, float]) -> str | None:
        """Add the figures of one step, and return what has collapsed, with advice; None if nothing has."""
        self.steps.append(figures)
        if len(self.steps) < 2 * WINDOW:
            return None
        for rule in self.rules:
            course, excuse = self._course(rule.figure), self._course(rule.unless)
            if course and rule.broken(*course, excused=excuse is not None and excuse[1] > excuse[0]):
                first, last = course
                return f"the {rule.words} went from {first:.3g} to {last:.3g}: {rule.advice}"
        return None

    def _course(self, figure: str) -> tuple[float, float] | None:
        """Return the mean of a figure over the first steps and over the last; None where it is missing."""
        first, last = (_mean(part, figure) for part in (self.steps[:WINDOW], self.steps[-WINDOW:]))
        return None if first is None or last is None else (first, last)


def _mean(steps: Sequence[Mapping[str, float]], figure: str) -> float | None:
    values = [step[figure] for step in steps if figure in step]
    return sum(values) / len(values) if values else None


def figures(completions: Sequence[Any], state: Sequence[str], completion_ids: Sequence[Any]) -> dict[str, float]:
    """Return the figures of one batch of replies that the rules know; those that the role doesn't have are missing."""
    found = readings(completions, state)
    result = {
        "format": _share([is_readable(about, text, read) for about, text, read in found]),
        "length": sum(map(len, completion_ids)) / len(completion_ids),
    }
    verdicts = Counter(read.action for _, _, read in found if isinstance(read, Verdict))
    if found[0][0].role == "critic" and verdicts:
        result["verdict_entropy"] = entropy(list(verdicts.values()))
    told = [(about, read) for about, _, read in found if about.role == "policy" and about.view.attempts]
    if told:
        result["obeyed"] = 1 - _share(
            [about.view.repeated(getattr(read, "texts", ())) is not None for about, read in told]
        )
    thoughts = [(about.dialect, text) for about, text, _ in found if about.role == "thinker"]
    if thoughts:
        repeats, steps = map(sum, zip(*(repeated(text, dialect) for dialect, text in thoughts), strict=True))
        result["repeated"] = repeats / steps if steps else 0.0
    return result


def entropy(counts: Sequence[int]) -> float:
    """Return the entropy of a distribution in bits, from its counts."""
    total = sum(counts)
    return -sum(n / total * math.log2(n / total) for n in counts if n)


def _share(values: Sequence[bool]) -> float:
    return sum(values) / len(values)
