"""Worker processes: a call that hangs or dies costs only itself; any thread may call; none outlives its parent."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import AsyncIterator, Callable

import pytest

from longthought.tools.workers import WorkerCrashed, Workers, WorkerTimeout

HAZARDS = "tests.fakes.hazards:misbehave"
PATIENCE = 60.0
"""Seconds that a busy machine may need; only an upper bound."""


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    pool = Workers(HAZARDS, size=2, seconds=PATIENCE, memory_mb=512)
    yield pool
    pool.close()


def wait_for(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("value", [None, 7, "π\n\0", "\ud800", [1, {"a": [True, 0.5]}], "x" * 3_000_000])
async def test_values_go_there_and_back(workers: Workers, value: object) -> None:
    assert await workers.call("echo", value) == value


async def test_a_process_stays_warm() -> None:
    workers = Workers(HAZARDS, size=1, seconds=PATIENCE)
    pid = await workers.call("pid")
    assert pid != os.getpid()
    assert [await workers.call("pid") for _ in range(3)] == [pid] * 3
    workers.close()


async def test_nothing_starts_before_the_first_call_and_no_more_than_needed(workers: Workers) -> None:
    before = threading.active_count()
    await workers.call("pid")
    await workers.call("pid")
    assert threading.active_count() == before + 1
    await asyncio.gather(*(workers.call("sleep", 0.05) for _ in range(8)))
    assert threading.active_count() == before + 2


@pytest.mark.parametrize(("what", "value"), [("sleep", 600), ("busy", 12), ("fork", None)])
async def test_what_hangs_is_killed_and_replaced(workers: Workers, what: str, value: object) -> None:
    first = await workers.call("pid")
    with pytest.raises(WorkerTimeout, match=r"no result after 0\.3 s"):
        await workers.call(what, value, seconds=0.3)
    assert wait_for(lambda: not alive(first))
    second = await workers.call("pid")
    assert second != first
    assert await workers.call("echo", 1) == 1


@pytest.mark.parametrize(("what", "why"), [("die", r"exited \(3\)"), ("segfault", "signal 11")])
async def test_a_process_that_dies_is_replaced(workers: Workers, what: str, why: str) -> None:
    with pytest.raises(WorkerCrashed, match=why):
        await workers.call(what)
    assert await workers.call("echo", 1) == 1


async def test_memory_is_bounded(workers: Workers) -> None:
    assert await workers.call("memory", 50) == 50 << 20
    first = await workers.call("pid")
    with pytest.raises(WorkerCrashed, match="MemoryError"):
        await workers.call("memory", 2_000)
    assert await workers.call("pid") != first


async def test_what_raises_keeps_its_process(workers: Workers) -> None:
    first = await workers.call("pid")
    with pytest.raises(WorkerCrashed, match="ValueError: no such luck"):
        await workers.call("raise", "no such luck")
    with pytest.raises(WorkerCrashed, match="SystemExit"):
        await workers.call("exit")
    with pytest.raises(WorkerCrashed, match="TypeError"):
        await workers.call("unsendable")
    assert await workers.call("pid") == first


async def test_ctrl_c_and_printing_do_no_harm(workers: Workers) -> None:
    assert await workers.call("interrupt") == "ignored"
    assert await workers.call("print") == ""
    assert await workers.call("echo", 2) == 2


async def test_an_idle_process_that_was_killed_is_not_noticed(workers: Workers) -> None:
    pid = await workers.call("pid")
    os.kill(pid, signal.SIGKILL)
    assert wait_for(lambda: not alive(pid))
    assert await workers.call("echo", 3) == 3


@pytest.mark.parametrize("function", ["no.such.module:f", "tests.fakes.hazards:no_such_function"])
async def test_a_function_that_does_not_exist_is_a_crash(function: str) -> None:
    workers = Workers(function)
    with pytest.raises(WorkerCrashed, match="no"):
        await workers.call()
    workers.close()


async def test_many_threads_with_loops_of_their_own(workers: Workers) -> None:
    found: list[list[int]] = []

    def use(number: int) -> None:
        async def several() -> list[int]:
            return await asyncio.gather(*(workers.call("echo", 100 * number + i) for i in range(20)))

        found.extend(asyncio.run(several()) for _ in range(2))

    threads = [threading.Thread(target=use, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    await asyncio.to_thread(lambda: [thread.join() for thread in threads])
    expected = [[100 * number + i for i in range(20)] for number in range(8)]
    assert sorted(found) == sorted(expected * 2)


async def test_a_cancelled_call_leaves_the_pool_alive() -> None:
    workers = Workers(HAZARDS, size=1, seconds=PATIENCE)
    await workers.call("pid")
    running = asyncio.create_task(workers.call("sleep", 0.2))
    waiting = [asyncio.create_task(workers.call("sleep", 600)) for _ in range(3)]
    await asyncio.sleep(0.05)
    for task in (running, *waiting):
        task.cancel()
    assert await workers.call("echo", 4) == 4
    workers.close()


async def test_closing_ends_what_runs_and_what_waits() -> None:
    workers = Workers(HAZARDS, size=1, seconds=600)
    pid = await workers.call("pid")
    calls = [asyncio.create_task(workers.call("sleep", 600)) for _ in range(3)]
    await asyncio.sleep(0.1)
    await asyncio.to_thread(workers.close)
    assert all(isinstance(e, WorkerCrashed) for e in await asyncio.gather(*calls, return_exceptions=True))
    assert wait_for(lambda: not alive(pid))
    workers.close()
    with pytest.raises(RuntimeError, match="closed"):
        await workers.call("echo", 1)


def test_no_process_outlives_a_parent_killed_with_kill_9() -> None:
    code = textwrap.dedent(f"""
        import asyncio
        from longthought.tools.workers import Workers

        async def main():
            workers = Workers({HAZARDS!r}, size=2, seconds=600)
            busy = asyncio.create_task(workers.call("sleep", 600))
            pids = [await workers.call("pid")]
            hung = asyncio.create_task(workers.call("busy", 12))
            print(pids[0], flush=True)
            await asyncio.gather(busy, hung)

        asyncio.run(main())
    """)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        group = [int(p) for p in os.listdir("/proc") if p.isdecimal() and _parent_of(int(p)) == parent.pid]
        assert pid in group
        assert len(group) == 2
        parent.kill()
    assert wait_for(lambda: not any(map(alive, group)))


def _parent_of(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return int(stat.read().rpartition(")")[2].split()[1])
    except FileNotFoundError:
        return None


def test_a_fork_starts_processes_of_its_own() -> None:
    code = textwrap.dedent(f"""
        import asyncio, os, sys
        from longthought.tools.workers import Workers

        workers = Workers({HAZARDS!r}, size=1)
        first = asyncio.run(workers.call("pid"))
        child = os.fork()
        second = asyncio.run(workers.call("pid"))
        if child == 0:
            os._exit(second == first)
        sys.exit(os.waitpid(child, 0)[1] != 0 or second != first)
    """)
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], timeout=PATIENCE).returncode == 0
