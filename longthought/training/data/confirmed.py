"""What tools confirm of a reply, whatever came of it: the steps of a policy, and the look-ahead of a critic."""

from collections.abc import Sequence

from longthought.labels.exact import table_after_all
from longthought.problems.countdown import lookahead
from longthought.problems.countdown.puzzle import Puzzle
from longthought.problems.problem import Problem
from longthought.trajectories.events import EvidenceStatus
from longthought.trajectories.tree import Node


def steps_confirmed(nodes: Sequence[Node]) -> bool:
    """Say whether tools confirmed something in every step, and refuted nothing."""
    found = [{evidence.status for evidence in node.evidence} for node in nodes]
    return all(EvidenceStatus.CONFIRMED in statuses and EvidenceStatus.REFUTED not in statuses for statuses in found)


def look_ahead_holds(problem: Problem, path: Sequence[str], step: str, words: str) -> bool | None:
    """Say whether every number of a critic's look-ahead is right; None for other words, or where numbers are unknown.

    Args:
        problem: The problem.
        path: The accepted steps.
        step: The step that is judged.
        words: The critic's reason.

    """
    puzzle = Puzzle.read(problem.statement)
    said_wrong = words.strip() == lookahead.WRONG
    state = table_after_all(puzzle.numbers, (*path, step)) if puzzle else None
    if puzzle is None or state is None or not (said_wrong or lookahead.read(words)):
        return None
    if state.table is None or said_wrong:
        return said_wrong and state.table is None
    return lookahead.holds(words, state.table, puzzle.target)
