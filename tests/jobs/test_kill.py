"""SIGKILL a real job in the middle, again and again: nothing is lost, nothing is done twice."""

import asyncio
import json
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import longthought as lt
from tests.fakes import sums
from tests.fakes.server import FakeServer

PROBLEMS, KILLS, CONCURRENCY = 12, 5, 4


def command(problems: Path, out: Path, url: str) -> list[str]:
    return [
        *(str(Path(sys.executable).with_name("longthought")), "generate", str(problems), "--out", str(out)),
        *("--policy", "openai:fake", "--critic", "openai:fake", "--base-url", url),
        *("--tools", "none", "--concurrency", str(CONCURRENCY), "--json"),
    ]


def log(out: Path) -> bytes:
    path = out / "events-0000.jsonl"
    return path.read_bytes() if path.exists() else b""


def whole_lines(data: bytes) -> bytes:
    return data[: data.rfind(b"\n") + 1]


async def test_a_job_killed_again_and_again_finishes_every_debate_once(tmp_path: Path) -> None:
    problems, out = sums.file(tmp_path / "problems.jsonl", PROBLEMS), tmp_path / "run"
    rng = random.Random(5)
    async with FakeServer([sums.debates(delay=0.02)]) as server:
        words = command(problems, out, server.base_url)
        for _ in range(KILLS):
            before = whole_lines(log(out))
            wanted = before.count(b"\n") + rng.randint(1, 25)
            job = await asyncio.create_subprocess_exec(*words, stderr=asyncio.subprocess.PIPE)
            while log(out).count(b"\n") < wanted:
                assert job.returncode is None, await job.stderr.read() if job.stderr else b""
                await asyncio.sleep(0.002)
            job.send_signal(signal.SIGKILL)
            await job.communicate()
            assert job.returncode == -signal.SIGKILL
            assert log(out).startswith(before)
        killed = whole_lines(log(out))
        begun = {json.loads(line)["trajectory"] for line in killed.splitlines()}
        done = {json.loads(line)["trajectory"] for line in killed.splitlines() if json.loads(line)["kind"] == "graded"}
        assert begun - done

        last = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
        said, _ = await last.communicate()
        requests = len(server.chats)
    assert last.returncode == 0
    assert log(out).startswith(killed)

    run = lt.Run(out)
    assert sorted(run.ids()) == sorted(f"sum-{n}#0" for n in range(PROBLEMS))
    for trajectory in run.trajectories():
        kinds = Counter(event.kind for event in trajectory.events)
        assert (kinds["started"], kinds["finished"], kinds["graded"]) == (1, 1, 1)
        assert [event.seq for event in trajectory.events] == list(range(len(trajectory.events)))
        assert (trajectory.rounds, trajectory.requests) == (sums.ROUNDS, sums.REQUESTS)

    summary = json.loads(said)
    assert (summary["trajectories"], summary["finished"], summary["failed"]) == (PROBLEMS, PROBLEMS, 0)
    assert (summary["solved"], summary["graded"]) == (PROBLEMS - 1, PROBLEMS)
    assert summary["resumed"] == len(begun - done)
    # A kill repeats at most the turn in flight of each debate.
    assert summary["requests"] == PROBLEMS * sums.REQUESTS
    assert requests <= PROBLEMS * sums.REQUESTS + KILLS * CONCURRENCY
