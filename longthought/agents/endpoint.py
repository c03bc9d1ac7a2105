"""One model server over HTTP: a single exchange, and what its answer or its silence means.

It tells failures that another attempt may mend from those that stay, and puts both in words. It tries nothing twice and
knows no other server; that is for the transport.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast

import aiohttp
from pydantic import SecretStr
from yarl import URL

from longthought.agents.connections import connections
from longthought.errors import EndpointError, ModelError, RefusedError

LONGEST_WAIT: Final = 120.0
"""Seconds; a server that asks to be left alone for longer is an error to report, not to sit out."""

_RETRIED: Final = frozenset({408, 429})


class PassingError(Exception):
    """A failed attempt that another one may mend; never leaves the transport."""

    def __init__(
        self, reason: str, hint: str, *, wait: float | None = None, busy: bool = False, unreachable: bool = False
    ) -> None:
        """Say why and what to do about it.

        `wait` is what the server asks to wait, in seconds; `busy` that it is well and asks to come back;
        `unreachable` that no answer arrived at all.
        """
        super().__init__(reason)
        self.reason, self.hint, self.wait = reason, hint, wait
        self.busy, self.unreachable = busy, unreachable


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
        self.base_url = base_url.rstrip("/")
        self._key = api_key.get_secret_value() if api_key else ""
        self._headers = {"Content-Type": "application/json"}
        if self._key:
            self._headers["Authorization"] = f"Bearer {self._key}"
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=min(timeout, 30.0))
        self._seconds = timeout

    async def post(self, path: str, body: bytes) -> dict[str, Any]:
        """Send JSON and return the object that comes back.

        Raises:
            PassingError: if another attempt may do better.
            RefusedError: if the server says no.
            EndpointError: if what comes back will never be of use.

        """
        status, headers, answer = await self._exchange("POST", path, body)
        if status in _RETRIED or status >= 500:
            raise self._passing(status, headers, answer)
        if status != 200:
            raise await self._refusal(path, status, headers, answer)
        if answer.lstrip()[:1] == b"<":
            raise EndpointError(
                f"{shown(self.base_url + path)} answered with a web page, not with JSON; check the base URL: that of "
                "an OpenAI-compatible server usually ends in /v1"
            )
        try:
            found = json.loads(answer)
        except ValueError as error:
            raise PassingError(
                f"it answered with broken JSON ({beginning(answer.decode(errors='replace'))})",
                "look at the server's log",
            ) from error
        if not isinstance(found, dict):
            raise EndpointError(
                f"{shown(self.base_url + path)} answered with {beginning(json.dumps(found))} instead of a JSON object; "
                "check that the base URL is that of an OpenAI-compatible server"
            )
        return cast("dict[str, Any]", found)

    async def _exchange(self, method: str, path: str, body: bytes | None) -> tuple[int, Mapping[str, str], bytes]:
        """Make one HTTP exchange; whatever can break on the way is a passing error."""
        url = self.base_url + path
        try:
            session = (await connections()).session
            async with session.request(
                method, url, data=body, headers=self._headers, timeout=self._timeout, allow_redirects=False
            ) as response:
                return response.status, response.headers, await response.read()
        except aiohttp.InvalidURL as error:
            raise EndpointError(f"{shown(url)} is not a URL; give one such as http://localhost:8000/v1") from error
        except TimeoutError as error:
            raise PassingError(
                f"no answer within {self._seconds:g} seconds",
                "lower the concurrency or raise the timeout",
                unreachable=True,
            ) from error
        except aiohttp.ClientConnectorError as error:
            raise PassingError(
                f"can't connect ({error.strerror or type(error.os_error).__name__})",
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
            return RefusedError(
                f"{shown(self.base_url)} answered {status} ({said}) and asks to wait {wait:.0f} seconds; run again "
                "then",
                status=status,
                said=said,
            )
        hint = "lower the concurrency" if status == 429 else "look at the server's log"
        return PassingError(f"it answered {status} ({said})", hint, wait=wait, busy=status in _RETRIED)

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
        return RefusedError(
            f"{shown(self.base_url + path)} answered {status} ({said}); {hint}", status=status, said=said
        )

    async def _what_is_there(self) -> str:
        """Say which models a server has, for whoever named one that it hasn't."""
        try:
            status, _, body = await self._exchange("GET", "/models", None)
            names = [str(entry["id"]) for entry in json.loads(body)["data"]] if status == 200 else []
        except (PassingError, EndpointError, ValueError, KeyError, TypeError):
            names = []
        if names:
            return f"the models it has are {', '.join(names[:20])}"
        return f"{shown(self.base_url)}/models lists no models either, so check the base URL, which usually ends in /v1"

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
