"""What tools confirm of a reply, and what they correct in it: the steps of a policy, and the reason of a critic.

Both hold whatever came of a reply. Corrections are plain arithmetic on the numbers that a reply itself chose.
"""

from collections.abc import Sequence

from longthought.labels.exact import table_after_all
from longthought.problems.countdown import game, lookahead, notation
from longthought.problems.countdown.game import CountdownMove
from longthought.problems.countdown.puzzle import Puzzle
from longthought.problems.problem import Problem
from longthought.trajectories.events import Action, EvidenceStatus, Verdict
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


def corrected_step(problem: Problem, path: Sequence[str], step: str) -> str | None:
    """Return a step in the compact notation with the result and the numbers left that follow from its operation.

    None for a step in another form, or one whose operation the rules forbid.
    """
    puzzle, read = Puzzle.read(problem.statement), notation.read_step(step)
    before = table_after_all(puzzle.numbers, path) if puzzle else None
    if read is None or before is None or before.table is None:
        return None
    result = game.apply(read.left, read.operator, read.right)
    if result is None or result > notation.MAX_VALUE:
        return None
    after = game.after(before.table, CountdownMove(read.left, read.operator, read.right, result))
    return None if after is None else notation.write_step(read.left, read.operator, read.right, result, after)


def corrected_verdict(
    problem: Problem, path: Sequence[str], step: str, verdict: Verdict, *, back_to: int | None, live: bool | None
) -> Verdict | None:
    """Return a verdict with its look-ahead redone, and with the action that follows from it.

    With more numbers left than a look-ahead can hold there is nothing to say: the step is accepted unless it is known
    to lead nowhere.

    Args:
        problem: The problem.
        path: The accepted steps.
        step: The step that is judged.
        verdict: The critic's verdict, with its reason.
        back_to: The node to return to, if the verdict now goes back and did not before.
        live: Whether the step leads to a right answer; None if that isn't known.

    Returns:
        The verdict; None for a reason in other words, and for a look-ahead that finds nothing where there is something:
        a solution may pass through a number that the notation can't write.

    """
    puzzle = Puzzle.read(problem.statement)
    state = table_after_all(puzzle.numbers, (*path, step)) if puzzle else None
    if puzzle is None or state is None or state.table is None:
        return None
    wordless = not verdict.critique and len(state.table) > lookahead.LONGEST
    if not (lookahead.read(verdict.critique) or (wordless and live is not None)):
        return None
    words = lookahead.corrected(verdict.critique, state.table, puzzle.target)
    accepts = live is not False if words is None else lookahead.supports(words, state.table, accepts=True)
    if live and not accepts:
        return None
    if accepts:
        accepted = Action.TERMINATE if len(state.table) == 1 else Action.CONTINUE
        return Verdict(action=accepted, score=1, critique=words or "")
    target = back_to if verdict.action.accepts else verdict.target
    return Verdict(action=Action.BACKTRACK, target=target, score=0, critique=words or "")
