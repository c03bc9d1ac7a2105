"""Play a debate from the end of its log to the end of the debate: the driver of `solve`, jobs and sub-debates.

A graph is defined once, by the `turn` and `take` of its machine. LangGraph drives it in Studio, with a node for each
turn; this loop drives it everywhere else, because no person watches a batch between two turns. If a bare aiohttp client
takes one unit of CPU per agent turn, this loop, log included, takes 0.8 to 1.0 units in the same run, and LangGraph at
its cheapest (one compiled graph, no checkpointer, an empty state) takes 8 to 10. `tests/graphs/test_play.py` checks
that both drivers write the same log, event by event, for every graph.

Every event is logged first and then folded in. An error in a debate becomes part of its log; an outage, or a log that
can't be written, is raised, and the debate goes on from its log later. Answers are graded elsewhere.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any

from longthought.errors import LongthoughtError
from longthought.graphs.debate_span import debate_span
from longthought.graphs.machine import Machine, Observer
from longthought.trajectories.events import (
    AnyEvent,
    Author,
    Event,
    Failed,
    Failure,
    Finished,
    Proposed,
    Reopened,
    Started,
    StopReason,
)
from longthought.trajectories.trajectory import Trajectory

log = logging.getLogger(__name__)


async def play(
    machine: Machine[Any, Any],
    opening: Sequence[AnyEvent],
    observe: Observer,
    *,
    logged: Sequence[AnyEvent] = (),
    settings: Any = None,
    deadline: float | None = None,
) -> Trajectory:
    """Play a debate from its last logged event to its end, and return it.

    Args:
        machine: The graph of the debate.
        opening: The events that the debate begins with; the first is `Started`, and the last may reopen a debate that
            failed. Logged ones are skipped.
        observe: Called with all new events before they are folded in; a job logs them here.
        logged: The events in the log so far.
        settings: The context of the graph (default: the settings in the first event).
        deadline: Seconds from now after which the debate is ended, even while it waits for a reply.

    Raises:
        OutageError: if a server fails every request.
        LogError: if the log can't be written.
        ConfigError: if the settings are invalid.

    """
    events, waiting = list(logged), list[AnyEvent]()

    def record(more: Sequence[AnyEvent]) -> None:
        observe([*waiting, *more])
        waiting.clear()
        events.extend(more)

    rest = opening[len(events) :]  # a log may break off within it
    if rest and isinstance(rest[-1], Reopened):  # a failure is lifted together with what comes instead, or not at all
        waiting.extend(rest)
        events.extend(rest)
    elif rest:
        record(rest)
    first = events[0]
    assert isinstance(first, Started)
    if settings is None:
        settings = machine.context.read(first.config)
    if not isinstance(events[-1], Finished):
        with debate_span(first, lambda: events):
            await _finish(machine, settings, events, record, deadline)
    return Trajectory(first.trajectory, tuple(events))


async def _finish(
    machine: Machine[Any, Any], settings: Any, events: Sequence[AnyEvent], record: Observer, deadline: float | None
) -> None:
    """Take all turns. A defect or the deadline ends only this debate; a defect is logged with its traceback."""
    timer = asyncio.timeout(deadline)
    try:
        async with timer:
            await _take_turns(machine, settings, events, record)
    except LongthoughtError:  # an outage, the log or the settings: other errors of models and tools are events by now
        raise
    except Exception as error:
        late = timer.expired()
        if not late:
            log.exception("the debate %s hit a defect", events[0].trajectory)
            _note(Failed, events, record, failure=Failure.INTERNAL, detail=repr(error), fatal=True)
        if not isinstance(events[-1], Finished):
            reached = _reached(machine, settings, events) if late else {}
            _note(Finished, events, record, reason=StopReason.SECONDS if late else StopReason.FAILED, **reached)


async def _take_turns(machine: Machine[Any, Any], settings: Any, events: Sequence[AnyEvent], record: Observer) -> None:
    fold = _folded(machine, settings, events)

    def record_and_fold(more: Sequence[AnyEvent]) -> None:
        record(more)
        for event in more:
            fold.apply(event)

    await machine.take_all(fold, settings, record_and_fold)


def _folded(machine: Machine[Any, Any], settings: Any, events: Sequence[AnyEvent]) -> Any:
    fold = machine.begin(settings)
    for event in events:
        fold.apply(event)
    return fold


def _reached(machine: Machine[Any, Any], settings: Any, events: Sequence[AnyEvent]) -> dict[str, Any]:
    """Return the answer that the graph gives if it has to stop here, with its node; nothing without one."""
    try:
        answer = machine.answer(_folded(machine, settings, events), settings)
    except Exception:
        log.exception("the debate %s was ended at its deadline, and its answer can't be told", events[0].trajectory)
        return {}
    gave = (e.node for e in reversed(events) if isinstance(e, Proposed) and e.answer == answer)
    return {} if answer is None else {"answer": answer, "node": next(gave, None)}


def _note(kind: type[Event], events: Sequence[AnyEvent], record: Observer, **fields: Any) -> None:
    """Record an event without the fold, which may itself be broken."""
    event = kind(trajectory=events[0].trajectory, seq=len(events), by=Author.STRATEGY, at=time.time(), **fields)
    record([event])  # pyright: ignore[reportArgumentType]
