"""Votes over finished attempts: who wins, and whether it is decided already. Pure functions on ballots.

A ballot is an answer and the score of its attempt. An attempt without an answer casts no vote, for there is nothing
that could be answered with it. Ties go to what came first, so a vote never depends on anything but the ballots and
their order.

The majority vote is Wang et al., "Self-Consistency Improves Chain of Thought Reasoning in Language Models", 2022; the
vote weighted by a verifier is Li et al., "Making Language Models Better Reasoners with Step-Aware Verifier", 2022.
"""

import math
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

Alike = Callable[[str, str], bool]
"""Whether two answers count as one."""
Choose = Literal["first", "last", "majority", "critic", "weighted"]


class Ballot(NamedTuple):
    """What one attempt brings to the vote."""

    answer: str | None
    score: float = 0.0
    """From 0 to 1; 0 where there is none."""


def grouped(ballots: Sequence[Ballot], same: Alike) -> list[list[int]]:
    """Return the ballots of each answer, answers in order of appearance; each is compared with a group's first."""
    groups: list[list[int]] = []
    for index, ballot in enumerate(ballots):
        if ballot.answer is None:
            continue
        for group in groups:
            first = ballots[group[0]].answer
            if first is not None and same(first, ballot.answer):
                group.append(index)
                break
        else:
            groups.append([index])
    return groups


def winner(ballots: Sequence[Ballot], choose: Choose, same: Alike) -> int | None:
    """Return the index of the ballot that wins; None if nobody gave an answer."""
    given = [index for index, ballot in enumerate(ballots) if ballot.answer is not None]
    if not given:
        return None
    match choose:
        case "first":
            return given[0]
        case "last":
            return given[-1]
        case "critic":
            return max(given, key=lambda index: ballots[index].score)
        case "majority" | "weighted":
            weights = [(_weight(ballots, group, choose), group) for group in grouped(ballots, same)]
            return max(weights, key=lambda found: found[0])[1][0]


def decided(ballots: Sequence[Ballot], left: int, choose: Choose, same: Alike) -> bool:
    """Say whether as many ballots as are left could not change the answer, whatever they say.

    A later answer can at best draw level with an earlier one, which doesn't help it; a score is at most 1.
    """
    leader = winner(ballots, choose, same)
    if left <= 0 or leader is None:
        return left <= 0
    match choose:
        case "first":
            return True
        case "last":
            return False
        case "critic":
            return ballots[leader].score >= 1.0
        case "majority" | "weighted":
            groups = grouped(ballots, same)
            lead = next(number for number, group in enumerate(groups) if group[0] == leader)
            mine = _weight(ballots, groups[lead], choose)
            rivals = [_weight(ballots, group, choose) for group in groups]
            ahead = [rival + left >= mine for rival in rivals[:lead]]  # these win a tie
            behind = [rival + left > mine for number, rival in enumerate([*rivals, 0.0]) if number > lead]
            return not any((*ahead, *behind))


def _weight(ballots: Sequence[Ballot], group: Sequence[int], choose: Choose) -> float:
    return float(len(group)) if choose == "majority" else math.fsum(ballots[index].score for index in group)
