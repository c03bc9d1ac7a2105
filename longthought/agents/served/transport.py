"""The way of a request to a model server: choice of the server, and retries.

Transient failures (a broken connection, an overloaded server, a reply that breaks off) are retried here and nowhere
else, so the chat model above sees one answer or one error. Requests of one debate go to one server, where its prefix is
cached, as long as that server can be reached. Nothing here knows messages or replies.
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

from longthought.agents.model import OPENAI_KEY
from longthought.agents.served.breaker import StillOpenError
from longthought.agents.served.connections import Connections, connections
from longthought.agents.served.endpoint import Endpoint
from longthought.agents.served.failures import TransientError, public_url
from longthought.agents.surrogates import without_lone_surrogates
from longthought.errors import EndpointError, OutageError

log = logging.getLogger(__name__)
MAX_TIMEOUTS: Final = 2
"""Maximum number of attempts of one request that may time out, since each keeps a server busy all that time."""


@runtime_checkable
class Transport(Protocol):
    """The interface between the chat model and the network."""

    async def post(self, path: str, payload: Mapping[str, Any], *, session: str = "") -> dict[str, Any]:
        """Send JSON to a path below the base URL and return the JSON object that comes back.

        If there are several servers, requests of one `session` go to the same one.

        Raises:
            RefusedError: if the server refuses the request.
            OutageError: if the server would refuse every request, or is down, also after retries.
            EndpointError: if there is no usable answer, also after retries.

        """
        ...


class HttpTransport:
    """A transport of JSON over aiohttp, to one server or to several that serve the same model."""

    def __init__(
        self,
        base_urls: Sequence[str],
        api_key: SecretStr | None,
        *,
        headers: Mapping[str, str] | None = None,
        key_name: str = OPENAI_KEY,
        timeout: float,
        attempts: int,
        backoff: float,
        deadline: float | None = None,
        max_in_flight: int | None = None,
    ) -> None:
        """Take the settings; see the fields of `ServedChatModel`.

        Raises:
            ModelError: if a base URL is not a URL.

        """
        self._endpoints = [Endpoint(url, api_key, timeout, headers=headers, key_name=key_name) for url in base_urls]
        self._attempts = attempts
        self._backoff = backoff
        self._deadline = deadline
        self._max_in_flight = max_in_flight
        self._pause = wait_random_exponential(multiplier=backoff, max=30.0)

    async def post(self, path: str, payload: Mapping[str, Any], *, session: str = "") -> dict[str, Any]:
        """Send a request, with retries; see `Transport.post`."""
        request = _RoutedRequest(ranked(self._endpoints, session), path, _encoded(payload))
        try:
            async with asyncio.timeout(self._deadline):
                return await self._send(request)
        except TimeoutError as error:
            last = f"; the last attempt failed: {request.failure.reason}" if request.failure else ""
            raise EndpointError(
                f"{public_url(request.endpoint.base_url + path)} gave no answer by the deadline of "
                f"{self._deadline:g} seconds, all attempts counted{last}; lower the concurrency or raise the deadline"
            ) from error
        except TransientError as error:
            times = "once" if request.attempts == 1 else f"{request.attempts} times"
            others = f" (and {len(request.endpoints) - 1} more)" if len(request.endpoints) > 1 else ""
            kind = EndpointError if await self._is_to_blame(error, payload) else OutageError
            raise kind(
                f"{public_url(request.endpoint.base_url + path)}{others} was tried {times} without success: "
                f"{error.reason}; {error.hint}"
            ) from error.__cause__

    async def expect_model(self, model: str) -> None:
        """Check that the servers have a model; some, but not all, may be unreachable for now.

        Raises:
            OutageError: if a server refuses, or none can be reached.

        """
        unreachable = list[OutageError]()
        for endpoint in self._endpoints:
            try:
                await endpoint.expect_model(model)
            except OutageError as error:
                if not isinstance(error.__cause__, TransientError):
                    raise
                unreachable.append(error)
        if len(unreachable) == len(self._endpoints):
            raise unreachable[0]
        for error in unreachable:
            log.warning("%s; others stand in", error)

    async def _is_to_blame(self, error: TransientError, payload: Mapping[str, Any]) -> bool:
        """Say whether a failed request is itself to blame, since a server is up.

        If the server reports a failure of its own, it must answer a tiny request to the same model, since the gateway
        before a dead model still lists it.
        """
        if error.busy:
            return False
        for endpoint in self._endpoints:
            if await (endpoint.serves(str(payload.get("model"))) if error.down else endpoint.is_up()):
                return True
        return False

    async def _send(self, request: "_RoutedRequest") -> dict[str, Any]:
        """Try once, and use tenacity only after a failure, since it costs a third of a whole exchange."""
        try:
            return await self._try(request)
        except TransientError as error:
            first = error

        async def retry() -> dict[str, Any]:
            if state.statistics["attempt_number"] == 1:
                raise first
            return await self._try(request)

        state = AsyncRetrying(
            stop=lambda _: request.attempts >= self._attempts or request.timeouts >= MAX_TIMEOUTS,
            wait=self._wait,
            retry=retry_if_exception_type(TransientError),
            reraise=True,
        )
        return await state(retry)

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, TransientError) and error.wait is not None:
            return error.wait + random.uniform(0, self._backoff)
        return self._pause(state)

    async def _try(self, request: "_RoutedRequest") -> dict[str, Any]:
        """Make one attempt, at the server that is next for this request."""
        shared = await connections()
        request.attempts += 1
        request.choose_server(shared)
        async with self._slot(shared, request.endpoint):
            breaker = shared.breaker(request.endpoint.base_url)
            try:
                probe = await breaker.enter()
            except StillOpenError as error:
                raise request.note_unreachable(breaker.failures) from error
            try:
                answer = await request.endpoint.post(request.path, request.body)
            except TransientError as error:
                request.note(error)
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


def _encoded(payload: Mapping[str, Any]) -> bytes:
    """Return the JSON of a payload; halves of UTF-16 pairs are replaced, since servers refuse them."""
    text = json.dumps(payload)
    return (without_lone_surrogates(json.dumps(payload, ensure_ascii=False)) if "\\ud" in text else text).encode()


class _RoutedRequest:
    """One request: the servers it may go to, its current server, and its last failure."""

    def __init__(self, endpoints: Sequence[Endpoint], path: str, body: bytes) -> None:
        self.endpoints, self.path, self.body = endpoints, path, body
        self.endpoint = endpoints[0]
        self.failure: TransientError | None = None
        self.attempts = self.timeouts = 0
        self._failed_at: set[str] = set()

    def choose_server(self, shared: Connections) -> None:
        """Choose the first server that can be reached and has not failed yet; when all have failed, start over."""
        if len(self.endpoints) == 1:
            return
        reachable = [e for e in self.endpoints if shared.breaker(e.base_url).ready()] or self.endpoints
        fresh = [e for e in reachable if e.base_url not in self._failed_at]
        if not fresh:
            self._failed_at.clear()
        self.endpoint = (fresh or reachable)[0]

    def note(self, failure: TransientError) -> None:
        """Record a failure; unless the server is only busy, the next attempt goes to another one."""
        self.failure = failure
        self.timeouts += failure.timed_out
        if not failure.busy:
            self._failed_at.add(self.endpoint.base_url)

    def note_unreachable(self, failures: int) -> TransientError:
        """Record and return the failure that another request has just found the server unreachable."""
        reason = f"can't be reached ({failures} failures in a row, the last seen by another request)"
        hint = "check that the server runs and that the base URL is right"
        failure = TransientError(reason, hint, unreachable=True)
        self.note(failure)
        return failure


def ranked(endpoints: Sequence[Endpoint], session: str) -> Sequence[Endpoint]:
    """Order servers by preference for a session: pseudo-randomly, but always in the same way.

    Each server is equally likely to come first, and when one is removed only its own sessions move: rendezvous hashing,
    Thaler and Ravishankar, "Using name-based mappings to increase hit rates", 1998. Without a session, the order is
    random.
    """
    if len(endpoints) == 1:
        return endpoints
    key = session or random.randbytes(8).hex()
    return sorted(endpoints, key=lambda e: blake2b(f"{e.base_url} {key}".encode(), digest_size=8).digest())
