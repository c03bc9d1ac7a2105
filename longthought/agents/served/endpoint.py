"""One model server over HTTP: a single exchange, and the meaning of its answer or failure.

It separates transient failures from permanent ones and words both. It retries nothing and knows no other server; both
are for the transport.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

import aiohttp
from pydantic import SecretStr
from yarl import URL

from longthought.agents.model import OPENAI_KEY
from longthought.agents.served import stream
from longthought.agents.served.connections import connections
from longthought.agents.served.failures import (
    BROKEN_OFF,
    NO_ACCESS,
    TransientError,
    broken_connection,
    excerpt,
    fails_all,
    proxy_refusal,
    public_url,
    retry_after,
)
from longthought.agents.served.proxies import proxy_of
from longthought.agents.surrogates import without_lone_surrogates
from longthought.errors import EndpointError, ModelError, OutageError, RefusedError

LISTING_SECONDS: Final = 30.0
"""Maximum number of seconds for a server to list its models."""
PROBE: Final = "Say yes."
"""The message of a request that only tells whether a model answers."""
LONGEST_WAIT: Final = 120.0
"""Maximum number of seconds to wait on a server's request; a longer wait is reported as an error instead."""

LONGEST_MESSAGE: Final = 4000
"""Characters of a server's message that are searched for the fields it names."""
_CHECK_URL: Final = "check the base URL: that of an OpenAI-compatible server usually ends in /v1"
_RETRIED: Final = frozenset({408, 429})
_LONE_SURROGATE: Final = re.compile(rb"\\ud", re.I)
_REFUSED_FORMAT: Final = re.compile(r"grammar|schema|response.?format|json mode|guided", re.I)
_REFUSED_MESSAGES: Final = re.compile(r"system role|roles must|must alternate|context (?:size|length|window)", re.I)
"""Words of refusals that some servers send as a failure of their own, with a status of 500 and above."""
_REFUSED_PARAMETERS: Final = re.compile(r"(?:requested|unsupported) parameter", re.I)
"""Words of refusals that a router sends as if it hadn't the model."""


class Endpoint:
    """One server, by its base URL."""

    def __init__(
        self,
        base_url: str,
        api_key: SecretStr | None,
        timeout: float,
        *,
        headers: Mapping[str, str] | None = None,
        key_name: str = OPENAI_KEY,
    ) -> None:
        """Take the settings, with the timeout of one exchange in seconds; no connection is made.

        `key_name` is the environment variable of the key, for messages.

        Raises:
            ModelError: if the base URL is not a URL, the key can't be sent, or the proxy can't be used.

        """
        if not base_url.startswith(("http://", "https://")):
            raise ModelError(
                f"the base URL {base_url!r} does not begin with http:// or https://; give one such as "
                "http://localhost:8000/v1"
            )
        if not _is_url(base_url):
            raise ModelError(f"the base URL {base_url!r} is not a URL; give one such as http://localhost:8000/v1")
        self.base_url = base_url.rstrip("/")
        self._key = _sound_key(api_key.get_secret_value(), key_name) if api_key else ""
        self._key_name = key_name
        self._proxy = proxy_of(self.base_url)
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
        if status == 200:
            completion = self._completion(answer)
            status = _error_code(completion)
            if status == 200:
                return completion
        if status >= 500 and self._is_about_request(body, answer):
            raise await self._refusal(path, status, headers, answer)
        if status in _RETRIED or status >= 500:
            raise self._transient(status, headers, answer)
        raise await self._refusal(path, status, headers, answer)

    def _completion(self, answer: bytes) -> dict[str, Any]:
        """Read the body of an answer; proxies and overloaded servers send more than completions with status 200."""
        if _is_page(answer):
            raise TransientError("it answered with a web page, not with JSON", _CHECK_URL)
        try:
            completion: Any = stream.completion_of(answer) if stream.is_stream(answer) else json.loads(answer)
            if _LONE_SURROGATE.search(answer):
                completion = json.loads(without_lone_surrogates(json.dumps(completion, ensure_ascii=False)))
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            message = excerpt(self._server_message(answer))
            raise TransientError(f"it answered with broken JSON ({message})", "look at the server's log") from error
        body = cast("dict[str, Any]", completion) if isinstance(completion, dict) else {}
        code = _error_code(body)
        if code < 500 and (body.get("choices") or code != 200):
            return _unbroken(body)
        said = excerpt(self._server_message(answer))
        hint = _CHECK_URL if code == 200 else "look at the server's log"
        raise TransientError(f"it answered with JSON that is no chat completion ({said})", hint, down=code >= 500)

    def _is_about_request(self, body: bytes, answer: bytes) -> bool:
        """Say whether a failure of the server is in truth a refusal of the request."""
        said = self._server_message(answer)
        asked_for_format = b'"response_format"' in body and _REFUSED_FORMAT.search(said) is not None
        return asked_for_format or _REFUSED_MESSAGES.search(said) is not None

    async def expect_model(self, model: str) -> None:
        """Check that the server can be reached, accepts the key and has a model.

        A server that lists no models is trusted. If it lists only others, or sends a web page, the model is asked for
        one token, since some servers accept more names than they list.

        Raises:
            OutageError: if not; its message says why, and lists the models if the name is unknown.

        """
        try:
            status, headers, body = await self._list_models()
            if status in NO_ACCESS:
                raise await self._refusal("/models", status, headers, body)
            if status >= 500:
                raise self._transient(status, headers, body)
            names = _model_names(status, body)
            if _is_page(body) or (names and model not in names):
                await self._probe(model, 1)
        except TransientError as error:
            if not error.busy:
                raise OutageError(f"{public_url(self.base_url)}: {error.reason}; {error.hint}") from error
        except RefusedError:
            pass  # the server refuses this request but has the model

    async def is_up(self) -> bool:
        """Say whether the server can be reached, and lists its models or answers that it has no list."""
        try:
            status, _, body = await self._list_models()
        except (TransientError, OutageError):
            return False
        return status in (404, 405) or (status == 200 and not _is_page(body))

    async def serves(self, model: str) -> bool:
        """Say whether the server answers a tiny request to a model."""
        try:
            await self._probe(model, 8)  # some gateways answer a request for one token by themselves
        except RefusedError:
            return True  # the server understood the request
        except (TransientError, OutageError):
            return False
        return True

    async def _probe(self, model: str, limit: int) -> None:
        """Ask a model for a few tokens."""
        probe = {"model": model, "messages": [{"role": "user", "content": PROBE}], "max_tokens": limit}
        await self.post("/chat/completions", json.dumps(probe).encode())

    async def _list_models(self) -> tuple[int, Mapping[str, str], bytes]:
        """Request the list of models."""
        return await self._exchange("GET", "/models", None, LISTING_SECONDS)

    async def _exchange(
        self, method: str, path: str, body: bytes | None, seconds: float | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Make one HTTP exchange; raise every failure of the connection as a TransientError or an OutageError."""
        seconds = min(seconds or self._seconds, self._seconds)
        timeout = self._timeout if seconds == self._seconds else _client_timeout(seconds)
        try:
            session = (await connections()).session
            async with session.request(
                method, self.base_url + path, data=body, headers=self._headers, timeout=timeout, allow_redirects=False,
                proxy=self._proxy,
            ) as response:  # fmt: skip
                if response.status == 407:
                    raise proxy_refusal(407, self._proxy)
                return response.status, response.headers, await response.read()
        except (aiohttp.ClientError, OSError) as error:
            raise broken_connection(error, self.base_url, self._proxy, seconds) from error

    def _transient(self, status: int, headers: Mapping[str, str], body: bytes) -> Exception:
        message = self._server_message(body)
        wait = retry_after(headers.get("Retry-After"))
        if status == 429 and b"insufficient_quota" in body:
            return OutageError(
                f"{public_url(self.base_url)} answered 429 ({excerpt(message)}); the account has no credit left"
            )
        if wait is not None and wait > LONGEST_WAIT:
            return OutageError(
                f"{public_url(self.base_url)} answered {status} ({excerpt(message)}) and asks to wait {wait:.0f} "
                "seconds; run again then"
            )
        hint = "lower the concurrency" if status == 429 else "look at the server's log"
        return TransientError(
            f"it answered {status} ({excerpt(message)})", hint, wait=wait, busy=status in _RETRIED, down=status >= 500
        )

    async def _refusal(self, path: str, status: int, headers: Mapping[str, str], body: bytes) -> EndpointError:
        message = self._server_message(body)
        match status:
            case 401 | 403:
                hint = f"set {self._key_name} to a key that this server accepts"
            case 404 if not _REFUSED_PARAMETERS.search(message):
                hint = await self._models_hint()
            case _ if 300 <= status < 400:
                hint = f"set the base URL to where it points: {headers.get('Location', 'it does not say where')}"
            case _:
                hint = "change the request or the server's settings accordingly"
        text = f"{public_url(self.base_url + path)} answered {status} ({excerpt(message)}); {hint}"
        if fails_all(status) and not (status == 404 and _REFUSED_PARAMETERS.search(message)):
            return OutageError(text)
        return RefusedError(text, status=status, said=message, param=_parameter(body))

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
        """Return the server's message in an error body, with the key masked and what a provider behind it said."""
        text = body.decode(errors="replace").strip()
        try:
            content: Any = json.loads(text)
        except (ValueError, RecursionError):
            content = "a web page" if text.startswith("<") else text
        raw = ""
        for key in ("error", "message", "detail"):
            if isinstance(content, dict) and key in content:
                metadata = cast("dict[str, Any]", content).get("metadata")
                raw = str(cast("dict[str, Any]", metadata).get("raw", "")) if isinstance(metadata, dict) else raw
                content = cast("dict[str, Any]", content)[key]
        message = content if isinstance(content, str) else json.dumps(content)
        message = f"{message}: {raw}" if raw else message
        message = without_lone_surrogates(message[:LONGEST_MESSAGE])
        return (message.replace(self._key, "***") if self._key else message) or "without a word"


def _unbroken(body: dict[str, Any]) -> dict[str, Any]:
    """Return a completion; raise if the server broke one of its replies off."""
    choices: Any = body.get("choices")
    for choice in cast("list[Any]", choices) if isinstance(choices, list) else []:
        reason: Any = cast("dict[str, Any]", choice).get("finish_reason") if isinstance(choice, dict) else None
        if reason in BROKEN_OFF:
            raise TransientError(f"it broke a reply off (finish_reason `{reason}`)", "look at the server's log")
    return body


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


def _error_code(body: Mapping[str, Any]) -> int:
    """Return the HTTP status of an error that a proxy sent with status 200; 200 for a completion."""
    error = body.get("error")
    code = cast("dict[str, Any]", error).get("code") if isinstance(error, dict) and not body.get("choices") else None
    return code if isinstance(code, int) and 400 <= code < 600 else 200


def _parameter(body: bytes) -> str:
    """Return the field that a refusal names as its `param`; empty if it names none."""
    try:
        content: Any = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    for place in (content.get("error"), content) if isinstance(content, dict) else ():  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        if isinstance(place, dict) and isinstance(param := cast("dict[str, Any]", place).get("param"), str):
            return re.split(r"[.\[]", param)[0]
    return ""


def _sound_key(key: str, name: str) -> str:
    """Return a key without the white space around it.

    Raises:
        ModelError: if the key can't be sent in a header.

    """
    key = key.strip()
    wrong = next((char for char in key if not "!" <= char <= "~"), None)
    if wrong is not None:
        what = {"\n": "a line break", "\r": "a line break", " ": "a space"}.get(wrong, f"the character {wrong!r}")
        raise ModelError(f"the key in {name} contains {what}, which no key does; copy it again")
    return key
