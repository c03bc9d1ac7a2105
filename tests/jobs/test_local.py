"""One job over several processes: the same debates as in one, whoever is killed, stopped or counted differently."""

import asyncio
import json
import os
import random
import re
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import longthought as lt
from longthought.errors import ConfigError, RunError, UserError
from longthought.graphs.debate import DebateContext
from longthought.jobs.dispatch import run_shards, shares
from longthought.jobs.local import LocalProcess
from longthought.jobs.progress import Progress
from longthought.jobs.request import JobRequest
from longthought.trajectories.folder import RunFolder
from longthought.trajectories.trajectory import Trajectory
from tests.fakes import sums
from tests.fakes.scripted import ScriptedChatModel
from tests.fakes.server import FakeServer

ROOT = Path(lt.__file__).parents[1]


def settings(server: FakeServer) -> dict[str, Any]:
    return {"policy": "openai:fake", "critic": "openai:fake", "base_url": server.base_url, "tools": []}


def command(problems: Path, out: Path, url: str, processes: int) -> list[str]:
    return [
        *(sys.executable, "-c", "from longthought.cli.main import main; main()"),
        *("generate", str(problems), "--out", str(out), "--json"),
        *("--policy", "openai:fake", "--critic", "openai:fake", "--base-url", url),
        *("--tools", "none", "--concurrency", "4", "--processes", str(processes)),
    ]


async def start(words: list[str]) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*words, stdout=pipe, stderr=pipe, cwd=ROOT)


def children(parent: int) -> list[int]:
    """Find the processes of a job by their parent."""
    found: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            shard = b"longthought.jobs.worker" in (stat.parent / "cmdline").read_bytes()
        except OSError:  # it ended meanwhile
            continue
        if shard and int(fields[1]) == parent and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def log(out: Path) -> dict[str, bytes]:
    """Read every segment up to its last whole line."""
    read = {path.name: path.read_bytes() for path in out.glob("events-*.jsonl")}
    return {name: data[: data.rfind(b"\n") + 1] for name, data in read.items()}


def count(out: Path) -> int:
    return sum(data.count(b"\n") for data in log(out).values())


def facts(trajectory: Trajectory) -> list[dict[str, Any]]:
    """Return a debate's events without clocks and ports."""
    events = [event.model_dump(mode="json", exclude={"at", "config"}) for event in trajectory.events]
    for event in events:
        for call in event["calls"]:
            del call["latency"]
    return events


def expect_whole(out: Path, problems: int) -> None:
    run = lt.Run(out)
    assert sorted(run.ids()) == sorted(f"sum-{n}#0" for n in range(problems))
    for trajectory in run.trajectories():
        kinds = Counter(event.kind for event in trajectory.events)
        assert (kinds["started"], kinds["finished"], kinds["graded"]) == (1, 1, 1)
        assert [event.seq for event in trajectory.events] == list(range(len(trajectory.events)))
        assert (trajectory.rounds, trajectory.requests) == (sums.ROUNDS, sums.REQUESTS)


async def test_two_processes_do_the_same_job_as_one_each_with_its_own_segment(tmp_path: Path) -> None:
    progress = Progress()
    async with FakeServer([sums.debates(0.01)]) as server:
        given = settings(server)
        one = await asyncio.to_thread(lambda: list(lt.generate(sums.tasks(20), out=tmp_path / "one", **given)))
        two = await asyncio.to_thread(
            lambda: list(
                lt.generate(
                    sums.tasks(20), out=tmp_path / "two", processes=2, concurrency=6, progress=progress, **given
                )
            )
        )
        again = await asyncio.to_thread(
            lambda: list(lt.generate(sums.tasks(20), out=tmp_path / "two", processes=3, **given))
        )
    assert again == []
    assert {t.id: facts(t) for t in one} == {t.id: facts(t) for t in two}
    assert {t.id: facts(t) for t in two} == {t.id: facts(t) for t in lt.Run(tmp_path / "two").trajectories()}
    assert {name: bool(data) for name, data in log(tmp_path / "two").items()} == {
        "events-0000.jsonl": False,
        "events-0001.jsonl": True,
        "events-0002.jsonl": True,
    }
    summary = progress.summary()
    assert (summary.problems, summary.finished, summary.solved, summary.requests) == (20, 20, 18, 120)


async def test_the_debates_of_a_killed_process_go_on_in_others(tmp_path: Path) -> None:
    out, killed = tmp_path / "run", list[int]()
    async with FakeServer([sums.debates(0.02)]) as server:
        given = settings(server)

        def run() -> None:
            for number, _ in enumerate(lt.generate(sums.tasks(30), out=out, processes=2, concurrency=6, **given)):
                if number in (4, 12):
                    killed.append(random.Random(number).choice(children(os.getpid())))
                    os.kill(killed[-1], signal.SIGKILL)

        await asyncio.to_thread(run)
        requests = len(server.chats)
    assert len(killed) == 2
    expect_whole(out, 30)
    assert 30 * sums.REQUESTS <= requests <= 30 * sums.REQUESTS + 2 * 6  # the turns in flight, at most


async def test_a_job_killed_whole_goes_on_with_any_number_of_processes(tmp_path: Path) -> None:
    problems, out, total = sums.file(tmp_path / "problems.jsonl", 16), tmp_path / "run", 16
    rng, counts = random.Random(7), (2, 1, 3)
    async with FakeServer([sums.debates(0.02)]) as server:
        for processes in counts:
            before = log(out)
            wanted = count(out) + rng.randint(5, 40)
            job = await start(command(problems, out, server.base_url, processes))
            while count(out) < wanted:
                assert job.returncode is None, await job.stderr.read() if job.stderr else b""
                await asyncio.sleep(0.005)
            job.send_signal(signal.SIGKILL)
            assert (await job.communicate())[1] == b""  # what its processes say, too
            after = log(out)
            assert all(after[name].startswith(data) for name, data in before.items())
        last = await start(command(problems, out, server.base_url, 2))
        said, complaint = await last.communicate()
        requests = len(server.chats)
    assert last.returncode == 0, complaint
    expect_whole(out, total)
    summary = json.loads(said)
    assert (summary["trajectories"], summary["finished"], summary["solved"]) == (total, total, 15)
    assert summary["requests"] == total * sums.REQUESTS
    assert requests <= total * sums.REQUESTS + len(counts) * 5  # 3 processes hold 2 debates each, of 4 asked for


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_stopped_job_stops_its_processes_and_says_how_to_go_on(tmp_path: Path, number: signal.Signals) -> None:
    problems, out = sums.file(tmp_path / "problems.jsonl", 200), tmp_path / "run"
    async with FakeServer([sums.debates(0.02)]) as server:
        job = await start(command(problems, out, server.base_url, 2))
        while count(out) < 60:
            assert job.returncode is None, await job.stderr.read() if job.stderr else b""
            await asyncio.sleep(0.01)
        shards = children(job.pid)
        assert len(shards) == 2
        job.send_signal(number)
        _, said = await job.communicate()
    assert job.returncode == 128 + number
    assert re.search(rb"stopped with \d+ of 200 debates done.*Run the same command again", said)
    for pid in shards:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_workers_lost_again_and_again_end_the_job_with_the_reason(tmp_path: Path) -> None:
    hired: list[LocalProcess] = []

    async def doomed(job: JobRequest, segment: Path) -> LocalProcess:
        worker = await LocalProcess.start(job, segment)
        hired.append(worker)
        os.kill(worker.pid, signal.SIGKILL)
        return worker

    context = DebateContext(policy="openai:fake", critic="openai:fake", base_url="http://127.0.0.1:1/v1", tools=[])
    job = JobRequest(context=context, concurrency=2)
    said = r"4 workers were lost, the last one was killed by SIGKILL.*sum-0#0"
    with RunFolder.create_or_resume(tmp_path / "run", job.config()) as folder, pytest.raises(RunError, match=said):
        async for _ in run_shards(job, sums.tasks(1), folder, doomed, 1):
            pass
    assert len(hired) == 4


@pytest.mark.parametrize(("concurrency", "requests", "processes"), [(5, None, 4), (10, 8, 3), (64, 1, 4), (2, None, 8)])
def test_the_shares_of_workers_are_the_limits_of_the_job(
    concurrency: int, requests: int | None, processes: int
) -> None:
    context = DebateContext(policy="openai:fake", critic="openai:fake", base_url="http://127.0.0.1:1/v1", tools=[])
    job = JobRequest(context=context, concurrency=concurrency, requests=requests)
    parts = shares(job, processes)
    assert sum(part.concurrency for part in parts) == concurrency
    assert requests is None or sum(part.requests or 0 for part in parts) == requests
    assert all(part.concurrency > 0 and part.requests != 0 for part in parts)


async def test_an_error_that_no_process_can_mend_is_told_once(tmp_path: Path) -> None:
    context = DebateContext(policy="openai:fake", critic="openai:fake", base_url="http://127.0.0.1:1/v1", tools=[])
    job = JobRequest(context=context, concurrency=2)
    with RunFolder.create_or_resume(tmp_path / "run", job.config()) as folder:
        (tmp_path / "run" / "events-0001.jsonl").write_bytes(b"x" * (65 * 2**20))
        with pytest.raises(UserError, match="more than a killed job can have torn"):
            async for _ in run_shards(job, sums.tasks(1), folder, LocalProcess.start, 1):
                pass


def test_processes_need_agents_by_name(tmp_path: Path) -> None:
    agent = lt.Policy("scripted:policy", ScriptedChatModel([]), None)  # pyright: ignore
    with pytest.raises(ConfigError, match="name policy and critic"):
        list(lt.generate(sums.tasks(1), out=tmp_path / "run", policy=agent, processes=2))
    with pytest.raises(ConfigError, match="`processes` must be at least 1, got 0"):
        list(lt.generate(sums.tasks(1), out=tmp_path / "run", processes=0))
    assert not (tmp_path / "run").exists()
