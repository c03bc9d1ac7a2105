"""A circuit breaker: while a server can't be reached, only one request at a time tries to reach it.

    closed ──(`FAILURES` connection failures in a row)──▶ open ──(a pause)──▶ half open: one probe
       ▲                                                    ▲                        │
       └───────────── the probe got an answer ──────────────┼────────────────────────┤
                                                            └── it did not: the pause doubles

It knows failures and seconds, and nothing of requests or connections. After Nygard, "Release It!", 2007.
"""

import asyncio
from typing import Final

FAILURES: Final = 5
"""Connection failures in a row, over all requests to a server, that open its circuit."""
FIRST_PAUSE: Final = 1.0
"""Seconds before the first probe."""
LONGEST_PAUSE: Final = 30.0
"""Maximum number of seconds between two probes."""


class StillOpenError(Exception):
    """A probe failed while a request waited for the circuit to close."""


class Breaker:
    """The circuit of one server, for the requests of one event loop."""

    def __init__(self, failures: int = FAILURES, first: float = FIRST_PAUSE, longest: float = LONGEST_PAUSE) -> None:
        """Take the number of failures that open it, and the first and longest pause before a probe, in seconds."""
        self._limit, self._first, self._longest = failures, first, longest
        self._pause = first
        self._probing = False
        self._probe_at = 0.0
        self._changed = asyncio.Event()
        self.failures = 0
        """Connection failures since the last answer."""

    @property
    def closed(self) -> bool:
        """Whether requests pass freely."""
        return self.failures < self._limit

    def ready(self) -> bool:
        """Say whether a request would pass now, freely or as a probe."""
        return self.closed or (not self._probing and asyncio.get_running_loop().time() >= self._probe_at)

    async def enter(self) -> bool:
        """Wait until the circuit is closed or this request may be the probe; return whether it is the probe.

        Follow each call with one of `answered`, `failed` and `left`.

        Raises:
            StillOpenError: if a probe failed during the wait.

        """
        while not self.ready():
            failures = self.failures
            changed = self._changed
            pause = None if self._probing else self._probe_at - asyncio.get_running_loop().time()
            try:
                await asyncio.wait_for(changed.wait(), pause)
            except TimeoutError:
                continue
            if not self.closed and self.failures > failures:
                raise StillOpenError
        self._probing = not self.closed
        return self._probing

    def answered(self) -> None:
        """Record that the server answered, with success or with an error."""
        if self.failures:
            self.failures, self._pause = 0, self._first
            self._end_probe()

    def failed(self, *, probe: bool) -> None:
        """Record that the server could not be reached; requests from before the circuit opened only count."""
        self.failures += 1
        if probe or self.failures == self._limit:
            self._probe_at = asyncio.get_running_loop().time() + self._pause
            self._pause = min(2 * self._pause, self._longest)
            self._end_probe()

    def left(self, *, probe: bool) -> None:
        """Record that a request was cancelled before its outcome was known."""
        if probe:
            self._end_probe()

    def _end_probe(self) -> None:
        """End the probe and wake every request that waits."""
        self._probing = False
        self._changed.set()
        self._changed = asyncio.Event()
