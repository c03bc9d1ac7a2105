"""What all chat models of an event loop share: one aiohttp session, and the circuit and the slots of each server.

They are closed with the loop. There is no limit by default: a chat model's `max_in_flight` sets one.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

import aiohttp

from longthought.agents.served.breaker import Breaker


class Connections:
    """The session, circuits and slots of one event loop."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        """Take the session."""
        self.session = session
        self._breakers: dict[str, Breaker] = {}
        self._slots: dict[tuple[str, int], asyncio.Semaphore] = {}

    def breaker(self, base_url: str) -> Breaker:
        """Return the circuit of a server."""
        if base_url not in self._breakers:
            self._breakers[base_url] = Breaker()
        return self._breakers[base_url]

    def slots(self, base_url: str, limit: int) -> asyncio.Semaphore:
        """Return the slots of a server; models with equal server and limit share them."""
        if (base_url, limit) not in self._slots:
            self._slots[base_url, limit] = asyncio.Semaphore(limit)
        return self._slots[base_url, limit]


OPEN: Final[dict[asyncio.AbstractEventLoop, tuple[AsyncGenerator[Connections], Connections]]] = {}
"""The open connections by event loop, with the generator that closes them."""


async def connections() -> Connections:
    """Return the connections of the running loop; they close when the loop shuts down its async generators."""
    loop = asyncio.get_running_loop()
    if loop not in OPEN:
        holder = _hold(loop)
        OPEN[loop] = holder, await anext(holder)
    return OPEN[loop][1]


async def _hold(loop: asyncio.AbstractEventLoop) -> AsyncGenerator[Connections]:
    try:
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
        ) as session:
            yield Connections(session)
    finally:
        del OPEN[loop]
