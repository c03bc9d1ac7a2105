"""Whether a candidate is better than the agent in its chair: the interval of the difference on the same problems."""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple


class Gain(NamedTuple):
    """The difference of two shares of problems solved, with its interval."""

    value: float
    low: float
    high: float


def gain(after: Sequence[bool], before: Sequence[bool], confidence: float = 0.95) -> Gain:
    """Return by how much more problems are solved, from outcomes on the same problems.

    The interval is Wald's with half an outcome added to each of the four cells: Agresti and Min, "Simple Improved
    Confidence Intervals for Comparing Matched Proportions", 2005.

    Raises:
        ValueError: if the outcomes are none, or not as many.

    """
    pairs = list(zip(after, before, strict=True))
    if not pairs:
        raise ValueError("no problems to compare on")
    won, lost = (sum(a > b for a, b in pairs), sum(a < b for a, b in pairs))
    n, more, less = len(pairs) + 2, won + 0.5, lost + 0.5
    middle = (more - less) / n
    half = NormalDist().inv_cdf((1 + confidence) / 2) * math.sqrt(more + less - (more - less) ** 2 / n) / n
    return Gain((won - lost) / len(pairs), max(-1.0, middle - half), min(1.0, middle + half))
