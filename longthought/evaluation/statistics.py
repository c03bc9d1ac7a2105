"""Intervals and scores, exact where that is cheap."""

import math
from collections.abc import Sequence
from typing import NamedTuple


class Share(NamedTuple):
    """A proportion with its 95 % Wilson interval."""

    hits: int
    of: int
    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Write it as percentages."""
        return f"{self.value:.1%} [{self.low:.1%}, {self.high:.1%}] ({self.hits}/{self.of})"


def share(hits: int, of: int, z: float = 1.959964) -> Share:
    """Return a proportion with its Wilson score interval (Wilson, 1927).

    Raises:
        ValueError: if `of` is not positive.

    """
    if of < 1:
        raise ValueError("a share of nothing has no value")
    p = hits / of
    middle = (p + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return Share(hits, of, p, max(0.0, middle - half), min(1.0, middle + half))


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Return the probability that a positive scores above a negative, ties counting half.

    Raises:
        ValueError: if either side is empty.

    """
    if not positive or not negative:
        raise ValueError("AUROC needs scores on both sides")
    pooled = sorted([(score, True) for score in positive] + [(score, False) for score in negative])
    rank_sum, index = 0.0, 0
    while index < len(pooled):
        end = index
        while end < len(pooled) and pooled[end][0] == pooled[index][0]:
            end += 1
        rank_sum += (index + end + 1) / 2 * sum(positive for _, positive in pooled[index:end])
        index = end
    count = len(positive)
    return (rank_sum - count * (count + 1) / 2) / (count * len(negative))


def mcnemar(one: Sequence[bool], other: Sequence[bool]) -> float:
    """Return the exact two-sided p-value of McNemar's test on paired outcomes.

    Raises:
        ValueError: if the pairs don't match up.

    """
    pairs = list(zip(one, other, strict=True))
    first, second = sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs)
    total = first + second
    if total == 0:
        return 1.0
    tail = math.fsum(math.comb(total, k) / 2**total for k in range(min(first, second) + 1))
    return min(1.0, 2 * tail)
