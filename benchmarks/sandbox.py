"""Measure confined runs against an unconfined `python -c` of the same code: latency, runs per second and CPU.

    python benchmarks/sandbox.py --runs 400 --workers 2

The workers import sympy and numpy before their first run. The second program imports sympy, which costs a fresh process
much time. Latency is measured with one caller, throughput with many at once. A loaded machine stretches both, and CPU
time less.
"""

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from longthought.tools.sandbox.pool import Sandbox
from longthought.tools.sandbox.result import RunStatus

PROGRAMS = {
    "print(6 * 7)": "42\n",
    "import sympy; print(sympy.factor('x**2 - 1'))": "(x - 1)*(x + 1)\n",
}


def cpu() -> float:
    """Return the CPU seconds of this process and its ended children."""
    found = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in found)


def below(pid: int) -> float:
    """Return the CPU seconds of all running descendants of a process and their ended children."""
    total, tick = 0.0, os.sysconf("SC_CLK_TCK")
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            total += sum(map(int, fields[11:15])) / tick + below(int(path.parent.name))
    return total


async def timed(run: Callable[[], Awaitable[str]], expected: str, runs: int, at_once: int) -> dict[str, float]:
    """Run one after another for the latency, then many at once for the throughput."""
    for _ in range(at_once):
        await run()
    latencies: list[float] = []
    for _ in range(runs):
        began = time.perf_counter()
        assert await run() == expected
        latencies.append(time.perf_counter() - began)
    gate = asyncio.Semaphore(at_once)

    async def one() -> None:
        async with gate:
            assert await run() == expected

    began, used = time.perf_counter(), cpu() + below(os.getpid())
    await asyncio.gather(*(one() for _ in range(runs)))
    seconds, used = time.perf_counter() - began, cpu() + below(os.getpid()) - used
    return {
        "median_ms": statistics.median(latencies) * 1000,
        "p95_ms": sorted(latencies)[int(len(latencies) * 0.95)] * 1000,
        "runs_per_second": runs / seconds,
        "cpu_ms_per_run": used / runs * 1000,
    }


async def confined(kind: str, code: str, expected: str, runs: int, workers: int) -> dict[str, float]:
    """Measure runs in a sandbox with one kind of confinement."""
    sandbox = Sandbox(confinement=kind, workers=workers)

    async def run() -> str:
        result = await sandbox.run(code)
        assert result.run is RunStatus.OK, result
        return result.stdout

    try:
        await asyncio.gather(*(run() for _ in range(workers)))
        return await timed(run, expected, runs, workers * 2)
    finally:
        sandbox.close()


async def fresh(code: str, expected: str, runs: int, workers: int) -> dict[str, float]:
    """Measure runs in a new interpreter each."""

    async def run() -> str:
        return await asyncio.to_thread(subprocess.check_output, [sys.executable, "-c", code], text=True)

    return await timed(run, expected, runs, workers)


def main() -> None:
    """Measure all programs in all ways, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--confinements", nargs="+", default=["bubblewrap", "landlock"])
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()

    found: list[dict[str, object]] = []
    for code, expected in PROGRAMS.items():
        plain = asyncio.run(fresh(code, expected, max(10, given.runs // 20), given.workers))
        found.append({"code": code, "how": "python -c", **plain, "times_faster": 1.0})
        for kind in given.confinements:
            figures = asyncio.run(confined(kind, code, expected, given.runs, given.workers))
            faster = plain["median_ms"] / figures["median_ms"]
            found.append({"code": code, "how": kind, **figures, "times_faster": faster})
    if given.json:
        machine = {"workers": given.workers, "cores": os.cpu_count(), "load": os.getloadavg()[0]}
        print(json.dumps({**machine, "rows": found}))
        return
    print(f"{given.workers} workers, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print(f"{'':<48}{'median':>10}{'p95':>10}{'runs/s':>9}{'CPU/run':>10}{'faster':>8}")
    for row in found:
        name = f"{row['how']:<12}{row['code']}"[:47]
        print(
            f"{name:<48}{row['median_ms']:>7.1f} ms{row['p95_ms']:>7.1f} ms{row['runs_per_second']:>9.0f}"
            f"{row['cpu_ms_per_run']:>7.1f} ms{row['times_faster']:>7.1f}×"
        )


if __name__ == "__main__":
    main()
