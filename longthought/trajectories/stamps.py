"""Stamps of events: the trajectory, the sequence number and the time that the next event of a log gets."""

import time
from collections.abc import Callable
from typing import Any, Protocol

from longthought.trajectories.events import AnyEvent, Author, Event, Started


class Log(Protocol):
    """What is known of a log while it grows."""

    @property
    def events(self) -> int:
        """Events so far."""
        ...

    @property
    def started(self) -> Started | None:
        """The first of them."""
        ...


def stamped(log: Log, kind: Callable[..., Event], by: Author, *, after: int = 0, **fields: Any) -> AnyEvent:
    """Return an event as the next of a log, or the one `after` positions later."""
    assert log.started is not None
    return kind(  # pyright: ignore[reportReturnType]
        trajectory=log.started.trajectory, seq=log.events + after, by=by, at=time.time(), **fields
    )
