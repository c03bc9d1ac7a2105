from longthought.labels.estimates import estimated
from longthought.labels.label import Method


def test_few_misses_are_doubtful_and_eight_are_not() -> None:
    doubts = [estimated("p#0", 1, Method.MONTE_CARLO, 0, k, by="me", at=0.0).doubtful for k in (1, 4, 7, 8, 32)]
    assert doubts == [True, True, True, False, False]
    assert not estimated("p#0", 1, Method.MONTE_CARLO, 1, 8, by="me", at=0.0).doubtful
