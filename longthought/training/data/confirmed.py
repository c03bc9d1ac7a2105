"""What tools confirm of a reply, and what they correct in it: the steps of a policy, and the reason of a critic.

Both hold whatever came of a reply. Corrections are plain arithmetic on the numbers that a reply itself chose.
"""

import random
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


def corrected_step(problem: Problem, path: Sequence[str], step: str, tried: Sequence[str], seed: str) -> str | None:
    """Return a step in the compact notation that the rules allow and that is new.

    It is the step's own operation with the result and the numbers left that follow from it. If the rules forbid that,
    or it was tried, it is an operation that they allow, drawn at random among those that were not.

    Args:
        problem: The problem.
        path: The accepted steps.
        step: The step that was proposed.
        tried: The steps that were tried before from the same numbers.
        seed: What the draw depends on.

    Returns:
        The step; None for one in another form, where the numbers at hand are unknown, or if nothing new is left.

    """
    puzzle, read = Puzzle.read(problem.statement), notation.read_step(step)
    before = table_after_all(puzzle.numbers, path) if puzzle else None
    if read is None or before is None or before.table is None:
        return None
    known = {_operation(move) for text in tried if (move := notation.read_step(text))}
    legal = game.moves(before.table)
    allowed = [move for move in legal if move.result <= notation.MAX_VALUE and _operation(move) not in known]
    if not allowed:
        return None
    own = next((move for move in allowed if _operation(move) == _operation(read)), None)
    chosen = own or random.Random(seed).choice(allowed)
    left = game.after(before.table, chosen)
    assert left is not None
    return notation.write_step(chosen.left, chosen.operator, chosen.right, chosen.result, left)


def _operation(move: CountdownMove | notation.ParsedStep) -> tuple[int, str, int]:
    """Return what a step chooses, larger number first where the order is free."""
    free = move.operator in "+*" and move.left < move.right
    return (move.right, move.operator, move.left) if free else (move.left, move.operator, move.right)


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
        live: Whether the step leads to a right answer; None if that isn't known for certain. That a debate left the
            step and found its answer elsewhere says little: critics that learn it reject more and more.

    Returns:
        The verdict; None for a reason in other words, and for a look-ahead that finds nothing where there is something:
        a solution may pass through a number that the notation can't write.

    """
    puzzle = Puzzle.read(problem.statement)
    state = table_after_all(puzzle.numbers, (*path, step)) if puzzle else None
    if puzzle is None or state is None or state.table is None:
        return None
    wordless = not verdict.critique and len(state.table) > lookahead.LONGEST
    if not (wordless or lookahead.read(verdict.critique)):
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
