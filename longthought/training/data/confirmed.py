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


def allowed_steps(
    problem: Problem, path: Sequence[str], step: str, tried: Sequence[str], seed: str, count: int
) -> list[str]:
    """Return steps in the compact notation that the rules allow and that are new.

    The first is the step's own operation with the result and the numbers left that follow from it, unless the rules
    forbid that or it was tried. The others are drawn at random among the operations that they allow.

    Args:
        problem: The problem.
        path: The accepted steps.
        step: The step that was proposed.
        tried: The steps that were tried before from the same numbers; an operation counts as tried if its result was
            right.
        seed: What the draw depends on.
        count: Maximum number of steps.

    Returns:
        The steps; none where the numbers at hand are unknown, or if nothing new is left.

    """
    puzzle = Puzzle.read(problem.statement)
    before = table_after_all(puzzle.numbers, path) if puzzle else None
    if before is None or before.table is None:
        return []
    known = {(_operation(move), move.result) for text in tried if (move := notation.read_step(text))}
    legal = [move for move in game.moves(before.table) if move.result <= notation.MAX_VALUE]
    allowed = [move for move in legal if (_operation(move), move.result) not in known]
    random.Random(seed).shuffle(allowed)
    if (read := notation.read_step(step)) is not None:
        allowed.sort(key=lambda move: _operation(move) != _operation(read))
    return [_written(before.table, move) for move in allowed[:count]]


def _written(table: Sequence[int], move: CountdownMove) -> str:
    left = game.after(table, move)
    assert left is not None
    return notation.write_step(move.left, move.operator, move.right, move.result, left)


def _operation(move: CountdownMove | notation.ParsedStep) -> tuple[int, str, int]:
    """Return what a step chooses, larger number first where the order is free."""
    free = move.operator in "+*" and move.left < move.right
    return (move.right, move.operator, move.left) if free else (move.left, move.operator, move.right)


def corrected_verdict(
    problem: Problem, path: Sequence[str], step: str, verdict: Verdict, *, targets: Sequence[int], live: bool | None
) -> Verdict | None:
    """Return a verdict with its look-ahead redone, and with the action and the target that follow from it.

    With more numbers left than a look-ahead can hold there is nothing to say: the step is accepted unless it is known
    to lead nowhere. A verdict that goes back returns to the last step after which a look-ahead finds a way.

    Args:
        problem: The problem.
        path: The accepted steps.
        step: The step that is judged.
        verdict: The critic's verdict, with its reason.
        targets: The nodes to return to: the problem, and each accepted step.
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
    kept = _steps_kept(puzzle, path)
    possible = targets[kept.start : kept.stop]
    target = verdict.target if verdict.target in possible else possible[-1]
    return Verdict(action=Action.BACKTRACK, target=target, score=0, critique=words or "")


def _steps_kept(puzzle: Puzzle, path: Sequence[str]) -> range:
    """Return how many accepted steps may be kept, as far as look-ahead from each can tell."""
    for kept in range(len(path), -1, -1):
        state = table_after_all(puzzle.numbers, path[:kept])
        assert state is not None
        assert state.table is not None  # the step after the path was read from it
        if len(state.table) > lookahead.LONGEST:
            return range(kept + 1)
        if lookahead.finds(state.table, puzzle.target):
            return range(kept, kept + 1)
    return range(1)
