"""A job in the terminal: the live figures, the plain lines, the closing table; and that they fit."""

import asyncio
import io
import json
import signal
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from rich.console import Console

import longthought as lt
from longthought.cli.render import job
from longthought.jobs.pace import Pace
from longthought.jobs.progress import Bill, Progress
from longthought.trajectories.events import Failure, StopReason, Usage
from tests.cli.test_cli import KEYS, command, end, expect_one_line, served, start
from tests.fakes import sums
from tests.fakes.server import FakeServer, hangs, says


def large() -> Progress:
    """Return a job with figures as wide as they get."""
    progress = Progress(
        problems=1_000_000, total=8_000_000, expected=8_000_000, limit=4096, in_flight=4096, finished=7_654_321,
        failed=12_345, solved=6_543_210, graded=7_600_000, last_failure="[red]no such\nmodel[/] " * 20,
        policy_now=Bill(90_000_000, 8_000_000_000, 6_000_000_000, 2_000_000_000),
        critic_now=Bill(90_000_000, 8_000_000_000, 6_000_000_000, 1_000_000_000),
    )  # fmt: skip
    progress.stops.update({StopReason.ANSWERED: 7_000_000, StopReason.ROUNDS: 654_321, StopReason.FAILED: 12_345})
    progress.failures.update({Failure.INTERNAL: 345, Failure.MODEL: 12_000})
    progress.setbacks.update({Failure.UNREADABLE_VERDICT: 77})
    progress.began -= 5_000
    return progress


def drawn(width: int, *things: Any) -> list[str]:
    file = io.StringIO()
    console = Console(file=file, width=width, highlight=False)
    for thing in things:
        console.print(thing)
    return file.getvalue().splitlines()


@pytest.mark.parametrize("width", [50, 80, 120])
def test_the_figures_fit_the_terminal(width: int) -> None:
    for progress in (large(), Progress(), Progress(total=5)):
        summary = job.summary_table(progress.summary(), progress)
        lines = drawn(width, job.figures_grid(progress, Pace(progress), progress.began + 5_000), summary)
        assert max(map(len, lines)) <= width


def test_estimated_tokens_are_marked_in_the_closing_table() -> None:
    progress = Progress(policy=Bill(1, 300, 0, 58), critic=Bill())
    progress.critic.add(Usage(prompt=30, completion=5, estimated=True))
    progress.critic.add(Usage(prompt=10, completion=5))
    text = "\n".join(drawn(100, job.summary_table(progress.summary(), progress)))
    assert " 58 tokens written, 300 read (0 cached) " in text
    assert " ~10 tokens written, ~40 read (0 cached), estimated " in text


def test_the_figures_say_how_the_job_stands() -> None:
    progress = large()
    now = progress.began + 5_000
    grid = "\n".join(drawn(120, job.figures_grid(progress, Pace(progress), now)))
    line = job.figures_line(progress, Pace(progress), now)
    for text in (grid, line):
        for words in (
            "7,666,666 of 8,000,000 debates", "6,543,210 (86.1%)", "12,000 model, 345 internal", "400,000 tokens/s",
            "200,000 tokens/s", "36,000.0", "75%", "1:23:20", "3:37", "4,096", "rounds lost",
        ):  # fmt: skip
            assert words in text
    assert "[red]no such model[/]" in grid
    assert "\n" not in line


def test_what_is_not_known_is_not_told() -> None:
    progress = Progress(limit=3)
    assert "getting ready" in "\n".join(drawn(80, job.figures_grid(progress, Pace(progress), progress.began)))
    assert job.figures_line(progress, Pace(progress), progress.began + 65) == "getting ready, 1:05"
    progress.total = progress.finished = 7
    line = job.figures_line(progress, Pace(progress), progress.began + 1)
    assert line.startswith("7 of 7 debates so far, 0 solved, 0 failed, 0 in flight")
    assert "left" not in line
    assert "%" not in line


def summary(progress: Progress) -> str:
    return "\n".join(drawn(100, job.summary_table(progress.summary(), progress)))


def test_nothing_is_said_of_the_cost_of_what_was_not_played() -> None:
    """As after a job whose debates all failed at their first request, or a job that had ended before."""
    failed = Progress(total=2, failed=2, graded=2)
    failed.failures[Failure.MODEL] = 2
    for word in ("policy", "critic", "tokens", "per debate", "speed", "rounds"):
        assert word not in summary(failed)
    ended = Progress(total=2, finished=2, done_before=2, rounds=5, policy=Bill(5, 500, 100, 40))
    assert "20 tokens written, 2.5 rounds " in summary(ended)
    assert "none was left to play" in summary(ended)
    assert "left to play" not in summary(Progress(total=2, finished=2))
    assert "s of CPU, start-up" not in summary(ended)
    assert "speed" not in summary(ended)
    assert "critic" not in summary(ended)
    assert "%" not in summary(ended)


def test_plain_lines_come_now_and_then_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "INTERVAL", 0.01)
    seen = threading.Event()

    class Told(io.StringIO):
        def write(self, text: str) -> int:
            if self.getvalue().count("\n") >= 3:
                seen.set()
            return super().write(text)

    file = Told()
    with job.Dashboard(large(), console=Console(file=file, width=40, highlight=False)) as board:
        assert seen.wait(60)
        board.stop()
        stopped = file.getvalue()
    assert file.getvalue() == stopped
    assert stopped.endswith("\n")
    assert stopped.count("\n") >= 3
    for line in stopped.splitlines():
        assert line.startswith("7,666,666 of 8,000,000 debates, 6,543,210 (86.1%) solved")


def test_a_live_display_leaves_nothing_behind() -> None:
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=True, highlight=False)
    with job.Dashboard(large(), console=console) as board:
        assert board.console.is_terminal
    assert "7,666,666 of 8,000,000 debates" in file.getvalue()
    assert file.getvalue().rpartition("\x1b[2K")[2].strip() in ("", "\x1b[?25h")


def test_a_quiet_one_says_nothing() -> None:
    file = io.StringIO()
    with job.Dashboard(large(), quiet=True, console=Console(file=file, force_terminal=True)):
        pass
    assert file.getvalue() == ""


# The command.


async def test_a_job_on_the_rows_of_somebody_else(tmp_path: Path) -> None:
    rows = [
        {"question": f"What is {n} + 1000?", "answer": f"It is so.\n#### {n + 1000}", "level": n % 2} for n in range(9)
    ]
    data, out = tmp_path / "sums.jsonl", tmp_path / "run"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    chosen = ["--where", "level=1", "--where", "question!=What is 1 + 1000?", "--limit", "2", "--samples", "2"]
    fields = ["--statement-field", "question", "--answer-field", "answer"]
    async with FakeServer([sums.debates()]) as server:
        done = await command("generate", data, "--out", out, "--json", *chosen, *fields, *served(server.base_url))
        assert (done.code, done.err) == (0, "")
        again = await command("generate", data, "--out", out, *chosen, *served(server.base_url))
    assert (again.code, again.err) == (0, "")  # these fields are known without being named
    assert "4 (100.0% of 4 graded)" in again.out
    summary = json.loads(done.out)
    assert list(summary) == KEYS
    assert (summary["problems"], summary["trajectories"], summary["solved"], summary["graded"]) == (2, 4, 4, 4)
    assert sorted(t.id for t in lt.Run(out).trajectories()) == ["sums-4#0", "sums-4#1", "sums-6#0", "sums-6#1"]
    assert all("####" not in path.read_text() for path in out.glob("events-*.jsonl"))


async def test_the_summary_is_in_the_folder_however_the_job_ended(tmp_path: Path) -> None:
    problems, out = sums.file(tmp_path / "p.jsonl", 6), tmp_path / "run"
    awake, answer = asyncio.Event(), sums.debates()

    async def falls_asleep(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        is_first = sums.number_in(payload["messages"][-1]["content"]) < 2
        return await (answer if awake.is_set() or is_first else hangs)(server, request, payload)

    async with FakeServer([falls_asleep]) as server:
        words = ["generate", problems, "--out", out, "--concurrency", "2", "--json", *served(server.base_url)]
        job = await start(*words)
        while len(server.chats) < 14:  # two debates are over, and two hang
            assert job.returncode is None
            await asyncio.sleep(0.01)
        job.send_signal(signal.SIGINT)
        stopped = await end(job)
        assert stopped.code == 130
        assert "stopped with 2 of 6 debates done" in stopped.err
        assert json.loads((out / "summary.json").read_text())["finished"] == 2
        awake.set()
        done = await command(*words)
    assert done.code == 0
    assert json.loads((out / "summary.json").read_text()) == json.loads(done.out)


async def test_a_critic_that_nobody_can_read_is_told_of(tmp_path: Path) -> None:
    """A server that takes `response_format` and does not mind it."""
    problems, out = sums.file(tmp_path / "p.jsonl", 2), tmp_path / "run"
    async with FakeServer([says("I guess it is all right. Score: 9 of 10.")]) as server:
        done = await command("generate", problems, "--out", out, "--rounds", "4", *served(server.base_url))
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "none of 6 verdicts could be read: serve the critic where response_format is honoured" in done.err
    assert "2 out of rounds" in done.out
    assert "6 unreadable verdict" in done.out


async def test_the_figures_are_served_while_the_command_runs(tmp_path: Path) -> None:
    problems, out = sums.file(tmp_path / "p.jsonl", 3), tmp_path / "run"
    async with FakeServer([hangs]) as server:
        job = await start(
            "generate", problems, "--out", out, "--concurrency", "2", "--metrics-port", "0", *served(server.base_url)
        )
        assert job.stderr is not None
        said = (await job.stderr.readline()).decode()
        url = said.split()[-1]
        assert url.startswith("http://127.0.0.1:")
        while len(server.chats) < 2:
            assert job.returncode is None
            await asyncio.sleep(0.01)
        with await asyncio.to_thread(urllib.request.urlopen, url) as answer:
            text = answer.read().decode()
        found = {s.name: s.value for f in text_string_to_metric_families(text) for s in f.samples if not s.labels}
        assert (found["longthought_debates_expected"], found["longthought_debates_in_flight"]) == (3, 2)
        port = url.split(":")[2].split("/")[0]
        other = await command("generate", problems, "--out", tmp_path / "other", "--metrics-port", port)
        expect_one_line(other, 2, f"--metrics-port {port}: can't listen there")
        job.send_signal(signal.SIGINT)
        assert (await end(job)).code == 130
    assert not (tmp_path / "other").exists()
