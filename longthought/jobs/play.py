"""Play one debate from where its log stops to its end, then grade it. What goes wrong in a debate stays in it."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from longthought.domains.grade import grade
from longthought.errors import LongthoughtError
from longthought.graphs import catalogue
from longthought.graphs.context import Context
from longthought.graphs.machine import NO_LIMIT, Graph, Observer
from longthought.graphs.seats import Seats
from longthought.problems.problem import Reference
from longthought.trajectories.events import (
    AnyEvent,
    Author,
    Event,
    Failed,
    Failure,
    Finished,
    Graded,
    Started,
    StopReason,
)
from longthought.trajectories.trajectory import Trajectory

log = logging.getLogger(__name__)


async def play(
    first: Started,
    context: Context,
    seats: Seats,
    *,
    reference: Reference | None = None,
    on_event: Callable[[AnyEvent], None] | None = None,
) -> Trajectory:
    """Run a single debate from its first event."""
    events: list[AnyEvent] = []

    def observe(more: Sequence[AnyEvent]) -> None:
        events.extend(more)
        if on_event:
            for event in more:
                on_event(event)

    observe([first])
    await finish(catalogue.machine(context.graph)(seats, observe).compile(), context, events, observe, reference)
    return Trajectory(first.trajectory, events)


async def finish(
    graph: Graph,
    context: Context,
    events: list[AnyEvent],
    observe: Observer,
    reference: Reference | None,
    deadline: float | None = None,
) -> None:
    """Take a debate from the last of its events to its end and grade it.

    `observe`, which the graph calls too, must append to `events`. A defect is logged with its traceback, and ends
    this debate alone; so does the deadline, in seconds from now, which calls off whatever is being waited for.
    """
    if not isinstance(events[-1], Finished):
        state = {"events": [event.model_dump(mode="json") for event in events]}
        timer = asyncio.timeout(deadline)
        try:
            async with timer:
                await graph.ainvoke(state, context=context, config=NO_LIMIT)  # pyright: ignore
        except LongthoughtError:  # an outage, the log, the settings: all else of models and tools is an event by now
            raise
        except Exception as error:
            late = timer.expired()
            if not late:
                log.exception("the debate %s hit a defect", events[0].trajectory)
                _note(Failed, events, observe, failure=Failure.INTERNAL, detail=repr(error), fatal=True)
            if not isinstance(events[-1], Finished):
                _note(Finished, events, observe, reason=StopReason.SECONDS if late else StopReason.FAILED)
    await _grade(events, observe, reference)


async def _grade(events: Sequence[AnyEvent], observe: Observer, reference: Reference | None) -> None:
    if reference is not None:
        problem = Trajectory(events[0].trajectory, events[:1]).problem
        answer = next((e.answer for e in reversed(events) if isinstance(e, Finished)), None)
        solved, detail = await grade(problem, reference, answer)
        _note(Graded, events, observe, by=Author.GRADER, solved=solved, detail=detail)


def _note(
    kind: type[Event], events: Sequence[AnyEvent], observe: Observer, by: Author = Author.STRATEGY, **fields: Any
) -> None:
    event = kind(trajectory=events[0].trajectory, seq=len(events), by=by, at=time.time(), **fields)
    observe([event])  # pyright: ignore[reportArgumentType]
