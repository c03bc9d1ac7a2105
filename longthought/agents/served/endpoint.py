"""One model server over HTTP: a single exchange, and the meaning of its answer or failure.

It separates transient failures from permanent ones and words both. It retries nothing and knows no other server; both
are for the transport.
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

LISTING_SECONDS: Final = 30.0
"""Maximum number of seconds for a server to list its models."""
LONGEST_WAIT: Final = 120.0
"""Maximum number of seconds to wait on a server's request; a longer wait is reported as an error instead."""

_CHECK_URL: Final = "check the base URL: that of an OpenAI-compatible server usually ends in /v1"
_RETRIED: Final = frozenset({408, 429})
_NO_ACCESS: Final = frozenset({401, 402})
"""Statuses that every request would get: the key is refused, or the account has no credit."""


def fails_all(status: object) -> bool:
    """Say whether an HTTP status concerns the key, the account, the model or the address, and so every request."""
    return status in _NO_ACCESS or status == 404 or (isinstance(status, int) and 300 <= status < 400)


class TransientError(Exception):
    """An attempt failed and another may succeed; the transport lets none of these out."""

    def __init__(
        self, reason: str, hint: str, *, wait: float | None = None, busy: bool = False, unreachable: bool = False,
        timed_out: bool = False,
    ) -> None:  # fmt: skip
        """Take the reason and a hint for the user.

        `wait` is the number of seconds that the server asks to wait. `busy` means that the server works but asks to
        retry later, `unreachable` that no answer arrived, `timed_out` that none arrived in time.
        """
        super().__init__(reason)
        self.reason, self.hint, self.wait = reason, hint, wait
        self.busy, self.unreachable, self.timed_out = busy, unreachable, timed_out


class Endpoint:
    """One server, by its base URL."""

    def __init__(
        self, base_url: str, api_key: SecretStr | None, timeout: float, headers: Mapping[str, str] | None = None
    ) -> None:
        """Take the settings, with the timeout of one exchange in seconds; no connection is made.

        Raises:
            ModelError: if the base URL is not a URL.

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
        self._headers = {"Content-Type": "application/json", **(headers or {})}
        if self._key:
            self._headers["Authorization"] = f"Bearer {self._key}"
        self._timeout = _client_timeout(timeout)
        self._seconds = timeout

    async def post(self, path: str, body: bytes) -> dict[str, Any]:
        """Send a request and return the completion that comes back.

        Raises:
            TransientError: if another attempt may succeed.
            RefusedError: if the server refuses the request.
            OutageError: if the server would refuse every request.

        """
        status, headers, answer = await self._exchange("POST", path, body)
        if status in _RETRIED or status >= 500:
            raise self._transient(status, headers, answer)
        if status != 200:
            raise await self._refusal(path, status, headers, answer)
        return self._completion(answer)

    def _completion(self, answer: bytes) -> dict[str, Any]:
        """Read the body of an answer; proxies and overloaded servers send more than completions with status 200."""
        if _is_page(answer):
            raise TransientError("it answered with a web page, not with JSON", _CHECK_URL)
        try:
            completion: Any = json.loads(answer)
        except ValueError as error:
            message = self._server_message(answer)
            raise TransientError(f"it answered with broken JSON ({message})", "look at the server's log") from error
        if not (isinstance(completion, dict) and completion.get("choices")):  # pyright: ignore[reportUnknownMemberType]
            raise TransientError(
                f"it answered with JSON that is no chat completion ({self._server_message(answer)})", _CHECK_URL
            )
        return cast("dict[str, Any]", completion)

    async def expect_model(self, model: str) -> None:
        """Check that the server can be reached, accepts the key and has a model.

        A server that lists no models is trusted. If it lists only others, or sends a web page, the model is asked for
        one token, since some servers accept more names than they list.

        Raises:
            OutageError: if not; its message says why, and lists the models if the name is unknown.

        """
        try:
            status, headers, body = await self._list_models()
            if status in _NO_ACCESS:
                raise await self._refusal("/models", status, headers, body)
            if status >= 500:
                raise self._transient(status, headers, body)
            names = _model_names(status, body)
            if _is_page(body) or (names and model not in names):
                probe = {"model": model, "messages": [{"role": "user", "content": "Say yes."}], "max_tokens": 1}
                await self.post("/chat/completions", json.dumps(probe).encode())
        except TransientError as error:
            if not error.busy:
                raise OutageError(f"{public_url(self.base_url)}: {error.reason}; {error.hint}") from error
        except RefusedError:
            pass  # the server refuses this request but has the model

    async def is_up(self) -> bool:
        """Say whether the server can be reached, and lists its models or answers that it has no list."""
        try:
            status, _, body = await self._list_models()
        except TransientError:
            return False
        return status in (404, 405) or (status == 200 and not _is_page(body))

    async def _list_models(self) -> tuple[int, Mapping[str, str], bytes]:
        """Request the list of models."""
        return await self._exchange("GET", "/models", None, LISTING_SECONDS)

    async def _exchange(
        self, method: str, path: str, body: bytes | None, seconds: float | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Make one HTTP exchange; raise every failure of the connection as a TransientError."""
        seconds = min(seconds or self._seconds, self._seconds)
        timeout = self._timeout if seconds == self._seconds else _client_timeout(seconds)
        try:
            session = (await connections()).session
            async with session.request(
                method, self.base_url + path, data=body, headers=self._headers, timeout=timeout, allow_redirects=False
            ) as response:
                return response.status, response.headers, await response.read()
        except TimeoutError as error:
            raise TransientError(
                f"no answer within {seconds:g} seconds",
                "look at the server's log, or lower the concurrency",
                unreachable=True,
                timed_out=True,
            ) from error
        except aiohttp.ClientConnectorError as error:
            code = error.errno or 0  # asyncio words a refused connection itself; failed name look-ups have codes < 0
            raise TransientError(
                f"can't connect ({os.strerror(code) if code > 0 else error.os_error})",
                "check that the server runs and that the base URL is right",
                unreachable=True,
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            raise TransientError(
                f"the connection broke ({type(error).__name__})", "look at the server's log", unreachable=True
            ) from error

    def _transient(self, status: int, headers: Mapping[str, str], body: bytes) -> Exception:
        message = self._server_message(body)
        wait = retry_after(headers.get("Retry-After"))
        if wait is not None and wait > LONGEST_WAIT:
            return OutageError(
                f"{public_url(self.base_url)} answered {status} ({message}) and asks to wait {wait:.0f} seconds; "
                "run again then"
            )
        hint = "lower the concurrency" if status == 429 else "look at the server's log"
        return TransientError(f"it answered {status} ({message})", hint, wait=wait, busy=status in _RETRIED)

    async def _refusal(self, path: str, status: int, headers: Mapping[str, str], body: bytes) -> EndpointError:
        message = self._server_message(body)
        match status:
            case 401 | 403:
                hint = "set OPENAI_API_KEY to a key that this server accepts"
            case 404:
                hint = await self._models_hint()
            case _ if 300 <= status < 400:
                hint = f"set the base URL to where it points: {headers.get('Location', 'it does not say where')}"
            case _:
                hint = "change the request or the server's settings accordingly"
        text = f"{public_url(self.base_url + path)} answered {status} ({message}); {hint}"
        return OutageError(text) if fails_all(status) else RefusedError(text, status=status, said=message)

    async def _models_hint(self) -> str:
        """Return a hint that lists the models of the server."""
        try:
            status, _, body = await self._list_models()
            names = _model_names(status, body)
        except TransientError:
            names = []
        if names:
            return f"the models it has are {', '.join(names[:20])}"
        return f"{public_url(self.base_url)}/models lists no models either, so {_CHECK_URL}"

    def _server_message(self, body: bytes) -> str:
        """Return the server's message in an error body, with the key masked."""
        text = body.decode(errors="replace").strip()
        try:
            content: Any = json.loads(text)
        except ValueError:
            content = "a web page" if text.startswith("<") else text
        for key in ("error", "message", "detail"):
            if isinstance(content, dict) and key in content:
                content = cast("dict[str, Any]", content)[key]
        message = content if isinstance(content, str) else json.dumps(content)
        return excerpt(message.replace(self._key, "***") if self._key else message) or "without a word"


def _is_page(body: bytes) -> bool:
    return body.lstrip()[:1] == b"<"


def _client_timeout(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=seconds, sock_connect=min(seconds, 30.0))


def _is_url(text: str) -> bool:
    try:
        return bool(URL(text).host)
    except ValueError:
        return False


def _model_names(status: int, body: bytes) -> list[str]:
    """Return the names in a list of models; none if the body is no such list."""
    try:
        return [str(entry["id"]) for entry in json.loads(body)["data"]] if status == 200 else []
    except (ValueError, KeyError, TypeError):
        return []


def retry_after(value: str | None) -> float | None:
    """Read a Retry-After header, in seconds or as a date; return None if it is missing or can't be read."""
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


def public_url(url: str) -> str:
    """Return a URL for messages, without user and password."""
    try:
        return str(URL(url).with_user(None))
    except ValueError:
        return url


def excerpt(text: str) -> str:
    """Cut a text to the 300 characters that a one-line message can quote."""
    return text if len(text) <= 300 else f"{text[:300]}…"
