"""What is known of a step without asking a critic: the solver's word on a Countdown state, or the tools' on the words.

A label says whether the path down to a node can still succeed (the solver) or whether the node's own words hold (the
tools); None where nothing is known. No critic's or policy's opinion comes in here.
"""

from collections.abc import Callable
from typing import Literal

from longthought.problems.countdown import game, notation
from longthought.problems.countdown.puzzle import Puzzle
from longthought.trajectories.events import EvidenceStatus
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Node, NodeKind

Source = Literal["solver", "tools"]
Labels = Callable[[Node], bool | None]


def source_of(trajectory: Trajectory) -> Source:
    """Say who knows best in a debate: the solver if every step of it can be read as a Countdown move."""
    puzzle = Puzzle.read(trajectory.problem.statement)
    small = puzzle is not None and len(puzzle.numbers) <= game.MAX_NUMBERS
    return "solver" if small and all(notation.read_step(node.text) for node in trajectory.steps) else "tools"


def labels(trajectory: Trajectory) -> Labels:
    """Return what is known of the nodes of a debate."""
    if source_of(trajectory) == "tools":
        return by_tools
    puzzle = Puzzle.read(trajectory.problem.statement)
    assert puzzle is not None

    def by_solver(node: Node) -> bool | None:
        if node.kind is NodeKind.PROBLEM:
            return game.solvable(puzzle.numbers, puzzle.target)
        step = notation.read_step(node.text)
        if step is None:
            return None
        return by_tools(node) is not False and game.solvable(step.remaining, puzzle.target)

    return by_solver


def by_tools(node: Node) -> bool | None:
    """Return False for a step with a refuted claim, True for one of which every claim told on was confirmed."""
    told = [e.status for e in node.evidence if e.status in (EvidenceStatus.CONFIRMED, EvidenceStatus.REFUTED)]
    return EvidenceStatus.REFUTED not in told if told else None
