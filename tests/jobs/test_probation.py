"""A job whose first debates are all refused alike stops and records no failure; single refusals stay failures."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

import longthought as lt
from longthought.cli.app import app
from longthought.errors import OutageError, RunError
from longthought.jobs.progress import Progress
from longthought.trajectories.events import StopReason
from tests.fakes import sums
from tests.fakes.server import Act, FakeServer, refuses
from tests.fakes.sums import tasks

PARAMETER = "Unknown parameter: 'top_k'"


def unless(broken: Callable[[int, str], bool], message: str = PARAMETER) -> Act:
    """Refuse requests by the number of the problem and the prompt; `#` in the message becomes that number."""

    async def act(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        prompt = payload["messages"][-1]["content"]
        number = sums.number_in(prompt)
        refusal = refuses(400, message.replace("#", str(number)))
        return await (refusal if broken(number, prompt) else sums.debates())(server, request, payload)

    return act


def everything(number: int, prompt: str) -> bool:
    return True


def kinds(out: Path) -> Counter[str]:
    lines = [line for path in out.glob("events-*.jsonl") for line in path.read_bytes().splitlines()]
    return Counter(json.loads(line)["kind"] for line in lines)


def failed(out: Path) -> set[str]:
    return {t.id for t in lt.Run(out).trajectories() if t.stop_reason is StopReason.FAILED}


async def job(out: Path, server: FakeServer, count: int, **settings: Any) -> list[str]:
    given: dict[str, Any] = {"policy": "openai:fake", "critic": "openai:fake", "base_url": server.base_url, "tools": []}
    return await asyncio.to_thread(lambda: [t.id for t in lt.generate(tasks(count), out=out, **given, **settings)])


async def expect_stopped_and_mended(out: Path, count: int, act: Act, said: str, **settings: Any) -> None:
    async with FakeServer([act]) as server:
        with pytest.raises(RunError, match=said):
            await job(out, server, count, **settings)
        assert kinds(out)["failed"] == kinds(out)["finished"] == 0
    async with FakeServer([sums.debates()]) as server:
        assert sorted(await job(out, server, count, **settings)) == sorted(f"sum-{n}#0" for n in range(count))
    assert (kinds(out)["finished"], kinds(out)["graded"], kinds(out)["failed"]) == (count, count, 0)
    assert lt.Run(out).holes() == {}


@pytest.mark.parametrize(
    ("count", "said"),
    [(1, "the first debate was"), (2, "the first 2 debates were"), (7, "the first 7 debates"), (20, "the first 8 deb")],
)
@pytest.mark.parametrize("concurrency", [1, 4, 8])
async def test_a_server_that_refuses_everything_stops_the_job(
    count: int, said: str, concurrency: int, tmp_path: Path
) -> None:
    said += r".* refused.*400 \(Unknown parameter: 'top_k'\)"
    await expect_stopped_and_mended(tmp_path / "run", count, unless(everything), said, concurrency=concurrency)


@pytest.mark.parametrize(
    "broken", [lambda _, prompt: "gives the final answer" in prompt, lambda _, prompt: "Step " in prompt]
)
async def test_so_does_one_that_refuses_the_critic_or_every_second_turn(
    broken: Callable[[int, str], bool], tmp_path: Path
) -> None:
    await expect_stopped_and_mended(tmp_path / "run", 12, unless(broken), "the first 8 debates", concurrency=4)


async def test_refusals_that_differ_in_numbers_alone_are_alike(tmp_path: Path) -> None:
    act = unless(everything, "a prompt of 41# tokens doesn't fit into 4096")
    await expect_stopped_and_mended(tmp_path / "run", 3, act, "the first 3 debates were refused alike")


@pytest.mark.parametrize("count", [2, 12])
async def test_processes_stop_too(count: int, tmp_path: Path) -> None:
    await expect_stopped_and_mended(tmp_path / "run", count, unless(everything), "refused alike", processes=2)


@pytest.mark.parametrize(
    ("count", "refused", "settings"),
    [
        (2, {0}, {"concurrency": 1}),
        (2, {1}, {"concurrency": 1}),
        (2, {0}, {"concurrency": 2}),
        (20, {*range(7)}, {"concurrency": 1}),
        (40, {n for n in range(40) if n % 8}, {"concurrency": 40}),
        (20, {*range(10, 20)}, {"concurrency": 4}),
        (20, {0, 1}, {"samples": 8, "concurrency": 1}),
        (2, {0}, {"processes": 2, "concurrency": 2}),
        (20, {n for n in range(20) if n % 4}, {"processes": 2, "concurrency": 16}),
    ],
)
async def test_single_refusals_are_failures_of_their_debates(
    count: int, refused: set[int], settings: dict[str, Any], tmp_path: Path
) -> None:
    out, progress = tmp_path / "run", Progress()
    async with FakeServer([unless(lambda number, _: number in refused)]) as server:
        ended = await job(out, server, count, progress=progress, **settings)
    samples = range(settings.get("samples", 1))
    assert sorted(ended) == sorted(f"sum-{n}#{s}" for n in range(count) for s in samples)
    assert failed(out) == {f"sum-{n}#{s}" for n in refused for s in samples}
    assert (progress.failed, progress.done) == (len(refused) * len(samples), len(ended))
    assert [kinds(out)[kind] for kind in ("started", "finished", "graded")] == [len(ended)] * 3
    for trajectory in lt.Run(out).trajectories():
        assert [event.seq for event in trajectory.events] == list(range(len(trajectory.events)))


async def test_refusals_that_differ_are_failures(tmp_path: Path) -> None:
    def refuse(number: int, prompt: str) -> bool:
        return True

    first, second = unless(refuse, "too long"), unless(refuse, "not allowed")

    async def act(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        number = sums.number_in(payload["messages"][-1]["content"])
        return await (first if number % 2 else second)(server, request, payload)

    out = tmp_path / "run"
    async with FakeServer([act]) as server:
        await job(out, server, 10, concurrency=3)
    assert len(failed(out)) == 10


async def test_the_last_debates_of_a_job_that_went_well_are_failures(tmp_path: Path) -> None:
    out = tmp_path / "run"
    async with FakeServer([sums.debates()]) as server:
        await job(out, server, 5)
    async with FakeServer([unless(everything)]) as server:
        await job(out, server, 7)
    assert failed(out) == {"sum-5#0", "sum-6#0"}


@pytest.mark.parametrize("processes", [None, 2])
async def test_a_retry_that_is_refused_like_all_leaves_the_failures_as_they_are(
    processes: int | None, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    async with FakeServer([unless(lambda number, _: number != 0)]) as server:
        await job(out, server, 12, concurrency=12)
        before = kinds(out)
        assert before["failed"] == 11
        with pytest.raises(RunError, match="the first 8 debates were refused alike"):
            await job(out, server, 12, retry_failed=True, processes=processes)
    assert kinds(out) == before
    async with FakeServer([sums.debates()]) as server:
        assert len(await job(out, server, 12, retry_failed=True, processes=processes)) == 11
    assert failed(out) == set()


async def test_the_command_states_the_refusal_in_one_error(tmp_path: Path) -> None:
    problems, out = sums.file(tmp_path / "p.jsonl", 20), tmp_path / "run"
    async with FakeServer([unless(everything)]) as server:
        words = ["generate", str(problems), "--out", str(out), "--policy", "openai:fake", "--critic", "openai:fake"]
        words += ["--base-url", server.base_url, "--tools", "none", "--json"]
        with pytest.raises(RunError) as caught:
            await asyncio.to_thread(app, words, standalone_mode=False)
    assert not isinstance(caught.value, OutageError)
    said = str(caught.value)
    assert "the first 8 debates were refused alike, and none is recorded as failed: " in said
    assert "400 (Unknown parameter: 'top_k')" in said
    assert said.endswith("Run the same command again to go on.")
