"""The log as JSON lines: the default look stays as it is, and one variable gives every record its fields."""

import json
import logging
from typing import Any

import pytest

import longthought as lt
from longthought.telemetry.fields import fields
from longthought.telemetry.json_lines import JsonLines
from tests.fakes.scripted import ScriptedChatModel
from tests.fakes.sums import task
from tests.telemetry.conftest import Command

SUM = task(1).problem
LOG = logging.getLogger("longthought.somewhere")


class Kept(logging.Handler):
    """Keeps the lines of records, each written when it is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLines())
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    handler, package = Kept(), logging.getLogger("longthought")
    monkeypatch.setattr(package, "handlers", [handler])
    monkeypatch.setattr(package, "level", logging.INFO)
    package.manager._clear_cache()  # pyright: ignore  # of the levels that loggers have worked out
    return handler


def test_a_record_has_the_fields_of_its_task_and_its_own(kept: Kept) -> None:
    with fields(trajectory="p#0", problem="p"), fields(model="openai:m"):
        LOG.warning("it took %d tries", 3, extra={"tries": 3})
    LOG.info("done")
    within, after = kept.lines
    assert within.pop("time").endswith("+00:00")
    assert within == {
        "level": "warning", "logger": "longthought.somewhere", "message": "it took 3 tries", "trajectory": "p#0",
        "problem": "p", "model": "openai:m", "tries": 3,
    }  # fmt: skip
    assert set(after) == {"time", "level", "logger", "message"}


def test_an_error_is_named_with_its_traceback(kept: Kept) -> None:
    try:
        raise ValueError("seven")
    except ValueError:
        LOG.exception("it broke")
    (line,) = kept.lines
    assert (line["level"], line["error"]) == ("error", "ValueError")
    assert line["traceback"].endswith("ValueError: seven")


async def test_a_debate_says_how_it_ended(kept: Kept) -> None:
    critic = ScriptedChatModel(['{"critique": "Yes.", "action": "terminate", "target": null, "score": 0.9}'])
    await lt.asolve(SUM, policy=ScriptedChatModel(["So it is \\boxed{1001}."]), critic=critic, tools=())
    await lt.asolve(SUM, policy=ScriptedChatModel([ConnectionError("gone")]), critic=critic, tools=())
    ended, failed = (line for line in kept.lines if "stop_reason" in line)
    assert (ended["trajectory"], ended["problem"], ended["stop_reason"]) == ("sum-1#0", "sum-1", "answered")
    assert ended["tokens"] > 0
    assert "error" not in ended
    assert (failed["stop_reason"], failed["error"]) == ("failed", "model")
    assert "gone" in failed["message"]


async def test_the_command_line_writes_json_lines_if_it_is_asked(command: Command) -> None:
    done = await command("solve", SUM.statement, "--json", served=True, LONGTHOUGHT_LOG_FORMAT="json")
    (line,) = map(json.loads, done.stderr.splitlines())
    assert line["message"].endswith(" ended: answered")
    assert (line["logger"], line["stop_reason"]) == ("longthought.graphs.debate_span", "answered")
    assert json.loads(done.stdout)["answer"] == "1001"


async def test_the_last_line_of_a_mistake_is_json_too(command: Command) -> None:
    done = await command("show", "nowhere", LONGTHOUGHT_LOG_FORMAT="json")
    (line,) = map(json.loads, done.stderr.splitlines())
    assert (done.returncode, line["exit_code"], line["level"]) == (2, 2, "error")
    assert "nowhere" in line["message"]


async def test_the_default_is_plain_and_another_format_is_refused(command: Command) -> None:
    assert (await command("show", "nowhere")).stderr.startswith("longthought: nowhere")
    done = await command("show", "nowhere", LONGTHOUGHT_LOG_FORMAT="xml")
    assert done.returncode == 2
    assert done.stderr == "longthought: LONGTHOUGHT_LOG_FORMAT must be json or text, got 'xml'\n"
