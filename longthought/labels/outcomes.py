"""What is known of the steps of a debate, from its labels and its own outcome together.

Where words on one step differ, those of a person stand above a solver's, and both above what the debate itself has
shown: what a tool refuted, how the final answer was graded. That stands above estimates and opinions. That a debate
left a step and found its answer elsewhere is only what happened next, and any label that is not doubtful overrules it.

A dead step can't lead to a live one, so words on two steps of a path can contradict each other too. A proof is then a
proof: a right answer that was found below a step shows that it is live, whatever number of tries has missed it, and
even if a person has called it dead; a person who holds that answer to be wrong says so of the answer. Only a step that
is wrong itself, by a tool or a solver, leads nowhere whatever is composed from it. Otherwise the dead step stands.
"""

from collections.abc import Mapping
from typing import NamedTuple

from longthought.labels.evidence import refuted
from longthought.labels.label import Authority, Label, Method
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import NodeKind, Standing, Tree


class _Word(NamedTuple):
    """What is said of a step."""

    live: bool
    weight: Authority
    """Against words on other steps of a path: there a person's that a step is dead weighs no more than a miss."""


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
            words[node.id] = _Word(live=False, weight=Authority.LEFT)
    for number, label in labels.items():
        if label.method is Method.MODEL and label.live is not None and not label.doubtful:
            words[number] = _Word(label.live, Authority.OPINION)
    return _agreed(trajectory.tree, words | _known(trajectory, labels))


def settled(trajectory: Trajectory, labels: Mapping[int, Label]) -> dict[int, bool]:
    """Return what is known of steps without a model's opinion, a doubtful label, or a look at what happened next."""
    return _agreed(trajectory.tree, _known(trajectory, labels))


def _known(trajectory: Trajectory, labels: Mapping[int, Label]) -> dict[int, _Word]:
    """Return the word that counts on each step of which there is more than an opinion."""
    found: dict[int, _Word] = {}
    sure = {n: label for n, label in labels.items() if label.live is not None and not label.doubtful}
    for number, label in sure.items():
        if label.method in (Method.TREE, Method.MONTE_CARLO):
            found[number] = _Word(bool(label.live), Authority.HIT if label.live else Authority.MISSES)
    for number, right in trajectory.labels.items():
        found[number] = _Word(right, Authority.HIT if right else Authority.MISSES)
    found |= dict.fromkeys(refuted(trajectory.tree), _Word(live=False, weight=Authority.PROOF))
    for number, label in sure.items():
        if label.method is Method.EXACT:
            found[number] = _Word(bool(label.live), Authority.PROOF)
        elif label.method is Method.HUMAN:
            found[number] = _Word(bool(label.live), Authority.PERSON if label.live else Authority.MISSES)
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
