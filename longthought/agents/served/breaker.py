"""A circuit breaker: when a server can't be reached, one request at a time finds out, not all of them at once.

    closed ──(so many connection failures in a row)──▶ open ──(a pause)──▶ half open: one probe
       ▲                                                 ▲                        │
       └──────────── the probe got an answer ────────────┼────────────────────────┤
                                                         └── it did not: the pause doubles

It knows failures and seconds, and nothing of requests or connections. After Nygard, "Release It!", 2007.
"""

import asyncio
from typing import Final

FAILURES: Final = 5
"""Connection failures in a row, of all requests to a server, that open its circuit."""
FIRST_PAUSE: Final = 1.0
"""Seconds before the first probe."""
LONGEST_PAUSE: Final = 30.0
"""Seconds between two probes at most."""


class StillOpenError(Exception):
    """A probe failed while a request waited for it."""


class Breaker:
    """The circuit of one server, for the requests of one event loop."""

    def __init__(self, failures: int = FAILURES, first: float = FIRST_PAUSE, longest: float = LONGEST_PAUSE) -> None:
        """Take how many failures open it, and the first and the longest pause before a probe, in seconds."""
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
        """Say whether a request would pass now, be it as a probe."""
        return self.closed or (not self._probing and asyncio.get_running_loop().time() >= self._probe_at)

    async def enter(self) -> bool:
        """Pass, or wait until the circuit closes or this request may be the probe; says whether it is.

        Each call must be followed by one of `answered`, `failed` and `left`.

        Raises:
            StillOpenError: if a probe failed meanwhile.

        """
        while not self.ready():
            before = self.failures
            changed = self._changed
            pause = None if self._probing else self._probe_at - asyncio.get_running_loop().time()
            try:
                await asyncio.wait_for(changed.wait(), pause)
            except TimeoutError:
                continue
            if not self.closed and self.failures > before:
                raise StillOpenError
        self._probing = not self.closed
        return self._probing

    def answered(self) -> None:
        """Note that the server answered, whatever it said."""
        if self.failures:
            self.failures, self._pause = 0, self._first
            self._settle()

    def failed(self, *, probe: bool) -> None:
        """Note that it could not be reached; what was under way before the circuit opened only adds to the count."""
        self.failures += 1
        if probe or self.failures == self._limit:
            self._probe_at = asyncio.get_running_loop().time() + self._pause
            self._pause = min(2 * self._pause, self._longest)
            self._settle()

    def left(self, *, probe: bool) -> None:
        """Note that a request was given up before anything was known."""
        if probe:
            self._settle()

    def _settle(self) -> None:
        """End a probe and wake up everybody who waited for it."""
        self._probing = False
        self._changed.set()
        self._changed = asyncio.Event()
