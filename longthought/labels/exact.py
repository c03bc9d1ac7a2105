"""Exact labels: what the solver says of every step of a Countdown debate.

A step counts if it can be read for certain: in the compact notation, or in prose with a single equation that the table
allows. Other steps get no label. The reason of a label is the look-ahead that a perfect critic would write.
"""

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from longthought.labels.label import Label, Method
from longthought.problems.countdown import game, lookahead, notation
from longthought.problems.countdown.game import CountdownMove
from longthought.problems.countdown.puzzle import Puzzle
from longthought.tools.countdown import fault
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Node, NodeKind, Tree

_EQUATION: Final = re.compile(r"(?<![\d.])(\d{1,9})\s*([-+*/×x·÷−–])\s*(\d{1,9})\s*=\s*(\d{1,12})(?![\d.]*\d)")
_SIGNS: Final = str.maketrans("×x·÷−–", "***/--")


@dataclass(frozen=True, slots=True)
class TableState:
    """The numbers on the table after a step; None after a step that the rules forbid."""

    table: tuple[int, ...] | None


class SolvedStep(NamedTuple):
    """A step, and what the solver says of it."""

    node: Node
    live: bool
    """Whether the target can still be made after it; for a step with an answer, whether the answer is right."""
    state: TableState | None
    """The numbers after it; None if only the answer of the step can be read."""


def exact_labels(trajectory: Trajectory) -> list[Label]:
    """Return a label for every step that can be read; none if the problem is not Countdown, or too large to solve."""
    now = time.time()
    puzzle = solvable_puzzle(trajectory.problem.statement)
    return [] if puzzle is None else [_label(trajectory, puzzle, step, now) for step in solved_steps(trajectory)]


def _label(trajectory: Trajectory, puzzle: Puzzle, step: SolvedStep, now: float) -> Label:
    reason, value = "", float(step.live)
    if step.state is not None:
        table = step.state.table
        reason = lookahead.WRONG if table is None else look_ahead(table, puzzle.target)
    return Label(
        trajectory=trajectory.id, node=step.node.id, method=Method.EXACT, live=step.live, value=value, low=value,
        high=value, reason=reason, by="solver", at=now,
    )  # fmt: skip


def solvable_puzzle(statement: str) -> Puzzle | None:
    """Return the Countdown puzzle of a problem; None if the problem is another, or too large to solve."""
    puzzle = Puzzle.read(statement)
    solvable = puzzle is not None and 2 <= len(puzzle.numbers) <= game.MAX_NUMBERS and min(puzzle.numbers) >= 1
    return puzzle if solvable else None


def solved_steps(trajectory: Trajectory) -> Iterator[SolvedStep]:
    """Yield every step after which the solver knows whether the target can still be made."""
    puzzle = solvable_puzzle(trajectory.problem.statement)
    if puzzle is None:
        return
    after = states(trajectory.tree, puzzle)
    for node in trajectory.steps:
        state = after.get(node.id)
        if state is not None and state.table is None:
            live = False  # even with an answer: "87 - 17 = 90" is wrong, though it may compose to a right expression
        elif node.answer is not None:
            live = fault(puzzle.numbers, puzzle.target, node.answer) is None
        elif state is not None and state.table is not None:
            live = game.solvable(state.table, puzzle.target)
        else:
            continue
        yield SolvedStep(node, live, state)


def look_ahead(table: Sequence[int], target: int) -> str:
    """Return what a perfect critic would write of a state before its verdict; empty if it can't be written."""
    if max(*table, target) > notation.MAX_VALUE:
        return ""
    written = lookahead.verdict(table, target, 0)
    read = None if written is None else notation.read_verdict(written)
    return read.words if read else ""


def states(tree: Tree, puzzle: Puzzle) -> dict[int, TableState]:
    """Return the state after each node that can be read, including the problem."""
    found = {0: TableState(tuple(sorted(puzzle.numbers, reverse=True)))}
    for node in tree.nodes[1:]:
        before = found.get(node.parent or 0)
        if node.kind is NodeKind.REFLECTION or before is None:
            continue
        after = TableState(None) if before.table is None else _after(before.table, node.text)
        if after is not None:
            found[node.id] = after
    return found


def table_after_all(numbers: Sequence[int], steps: Sequence[str]) -> TableState | None:
    """Return the state after steps from the numbers of a puzzle; None if one of them can't be read."""
    state: TableState | None = TableState(tuple(sorted(numbers, reverse=True)))
    for text in steps:
        if state is None or state.table is None:
            return state
        state = _after(state.table, text)
    return state


def _after(table: tuple[int, ...], text: str) -> TableState | None:
    step = notation.read_step(text)
    if step is not None:
        following = game.after(table, CountdownMove(step.left, step.operator, step.right, step.result))
        legal = following is not None and list(following) == sorted(step.remaining, reverse=True)
        return TableState(following if legal else None)
    equations = {tuple(match.groups()) for match in _EQUATION.finditer(text)}
    if len(equations) != 1:
        return None
    left, sign, right, result = equations.pop()
    following = game.after(table, CountdownMove(int(left), sign.translate(_SIGNS), int(right), int(result)))
    return None if following is None else TableState(following)
