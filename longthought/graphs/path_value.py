"""The score of a verdict, and the value of a path of them, for votes and for search alike. Pure functions."""

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from longthought.trajectories.events import Action, Verdict

UNSCORED: Final = {Action.CONTINUE: 1.0, Action.TERMINATE: 1.0, Action.REFLECT: 0.5, Action.BACKTRACK: 0.0}
"""The score of a verdict that gives none."""


class Aggregate(StrEnum):
    """How the scores along a path are combined into one."""

    LAST = "last"
    """The score of the last step: the critic has seen the whole path."""
    MIN = "min"
    """The lowest score: a path is as good as its weakest step."""
    PRODUCT = "product"
    """The product of the scores: every step must be right."""


def score_of(verdict: Verdict) -> float:
    """Return a verdict's score, or the score of its action if it gives none."""
    return UNSCORED[verdict.action] if verdict.score is None else verdict.score


def aggregated(scores: Sequence[float], how: Aggregate) -> float:
    """Combine the scores of a path's steps, given in order, into one; 0 without scores."""
    if not scores:
        return 0.0
    match how:
        case Aggregate.LAST:
            return scores[-1]
        case Aggregate.MIN:
            return min(scores)
        case Aggregate.PRODUCT:
            return math.prod(scores)
