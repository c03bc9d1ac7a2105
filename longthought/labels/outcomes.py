"""What is known of the steps of a debate, from its labels and its own outcome together.

Where statements on one step differ, a person's overrules a solver's, and both overrule what the debate itself has
shown: what a tool refuted, how the final answer was graded. That in turn overrules estimates and opinions. That a
debate left a step and found its answer elsewhere is the weakest sign, which any label that is not doubtful overrules.

A dead step can't lead to a live one, so statements on two steps of a path can contradict each other too. A right answer
found below a step then proves that the step is live, even if many trials missed it or a person called it dead; a person
who holds the answer to be wrong labels the answer. Only a step that is itself wrong, by a tool or a solver, stays dead
with all steps below it. In every other conflict the dead step counts.
"""

from collections.abc import Mapping
from typing import NamedTuple

from longthought.labels.evidence import refuted
from longthought.labels.label import Authority, Label, Method
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import NodeKind, Standing, Tree


class _Statement(NamedTuple):
    """Whether a step is live, and the weight of saying so."""

    live: bool
    weight: Authority
    """Weight against other steps of a path, where a person's word that a step is dead weighs no more than misses."""


def lives(trajectory: Trajectory, labels: Mapping[int, Label]) -> dict[int, bool]:
    """Return whether each step leads to a right answer, for the steps of which that is known.

    A doubtful label counts only against the debate's own sign that it left the step: a doubtful live label, or a person
    who can't tell, cancels that sign. Of a draft that was left whole, the sign is on its last step alone, since those
    before it may be right.
    """
    tree = trajectory.tree
    statements: dict[int, _Statement] = {}
    for node in trajectory.steps if trajectory.solved else ():
        label = labels.get(node.id)
        against = label is not None and (label.live is None or (label.doubtful and label.live))
        if node.standing is Standing.ABANDONED and not against and tree.left_with(node) is None:
            statements[node.id] = _Statement(live=False, weight=Authority.LEFT)
    for number, label in labels.items():
        if label.method is Method.MODEL and label.live is not None and not label.doubtful:
            statements[number] = _Statement(label.live, Authority.OPINION)
    return _reconciled(tree, statements | _weighed(trajectory, labels))


def settled(trajectory: Trajectory, labels: Mapping[int, Label]) -> dict[int, bool]:
    """Return what is known of steps without opinions, doubtful labels, or the sign that the debate left a step."""
    return _reconciled(trajectory.tree, _weighed(trajectory, labels))


def _weighed(trajectory: Trajectory, labels: Mapping[int, Label]) -> dict[int, _Statement]:
    """Return the statement that counts on each step of which more than an opinion is known."""
    found: dict[int, _Statement] = {}
    sure = {n: label for n, label in labels.items() if label.live is not None and not label.doubtful}
    for number, label in sure.items():
        if label.method in (Method.TREE, Method.MONTE_CARLO):
            found[number] = _Statement(bool(label.live), Authority.HIT if label.live else Authority.MISSES)
    for number, right in trajectory.labels.items():
        found[number] = _Statement(right, Authority.HIT if right else Authority.MISSES)
    found |= dict.fromkeys(refuted(trajectory.tree), _Statement(live=False, weight=Authority.PROOF))
    for number, label in sure.items():
        if label.method is Method.EXACT:
            found[number] = _Statement(bool(label.live), Authority.PROOF)
        elif label.method is Method.HUMAN:
            found[number] = _Statement(bool(label.live), Authority.PERSON if label.live else Authority.MISSES)
    return found


def _reconciled(tree: Tree, statements: Mapping[int, _Statement]) -> dict[int, bool]:
    """Return which steps are live, so that no step below a dead one is."""
    life = [-1] * len(tree.nodes)
    """The highest weight of a statement that a node or one below it is live; -1 without one that counts."""
    for node in reversed(tree.nodes):  # children come after their parents
        statement = statements.get(node.id)
        if statement is not None and statement.live:
            life[node.id] = max(life[node.id], statement.weight)
        elif statement is not None and statement.weight >= life[node.id]:
            life[node.id] = -1
        if node.parent is not None:
            life[node.parent] = max(life[node.parent], life[node.id])
    found, dead = dict[int, bool](), set[int]()
    for node in tree.nodes:
        statement = statements.get(node.id)
        if node.parent in dead or (statement is not None and life[node.id] < 0):
            dead.add(node.id)
        if node.kind is NodeKind.STEP and (statement is not None or life[node.id] >= 0):
            found[node.id] = node.id not in dead
    return found
