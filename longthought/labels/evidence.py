"""What is known of a step without asking an agent: by the exact solver, or by grades of answers and refutations.

Critics are measured against this. No opinion of a critic or policy enters here, and no label file is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from longthought.labels.exact import solvable_puzzle, solved_steps
from longthought.problems.countdown import notation
from longthought.trajectories.events import EvidenceStatus
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Node, Tree

Source = Literal["solver", "grades"]


@dataclass(frozen=True)
class StepFacts:
    """What is known of the steps of one debate."""

    source: Source
    sound: Mapping[int, bool]
    """By node: whether the path to it can still succeed; steps of which this isn't known are left out."""


def solver_facts(trajectory: Trajectory) -> StepFacts | None:
    """Return what the exact solver knows of the steps of a debate; None unless every step is in the compact notation.

    A step that a tool refuted is not sound, even if the solver finds the state after it solvable.
    """
    compact = all(notation.read_step(node.text) for node in trajectory.steps)
    if solvable_puzzle(trajectory.problem.statement) is None or not compact:
        return None
    return StepFacts(
        "solver", {step.node.id: step.live for step in solved_steps(trajectory)} | _refuted_steps(trajectory)
    )


def graded_facts(trajectory: Trajectory, right: Mapping[int, bool]) -> StepFacts:
    """Return what the grades of its answers tell of the steps of a debate.

    A step that a tool refuted is not sound, even if its answer is right. A step whose sums hold isn't known to be
    sound: it may still be the wrong sum.

    Args:
        trajectory: The debate.
        right: By node, whether its final answer is right; nodes without a decided answer are left out.

    """
    return StepFacts("grades", {**right, **_refuted_steps(trajectory)})


def _refuted_steps(trajectory: Trajectory) -> dict[int, bool]:
    return {node.id: False for node in trajectory.tree.nodes if _is_refuted(node)}


def _is_refuted(node: Node) -> bool:
    return any(evidence.status is EvidenceStatus.REFUTED for evidence in node.evidence)


def refuted(tree: Tree) -> frozenset[int]:
    """Return the steps that a tool refuted and all nodes below them.

    Nodes with an answer are among them: the answer may be right although a step above it miscalculates.
    """
    wrong = set[int]()
    for node in tree.nodes:
        if node.parent in wrong or _is_refuted(node):
            wrong.add(node.id)
    return frozenset(wrong)
