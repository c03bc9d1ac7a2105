"""Play a debate from wherever its log stops to its end: the one driver of `solve`, jobs and sub-debates.

A graph is defined once, by the `turn` and `take` of its machine. LangGraph drives it in Studio, with a node for each
turn; this loop drives it everywhere else, because nobody looks at a batch between two turns. Per agent turn, where a
bare aiohttp client takes one unit of CPU in the same run, the loop takes 0.8 to 1.0 with the log, and LangGraph 8 to 10
at its cheapest: one compiled graph, no checkpointer, an empty state. `tests/graphs/test_play.py` holds every graph to
the same log, event by event, whoever drives it.

Every event is logged first and folded in after. What goes wrong in a debate stays in it; an outage or a log that can't
be written is raised, and the debate goes on from its log when that is mended. Answers are graded elsewhere.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any

from longthought.errors import LongthoughtError
from longthought.graphs.machine import Machine, Observer
from longthought.trajectories.events import (
    AnyEvent,
    Author,
    Event,
    Failed,
    Failure,
    Finished,
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
    """Take a debate from the last of its logged events to its end, and return it.

    Args:
        machine: Its graph.
        opening: The events it begins with; the first is `Started`. Those that are logged already are skipped.
        observe: Told of every new event before anything rests on it; a job logs them here.
        logged: The events in its log so far.
        settings: The context of its graph; by default what its first event holds.
        deadline: Seconds from now after which it is ended, whatever it waits for.

    Raises:
        OutageError: if a server fails every request.
        LogError: if the log can't be written.
        ConfigError: if the settings make no sense.

    """
    events = list(logged)

    def record(more: Sequence[AnyEvent]) -> None:
        observe(more)
        events.extend(more)

    if rest := opening[len(events) :]:  # a log may break off within it
        record(rest)
    first = events[0]
    assert isinstance(first, Started)
    if settings is None:
        settings = machine.context.read(first.config)
    if not isinstance(events[-1], Finished):
        await _finish(machine, settings, events, record, deadline)
    return Trajectory(first.trajectory, tuple(events))


async def _finish(
    machine: Machine[Any, Any], settings: Any, events: Sequence[AnyEvent], record: Observer, deadline: float | None
) -> None:
    """Take all turns. A defect is reported with its traceback and ends this debate alone; so does the deadline."""
    timer = asyncio.timeout(deadline)
    try:
        async with timer:
            await _take_turns(machine, settings, events, record)
    except LongthoughtError:  # an outage, the log, the settings: all else of models and tools is an event by now
        raise
    except Exception as error:
        late = timer.expired()
        if not late:
            log.exception("the debate %s hit a defect", events[0].trajectory)
            _note(Failed, events, record, failure=Failure.INTERNAL, detail=repr(error), fatal=True)
        if not isinstance(events[-1], Finished):
            _note(Finished, events, record, reason=StopReason.SECONDS if late else StopReason.FAILED)


async def _take_turns(machine: Machine[Any, Any], settings: Any, events: Sequence[AnyEvent], record: Observer) -> None:
    fold = machine.begin(settings)
    for event in events:
        fold.apply(event)

    def record_and_fold(more: Sequence[AnyEvent]) -> None:
        record(more)
        for event in more:
            fold.apply(event)

    await machine.take_all(fold, settings, record_and_fold)


def _note(kind: type[Event], events: Sequence[AnyEvent], record: Observer, **fields: Any) -> None:
    """Record an event that follows from no fold, which may be what is broken."""
    event = kind(trajectory=events[0].trajectory, seq=len(events), by=Author.STRATEGY, at=time.time(), **fields)
    record([event])  # pyright: ignore[reportArgumentType]
