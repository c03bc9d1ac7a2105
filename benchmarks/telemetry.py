"""Measure what observing debates costs: CPU time of a job with its hooks taken out, off, and on, in one run.

    python benchmarks/telemetry.py --debates 128 --rounds 5

The job is that of `benchmarks/turns.py`, against the same fake server. `without` replaces the hooks by empty contexts,
`off` is the default, `spans` hands OpenTelemetry's spans to a batch exporter that drops them, and `log` writes JSON
lines to nowhere. The ways alternate, and the least CPU time of each counts, since other work on the machine only adds.
"""

import argparse
import asyncio
import io
import json
import logging
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import server
import turns
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from longthought.agents import agent, call_span, catalogue
from longthought.graphs import debate_span
from longthought.graphs import turns as graph_turns
from longthought.graphs.rules import DebateContext
from longthought.graphs.seats import Seats
from longthought.telemetry.json_lines import JsonLines
from longthought.telemetry.observation import OFF


class Nowhere(SpanExporter):
    """Drops spans."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Drop them."""
        return SpanExportResult.SUCCESS


@contextmanager
def without() -> Generator[None]:
    """Take the hooks out."""

    def nothing(*_: Any, **__: Any) -> Any:
        return nullcontext(OFF)

    with (
        patch.object(agent, "fields", nothing), patch.object(debate_span, "fields", nothing),
        patch.object(debate_span, "observed", nothing), patch.object(graph_turns, "observed", nothing),
        patch.object(call_span.CallSpan, "__call__", nothing),
    ):  # fmt: skip
        yield


@contextmanager
def spans() -> Generator[None]:
    """Record spans."""
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Nowhere()))
    with patch.object(trace, "get_tracer_provider", lambda: provider):
        yield
    provider.shutdown()


@contextmanager
def log() -> Generator[None]:
    """Write the log as JSON lines."""
    package, handler = logging.getLogger("longthought"), logging.StreamHandler(io.StringIO())
    handler.setFormatter(JsonLines())
    package.addHandler(handler)
    package.setLevel(logging.INFO)
    yield
    package.removeHandler(handler)
    package.setLevel(logging.NOTSET)


WAYS: dict[str, Callable[[], Any]] = {"without": without, "off": nullcontext, "spans": spans, "log": log}


def compare(load: turns.Load, rounds: int) -> dict[str, float]:
    """Return the least CPU milliseconds per turn of each way."""
    context = DebateContext(policy="openai:fake", critic="openai:fake", tools=("algebra",), dialect="prose")
    least: dict[str, float] = {}
    with server.running(latency=load.latency, steps=load.steps) as url, tempfile.TemporaryDirectory() as temporary:
        agents = (catalogue.policy("openai:fake", base_url=url), catalogue.critic("openai:fake", base_url=url))
        seats = Seats(*agents, context.seats(*agents).verifiers)
        for number in range(rounds + 1):  # the first warms up
            for name, way in WAYS.items():
                with way():
                    began = time.process_time()
                    path = Path(temporary) / f"{name}-{number}"
                    asyncio.run(turns.debate(load, seats, context, path, turns.Tally()))
                    spent = 1000 * (time.process_time() - began) / load.turns
                if number:
                    least[name] = min(least.get(name, spent), spent)
    return least


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--debates", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    least = compare(turns.Load(options.debates, 64, 0.01, 7), options.rounds)
    if options.json:
        print(json.dumps(least))
        return
    print("way       CPU ms/turn  × without")
    for name, spent in least.items():
        print(f"{name:<8}{spent:>13.3f}{spent / least['without']:>11.3f}")


if __name__ == "__main__":
    main()
