"""One request in flight: it passes the outcome from the thread of an engine to the event loop that waits.

Each request holds its own loop, so one engine serves several loops and may outlive each of them.
"""

import asyncio
from collections.abc import Sequence

from longthought.agents.in_process.engine import Generation, Guide, SamplingParams


class Pending:
    """A request and the future of its completion; create it inside a running event loop."""

    def __init__(self, prompt: Sequence[int], sampling: SamplingParams, guide: Guide | None) -> None:
        """Take the request and the running loop."""
        self.prompt = list(prompt)
        self.sampling = sampling
        self.guide = guide
        self.cached = 0
        """Prompt tokens found in the prefix cache; the engine's thread fills it in."""
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[Generation] = self._loop.create_future()

    @property
    def abandoned(self) -> bool:
        """Whether the caller was cancelled."""
        return self._future.cancelled()

    async def outcome(self) -> Generation:
        """Wait for the completion; raise the error if generation failed."""
        return await self._future

    def settle(self, outcome: Generation | Exception) -> None:
        """Pass on the outcome, from any thread; ignore it if the caller was cancelled or its loop is closed."""
        try:
            self._loop.call_soon_threadsafe(self._set, outcome)
        except RuntimeError:  # the loop was closed meanwhile
            return

    def _set(self, outcome: Generation | Exception) -> None:
        if self._future.done():
            return
        if isinstance(outcome, Exception):
            self._future.set_exception(outcome)
        else:
            self._future.set_result(outcome)
