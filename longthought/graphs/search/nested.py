"""A debate as the evaluation of a leaf: it goes on from there with a few rounds, and what it comes to is the score.

A leaf from which a debate reaches an answer that its critic accepts is worth 1, any other 0; the debate ends when its
critic sends it back behind the leaf. The answer is not lost: the steps to it become steps below the leaf, which stand
on the word of that debate. Who plays it is not known here.
"""

from collections.abc import Sequence
from typing import Any

from longthought.errors import ModelError
from longthought.graphs.search.fold import Search
from longthought.graphs.search.settings import SearchContext
from longthought.graphs.subdebates import begun, paid, retold
from longthought.trajectories.events import Action, AnyEvent, Author, Judged, Proposed, StopReason, Verdict
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import NodeKind


def opening(search: Search, leaf: int, settings: SearchContext) -> list[AnyEvent]:
    """Return what a debate begins with that goes on from a leaf: the path to it, with nothing rejected on the way."""
    tree, path = search.tree, search.tree.path(leaf)
    rounds = len(path) + (settings.debate or 0)
    first = begun(tree, settings, tree.problem, number=leaf, node=leaf, rounds=rounds, within=len(path))
    return retold(first, [search.said[node.id] for node in path])


def outcome(search: Search, leaf: int, ended: Trajectory, at: float) -> Sequence[AnyEvent]:
    """Return what a debate means for the leaf that it began at: the answer it found, if any, and the leaf's score.

    Raises:
        ModelError: if the debate had no model to go on with.

    """
    if ended.stop_reason is StopReason.FAILED:
        raise ModelError(f"{ended.id}: {ended.failure}")
    tree = search.tree
    assert tree.started is not None
    stamp: dict[str, Any] = {"trajectory": tree.started.trajectory, "by": Author.STRATEGY, "at": at}
    events: list[AnyEvent] = []
    found = ended.answer if ended.stop_reason is StopReason.ANSWERED else None
    if found is not None:
        there = [node for node, name in search.borrowed.items() if name == ended.id]  # a log may break off within them
        known, above = len(tree.path(leaf)) + len(there), there[-1] if there else leaf
        steps = [node for node in ended.path if node.kind is NodeKind.STEP]
        for number, step in enumerate(steps[known:]):
            node = len(tree.nodes) + number
            events.append(
                Proposed(
                    seq=search.events + number, node=node, parent=above, text=step.text, answer=step.answer,
                    trajectories=(ended.id,), **stamp,
                )
            )  # fmt: skip
            above = node
    said = "no answer was found from here" if found is None else "an answer is within reach from here"
    verdict = Verdict(action=Action.CONTINUE, score=float(found is not None), critique=said)
    paid_for = {"trajectories": (ended.id,), "delegated": paid(ended)}
    events.append(Judged(seq=search.events + len(events), node=leaf, verdict=verdict, **paid_for, **stamp))
    return events


def borrowed(search: Search, node: int, at: float) -> AnyEvent:
    """Return the verdict on a step to an answer that a debate from a leaf found: it was accepted there."""
    tree, name = search.tree, search.borrowed[node]
    assert tree.started is not None
    action = Action.CONTINUE if tree.node(node).answer is None else Action.TERMINATE
    verdict = Verdict(action=action, score=1.0, critique="it was judged on the way")
    return Judged(
        trajectory=tree.started.trajectory, seq=search.events, by=Author.STRATEGY, at=at, node=node, verdict=verdict,
        trajectories=(name,),
    )  # fmt: skip
