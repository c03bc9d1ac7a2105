"""What a debate's own outcome says of its steps, and the labels that follow from grading every answer in its tree.

A step that a right answer stands below has led to success: that is a fact. A step that was left, in a debate that
found its answer elsewhere, led nowhere: that is only what happened next, and any label overrules it.
"""

import time
from collections.abc import Mapping

from longthought.evaluation.statistics import share
from longthought.problems.problem import Reference
from longthought.tools.grade import grade
from longthought.training.data.labels import Label, Method
from longthought.trajectories.events import Author, EvidenceStatus
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Kind, Node, Standing


def lives(trajectory: Trajectory, labels: Mapping[int, Label]) -> dict[int, bool]:
    """Return, of every node of which that is known, whether it leads to a right answer.

    What labels say comes first. Otherwise all nodes on the way to a right answer do; a wrong final answer and a step
    that a tool refuted don't, and neither do steps that a debate left and found its right answer without.
    """
    tree, known = trajectory.tree, dict[int, bool]()
    for node in tree.nodes:
        left = node.standing is Standing.ABANDONED
        if node.kind is Kind.STEP and left and (trajectory.solved or refuted(node)):
            known[node.id] = False
    for number, right in trajectory.labels.items():
        known[number] = right
        if right:
            known |= {node.id: True for node in tree.path(number) if node.kind is Kind.STEP}
    said = {number: label.live for number, label in labels.items() if label.live is not None}
    known |= said
    for number, live in said.items():
        if live:
            known |= {node.id: True for node in tree.path(number) if node.kind is Kind.STEP and node.id not in said}
    return known


def refuted(node: Node) -> bool:
    """Say whether a step was left because a tool refuted it."""
    return node.rejected_by is Author.TOOL and any(e.status is EvidenceStatus.REFUTED for e in node.evidence)


async def tree_labels(trajectory: Trajectory, reference: Reference | None) -> list[Label]:
    """Label each node that answers were given below with the share of them that are right.

    Every answer in the tree is graded; without a reference there is only the debate's own grade. A step that a tool
    refuted counts as a wrong answer. One right answer shows that the node is live; that there is none among few is a
    doubtful sign that it isn't.
    """
    tree = trajectory.tree
    hits, trials = [0] * len(tree.nodes), [0] * len(tree.nodes)
    for node in trajectory.steps:
        right = await _right(trajectory, node, reference)
        if right is not None:
            hits[node.id], trials[node.id] = int(right), 1
    now = time.time()
    for node in reversed(tree.nodes):  # children come after their parents
        if node.parent is not None:
            hits[node.parent] += hits[node.id]
            trials[node.parent] += trials[node.id]
    return [
        estimated(trajectory.id, node.id, Method.TREE, hits[node.id], trials[node.id], by="grader", at=now)
        for node in trajectory.steps
        if trials[node.id]
    ]


async def _right(trajectory: Trajectory, node: Node, reference: Reference | None) -> bool | None:
    if refuted(node):
        return (
            None if node.children else False
        )  # also with an answer: a step that miscalculates may compose to a right one
    if node.answer is None:
        return None
    if reference is None:
        return trajectory.labels.get(node.id)
    return (await grade(trajectory.problem, reference, node.answer))[0]


def estimated(trajectory: str, node: int, method: Method, hits: int, trials: int, *, by: str, at: float) -> Label:
    """Return the label of a node from which so many of so many ways led to a right answer.

    The interval is Wilson's. None right of few is doubtful: the value may well be above one half.
    """
    found = share(hits, trials)
    return Label(
        trajectory=trajectory, node=node, method=method, live=hits > 0, value=round(found.value, 4),
        low=round(found.low, 4), high=round(found.high, 4), trials=trials,
        doubtful=hits == 0 and found.high > 0.5, by=by, at=at,
    )  # fmt: skip
