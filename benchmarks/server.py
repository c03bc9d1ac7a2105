"""A fake OpenAI-compatible server with a fixed latency and optional faults, against which clients are measured.

    python benchmarks/server.py --latency 0.05 --faults 0.1 --port 8001

It is a bare asyncio protocol, so that it takes little CPU from the client that is measured on the same machine. Its
policy writes `--steps` steps and then an answer; its critic accepts all steps except one in `--backtrack`. Every reply
depends only on the request, so equal requests get equal replies. `GET /v1/stats` returns what the server has seen. It
reads HTTP from well-behaved clients only, and knows nothing of longthought except the words it looks for in prompts.
"""

import argparse
import asyncio
import contextlib
import json
import random
import re
import subprocess
import sys
import time
import urllib.request
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

FAULTS = ("reset", "429", "500", "garbage", "truncated", "stall")
ACCEPTED = re.compile(r"^Step \d+:$", re.MULTILINE)


@dataclass
class Settings:
    """How the server behaves."""

    latency: float = 0.05
    """Seconds until a reply."""
    faults: float = 0.0
    """Share of the requests that go wrong."""
    stall: float = 30.0
    """Seconds that a stalled request waits before its reply."""
    away_after: float = 0.0
    """Seconds after the first request at which the server goes away."""
    away_for: float = 0.0
    """Seconds that the server is away, during which it cuts every connection at once."""
    steps: int = 7
    """Steps of a solution before the one that answers."""
    backtrack: int = 0
    """One in this number of steps is rejected; 0 for none."""
    padding: int = 200
    """Length in characters to which steps and critiques are padded."""
    seed: int = 0


@dataclass
class Stats:
    """What the server has seen."""

    requests: int = 0
    bytes_in: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    busy: float = 0.0
    """Seconds in flight, summed over all requests."""
    first: float = 0.0
    """Time of the first request."""
    most_in_a_second: int = 0
    while_away: int = 0
    """Number of requests while the server was away."""
    faults: Counter[str] = field(default_factory=Counter[str])
    second: tuple[int, int] = (0, 0)
    """The current second and the requests in it."""

    def arrived(self, size: int) -> float:
        """Count a request, and return the seconds since the first."""
        now = time.perf_counter()
        self.first = self.first or now
        self.requests += 1
        self.bytes_in += size
        second, count = self.second
        self.second = int(now), count + 1 if int(now) == second else 1
        self.most_in_a_second = max(self.most_in_a_second, self.second[1])
        return now - self.first


class Model:
    """Both agents, as functions of the request."""

    def __init__(self, settings: Settings) -> None:
        """Keep the settings."""
        self.settings = settings

    def complete(self, payload: dict[str, Any]) -> bytes:
        """Answer a chat request."""
        prompt = payload["messages"][-1]["content"]
        text = self.verdict(prompt) if "response_format" in payload else self.step(prompt)
        size = sum(len(message["content"]) for message in payload["messages"])
        choices = [
            {"index": n, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
            for n in range(payload.get("n", 1))
        ]
        usage = {
            "prompt_tokens": size // 4,
            "completion_tokens": len(text) // 4,
            "total_tokens": (size + len(text)) // 4,
        }
        body = {"id": "chatcmpl-0", "object": "chat.completion", "model": payload["model"], "choices": choices}
        return json.dumps(body | {"usage": usage}).encode()

    def step(self, prompt: str) -> str:
        """Write a step that depends on the prompt, or the answer after enough accepted steps."""
        mark = zlib.crc32(prompt.encode())
        words = f"Case {mark} leads on. ".ljust(self.settings.padding, "x")
        return f"{words} \\boxed{{42}}" if len(ACCEPTED.findall(prompt)) >= self.settings.steps else words

    def verdict(self, prompt: str) -> str:
        """Judge the new step."""
        mark = zlib.crc32(prompt.encode())
        action = "terminate" if "\\boxed{42}" in prompt else "continue"
        if self.settings.backtrack and mark % self.settings.backtrack == 0:
            action = "backtrack"
        critique = f"Case {mark} was looked at. ".ljust(self.settings.padding, "y")
        return json.dumps({"critique": critique, "action": action, "target": None, "score": 0.5})


class Connection(asyncio.Protocol):
    """One client's connection; requests come one after the other."""

    def __init__(self, settings: Settings, stats: Stats, dice: random.Random) -> None:
        """Keep what all connections share."""
        self.settings, self.stats, self.dice = settings, stats, dice
        self.model = Model(settings)
        self.received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport for replies."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Collect a request, and answer when it is whole."""
        self.received += data
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self.received[:end])
        found = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        length = int(found[1]) if found else 0
        if len(self.received) < end + 4 + length:
            return
        body = bytes(self.received[end + 4 : end + 4 + length])
        self.received.clear()
        if head.startswith(b"GET"):
            self._look(head.split(b" ", 2)[1].decode())
        else:
            self._chat(body, len(head) + 4 + length)

    def _look(self, path: str) -> None:
        if path.endswith("/models"):
            return self._send(200, json.dumps({"object": "list", "data": [{"id": "fake"}]}).encode())
        if path.endswith("/stats"):
            return self._send(200, json.dumps(vars(self.stats)).encode())
        return self._send(404, b'{"error": {"message": "no such page"}}')

    def _chat(self, body: bytes, size: int) -> None:
        stats, settings = self.stats, self.settings
        since = stats.arrived(size)
        if settings.away_after <= since < settings.away_after + settings.away_for:
            stats.while_away += 1
            return self.transport.abort()
        stats.in_flight += 1
        stats.most_in_flight = max(stats.most_in_flight, stats.in_flight)
        fault = self.dice.choice(FAULTS) if self.dice.random() < settings.faults else None
        if fault:
            stats.faults[fault] += 1
        wait = settings.stall if fault == "stall" else settings.latency
        asyncio.get_running_loop().call_later(wait, self._answer, body, fault, time.perf_counter())
        return None

    def _answer(self, body: bytes, fault: str | None, began: float) -> None:
        self.stats.in_flight -= 1
        self.stats.busy += time.perf_counter() - began
        match fault:
            case "reset":
                self.transport.abort()
            case "429":
                self._send(429, b'{"error": {"message": "too many requests"}}', "Retry-After: 1\r\n")
            case "500":
                self._send(500, b'{"error": {"message": "an injected fault"}}')
            case "garbage":
                self._send(200, b'{"choices": [{"message": {"content": "\xc3(')
            case "truncated":
                self._send(200, self.model.complete(json.loads(body)), cut=True)
            case _:
                self._send(200, self.model.complete(json.loads(body)))

    def _send(self, status: int, body: bytes, extra: str = "", *, cut: bool = False) -> None:
        if self.transport.is_closing():
            return
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{extra}Content-Length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode() + (body[: len(body) // 2] if cut else body))
        if cut:
            self.transport.close()


async def serve(settings: Settings, port: int) -> None:
    """Listen, print the base URL, and serve until killed."""
    stats, dice = Stats(), random.Random(settings.seed)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(settings, stats, dice), "127.0.0.1", port, backlog=4096)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


@contextlib.contextmanager
def running(**settings: float) -> Iterator[str]:
    """Run the server in a process of its own, and yield its base URL."""
    options = [f"--{name}={value}" for name, value in settings.items()]
    process = subprocess.Popen([sys.executable, __file__, *options], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        if not url:
            raise RuntimeError(f"the fake server did not start (exit code {process.wait()})")
        yield url
    finally:
        process.terminate()
        process.wait()


def stats(base_url: str) -> dict[str, Any]:
    """Ask a running server what it has seen."""
    with urllib.request.urlopen(f"{base_url}/stats", timeout=30) as answer:
        return json.loads(answer.read())


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    for name, default in Settings().__dict__.items():
        parser.add_argument(f"--{name}", type=type(default), default=default, help=f"default {default}")
    options = vars(parser.parse_args())
    port = options.pop("port")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(Settings(**options), port))


if __name__ == "__main__":
    main()
