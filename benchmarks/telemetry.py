"""Measure what observing debates costs: CPU time of a job with its hooks taken out, off, and on, in one run.

    python benchmarks/telemetry.py --debates 16 --rounds 40

The job is that of `benchmarks/turns.py`, against the same fake server. `without` replaces the hooks by empty contexts,
`off` is the default, `spans` hands OpenTelemetry's spans to a batch exporter that drops them, and `log` writes JSON
lines to nowhere. The ways alternate in short rounds. The ratios are those within a round, and their median counts.
"""

import argparse
import asyncio
import gc
import io
import json
import logging
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from statistics import median, quantiles
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


WAYS: dict[str, Callable[[], Any]] = {
    "without": without, "again": without, "off": nullcontext, "spans": spans, "log": log,
}  # fmt: skip
"""The ways; `again` is the first once more, and shows the noise."""


def compare(load: turns.Load, rounds: int) -> dict[str, list[float]]:
    """Return the CPU milliseconds per turn of each way in each round."""
    context = DebateContext(policy="openai:fake", critic="openai:fake", tools=("algebra",), dialect="prose")
    spent: dict[str, list[float]] = {name: [] for name in WAYS}
    with server.running(latency=load.latency, steps=load.steps) as url, tempfile.TemporaryDirectory() as temporary:
        agents = (catalogue.policy("openai:fake", base_url=url), catalogue.critic("openai:fake", base_url=url))
        seats = Seats(*agents, context.seats(*agents).verifiers)
        for number in range(rounds + 1):  # the first warms up
            for name in _rotated(list(WAYS), number):
                gc.collect()
                with WAYS[name]():
                    began = time.process_time()
                    path = Path(temporary) / f"{name}-{number}"
                    asyncio.run(turns.debate(load, seats, context, path, turns.Tally()))
                    spent[name].append(1000 * (time.process_time() - began) / load.turns)
    return {name: values[1:] for name, values in spent.items()}


def hooks_off(times: int = 20_000) -> float:
    """Return the CPU microseconds of the hooks of one model call and one check while all is off."""
    span = call_span.CallSpan(
        catalogue.policy("openai:fake", base_url="http://localhost/v1").model, "openai:fake", "policy"
    )
    began = time.process_time()
    for _ in range(times):
        with agent.fields(model="openai:fake"), span("debate", {}) as seen:
            call_span.add_answers(seen, (), ())
        with graph_turns.observed("execute_tool algebra", {}, run="tool", inputs={}):
            pass
    return 1e6 * (time.process_time() - began) / times


def _rotated(names: list[str], by: int) -> list[str]:
    """Begin each round with another way, so that none gains by its place."""
    by %= len(names)
    return [*names[by:], *names[:by]]


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--debates", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    spent = compare(turns.Load(options.debates, options.debates, 0.01, 7), options.rounds)
    if options.json:
        print(json.dumps(spent))
        return
    print("way       CPU ms/turn  × without  (quartiles)")
    for name, values in spent.items():
        ratios = [value / base for value, base in zip(values, spent["without"], strict=True)]
        low, middle, high = quantiles(ratios, n=4)
        print(f"{name:<8}{median(values):>13.3f}{middle:>11.3f}  ({low:.3f}–{high:.3f})")
    print(f"the hooks of a call and a check, off: {hooks_off():.1f} µs of CPU")


if __name__ == "__main__":
    main()
