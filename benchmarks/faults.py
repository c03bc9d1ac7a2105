"""Measure what server faults cost a job: it should lose nothing, fail no debate, and send few extra requests.

    python benchmarks/faults.py --problems 500 --concurrency 64

The same job is played three times against the fake server of `benchmarks/server.py`: without faults; with faults in
every tenth request (cut connections, 429, 500, broken JSON, truncated bodies, replies that take 30 seconds); and with a
server that goes away in the middle. The exit code is 1 unless every debate of all jobs ended with all of its turns.
`needed` counts the requests in the log, which are those that a server without faults would have received.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import server

import longthought as lt
from longthought.jobs.progress import Progress

STEPS = 7


@dataclass(frozen=True)
class Row:
    """The figures of one job."""

    name: str
    ended: int
    failed: int
    needed: int
    seen: int
    most: int
    """Number of requests in the busiest second."""
    while_away: int
    seconds: float
    cpu: float
    faults: dict[str, int]

    def lines(self) -> Iterator[str]:
        """Yield the row for people to read, with its faults below it."""
        ratio, per_turn = self.seen / self.needed, 1000 * self.cpu / self.needed
        yield (
            f"{self.name:<8}{self.ended:>7,}{self.failed:>8,}{self.needed:>9,}{self.seen:>9,}"
            f"{ratio:>10.3f}{self.most:>13,}{self.seconds:>9.1f}{per_turn:>13.2f}"
        )
        if self.faults:
            yield "        " + ", ".join(f"{count} {name}" for name, count in sorted(self.faults.items()))
        if self.while_away:
            yield f"        {self.while_away} requests while the server was away"


def play(name: str, settings: dict[str, float], given: argparse.Namespace, folder: Path) -> Row:
    """Play the job once against a server with these settings."""
    problems = [lt.Problem(id=f"p{n}", statement=f"What comes after {n}?") for n in range(given.problems)]
    progress, began, cpu = Progress(), time.monotonic(), time.process_time()
    with server.running(latency=given.latency, steps=STEPS, **settings) as url:
        agents: dict[str, Any] = {"policy": "openai:fake", "critic": "openai:fake", "base_url": url, "tools": []}
        job = lt.generate(problems, out=folder / name, concurrency=given.concurrency, progress=progress, **agents)
        ended = sum(trajectory.rounds == STEPS + 1 for trajectory in job)
        seen = server.stats(url)
    return Row(
        name, ended, progress.failed, progress.requests, seen["requests"], seen["most_in_a_second"], seen["while_away"],
        time.monotonic() - began, time.process_time() - cpu, seen["faults"],
    )  # fmt: skip


def main() -> None:
    """Play all three jobs and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=500)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds")
    parser.add_argument("--faults", type=float, default=0.1, help="share of the requests that go wrong")
    parser.add_argument("--stall", type=float, default=30.0, help="seconds of a stalled reply")
    parser.add_argument("--away", type=float, default=20.0, help="seconds that the server is away")
    given = parser.parse_args()
    jobs: dict[str, dict[str, float]] = {
        "sound": {},
        "faults": {"faults": given.faults, "stall": given.stall},
        "away": {"away_after": 2.0, "away_for": given.away},
    }
    print("server    ended  failed   needed     seen  ÷ needed  in a second  seconds  CPU ms/turn", flush=True)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as temporary:
        for name, settings in jobs.items():
            rows.append(play(name, settings, given, Path(temporary)))
            print(*rows[-1].lines(), sep="\n", flush=True)
    sys.exit(any(row.ended != given.problems or row.failed for row in rows))


if __name__ == "__main__":
    main()
