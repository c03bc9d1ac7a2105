"""How a request reaches a model server, and what is tried again on the way.

Whatever passes (a broken connection, an overloaded server, a reply that breaks off) is mended here and nowhere else, so
the chat model above sees one answer or one error. It knows bytes and statuses, and no messages or replies. All
transports of an event loop share one connection pool, which goes with the loop.
"""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol, cast, runtime_checkable

import aiohttp
from pydantic import SecretStr
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential
from yarl import URL

from longthought.errors import EndpointError, ModelError, RefusedError

LONGEST_WAIT: Final = 120.0
"""Seconds; a server that asks to be left alone for longer is an error to report, not to sit out."""

_RETRIED: Final = frozenset({408, 429})


@runtime_checkable
class Transport(Protocol):
    """How a request reaches a server: the one seam between the chat model and the network."""

    async def post(self, path: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Send JSON to a path below the base URL and return the JSON object that comes back.

        Raises:
            RefusedError: if the server says no.
            EndpointError: if there is no usable answer, after whatever was tried again.

        """
        ...


class _PassingError(Exception):
    """A failed attempt that another one may mend; never leaves this file."""

    def __init__(self, reason: str, hint: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.hint, self.wait = reason, hint, wait


class HttpTransport:
    """JSON over aiohttp; failures that pass are tried again here and nowhere else."""

    def __init__(
        self, base_url: str, api_key: SecretStr | None, *, timeout: float, attempts: int, backoff: float
    ) -> None:
        """Take the settings; `timeout` is for one attempt and `backoff` bounds the first wait, both in seconds.

        Raises:
            ModelError: if the base URL isn't one.

        """
        if not base_url.startswith(("http://", "https://")):
            raise ModelError(
                f"the base URL {base_url!r} does not begin with http:// or https://; give one such as "
                "http://localhost:8000/v1"
            )
        self._base = base_url.rstrip("/")
        self._key = api_key.get_secret_value() if api_key else ""
        self._headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=min(timeout, 30.0))
        self._seconds = timeout
        self._attempts = attempts
        self._backoff = backoff
        self._pause = wait_random_exponential(multiplier=backoff, max=30.0)

    async def post(self, path: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request, as often as it takes; see `Transport.post`."""
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self._attempts),
            wait=self._wait,
            retry=retry_if_exception_type(_PassingError),
            reraise=True,
        )
        try:
            return await retrying(self._try, path, payload)
        except _PassingError as error:
            times = "once" if self._attempts == 1 else f"{self._attempts} times"
            raise EndpointError(
                f"{shown(self._base + path)} was tried {times} without success: {error.reason}; {error.hint}"
            ) from error.__cause__

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, _PassingError) and error.wait is not None:
            return error.wait + random.uniform(0, self._backoff)
        return self._pause(state)

    async def _try(self, path: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        status, headers, body = await self._exchange("POST", path, payload)
        if status in _RETRIED or status >= 500:
            raise self._passing(status, headers, body)
        if status != 200:
            raise await self._refusal(path, status, headers, body)
        if body.lstrip()[:1] == b"<":
            raise EndpointError(
                f"{shown(self._base + path)} answered with a web page, not with JSON; check the base URL: that of an "
                "OpenAI-compatible server usually ends in /v1"
            )
        try:
            answer = json.loads(body)
        except ValueError as error:
            raise _PassingError(
                f"it answered with broken JSON ({beginning(body.decode(errors='replace'))})", "look at the server's log"
            ) from error
        if not isinstance(answer, dict):
            raise EndpointError(
                f"{shown(self._base + path)} answered with {beginning(json.dumps(answer))} instead of a JSON object; "
                "check that the base URL is that of an OpenAI-compatible server"
            )
        return cast("dict[str, Any]", answer)

    async def _exchange(
        self, method: str, path: str, payload: Mapping[str, Any] | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Make one HTTP exchange; whatever can break on the way is a passing error."""
        url = self._base + path
        try:
            session = await _session()
            async with session.request(
                method, url, json=payload, headers=self._headers, timeout=self._timeout, allow_redirects=False
            ) as response:
                return response.status, response.headers, await response.read()
        except aiohttp.InvalidURL as error:
            raise EndpointError(f"{shown(url)} is not a URL; give one such as http://localhost:8000/v1") from error
        except TimeoutError as error:
            raise _PassingError(
                f"no answer within {self._seconds:g} seconds", "lower the concurrency or raise the timeout"
            ) from error
        except aiohttp.ClientConnectorError as error:
            raise _PassingError(
                f"can't connect ({error.strerror or type(error.os_error).__name__})",
                "check that the server runs and that the base URL is right",
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            raise _PassingError(f"the connection broke ({type(error).__name__})", "look at the server's log") from error

    def _passing(self, status: int, headers: Mapping[str, str], body: bytes) -> Exception:
        said = self._words(body)
        wait = _retry_after(headers.get("Retry-After"))
        if wait is not None and wait > LONGEST_WAIT:
            return RefusedError(
                f"{shown(self._base)} answered {status} ({said}) and asks to wait {wait:.0f} seconds; run again then",
                status=status,
                said=said,
            )
        hint = "lower the concurrency" if status == 429 else "look at the server's log"
        return _PassingError(f"it answered {status} ({said})", hint, wait)

    async def _refusal(self, path: str, status: int, headers: Mapping[str, str], body: bytes) -> RefusedError:
        said = self._words(body)
        match status:
            case 401 | 403:
                hint = "set OPENAI_API_KEY to a key that this server accepts"
            case 404:
                hint = await self._what_is_there()
            case _ if 300 <= status < 400:
                hint = f"set the base URL to where it points: {headers.get('Location', 'it does not say where')}"
            case _:
                hint = "change the request or the server's settings accordingly"
        return RefusedError(f"{shown(self._base + path)} answered {status} ({said}); {hint}", status=status, said=said)

    async def _what_is_there(self) -> str:
        """Say which models a server has, for whoever named one that it hasn't."""
        try:
            status, _, body = await self._exchange("GET", "/models", None)
            names = [str(entry["id"]) for entry in json.loads(body)["data"]] if status == 200 else []
        except (_PassingError, EndpointError, ValueError, KeyError, TypeError):
            names = []
        if names:
            return f"the models it has are {', '.join(names[:20])}"
        return f"{shown(self._base)}/models lists no models either, so check the base URL, which usually ends in /v1"

    def _words(self, body: bytes) -> str:
        """Find the server's own words in an error body, without the key should it repeat it."""
        text = body.decode(errors="replace").strip()
        try:
            said: Any = json.loads(text)
        except ValueError:
            said = "a web page" if text.startswith("<") else text
        for key in ("error", "message", "detail"):
            if isinstance(said, dict) and key in said:
                said = cast("dict[str, Any]", said)[key]
        words = said if isinstance(said, str) else json.dumps(said)
        return beginning(words.replace(self._key, "***") if self._key else words) or "without a word"


_SESSIONS: Final[
    dict[asyncio.AbstractEventLoop, tuple[AsyncGenerator[aiohttp.ClientSession], aiohttp.ClientSession]]
] = {}


async def _session() -> aiohttp.ClientSession:
    """Return the session of the running loop; it closes when the loop shuts down its async generators."""
    loop = asyncio.get_running_loop()
    if loop not in _SESSIONS:
        holder = _hold_session(loop)
        _SESSIONS[loop] = holder, await anext(holder)
    return _SESSIONS[loop][1]


async def _hold_session(loop: asyncio.AbstractEventLoop) -> AsyncGenerator[aiohttp.ClientSession]:
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            yield session
    finally:
        del _SESSIONS[loop]


def _retry_after(value: str | None) -> float | None:
    """Read a Retry-After header, seconds or a date; None without one or if it can't be read."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            date = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = (date - datetime.now(UTC)).total_seconds()
    return max(0.0, seconds) if seconds == seconds else None


def shown(url: str) -> str:
    """Write a URL for people, without a password it may hold."""
    try:
        return str(URL(url).with_user(None))
    except ValueError:
        return url


def beginning(text: str) -> str:
    """Cut a text to what a message of one line can quote."""
    return text if len(text) <= 300 else f"{text[:300]}…"
