"""Votes against brute force: who wins, and whether what is left could change it."""

import itertools
import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longthought.graphs.path_value import Aggregate, aggregated
from longthought.graphs.sampling.votes import Ballot, Choose, decided, grouped, winner

SCORES = (0.0, 0.25, 0.5, 1.0)
"""Sums of these are exact."""


def same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


ballot = st.builds(Ballot, st.sampled_from([None, "a", "A", "b", "c"]), st.sampled_from(SCORES))
ballots = st.lists(ballot, max_size=8)
choose = st.sampled_from(["first", "last", "majority", "critic", "weighted"])


def answer(cast: list[Ballot], how: Choose) -> str | None:
    won = winner(cast, how, same)
    return None if won is None else (cast[won].answer or "").lower()


@given(ballots)
def test_the_majority_is_what_counting_says_and_ties_go_to_the_first(cast: list[Ballot]) -> None:
    given_answers = [b.answer.lower() for b in cast if b.answer is not None]
    counts = Counter(given_answers)
    best = max(counts.values(), default=0)
    expected = next((a for a in given_answers if counts[a] == best), None)
    assert answer(cast, "majority") == expected


@given(ballots)
def test_the_weighted_vote_is_what_adding_up_says(cast: list[Ballot]) -> None:
    weights: dict[str, float] = {}
    for b in cast:
        if b.answer is not None:
            weights[b.answer.lower()] = weights.get(b.answer.lower(), 0.0) + b.score
    expected = max(weights, key=lambda a: weights[a], default=None)  # the first of equals, in order of appearance
    assert answer(cast, "weighted") == expected


@given(ballots)
def test_the_critic_takes_the_best_score_and_first_and_last_are_what_they_say(cast: list[Ballot]) -> None:
    valid = [i for i, b in enumerate(cast) if b.answer is not None]
    best = max((cast[i].score for i in valid), default=0.0)
    assert winner(cast, "critic", same) == next((i for i in valid if cast[i].score == best), None)
    assert winner(cast, "first", same) == (valid[0] if valid else None)
    assert winner(cast, "last", same) == (valid[-1] if valid else None)


@given(ballots, choose)
def test_who_has_no_answer_never_wins_and_changes_nothing(cast: list[Ballot], how: Choose) -> None:
    assert answer(cast, how) == answer([b for b in cast if b.answer is not None], how)


@given(ballots)
def test_every_answer_is_in_one_group(cast: list[Ballot]) -> None:
    groups = grouped(cast, same)
    assert sorted(itertools.chain(*groups)) == [i for i, b in enumerate(cast) if b.answer is not None]
    for group in groups:
        assert len({(cast[i].answer or "").lower() for i in group}) == 1
    assert len({(cast[g[0]].answer or "").lower() for g in groups}) == len(groups)


FUTURES = [Ballot(None), *(Ballot(a, s) for a in ("a", "b", "c", "new", "newer") for s in (0.0, 1.0))]
"""The extremes are enough: weights are sums of scores, and a choice by score compares with the best possible."""


@given(st.lists(ballot, max_size=6), st.integers(0, 2), choose)
def test_decided_is_exactly_when_no_future_changes_the_answer(cast: list[Ballot], left: int, how: Choose) -> None:
    now = answer(cast, how)
    changeable = any(answer([*cast, *future], how) != now for future in itertools.product(FUTURES, repeat=left))
    if now is None and left:
        assert not decided(cast, left, how, same)
    else:
        assert decided(cast, left, how, same) is not changeable


@given(st.lists(st.sampled_from(SCORES), max_size=5))
def test_scores_of_steps_make_one(scores: list[float]) -> None:
    expected = (scores[-1], min(scores), math.prod(scores)) if scores else (0.0, 0.0, 0.0)
    assert tuple(aggregated(scores, h) for h in Aggregate) == pytest.approx(expected)
