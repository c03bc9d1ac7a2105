"""Votes over finished attempts: the winner, and whether it is decided yet. Pure functions on ballots.

A ballot is an answer and the score of its attempt. An attempt without an answer casts no vote. Ties go to the earlier
answer, so a vote depends only on the ballots and their order.

The majority vote is Wang et al., "Self-Consistency Improves Chain of Thought Reasoning in Language Models", 2022; the
vote weighted by a verifier is Li et al., "Making Language Models Better Reasoners with Step-Aware Verifier", 2022.
"""

import math
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

SameAnswer = Callable[[str, str], bool]
"""A function that says whether two answers count as one."""
Choose = Literal["first", "last", "majority", "critic", "weighted"]


class Ballot(NamedTuple):
    """The vote of one attempt."""

    answer: str | None
    score: float = 0.0
    """From 0 to 1; 0 without a score."""


def grouped(ballots: Sequence[Ballot], same: SameAnswer) -> list[list[int]]:
    """Return the indices of each answer's ballots, in order of appearance; a group's first answer stands for it."""
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


def winner(ballots: Sequence[Ballot], choose: Choose, same: SameAnswer) -> int | None:
    """Return the index of the winning ballot; None if no ballot has an answer."""
    answered = [index for index, ballot in enumerate(ballots) if ballot.answer is not None]
    if not answered:
        return None
    match choose:
        case "first":
            return answered[0]
        case "last":
            return answered[-1]
        case "critic":
            return max(answered, key=lambda index: ballots[index].score)
        case "majority" | "weighted":
            weights = [(_weight(ballots, group, choose), group) for group in grouped(ballots, same)]
            return max(weights, key=lambda weighed: weighed[0])[1][0]


def decided(ballots: Sequence[Ballot], left: int, choose: Choose, same: SameAnswer) -> bool:
    """Say whether `left` more ballots can't change the winner, whatever their answers and scores.

    A later answer must beat an earlier one, since ties go to the earlier; a score is at most 1.
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
            leading = _weight(ballots, groups[lead], choose)
            rivals = [_weight(ballots, group, choose) for group in groups]
            ahead = [rival + left >= leading for rival in rivals[:lead]]  # these win a tie
            behind = [rival + left > leading for number, rival in enumerate([*rivals, 0.0]) if number > lead]
            return not any((*ahead, *behind))


def _weight(ballots: Sequence[Ballot], group: Sequence[int], choose: Choose) -> float:
    return float(len(group)) if choose == "majority" else math.fsum(ballots[index].score for index in group)
