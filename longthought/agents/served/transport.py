"""How a request reaches a model server: which of several, and what is tried again on the way.

Whatever passes (a broken connection, an overloaded server, a reply that breaks off) is mended here and nowhere else, so
the chat model above sees one answer or one error. A debate keeps to one server, where its prefix is cached, as long as
that server can be reached. Nothing here knows messages or replies.
"""

import asyncio
import contextlib
import json
import logging
import random
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from hashlib import blake2b
from typing import Any, Final, Protocol, runtime_checkable

from pydantic import SecretStr
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from tenacity.wait import wait_random_exponential

from longthought.agents.served.breaker import StillOpenError
from longthought.agents.served.connections import Connections, connections
from longthought.agents.served.endpoint import Endpoint, PassingError, shown
from longthought.errors import EndpointError, OutageError

log = logging.getLogger(__name__)
LATE: Final = 2
"""Attempts of one request that may run out of time: each has cost a server that time already."""


@runtime_checkable
class Transport(Protocol):
    """How a request reaches a server: the one seam between the chat model and the network."""

    async def post(self, path: str, payload: Mapping[str, Any], *, session: str = "") -> dict[str, Any]:
        """Send JSON to a path below the base URL and return the JSON object that comes back.

        Requests of one `session` go to the same server where there are several.

        Raises:
            RefusedError: if the server says no.
            OutageError: if it would say no to any request, or is gone, after whatever was tried again.
            EndpointError: if there is no usable answer, after whatever was tried again.

        """
        ...


class HttpTransport:
    """JSON over aiohttp, to one server or to several that serve the same model."""

    def __init__(
        self,
        base_urls: Sequence[str],
        api_key: SecretStr | None,
        *,
        timeout: float,
        attempts: int,
        backoff: float,
        deadline: float | None = None,
        max_in_flight: int | None = None,
    ) -> None:
        """Take the settings, which `ServedChatModel` explains.

        Raises:
            ModelError: if a base URL isn't one.

        """
        self._endpoints = [Endpoint(url, api_key, timeout) for url in base_urls]
        self._attempts = attempts
        self._backoff = backoff
        self._deadline = deadline
        self._max_in_flight = max_in_flight
        self._pause = wait_random_exponential(multiplier=backoff, max=30.0)

    async def post(self, path: str, payload: Mapping[str, Any], *, session: str = "") -> dict[str, Any]:
        """Send a request, as often as it takes; see `Transport.post`."""
        tour = _Tour(ranked(self._endpoints, session), path, json.dumps(payload).encode())
        try:
            async with asyncio.timeout(self._deadline):
                return await self._send(tour)
        except TimeoutError as error:
            last = f"; the last attempt failed: {tour.failure.reason}" if tour.failure else ""
            raise EndpointError(
                f"{shown(tour.at.base_url + path)} gave no answer by the deadline of {self._deadline:g} seconds, all "
                f"attempts counted{last}; lower the concurrency or raise the deadline"
            ) from error
        except PassingError as error:
            times = "once" if tour.attempts == 1 else f"{tour.attempts} times"
            others = f" (and {len(tour.endpoints) - 1} more)" if len(tour.endpoints) > 1 else ""
            kind = EndpointError if not error.busy and await self._any_well() else OutageError
            raise kind(
                f"{shown(tour.at.base_url + path)}{others} was tried {times} without success: {error.reason}; "
                f"{error.hint}"
            ) from error.__cause__

    async def expect(self, model: str) -> None:
        """Raise unless the servers are there and have a model; of several, some may be unreachable for now.

        Raises:
            OutageError: if one refuses, or none can be reached.

        """
        unreachable = list[OutageError]()
        for endpoint in self._endpoints:
            try:
                await endpoint.expect(model)
            except OutageError as error:
                if not isinstance(error.__cause__, PassingError):
                    raise
                unreachable.append(error)
        if len(unreachable) == len(self._endpoints):
            raise unreachable[0]
        for error in unreachable:
            log.warning("%s; others stand in", error)

    async def _any_well(self) -> bool:
        """Tell a request that nobody could answer from servers that answer nobody."""
        for endpoint in self._endpoints:
            if await endpoint.well():
                return True
        return False

    async def _send(self, tour: "_Tour") -> dict[str, Any]:
        """Try once, and again with tenacity only after a failure: it costs a third of a whole exchange."""
        try:
            return await self._try(tour)
        except PassingError as error:
            first = error

        async def again() -> dict[str, Any]:
            if state.statistics["attempt_number"] == 1:
                raise first
            return await self._try(tour)

        state = AsyncRetrying(
            stop=lambda _: tour.attempts >= self._attempts or tour.late >= LATE,
            wait=self._wait,
            retry=retry_if_exception_type(PassingError),
            reraise=True,
        )
        return await state(again)

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, PassingError) and error.wait is not None:
            return error.wait + random.uniform(0, self._backoff)
        return self._pause(state)

    async def _try(self, tour: "_Tour") -> dict[str, Any]:
        """Make one attempt at the server whose turn it is."""
        shared = await connections()
        tour.attempts += 1
        tour.move(shared)
        async with self._slot(shared, tour.at):
            breaker = shared.breaker(tour.at.base_url)
            try:
                probe = await breaker.enter()
            except StillOpenError as error:
                raise tour.shut_out(breaker.failures) from error
            try:
                answer = await tour.at.post(tour.path, tour.body)
            except PassingError as error:
                tour.note(error)
                if error.unreachable:
                    breaker.failed(probe=probe)
                else:
                    breaker.answered()
                raise
            except EndpointError:
                breaker.answered()
                raise
            except BaseException:
                breaker.left(probe=probe)
                raise
            breaker.answered()
            return answer

    def _slot(self, shared: Connections, endpoint: Endpoint) -> AbstractAsyncContextManager[object]:
        limit = self._max_in_flight
        return contextlib.nullcontext() if limit is None else shared.slots(endpoint.base_url, limit)


class _Tour:
    """One request on its way: the servers it may go to, where it is, and what went wrong last."""

    def __init__(self, endpoints: Sequence[Endpoint], path: str, body: bytes) -> None:
        self.endpoints, self.path, self.body = endpoints, path, body
        self.at = endpoints[0]
        self.failure: PassingError | None = None
        self.attempts = self.late = 0
        self._left: set[str] = set()

    def move(self, shared: Connections) -> None:
        """Go to the first server that can be reached and has not failed yet; when all have, begin again."""
        if len(self.endpoints) == 1:
            return
        reachable = [e for e in self.endpoints if shared.breaker(e.base_url).ready()] or self.endpoints
        fresh = [e for e in reachable if e.base_url not in self._left]
        if not fresh:
            self._left.clear()
        self.at = (fresh or reachable)[0]

    def note(self, failure: PassingError) -> None:
        """Remember a failure; one that is not a request to come back later sends the request elsewhere."""
        self.failure = failure
        self.late += failure.late
        if not failure.busy:
            self._left.add(self.at.base_url)

    def shut_out(self, failures: int) -> PassingError:
        """Return what to raise when the server has just been found unreachable by another request."""
        words = f"can't be reached ({failures} failures in a row, the last seen by another request)"
        self.note(PassingError(words, "check that the server runs and that the base URL is right", unreachable=True))
        assert self.failure is not None
        return self.failure


def ranked(endpoints: Sequence[Endpoint], session: str) -> Sequence[Endpoint]:
    """Order servers by preference for a session: by chance, but always in the same way.

    Each server is as likely to come first, and when one is gone only its own sessions move: rendezvous hashing, Thaler
    and Ravishankar, "Using name-based mappings to increase hit rates", 1998. Without a session, any order will do.
    """
    if len(endpoints) == 1:
        return endpoints
    key = session or random.randbytes(8).hex()
    return sorted(endpoints, key=lambda e: blake2b(f"{e.base_url} {key}".encode(), digest_size=8).digest())
