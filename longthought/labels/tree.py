"""Labels by the tree: each step is labelled by the grades of the answers that the debate itself gave below it."""

import time

from longthought.domains.grade import grade
from longthought.labels.estimates import estimated
from longthought.labels.evidence import refuted
from longthought.labels.label import Label, Method
from longthought.problems.problem import Reference
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Node


async def tree_labels(trajectory: Trajectory, reference: Reference | None) -> list[Label]:
    """Label each node that has answers below it with the share of right ones.

    Every answer in the tree is graded; without a reference, only the debate's own grade is known. A step that a tool
    refuted counts as a wrong answer, and gets no label itself. One right answer proves that the node is live; a few
    wrong ones make the label doubtful, unless the answer is the node's own.
    """
    tree, wrong = trajectory.tree, refuted(trajectory.tree)
    hits, trials = [0] * len(tree.nodes), [0] * len(tree.nodes)
    for node in trajectory.steps:
        right = await _right(trajectory, node, reference, wrong)
        if right is not None:
            hits[node.id], trials[node.id] = int(right), 1
    now = time.time()
    for node in reversed(tree.nodes):  # children come after their parents
        if node.parent is not None:
            hits[node.parent] += hits[node.id]
            trials[node.parent] += trials[node.id]
    labels = [
        estimated(trajectory.id, node.id, Method.TREE, hits[node.id], trials[node.id], by="grader", at=now)
        for node in trajectory.steps
        if trials[node.id] and node.id not in wrong
    ]
    return [
        label if tree.nodes[label.node].answer is None else label.model_copy(update={"doubtful": False})
        for label in labels
    ]


async def _right(trajectory: Trajectory, node: Node, reference: Reference | None, wrong: frozenset[int]) -> bool | None:
    if node.id in wrong:
        return None if node.parent in wrong else False
    if node.answer is None:
        return None
    if reference is None:
        return trajectory.labels.get(node.id)
    return (await grade(trajectory.problem, reference, node.answer))[0]
