"""Sub-debates in a job of several processes: logged where their parent is; nothing of them is lost or done twice."""

import asyncio
import os
import re
import signal
from pathlib import Path
from typing import Any

from aiohttp import web

import longthought as lt
from longthought.jobs.progress import Progress
from longthought.trajectories.events import Proposed
from longthought.trajectories.run import Run
from tests.fakes import sums
from tests.fakes.server import Act, FakeServer, completion
from tests.jobs.test_local import children

REQUESTS = 1 + 3 * 2
"""The plan, and three debates of one step and one verdict: two questions, and what they come to."""


def policy_says(prompt: str) -> str:
    """Plan, and answer what is asked."""
    number = sums.number_in(prompt)
    if "is a plan" in prompt:
        return f"1. How much is 500 + {number}?\n2. How much is that and 500?"
    return (
        rf"It is \boxed{{{number + (500 if prompt.startswith('Problem:' + chr(10) + 'How much is 500') else 1000)}}}."
    )


def decomposed(delay: float) -> Act:
    """Answer policy and critic so, after some seconds."""

    async def act(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(delay)
        prompt = payload["messages"][-1]["content"]
        return web.json_response(
            completion(sums.critic_says(prompt) if "response_format" in payload else policy_says(prompt))
        )

    return act


async def test_sub_debates_of_a_killed_process_go_on_in_others(tmp_path: Path) -> None:
    out, killed, progress = tmp_path / "run", list[int](), Progress()
    async with FakeServer([decomposed(0.02)]) as server:
        given: dict[str, Any] = {
            "policy": "openai:fake",
            "critic": "openai:fake",
            "base_url": server.base_url,
            "tools": [],
        }

        def run() -> None:
            job = lt.generate(
                sums.tasks(12), out=out, graph="decompose", processes=2, concurrency=4, progress=progress, **given
            )
            for number, _ in enumerate(job):
                if number == 3:
                    killed.append(children(os.getpid())[0])
                    os.kill(killed[-1], signal.SIGKILL)

        await asyncio.to_thread(run)
        asked = len(server.chats)
    assert len(killed) == 1
    log = Run(out)
    assert sorted(log.ids()) == sorted(log.graded_ids()) == sorted(f"sum-{n}#0" for n in range(12))
    for trajectory in log.trajectories():
        parts = [log.trajectory(name) for name in log.parts(trajectory.id)]
        assert [part.id for part in parts] == [f"{trajectory.id}/1", f"{trajectory.id}/2"]
        assert all(part.finished for part in parts)
        assert [e.seq for e in trajectory.events] == list(range(len(trajectory.events)))
        assert trajectory.requests == REQUESTS
        assert trajectory.solved is True
        assert [e.trajectories for e in trajectory.events if isinstance(e, Proposed) and e.trajectories] == [
            (part.id,) for part in parts
        ]
        known = re.search(r"Answer: (\d+)", parts[1].problem.context)
        assert known
        assert known[1] == parts[0].answer
    assert (progress.done, progress.solved, progress.requests) == (12, 12, 12 * REQUESTS)
    assert 12 * REQUESTS <= asked <= 12 * REQUESTS + 2  # the turns in flight, at most
    again = await asyncio.to_thread(lambda: list(lt.generate(sums.tasks(12), out=out, graph="decompose", **given)))
    assert again == []
