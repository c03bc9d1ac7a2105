"""Sub-debates, for the graphs that have them played: how one begins, who plays it, what it cost.

A sub-debate is a debate of its own, with the same agents and tools, a log of its own, and what is left of its parent's
budget. Its parent pays: the event that rests on it carries the whole bill. What it is about is for the graph to say.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, Final

from longthought.graphs.context import Context
from longthought.graphs.debate import Debate
from longthought.graphs.machine import Observer
from longthought.graphs.play import play
from longthought.graphs.rules import DebateContext
from longthought.graphs.seats import Seats
from longthought.problems.problem import Problem
from longthought.trajectories.events import (
    AnyEvent,
    Author,
    Cause,
    Checked,
    Delegated,
    Moved,
    Observed,
    Parent,
    Proposed,
    Started,
)
from longthought.trajectories.ids import subdebate_id
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Tree

_SHARED: Final = frozenset(f.name for f in fields(Context))


def _unlogged(events: Sequence[AnyEvent]) -> None:
    pass


class Subdebates:
    """Plays the sub-debates of one debate with its agents, each from wherever its log stops."""

    def __init__(self, seats: Seats, observe: Observer = _unlogged, logs: Iterable[Sequence[AnyEvent]] = ()) -> None:
        """Take the agents, who logs the events, and the logs of sub-debates that were begun before.

        By default nobody logs them, as in Studio, where only the debate itself is kept.
        """
        self._seats = seats
        self._observe = observe
        self._logs = {log[0].trajectory: log for log in logs}

    async def play(self, opening: Sequence[AnyEvent]) -> Trajectory:
        """Play the sub-debate that begins with these events to its end, or return it if it is over already.

        The first event is `Started`; it holds the settings, and its name tells the sub-debate from every other one.

        Raises:
            OutageError: if a server fails every request.
            LogError: if the log can't be written.

        """
        logged = self._logs.get(opening[0].trajectory, ())
        return await play(Debate(self._seats), opening, self._observe, logged=logged)


def begun(
    tree: Tree, settings: Context, problem: Problem, *, number: int, node: int, rounds: int, within: int = 0
) -> Started:
    """Return the first event of a sub-debate, which may spend what its parent has left.

    Args:
        tree: The parent.
        settings: The parent's.
        problem: What it is about.
        number: Tells it from the parent's other sub-debates.
        node: Where in the parent it is wanted.
        rounds: Proposals at most.
        within: The step that it must not go back behind, where it begins with some.

    """
    parent = tree.started
    assert parent is not None
    given: dict[str, Any] = {name: getattr(settings, name) for name in _SHARED}
    spent = tree.policy_usage + tree.critic_usage
    for name, used in (("tokens", spent.total), ("computed", spent.computed), ("seconds", tree.seconds)):
        if (limit := given[name]) is not None:
            given[name] = limit - used
    given |= {"rounds": rounds, "within": within}
    context = DebateContext(**given)
    return Started(
        trajectory=subdebate_id(parent.trajectory, number), seq=0, by=Author.STRATEGY, at=time.time(), problem=problem,
        sample=parent.sample, config=context.written(), parent=Parent(trajectory=parent.trajectory, node=node),
    )  # fmt: skip


def retold(first: Started, path: Iterable[Iterable[Proposed | Observed | Checked]]) -> list[AnyEvent]:
    """Return the events by which a debate stands at the end of a path, with nothing rejected on the way.

    Each step is given by its `Proposed` event and by what tools printed and found; it costs nothing a second time.
    """
    events: list[AnyEvent] = [first]
    for number, step in enumerate(path, 1):
        for event in step:
            update: dict[str, Any] = {"trajectory": first.trajectory, "seq": len(events), "node": number, "calls": ()}
            if isinstance(event, Proposed):
                update |= {"parent": number - 1, "sources": (), "trajectories": (), "delegated": None}
            events.append(event.model_copy(update=update))
        events.append(
            Moved(
                trajectory=first.trajectory, seq=len(events), by=Author.STRATEGY, at=first.at, to=number,
                cause=Cause.SELECTED, accepted=(number,),
            )
        )  # fmt: skip
    return events


def paid(trajectory: Trajectory) -> Delegated:
    """Return what a sub-debate cost."""
    usage = trajectory.usage
    return Delegated(policy=usage.policy, critic=usage.critic, requests=trajectory.requests, seconds=trajectory.seconds)
