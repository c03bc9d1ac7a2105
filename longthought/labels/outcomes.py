"""What a debate's own outcome says of its steps, how that and labels are made to agree, and labels by the tree.

Where words on one step differ, those of a person stand above a solver's, and both above what the debate itself has
shown: what a tool refuted, how the final answer was graded. That stands above estimates and opinions. That a debate
left a step and found its answer elsewhere is only what happened next, and any label that is not doubtful overrules it.

A dead step can't lead to a live one, so words on two steps of a path can contradict each other too. A proof is then a
proof: a right answer that was found below a step shows that it is live, whatever number of tries has missed it, and
even if a person has called it dead; a person who holds that answer to be wrong says so of the answer. Only a step that
is wrong itself, by a tool or a solver, leads nowhere whatever is composed from it. Otherwise the dead step stands.
"""

import time
from collections.abc import Mapping
from enum import IntEnum
from typing import Final, NamedTuple

from longthought.domains.grade import grade
from longthought.labels.label import Label, Method
from longthought.problems.problem import Reference
from longthought.statistics import share
from longthought.trajectories.events import EvidenceStatus
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Node, NodeKind, Standing, Tree

DOUBT: Final = 1 / 3
"""Without a right answer, a step is known to be dead only if less than this share of ways can be right (95 %).

It takes eight ways that miss. A policy that seldom succeeds where it could misses more often: give it more.
"""


class _Weight(IntEnum):
    """What words on two steps of a path weigh against each other: that a step is live must weigh more to hold."""

    LEFT = 0
    """The debate left the step, and was solved."""
    OPINION = 1
    """A model's."""
    MISS = 2
    """No right answer was found from it, or a person thinks that there is none."""
    HIT = 3
    """A right answer was found."""
    PROOF = 4
    """A tool's or a solver's."""
    PERSON = 5
    """A person says that the step is live."""


class _Word(NamedTuple):
    """What is said of a step."""

    live: bool
    weight: _Weight


def lives(trajectory: Trajectory, labels: Mapping[int, Label]) -> dict[int, bool]:
    """Return, of every step of which that is known, whether it leads to a right answer.

    A label that is doubtful says nothing, but that what happened next is doubtful too if it says otherwise, or if it
    is a person who can't tell.
    """
    words: dict[int, _Word] = {}
    for node in trajectory.steps if trajectory.solved else ():
        label = labels.get(node.id)
        against = label is not None and (label.live is None or (label.doubtful and label.live))
        if node.standing is Standing.ABANDONED and not against:
            words[node.id] = _Word(live=False, weight=_Weight.LEFT)
    for number, label in labels.items():
        if label.method is Method.MODEL and label.live is not None and not label.doubtful:
            words[number] = _Word(label.live, _Weight.OPINION)
    return _agreed(trajectory.tree, words | _known(trajectory, labels))


def settled(trajectory: Trajectory, labels: Mapping[int, Label]) -> dict[int, bool]:
    """Return what is known of steps without a model's opinion, a doubtful label, or a look at what happened next."""
    return _agreed(trajectory.tree, _known(trajectory, labels))


def refuted(tree: Tree) -> frozenset[int]:
    """Return the steps that a tool refuted and all nodes below them, also those with an answer.

    A step that miscalculates may compose to a right one.
    """
    found = set[int]()
    for node in tree.nodes:
        if node.parent in found or any(e.status is EvidenceStatus.REFUTED for e in node.evidence):
            found.add(node.id)
    return frozenset(found)


def _known(trajectory: Trajectory, labels: Mapping[int, Label]) -> dict[int, _Word]:
    """Return the word that counts on each step of which there is more than an opinion."""
    found: dict[int, _Word] = {}
    sure = {n: label for n, label in labels.items() if label.live is not None and not label.doubtful}
    for number, label in sure.items():
        if label.method in (Method.TREE, Method.MONTE_CARLO):
            found[number] = _Word(bool(label.live), _Weight.HIT if label.live else _Weight.MISS)
    for number, right in trajectory.labels.items():
        found[number] = _Word(right, _Weight.HIT if right else _Weight.MISS)
    found |= dict.fromkeys(refuted(trajectory.tree), _Word(live=False, weight=_Weight.PROOF))
    for number, label in sure.items():
        if label.method is Method.EXACT:
            found[number] = _Word(bool(label.live), _Weight.PROOF)
        elif label.method is Method.HUMAN:
            found[number] = _Word(bool(label.live), _Weight.PERSON if label.live else _Weight.MISS)
    return found


def _agreed(tree: Tree, words: Mapping[int, _Word]) -> dict[int, bool]:
    """Return what words on steps come to, so that no step below a dead one is live."""
    life = [-1] * len(tree.nodes)
    """What the best word weighs that a node or one below it is live; -1 without any that holds."""
    for node in reversed(tree.nodes):  # children come after their parents
        word = words.get(node.id)
        if word is not None and word.live:
            life[node.id] = max(life[node.id], word.weight)
        elif word is not None and word.weight >= life[node.id]:
            life[node.id] = -1
        if node.parent is not None:
            life[node.parent] = max(life[node.parent], life[node.id])
    found, dead = dict[int, bool](), set[int]()
    for node in tree.nodes:
        word = words.get(node.id)
        if node.parent in dead or (word is not None and life[node.id] < 0):
            dead.add(node.id)
        if node.kind is NodeKind.STEP and (word is not None or life[node.id] >= 0):
            found[node.id] = node.id not in dead
    return found


async def tree_labels(trajectory: Trajectory, reference: Reference | None) -> list[Label]:
    """Label each node that answers were given below with the share of them that are right.

    Every answer in the tree is graded; without a reference there is only the debate's own grade. A step that a tool
    refuted counts as a wrong answer, and needs no label itself. One right answer shows that the node is live; that
    there is none among few is a doubtful sign that it isn't, unless the answer is the node's own.
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
    made = [
        estimated(trajectory.id, node.id, Method.TREE, hits[node.id], trials[node.id], by="grader", at=now)
        for node in trajectory.steps
        if trials[node.id] and node.id not in wrong
    ]
    return [one if tree.nodes[one.node].answer is None else one.model_copy(update={"doubtful": False}) for one in made]


async def _right(trajectory: Trajectory, node: Node, reference: Reference | None, wrong: frozenset[int]) -> bool | None:
    if node.id in wrong:
        return None if node.parent in wrong else False
    if node.answer is None:
        return None
    if reference is None:
        return trajectory.labels.get(node.id)
    return (await grade(trajectory.problem, reference, node.answer))[0]


def estimated(trajectory: str, node: int, method: Method, hits: int, trials: int, *, by: str, at: float) -> Label:
    """Return the label of a node from which so many of so many ways led to a right answer.

    The interval is Wilson's. None right of few is doubtful, see `DOUBT`.
    """
    found = share(hits, trials)
    return Label(
        trajectory=trajectory, node=node, method=method, live=hits > 0, value=round(found.value, 4),
        low=round(found.low, 4), high=round(found.high, 4), trials=trials,
        doubtful=hits == 0 and found.high >= DOUBT, by=by, at=at,
    )  # fmt: skip
