"""One model server over HTTP: a single exchange, and what its answer or its silence means.

It tells failures that another attempt may mend from those that stay, and puts both in words. It tries nothing twice and
knows no other server; that is for the transport.
"""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast

import aiohttp
from pydantic import SecretStr
from yarl import URL

from longthought.agents.served.connections import connections
from longthought.errors import EndpointError, ModelError, OutageError, RefusedError

PATIENCE: Final = 30.0
"""Seconds that a server has to say which models it has."""
LONGEST_WAIT: Final = 120.0
"""Seconds; a server that asks to be left alone for longer is an error to report, not to sit out."""

_CHECK_URL: Final = "check the base URL: that of an OpenAI-compatible server usually ends in /v1"
_RETRIED: Final = frozenset({408, 429})
_SHUT: Final = frozenset({401, 402})
"""No request will do better: the key is not taken, or nothing is left to pay with."""


def fails_all(status: object) -> bool:
    """Say whether an HTTP status is about the key, the account, the model or the address: about every request, then."""
    return status in _SHUT or status == 404 or (isinstance(status, int) and 300 <= status < 400)


class PassingError(Exception):
    """A failed attempt that another one may mend; never leaves the transport."""

    def __init__(
        self, reason: str, hint: str, *, wait: float | None = None, busy: bool = False, unreachable: bool = False,
        late: bool = False,
    ) -> None:  # fmt: skip
        """Say why and what to do about it.

        `wait` is what the server asks to wait, in seconds; `busy` that it is well and asks to come back;
        `unreachable` that no answer arrived at all; `late` that none did in time.
        """
        super().__init__(reason)
        self.reason, self.hint, self.wait = reason, hint, wait
        self.busy, self.unreachable, self.late = busy, unreachable, late


class Endpoint:
    """A server by its base URL."""

    def __init__(self, base_url: str, api_key: SecretStr | None, timeout: float) -> None:
        """Take the seconds that one exchange may last; no connection is made.

        Raises:
            ModelError: if the base URL isn't one.

        """
        if not base_url.startswith(("http://", "https://")):
            raise ModelError(
                f"the base URL {base_url!r} does not begin with http:// or https://; give one such as "
                "http://localhost:8000/v1"
            )
        if not _is_url(base_url):
            raise ModelError(f"the base URL {base_url!r} is not a URL; give one such as http://localhost:8000/v1")
        self.base_url = base_url.rstrip("/")
        self._key = api_key.get_secret_value() if api_key else ""
        self._headers = {"Content-Type": "application/json"}
        if self._key:
            self._headers["Authorization"] = f"Bearer {self._key}"
        self._timeout = _limit(timeout)
        self._seconds = timeout

    async def post(self, path: str, body: bytes) -> dict[str, Any]:
        """Send a request and return the completion that comes back.

        Raises:
            PassingError: if another attempt may do better.
            RefusedError: if the server says no.
            OutageError: if it would say no to any request.

        """
        status, headers, answer = await self._exchange("POST", path, body)
        if status in _RETRIED or status >= 500:
            raise self._passing(status, headers, answer)
        if status != 200:
            raise await self._refusal(path, status, headers, answer)
        return self._completion(answer)

    def _completion(self, answer: bytes) -> dict[str, Any]:
        """Read the body of an answer; proxies and overloaded servers send all sorts of things with a 200."""
        if _is_page(answer):
            raise PassingError("it answered with a web page, not with JSON", _CHECK_URL)
        try:
            found: Any = json.loads(answer)
        except ValueError as error:
            words = self._words(answer)
            raise PassingError(f"it answered with broken JSON ({words})", "look at the server's log") from error
        if not (isinstance(found, dict) and found.get("choices")):  # pyright: ignore[reportUnknownMemberType]
            raise PassingError(f"it answered with JSON that is no chat completion ({self._words(answer)})", _CHECK_URL)
        return cast("dict[str, Any]", found)

    async def expect(self, model: str) -> None:
        """Raise unless the server is there, takes the key and has a model; it may keep to itself which it has.

        One that lists only others, or shows a web page, is asked for a token: some take more names than they list.

        Raises:
            OutageError: saying what is wrong, with the models it has where the name is.

        """
        try:
            status, headers, body = await self._look()
            if status in _SHUT:
                raise await self._refusal("/models", status, headers, body)
            if status >= 500:
                raise self._passing(status, headers, body)
            names = _listed(status, body)
            if _is_page(body) or (names and model not in names):
                hello = {"model": model, "messages": [{"role": "user", "content": "Say yes."}], "max_tokens": 1}
                await self.post("/chat/completions", json.dumps(hello).encode())
        except PassingError as error:
            if not error.busy:
                raise OutageError(f"{shown(self.base_url)}: {error.reason}; {error.hint}") from error
        except RefusedError:
            pass  # something about this question; it has the model

    async def well(self) -> bool:
        """Say whether the server can be reached, and lists its models or says that it has no list."""
        try:
            status, _, body = await self._look()
        except PassingError:
            return False
        return status in (404, 405) or (status == 200 and not _is_page(body))

    async def _look(self) -> tuple[int, Mapping[str, str], bytes]:
        """Ask for the list of models."""
        return await self._exchange("GET", "/models", None, PATIENCE)

    async def _exchange(
        self, method: str, path: str, body: bytes | None, seconds: float | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Make one HTTP exchange; whatever can break on the way is a passing error."""
        seconds = min(seconds or self._seconds, self._seconds)
        timeout = self._timeout if seconds == self._seconds else _limit(seconds)
        try:
            session = (await connections()).session
            async with session.request(
                method, self.base_url + path, data=body, headers=self._headers, timeout=timeout, allow_redirects=False
            ) as response:
                return response.status, response.headers, await response.read()
        except TimeoutError as error:
            raise PassingError(
                f"no answer within {seconds:g} seconds",
                "look at the server's log, or lower the concurrency",
                unreachable=True,
                late=True,
            ) from error
        except aiohttp.ClientConnectorError as error:
            code = error.errno or 0  # asyncio words refusals by itself, and name look-ups have codes below 0
            raise PassingError(
                f"can't connect ({os.strerror(code) if code > 0 else error.os_error})",
                "check that the server runs and that the base URL is right",
                unreachable=True,
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            raise PassingError(
                f"the connection broke ({type(error).__name__})", "look at the server's log", unreachable=True
            ) from error

    def _passing(self, status: int, headers: Mapping[str, str], body: bytes) -> Exception:
        said = self._words(body)
        wait = retry_after(headers.get("Retry-After"))
        if wait is not None and wait > LONGEST_WAIT:
            return OutageError(
                f"{shown(self.base_url)} answered {status} ({said}) and asks to wait {wait:.0f} seconds; run again then"
            )
        hint = "lower the concurrency" if status == 429 else "look at the server's log"
        return PassingError(f"it answered {status} ({said})", hint, wait=wait, busy=status in _RETRIED)

    async def _refusal(self, path: str, status: int, headers: Mapping[str, str], body: bytes) -> EndpointError:
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
        message = f"{shown(self.base_url + path)} answered {status} ({said}); {hint}"
        return OutageError(message) if fails_all(status) else RefusedError(message, status=status, said=said)

    async def _what_is_there(self) -> str:
        """Say which models a server has, for whoever named one that it hasn't."""
        try:
            status, _, body = await self._look()
            names = _listed(status, body)
        except PassingError:
            names = []
        if names:
            return f"the models it has are {', '.join(names[:20])}"
        return f"{shown(self.base_url)}/models lists no models either, so {_CHECK_URL}"

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


def _is_page(body: bytes) -> bool:
    return body.lstrip()[:1] == b"<"


def _limit(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=seconds, sock_connect=min(seconds, 30.0))


def _is_url(text: str) -> bool:
    try:
        return bool(URL(text).host)
    except ValueError:
        return False


def _listed(status: int, body: bytes) -> list[str]:
    """Read a list of models; whatever is none is an empty one."""
    try:
        return [str(entry["id"]) for entry in json.loads(body)["data"]] if status == 200 else []
    except (ValueError, KeyError, TypeError):
        return []


def retry_after(value: str | None) -> float | None:
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
