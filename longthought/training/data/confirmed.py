"""What tools confirm of a reply, whatever came of it: the steps of a policy, and the reason of a critic."""

from collections.abc import Sequence

from longthought.labels.exact import table_after_all
from longthought.problems.countdown import lookahead
from longthought.problems.countdown.puzzle import Puzzle
from longthought.problems.problem import Problem
from longthought.trajectories.events import EvidenceStatus, Verdict
from longthought.trajectories.tree import Node


def steps_confirmed(nodes: Sequence[Node]) -> bool:
    """Say whether tools confirmed something in every step, and refuted nothing."""
    found = [{evidence.status for evidence in node.evidence} for node in nodes]
    return all(EvidenceStatus.CONFIRMED in statuses and EvidenceStatus.REFUTED not in statuses for statuses in found)


def share_confirmed(problem: Problem, path: Sequence[str], step: str, verdict: Verdict) -> float | None:
    """Return the share of a critic's look-ahead that is right: of its lines, those in which every number is right.

    Args:
        problem: The problem.
        path: The accepted steps.
        step: The step that is judged.
        verdict: The critic's verdict, with its reason.

    Returns:
        The share, and 0 for a look-ahead that doesn't end as the verdict does; None for a reason in other words, or
        where the numbers left are unknown.

    """
    words, accepts = verdict.critique, verdict.action.accepts
    puzzle = Puzzle.read(problem.statement)
    said_wrong = words.strip() == lookahead.WRONG
    state = table_after_all(puzzle.numbers, (*path, step)) if puzzle else None
    if puzzle is None or state is None or not (said_wrong or lookahead.read(words)):
        return None
    if state.table is None or said_wrong:
        return float(said_wrong and state.table is None and not accepts)
    if not lookahead.supports(words, state.table, accepts=accepts):
        return 0.0
    return lookahead.share_right(words, state.table, puzzle.target)
