"""What verdicts are worth as numbers, alone and along a path: for votes and for search alike. Pure functions."""

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from longthought.trajectories.events import Action, Verdict

UNSCORED: Final = {Action.CONTINUE: 1.0, Action.TERMINATE: 1.0, Action.REFLECT: 0.5, Action.BACKTRACK: 0.0}
"""The score of a verdict that comes without one."""


class Aggregate(StrEnum):
    """How the scores along a path become one."""

    LAST = "last"
    """The score of the last step: the critic has seen the whole path."""
    MIN = "min"
    """The lowest on the path: it is as good as its weakest step."""
    PRODUCT = "product"
    """Their product: every step must be right."""


def score_of(verdict: Verdict) -> float:
    """Return a verdict's score; where it gives none, its action stands for one."""
    return UNSCORED[verdict.action] if verdict.score is None else verdict.score


def aggregated(scores: Sequence[float], how: Aggregate) -> float:
    """Make one score of those of a path's steps, the last step's at the end; 0 where there are none."""
    if not scores:
        return 0.0
    match how:
        case Aggregate.LAST:
            return scores[-1]
        case Aggregate.MIN:
            return min(scores)
        case Aggregate.PRODUCT:
            return math.prod(scores)
