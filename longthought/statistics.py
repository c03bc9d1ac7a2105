"""Intervals, tests and scores, exact where that is cheap. This module knows numbers only, and no debates."""

import math
from collections import Counter
from collections.abc import Sequence
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np

from longthought.record import Record

Z: Final = 1.959964
"""The normal quantile of a 95 % interval."""
BINS: Final = 10
"""Number of bins of a calibration plot."""


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


def share(hits: int, of: int, *, worth: float | None = None) -> Share:
    """Return a proportion with its Wilson score interval (Wilson, 1927).

    Args:
        hits: Successes.
        of: Trials.
        worth: Effective number of trials, if they are not independent (default: `of`).

    Raises:
        ValueError: if `of` is not positive.

    """
    if of < 1:
        raise ValueError("a share of nothing has no value")
    p, n = hits / of, of if worth is None else worth
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    return Share(hits, of, p, max(0.0, middle - half), min(1.0, middle + half))


def clustered(hits: Sequence[int], tries: int | Sequence[int]) -> Share:
    """Return the share of successes over problems that were each tried several times, as with several seeds.

    Tries on one problem are alike, so they count for fewer: the sample is divided by Kish's design effect, estimated
    from the problems (Kish, "Survey Sampling", 1965; Korn and Graubard, 1998, for the interval). With one try this is
    `share`.

    Args:
        hits: Successes on each problem.
        tries: Tries on each problem, or one number for all.

    Raises:
        ValueError: if there are no problems.

    """
    each = [tries] * len(hits) if isinstance(tries, int) else tries
    total, of = sum(hits), sum(each)
    if max(each, default=1) == 1 or len(hits) < 2 or not 0 < total < of:
        return share(total, of, worth=len(hits) if of else None)
    p = total / of
    between = sum((h - p * n) ** 2 for h, n in zip(hits, each, strict=True)) / of**2 * len(hits) / (len(hits) - 1)
    effect = between / (p * (1 - p) / of)
    return share(total, of, worth=of / max(1.0, effect))


def paired(differences: Sequence[int]) -> float:
    """Return the exact two-sided p-value of paired outcomes.

    With one try per problem this is McNemar's exact test (McNemar, 1947); with several it is Fisher's randomization
    test, which flips the sign of each problem's difference and so keeps the tries on one problem together.

    Args:
        differences: For each problem, the successes of one arm minus those of the other.

    """
    sizes = Counter(abs(d) for d in differences if d)
    chance = np.ones(1)  # of each sum of differences, from the least to the greatest
    for size, count in sizes.items():
        flips = np.zeros(2 * size * count + 1)
        flips[:: 2 * size] = _binomial(count)
        chance = np.convolve(chance, flips)
    reach, seen = (len(chance) - 1) // 2, abs(sum(differences))
    return min(1.0, float(sum(chance[: reach - seen + 1]) + sum(chance[reach + seen :]))) if seen else 1.0


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


def _binomial(count: int) -> list[float]:
    """Return the chances of 0 … count heads of a fair coin."""
    logs = [math.lgamma(count + 1) - math.lgamma(k + 1) - math.lgamma(count - k + 1) for k in range(count + 1)]
    return [math.exp(log - count * math.log(2)) for log in logs]


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


class Bin(Record):
    """The scores in one interval of [0, 1], and how often they came true."""

    low: float
    high: float
    count: int
    said: float
    """Mean score in the bin."""
    true: float
    """Share of the scores in the bin that came true."""


class Calibration(Record):
    """Whether scores are probabilities."""

    brier: float
    """Mean squared error of the scores (Brier, 1950): 0 is perfect, 0.25 is what a constant one half gets."""
    error: float
    """Mean gap between score and truth, weighted by bin size (expected calibration error; Naeini, 2015)."""
    bins: tuple[Bin, ...]
    """Bins that hold scores."""


def calibration(scores: Sequence[float], truths: Sequence[bool], bins: int = BINS) -> Calibration:
    """Compare scores with what came true, in bins of equal width.

    A score on an edge belongs to the upper bin, and a score of 1 to the last.

    Raises:
        ValueError: if there are no scores, or not as many truths.

    """
    if not scores:
        raise ValueError("calibration needs scores")
    pairs = list(zip(scores, truths, strict=True))
    held: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for pair in pairs:
        held[min(bins - 1, int(pair[0] * bins))].append(pair)
    found = tuple(
        Bin(
            low=index / bins,
            high=(index + 1) / bins,
            count=len(group),
            said=math.fsum(score for score, _ in group) / len(group),
            true=sum(truth for _, truth in group) / len(group),
        )
        for index, group in enumerate(held)
        if group
    )
    return Calibration(
        brier=math.fsum((score - truth) ** 2 for score, truth in pairs) / len(pairs),
        error=math.fsum(b.count * abs(b.said - b.true) for b in found) / len(pairs),
        bins=found,
    )


class FirstErrors(Record):
    """How often the first error of a solution is found, and right solutions are left alone.

    As in ProcessBench (Zheng et al., 2024): a wrong solution counts if its first wrong step is named exactly, a right
    one if nothing is; F1 is the harmonic mean of the two shares, so neither a critic that flags everything nor one
    that flags nothing gets far.
    """

    wrong: int
    found: int
    right: int
    spared: int
    flagged: int
    """Number of solutions in which a step was named."""

    @property
    def on_wrong(self) -> Share | None:
        """Share of wrong solutions whose first error was found."""
        return share(self.found, self.wrong) if self.wrong else None

    @property
    def on_right(self) -> Share | None:
        """Share of right solutions that were left alone."""
        return share(self.spared, self.right) if self.right else None

    @property
    def precision(self) -> Share | None:
        """Share of the named steps that are the first error."""
        return share(self.found, self.flagged) if self.flagged else None

    def f1(self) -> tuple[float, float, float] | None:
        """Return F1 with its 95 % interval; None without solutions of both kinds.

        The two shares are drawn from their posteriors (Jeffreys), so that a share of 100 % of a few isn't certain.
        """
        if not self.wrong or not self.right:
            return None
        rng = np.random.default_rng(0)
        on_wrong = rng.beta(self.found + 0.5, self.wrong - self.found + 0.5, _RESAMPLES)
        on_right = rng.beta(self.spared + 0.5, self.right - self.spared + 0.5, _RESAMPLES)
        drawn = 2 * on_wrong * on_right / np.maximum(on_wrong + on_right, 1e-12)
        low, high = map(float, np.quantile(drawn, (0.025, 0.975)))
        value = harmonic(self.found / self.wrong, self.spared / self.right)
        return value, min(low, value), max(high, value)


_RESAMPLES: Final = 10_000


def harmonic(a: float, b: float) -> float:
    """Return the harmonic mean of two shares; 0 if both are 0."""
    return 2 * a * b / (a + b) if a + b else 0.0


def first_errors(pairs: Sequence[tuple[int | None, int | None]]) -> FirstErrors:
    """Count pairs of first errors, each the labelled and the named index; None means no error."""
    wrong = [(label, named) for label, named in pairs if label is not None]
    right = [named for label, named in pairs if label is None]
    return FirstErrors(
        wrong=len(wrong),
        found=sum(label == named for label, named in wrong),
        right=len(right),
        spared=sum(named is None for named in right),
        flagged=sum(named is not None for _, named in pairs),
    )
