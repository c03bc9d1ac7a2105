"""A debate as the evaluation of a leaf: it goes on from the leaf for a few rounds, and its outcome is the score.

A leaf from which a debate reaches an answer that its critic accepts has the value 1, any other 0; the debate ends when
its critic backtracks past the leaf. The answer is kept: the steps to it become steps below the leaf, with the verdicts
of that debate. This module does not know who plays the debate.
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
    """Return the opening of a debate that goes on from a leaf: the path to it, with no rejected steps."""
    tree, path = search.tree, search.tree.path(leaf)
    rounds = len(path) + (settings.debate or 0)
    first = begun(tree, settings, tree.problem, number=leaf, node=leaf, rounds=rounds, within=len(path))
    return retold(first, [search.step_events[node.id] for node in path])


def outcome(search: Search, leaf: int, ended: Trajectory, at: float) -> Sequence[AnyEvent]:
    """Return the events that a debate adds below its leaf: the steps to the answer, if any, and the leaf's score.

    Raises:
        ModelError: if the debate failed.

    """
    if ended.stop_reason is StopReason.FAILED:
        raise ModelError(f"{ended.id}: {ended.failure}")
    tree = search.tree
    assert tree.started is not None
    stamp: dict[str, Any] = {"trajectory": tree.started.trajectory, "by": Author.STRATEGY, "at": at}
    events: list[AnyEvent] = []
    answer = ended.answer if ended.stop_reason is StopReason.ANSWERED else None
    if answer is not None:
        logged = [node for node, name in search.borrowed_from.items() if name == ended.id]  # a log may break off here
        depth, above = len(tree.path(leaf)) + len(logged), logged[-1] if logged else leaf
        steps = [node for node in ended.path if node.kind is NodeKind.STEP]
        for number, step in enumerate(steps[depth:]):
            node = len(tree.nodes) + number
            events.append(
                Proposed(
                    seq=search.events + number, node=node, parent=above, text=step.text, answer=step.answer,
                    trajectories=(ended.id,), **stamp,
                )
            )  # fmt: skip
            above = node
    critique = "no answer was found from here" if answer is None else "an answer is within reach from here"
    verdict = Verdict(action=Action.CONTINUE, score=float(answer is not None), critique=critique)
    paid_for = {"trajectories": (ended.id,), "delegated": paid(ended)}
    events.append(Judged(seq=search.events + len(events), node=leaf, verdict=verdict, **paid_for, **stamp))
    return events


def borrowed_verdict(search: Search, node: int, at: float) -> AnyEvent:
    """Return the verdict on a step taken from a debate's answer, which accepted it."""
    tree, name = search.tree, search.borrowed_from[node]
    assert tree.started is not None
    action = Action.CONTINUE if tree.node(node).answer is None else Action.TERMINATE
    verdict = Verdict(action=action, score=1.0, critique="it was judged on the way")
    return Judged(
        trajectory=tree.started.trajectory, seq=search.events, by=Author.STRATEGY, at=at, node=node, verdict=verdict,
        trajectories=(name,),
    )  # fmt: skip
