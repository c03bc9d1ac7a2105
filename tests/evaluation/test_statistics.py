import itertools
import math
import random

import pytest

from longthought.evaluation.statistics import auroc, mcnemar, share


def test_share_matches_published_wilson_intervals() -> None:
    # Newcombe (1998), table I: 81 of 263, 15 of 148, 0 of 20
    for hits, of, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)):
        found = share(hits, of)
        assert found.low == pytest.approx(low, abs=5e-5)
        assert found.high == pytest.approx(high, abs=5e-5)


def test_share_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing"):
        share(0, 0)


def test_auroc_is_the_chance_that_a_positive_scores_higher() -> None:
    rng = random.Random(0)
    for _ in range(50):
        positive = [rng.randint(0, 5) / 5 for _ in range(rng.randint(1, 12))]
        negative = [rng.randint(0, 5) / 5 for _ in range(rng.randint(1, 12))]
        wins = sum((p > n) + 0.5 * (p == n) for p, n in itertools.product(positive, negative))
        assert auroc(positive, negative) == pytest.approx(wins / (len(positive) * len(negative)))


def test_auroc_needs_both_sides() -> None:
    with pytest.raises(ValueError, match="both sides"):
        auroc([1.0], [])


def test_mcnemar_is_the_exact_binomial_test_on_discordant_pairs() -> None:
    one = [True] * 9 + [False] * 1 + [True] * 30
    other = [False] * 9 + [True] * 1 + [True] * 30
    expected = 2 * sum(math.comb(10, k) for k in (0, 1)) / 2**10
    assert mcnemar(one, other) == pytest.approx(expected)
    assert mcnemar(one, one) == 1.0
    assert mcnemar(one, other) == mcnemar(other, one)
