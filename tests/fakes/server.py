"""A fake OpenAI-compatible server: a real socket, scripted replies and scripted faults, and a log of what was asked."""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

from longthought.agents.served.endpoint import PROBE


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    payload: dict[str, Any]
    headers: dict[str, str]


Act = Callable[["FakeServer", web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]
"""One scripted answer to one chat request."""


def completion(content: str | None = "ok", **changes: Any) -> dict[str, Any]:
    """Return the body of a chat completion, with top-level fields changed as asked."""
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "fake-model",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"},
        ],
        "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15},
    }
    return body | changes


def says(content: str | None = "ok", **changes: Any) -> Act:
    """Answer with a completion."""
    return answers(200, json.dumps(completion(content, **changes)))


def answers(status: int, body: str, content_type: str = "application/json", **headers: str) -> Act:
    """Answer with any status and body."""

    async def act(server: "FakeServer", request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, text=body, content_type=content_type, headers=named)

    return act


def refuses(status: int, message: str, **headers: str) -> Act:
    """Answer with an error in OpenAI's form."""
    return answers(status, json.dumps({"error": {"message": message, "type": "invalid_request_error"}}), **headers)


async def resets(server: "FakeServer", request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
    """Cut the connection without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def breaks_off(server: "FakeServer", request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
    """Promise a whole body, send half of it, and hang up."""
    body = json.dumps(completion()).encode()
    response = web.StreamResponse(headers={"Content-Length": str(len(body)), "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    assert request.transport is not None
    request.transport.close()
    return response


async def hangs(server: "FakeServer", request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
    """Never answer, until the server stops."""
    await server.stopping.wait()
    return web.Response(status=503)


async def echoes(server: "FakeServer", request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
    """Answer with the last message of the request."""
    return web.json_response(completion(payload["messages"][-1]["content"]))


def gathers(count: int) -> Act:
    """Answer nobody until so many requests are in flight at once, then echo them all."""
    barrier = asyncio.Barrier(count)

    async def act(server: "FakeServer", request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        await barrier.wait()
        return await echoes(server, request, payload)

    return act


NAMES = ("fake", "fake-model")


class FakeServer:
    """Use as `async with FakeServer([…]) as server:`; when the script has run out, its last act is repeated."""

    def __init__(
        self,
        script: Iterable[Act] = (),
        models: Sequence[str] | str | int | Act | None = NAMES,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Take the chat answers in order, and what `/models` gives: names, a body, a status, an act, None for a 404."""
        self.script = list(script) or [says()]
        self.models, self._tls = models, tls
        self.log: list[Seen] = []
        self.base_url = ""
        self.stopping = asyncio.Event()

    @property
    def chats(self) -> list[Seen]:
        """The chat requests that arrived, in order."""
        return [seen for seen in self.log if seen.path == "/v1/chat/completions"]

    @property
    def questions(self) -> list[Seen]:
        """The chat requests without those that only ask whether the model answers."""
        return [seen for seen in self.chats if seen.payload["messages"][-1]["content"] != PROBE]

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/models", self._models)
        self._runner = web.AppRunner(app, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls).start()
        self.base_url = f"http{'s' if self._tls else ''}://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Stop, also for clients that still wait."""
        self.stopping.set()
        await self._runner.cleanup()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        payload: dict[str, Any] = await request.json()
        act = self.script[min(len(self.chats), len(self.script) - 1)]
        self.log.append(Seen(request.method, request.path, payload, dict(request.headers)))
        return await act(self, request, payload)

    async def _models(self, request: web.Request) -> web.StreamResponse:
        self.log.append(Seen(request.method, request.path, {}, dict(request.headers)))
        if self.models is None:
            raise web.HTTPNotFound
        if callable(self.models):
            return await self.models(self, request, {})
        if isinstance(self.models, int):
            return web.Response(status=self.models)
        if isinstance(self.models, str):
            return web.Response(text=self.models)
        return web.json_response({"object": "list", "data": [{"id": name} for name in self.models]})
