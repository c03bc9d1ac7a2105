"""Sub-debates: how a graph begins one, has it played, and learns its cost.

A sub-debate has the same agents and tools as its parent, its own log, and what is left of the parent's budget. The
parent pays: the event that rests on a sub-debate carries its whole cost. The graph decides what it is about.
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
    StopReason,
)
from longthought.trajectories.ids import subdebate_id
from longthought.trajectories.stamps import reopened
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Tree

_SHARED: Final = frozenset(f.name for f in fields(DebateContext))
"""What a sub-debate takes from its parent, as far as the parent's graph has it."""
_LEAST: Final = {"tokens": 1, "computed": 1, "seconds": 0.001}
"""What is left at least: what runs beside a sub-debate may have spent the rest before it begins."""


def _unlogged(events: Sequence[AnyEvent]) -> None:
    pass


class Subdebates:
    """Plays the sub-debates of one debate with its agents, each from the end of its log."""

    def __init__(self, seats: Seats, observe: Observer = _unlogged, logs: Iterable[Sequence[AnyEvent]] = ()) -> None:
        """Keep the agents, the observer that logs events, and the logs of sub-debates that were begun earlier.

        By default they are not logged, as in Studio, where only the debate itself is kept.
        """
        self._seats = seats
        self._observe = observe
        self._logs = {log[0].trajectory: log for log in logs}

    async def play(self, opening: Sequence[AnyEvent]) -> Trajectory:
        """Play the sub-debate that begins with `opening` to its end, or return it if it has ended.

        The first event is `Started`; it holds the settings and the sub-debate's unique name. One that had failed before
        is played on: its parent, which failed with it, was reopened.

        Raises:
            OutageError: if a server fails every request.
            LogError: if the log can't be written.

        """
        logged = self._logs.get(opening[0].trajectory, ())
        if logged and Trajectory(logged[0].trajectory, logged).stop_reason is StopReason.FAILED:
            opening = reopened(logged)
        return await play(Debate(self._seats), opening, self._observe, logged=logged)


def begun(
    tree: Tree, settings: Context, problem: Problem, *, number: int, node: int, rounds: int, within: int = 0
) -> Started:
    """Return the first event of a sub-debate, which may spend what its parent has left.

    Args:
        tree: The parent's tree.
        settings: The parent's settings.
        problem: The problem of the sub-debate.
        number: Its number among the parent's sub-debates.
        node: The parent's node that it belongs to.
        rounds: Maximum number of proposals.
        within: The accepted step that it must not backtrack past; 0 if it begins without steps.

    """
    parent = tree.started
    assert parent is not None
    given: dict[str, Any] = {name: getattr(settings, name) for name in _SHARED if hasattr(settings, name)}
    spent = tree.total_usage
    for name, used in (("tokens", spent.total), ("computed", spent.computed), ("seconds", tree.seconds)):
        if (limit := given[name]) is not None:
            given[name] = max(limit - used, _LEAST[name])
    given |= {"rounds": rounds, "within": within}
    context = DebateContext(**given)
    return Started(
        trajectory=subdebate_id(parent.trajectory, number), seq=0, by=Author.STRATEGY, at=time.time(), problem=problem,
        sample=parent.sample, config=context.written(), parent=Parent(trajectory=parent.trajectory, node=node),
    )  # fmt: skip


def retold(first: Started, path: Iterable[Iterable[Proposed | Observed | Checked]]) -> list[AnyEvent]:
    """Return the opening of a debate that begins at the end of a path, with no rejected steps.

    Each step is given by its `Proposed`, `Observed` and `Checked` events; its calls and the seconds of its checks are
    left out, as they are paid for.
    """
    events: list[AnyEvent] = [first]
    for number, step in enumerate(path, 1):
        for event in step:
            update: dict[str, Any] = {"trajectory": first.trajectory, "seq": len(events), "node": number, "calls": ()}
            if isinstance(event, Checked):
                update["evidence"] = tuple(one.model_copy(update={"seconds": 0.0}) for one in event.evidence)
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
    """Return the cost of a sub-debate."""
    usage = trajectory.usage
    return Delegated(policy=usage.policy, critic=usage.critic, requests=trajectory.requests, seconds=trajectory.seconds)
