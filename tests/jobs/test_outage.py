"""A server that fails every request stops a job with one clear error; no debate pays for it, and all go on later."""

import asyncio
import json
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

import longthought as lt
from longthought.agents.agent import Critic, Policy
from longthought.agents.dialects.prose import Prose
from longthought.agents.served import connections
from longthought.agents.served.breaker import Breaker
from longthought.agents.served.chat_model import ServedChatModel
from longthought.errors import OutageError, RunError
from tests.fakes import sums
from tests.fakes.server import Act, FakeServer, hangs, refuses

PROBLEMS = 20
SOUND = 50
"""Requests that are answered before the outage: in the middle of every debate in flight."""


class Fate:
    """A server that answers for a while, then none, then again."""

    def __init__(self, fault: Act) -> None:
        self.fault, self.mended, self.struck = fault, False, asyncio.Event()

    async def __call__(self, server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        sound = self.mended or len(server.chats) <= SOUND
        if not sound:
            self.struck.set()
        return await (sums.debates() if sound else self.fault)(server, request, payload)


def settings(server: FakeServer) -> dict[str, Any]:
    return {"policy": "openai:fake", "critic": "openai:fake", "base_url": server.base_url, "tools": []}


def kinds(out: Path) -> Counter[str]:
    lines = [line for path in out.glob("events-*.jsonl") for line in path.read_bytes().splitlines()]
    return Counter(json.loads(line)["kind"] for line in lines)


def replies(out: Path) -> int:
    """Return how many replies are in the log."""
    whole = [line for path in out.glob("events-*.jsonl") for line in path.read_bytes().splitlines(keepends=True)]
    return sum(len(json.loads(line)["calls"]) for line in whole if line.endswith(b"\n"))


async def job(out: Path, server: FakeServer, **changes: Any) -> list[lt.Trajectory]:
    given = {"concurrency": 6, **settings(server), **changes}
    return await asyncio.to_thread(lambda: list(lt.generate(sums.tasks(PROBLEMS), out=out, **given)))


@pytest.mark.parametrize("processes", [None, 2])
async def test_a_key_that_runs_out_stops_the_job_and_fails_no_debate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: int | None
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "old")
    out, refusal = tmp_path / "run", refuses(401, "this key has expired")

    async def once_all_is_logged(
        server: FakeServer, request: web.Request, payload: dict[str, Any]
    ) -> web.StreamResponse:
        # A reply that is on its way when a process is stopped is asked for again; here there is none.
        while replies(out) < SOUND:  # noqa: ASYNC110 - other processes write them
            await asyncio.sleep(0.005)
        return await refusal(server, request, payload)

    fate = Fate(once_all_is_logged)
    async with FakeServer([fate]) as server:
        with pytest.raises(RunError, match=r"401 \(this key has expired\); set OPENAI_API_KEY"):
            await job(out, server, processes=processes)
        before = kinds(out)
        assert before["started"] > before["finished"] > 0
        assert before["failed"] == 0

        fate.mended = True
        monkeypatch.setenv("OPENAI_API_KEY", "new")
        await job(out, server, processes=processes)
        # A busy server may read requests of the first job only now; their key tells them apart.
        keys = Counter(seen.headers["Authorization"] for seen in server.chats)
        assert keys["Bearer old"] <= SOUND + 6
        assert keys["Bearer new"] == PROBLEMS * sums.REQUESTS - SOUND
    run = list(lt.Run(out).trajectories())
    assert sorted(t.id for t in run) == sorted(f"sum-{n}#0" for n in range(PROBLEMS))
    assert all((t.rounds, t.requests, t.failure) == (sums.ROUNDS, sums.REQUESTS, None) for t in run)
    assert (kinds(out)["finished"], kinds(out)["graded"], kinds(out)["failed"]) == (PROBLEMS, PROBLEMS, 0)


async def test_a_server_that_is_gone_for_good_stops_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "Breaker", partial(Breaker, first=0.01, longest=0.02))
    out, fate = tmp_path / "run", Fate(hangs)
    async with FakeServer([fate]) as server:
        model = ServedChatModel(model="fake", base_url=server.base_url, backoff=0.01)
        agents = {"policy": Policy("fake", model, Prose()), "critic": Critic("fake", model, Prose())}
        running = asyncio.create_task(job(out, server, **agents))
        await fate.struck.wait()
    with pytest.raises(OutageError, match=r"was tried 8 times without success: .*check that the server runs"):
        await running
    assert kinds(out)["started"] > kinds(out)["finished"]
    assert kinds(out)["failed"] == 0


async def test_the_command_says_so_in_one_line(tmp_path: Path) -> None:
    problems, out = sums.file(tmp_path / "p.jsonl", PROBLEMS), tmp_path / "run"
    pipe = asyncio.subprocess.PIPE
    async with FakeServer([Fate(refuses(402, "nothing left to pay with"))]) as server:
        words = ["generate", problems, "--out", out, "--policy", "openai:fake", "--critic", "openai:fake"]
        words += ["--base-url", server.base_url, "--tools", "none", "--concurrency", "6", "--json"]
        command = [sys.executable, "-c", "from longthought.cli.main import main; main()", *map(str, words)]
        process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
        said, complaint = await process.communicate()
    assert (process.returncode, said) == (1, b"")
    (line,) = complaint.decode().splitlines()
    assert "402 (nothing left to pay with)" in line
    done = kinds(out)["finished"]
    assert line.endswith(
        f"stopped with {done} of {PROBLEMS} debates done; everything so far is in {out}. "
        "Run the same command again to go on."
    )
    assert json.loads((out / "summary.json").read_text())["finished"] == done
