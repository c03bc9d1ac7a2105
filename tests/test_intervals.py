import itertools
import math
import random

import pytest

from longthought.statistics import auroc, calibration, clustered, first_errors, paired, share


def test_share_matches_published_wilson_intervals() -> None:
    # Newcombe (1998), table I: 81 of 263, 15 of 148, 0 of 20
    for hits, of, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)):
        found = share(hits, of)
        assert found.low == pytest.approx(low, abs=5e-5)
        assert found.high == pytest.approx(high, abs=5e-5)


def test_share_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing"):
        share(0, 0)


def test_one_try_a_problem_is_a_plain_share() -> None:
    assert clustered([1, 0, 0, 1, 1], 1) == share(3, 5)


def test_tries_that_agree_are_worth_one_and_tries_that_are_independent_are_worth_all() -> None:
    same = clustered([3] * 30 + [0] * 70, 3)  # every seed says the same
    alone = share(30, 100)
    assert (same.hits, same.of, same.value) == (90, 300, 0.3)
    assert same.low == pytest.approx(alone.low, abs=2e-3)
    assert same.high == pytest.approx(alone.high, abs=2e-3)
    rng = random.Random(0)
    free = clustered([sum(rng.random() < 0.3 for _ in range(3)) for _ in range(2000)], 3)
    plain = share(free.hits, free.of)
    assert free.high - free.low == pytest.approx(plain.high - plain.low, rel=0.1)


def test_clusters_without_any_spread_count_once_each() -> None:
    assert clustered([3] * 20, 3)[3:] == share(20, 20)[3:]
    with pytest.raises(ValueError, match="nothing"):
        clustered([], 3)


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


def test_one_try_a_problem_is_mcnemars_exact_test() -> None:
    differences = [1] * 9 + [-1] + [0] * 30
    expected = 2 * sum(math.comb(10, k) for k in (0, 1)) / 2**10
    assert paired(differences) == pytest.approx(expected)
    assert paired([-d for d in differences]) == pytest.approx(expected)
    assert paired([0] * 5) == paired([1, -1]) == 1.0
    assert paired([1] * 2000) < 1e-300


def test_several_tries_a_problem_are_flipped_together() -> None:
    rng = random.Random(1)
    for _ in range(30):
        differences = [rng.randint(-3, 3) for _ in range(rng.randint(1, 10))]
        seen = abs(sum(differences))
        flips = [
            abs(sum(s * d for s, d in zip(signs, differences, strict=True))) >= seen
            for signs in itertools.product((1, -1), repeat=len(differences))
        ]
        assert paired(differences) == pytest.approx(sum(flips) / len(flips))


def test_calibration_by_hand() -> None:
    found = calibration([0.1, 0.1, 0.2, 0.95, 1.0], [False, True, False, True, True])
    assert found.brier == pytest.approx((0.01 + 0.81 + 0.04 + 0.0025 + 0.0) / 5)
    assert [(b.low, b.high, b.count) for b in found.bins] == [(0.1, 0.2, 2), (0.2, 0.3, 1), (0.9, 1.0, 2)]
    assert [b.said for b in found.bins] == pytest.approx([0.1, 0.2, 0.975])
    assert [b.true for b in found.bins] == [0.5, 0.0, 1.0]
    assert found.error == pytest.approx((2 * 0.4 + 1 * 0.2 + 2 * 0.025) / 5)


def test_calibration_needs_scores_and_their_truths() -> None:
    with pytest.raises(ValueError, match="needs scores"):
        calibration([], [])
    with pytest.raises(ValueError, match="zip"):
        calibration([0.5], [])


def test_first_errors_by_hand() -> None:
    # wrong: found, missed, named too early; right: spared twice, flagged once
    found = first_errors([(2, 2), (1, None), (3, 0), (None, None), (None, None), (None, 4)])
    assert found.on_wrong == share(1, 3)
    assert found.on_right == share(2, 3)
    assert found.precision == share(1, 3)
    f1 = found.f1()
    assert f1 is not None
    assert f1[0] == pytest.approx(2 * (1 / 3) * (2 / 3) / 1)
    assert f1[1] < f1[0] < f1[2]
    assert first_errors([(None, None)]).f1() is None
    nothing = first_errors([(1, None), (None, 2)]).f1()
    assert nothing is not None
    assert nothing[0] == nothing[1] == 0.0 < nothing[2]
