"""Stamps of events: the trajectory, the sequence number and the time that the next event of a log gets."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from longthought.trajectories.events import AnyEvent, Author, Event, Reopened, Started


class Log(Protocol):
    """A log that is still growing."""

    @property
    def events(self) -> int:
        """The number of events so far."""
        ...

    @property
    def started(self) -> Started | None:
        """The first event; None while there is none."""
        ...


def stamped(log: Log, kind: Callable[..., Event], by: Author, *, after: int = 0, **fields: Any) -> AnyEvent:
    """Make the next event of a log, or the event `after` positions later."""
    assert log.started is not None
    return kind(  # pyright: ignore[reportReturnType]
        trajectory=log.started.trajectory, seq=log.events + after, by=by, at=time.time(), **fields
    )


def reopened(events: Sequence[AnyEvent]) -> tuple[AnyEvent, ...]:
    """Return the log of a debate that a failure ended, with the event that lifts the failure."""
    name = events[0].trajectory
    return (*events, Reopened(trajectory=name, seq=len(events), by=Author.HUMAN, at=time.time()))
