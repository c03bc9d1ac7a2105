"""The command line exports spans to the collector that the standard variables name: from its own process and others."""

import os
from pathlib import Path

import pytest

from tests.fakes import sums
from tests.fakes.collector import Collector, collecting
from tests.telemetry.conftest import Command

STATEMENT = "What is 1 + 1000?"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def parents(collector: Collector) -> list[tuple[str, str | None]]:
    """Return the first word of each span's name, and that of its parent's."""
    spans = {span.span_id: span for _, span in collector.spans()}
    return [
        (span.name.split()[0], spans[span.parent_span_id].name.split()[0] if span.parent_span_id in spans else None)
        for span in spans.values()
    ]


async def test_one_debate_is_exported(command: Command) -> None:
    with collecting() as collector:
        done = await command("solve", STATEMENT, "--json", served=True, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert {name for name, _ in collector.spans()} == {"longthought"}
    calls = [("chat", "invoke_workflow")] * sums.REQUESTS
    assert sorted(span for span in parents(collector) if span[0] == "chat") == calls
    assert {span for span in parents(collector) if span[0] != "chat"} == {
        ("invoke_workflow", None), ("execute_tool", "invoke_workflow"),
    }  # fmt: skip


async def test_the_processes_of_a_job_export_too_under_the_caller_s_span(command: Command, tmp_path: Path) -> None:
    problems = sums.file(tmp_path / "problems.jsonl", 2)
    words = ("generate", str(problems), "--out", "run", "--processes", "2", "--json")
    with collecting() as collector:
        done = await command(
            *words, served=True, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_SERVICE_NAME="mine",
            TRACEPARENT=f"00-{TRACE}-{PARENT}-01",
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert {name for name, _ in collector.spans()} == {"mine"}
    assert {span.trace_id.hex() for _, span in collector.spans()} == {TRACE}
    debates = [span for _, span in collector.spans() if span.name.startswith("invoke_workflow")]
    assert [span.parent_span_id.hex() for span in debates] == [PARENT] * 2
    assert parents(collector).count(("chat", "invoke_workflow")) == 2 * sums.REQUESTS


@pytest.mark.parametrize("off", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}])
async def test_spans_can_be_switched_off(off: dict[str, str], command: Command) -> None:
    with collecting() as collector:
        done = await command("solve", STATEMENT, served=True, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, **off)
    assert (done.returncode, done.stderr) == (0, "")
    assert collector.received == []


async def test_without_the_extra_a_line_says_what_to_install(command: Command, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['opentelemetry.sdk'] = None\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = await command("--version", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", PYTHONPATH=path)
    assert done.returncode == 0
    assert done.stderr == "spans are not exported to http://127.0.0.1:9: run `pip install 'longthought[telemetry]'`\n"
