"""Sub-debates, from the side of the graph that has them played: how one begins, how it goes on, what it cost.

A sub-debate is a debate of its own, with the same agents and tools, a log of its own, and what is left of its parent's
budget. Its parent pays: the event that rests on it carries the whole bill. What it is about is for the graph to say.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, Final

from longthought.graphs.context import Context
from longthought.graphs.debate import Debate
from longthought.graphs.machine import Machine, Observer
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


class Aside:
    """Plays sub-debates at the graph's own table, where no log is kept of them: for Studio, and for one debate."""

    def __init__(self, seats: Seats) -> None:
        """Take the seats of the graph."""
        self._seats = seats

    async def play(self, opening: Sequence[AnyEvent]) -> Trajectory:
        """Play one from its beginning."""
        return await go_on(Debate(self._seats), opening, (), lambda _: None)


async def go_on(
    machine: Machine[Any, Any], opening: Sequence[AnyEvent], known: Iterable[AnyEvent], observe: Observer
) -> Trajectory:
    """Take a sub-debate from the last of its known events to its end; `observe` sees every new one as it falls.

    Raises:
        OutageError: if a server fails every request.

    """
    events = list(known)
    first = events[0] if events else opening[0]
    assert isinstance(first, Started)
    settings = machine.context.read(first.config)
    fold = machine.begin(settings)
    for event in events:
        fold.apply(event)

    def record(more: Sequence[AnyEvent]) -> None:
        observe(more)
        for event in more:
            fold.apply(event)
        events.extend(more)

    if rest := opening[len(events) :]:  # a log may break off within it
        record(rest)
    await machine.take_all(fold, settings, record)
    return Trajectory(first.trajectory, events)


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
