"""What is known of a step without asking an agent: by the tools that checked it, and by the exact solver.

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

Source = Literal["solver", "tools"]


@dataclass(frozen=True)
class StepFacts:
    """What is known of the steps of one debate."""

    source: Source
    sound: Mapping[int, bool]
    """By node: whether the target can still be reached (solver), or whether the step's own words hold (tools)."""


def step_facts(trajectory: Trajectory) -> StepFacts:
    """Return what is known of the steps of a debate, all from one source, so that figures are comparable.

    The source is the solver if every step is in the compact notation, else the tools. A step that a tool refuted is
    not sound, even if the solver finds the state after it solvable.
    """
    by_tools = {node.id: holds for node in trajectory.tree.nodes if (holds := confirmed(node)) is not None}
    compact = all(notation.read_step(node.text) for node in trajectory.steps)
    if solvable_puzzle(trajectory.problem.statement) is None or not compact:
        return StepFacts("tools", by_tools)
    sound = {step.node.id: step.live and by_tools.get(step.node.id) is not False for step in solved_steps(trajectory)}
    return StepFacts("solver", sound)


def confirmed(node: Node) -> bool | None:
    """Return False for a step with a refuted claim, True if tools confirmed a claim and refuted none, else None."""
    statuses = {evidence.status for evidence in node.evidence}
    if EvidenceStatus.REFUTED in statuses:
        return False
    return True if EvidenceStatus.CONFIRMED in statuses else None


def refuted(tree: Tree) -> frozenset[int]:
    """Return the steps that a tool refuted and all nodes below them.

    Nodes with an answer are among them: the answer may be right although a step above it miscalculates.
    """
    wrong = set[int]()
    for node in tree.nodes:
        if node.parent in wrong or any(e.status is EvidenceStatus.REFUTED for e in node.evidence):
            wrong.add(node.id)
    return frozenset(wrong)
