"""Kill a batch job with SIGKILL again and again, or fill its disk, and check that nothing is lost or done twice.

    python benchmarks/kill.py --problems 200 --kills 20
    python benchmarks/kill.py --served --problems 500 --kills 30 --concurrency 64 --most-new-events 1200
    python benchmarks/kill.py --served --processes 2 --problems 500 --kills 30 --concurrency 64 --most-new-events 1200
    python benchmarks/kill.py --served --fill --problems 100 --kills 20 --concurrency 16

The script runs `longthought generate` in a process of its own, kills it after a random number of new events, and runs
it again; after the last kill it lets the job finish. With --fill the job isn't killed: no file may grow beyond a
random size, so that the job has to stop by itself, with exit code 1. The exit code of the script is 0 if every problem
has exactly one debate, begun, finished and graded once; if no debate has a gap in it; and if the log at each kill is a
prefix of the final log, so unfinished debates went on from their last event.

With --served the agents are on the fake server of `benchmarks/server.py`, which counts requests. Requests in no event
were in flight at a kill and sent again; there may be at most one for each debate in flight.
"""

import argparse
import contextlib
import json
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import server

import longthought as lt

EVENT_BYTES = 700
"""Mean size of an event in the log."""
LONGTHOUGHT = str(Path(sys.executable).with_name("longthought"))


@dataclass(frozen=True)
class Kill:
    """The state of the run folder after one kill."""

    log: Mapping[str, bytes]
    """The bytes of each segment up to its last whole line."""
    begun: int
    done: int
    first: float
    """Seconds from the start of the process to its first new event."""

    @property
    def in_flight(self) -> int:
        """Number of debates that were begun and not graded."""
        return self.begun - self.done


@dataclass
class Watch:
    """Counts the events of a run as they are written."""

    out: Path
    events: int = 0
    _read: dict[Path, int] = field(default_factory=dict[Path, int])

    def count(self) -> int:
        """Return how many events have been written by now."""
        for path in self.out.glob("events-*.jsonl"):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                data = file.read()
            self._read[path] = self._read.get(path, 0) + len(data)
            self.events += data.count(b"\n")
        return self.events


def whole(out: Path) -> dict[str, bytes]:
    """Read every segment up to its last whole line."""
    read = {path.name: path.read_bytes() for path in sorted(out.glob("events-*.jsonl"))}
    return {name: data[: data.rfind(b"\n") + 1] for name, data in read.items()}


def kill_once(command: Sequence[str], out: Path, new_events: int) -> Kill | None:
    """Run the job and kill it after `new_events` new events; return None if it finished before."""
    watch, began, first = Watch(out), time.monotonic(), 0.0
    before = watch.count()
    job = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while watch.count() < before + new_events:
        if job.poll() is not None:
            if job.returncode:
                sys.exit(f"the job ended by itself with exit code {job.returncode}")
            return None
        if not first and watch.events > before:
            first = time.monotonic() - began
        time.sleep(0.005)
    job.send_signal(signal.SIGKILL)
    job.wait()
    return _state(out, first or time.monotonic() - began)


def fill_once(command: Sequence[str], out: Path, new_events: int) -> Kill | None:
    """Run the job with room for about `new_events` new events in each segment; return None if it finished."""
    sizes = [path.stat().st_size for path in out.glob("events-*.jsonl")]
    size, began = max(sizes, default=0) + new_events * EVENT_BYTES, time.monotonic()
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (size, size))
    job = subprocess.run(command, stdout=subprocess.DEVNULL, preexec_fn=limit)
    if job.returncode == 0:
        return None
    if job.returncode != 1:
        sys.exit(f"the job ended with exit code {job.returncode}, and not with 1 as on a full disk")
    return _state(out, time.monotonic() - began)


def _state(out: Path, first: float) -> Kill:
    log = whole(out)
    kinds = Counter(json.loads(line)["kind"] for data in log.values() for line in data.splitlines())
    return Kill(log, kinds["started"], kinds["graded"], first)


def violations(out: Path, problems: Path, kills: Sequence[Kill]) -> list[str]:
    """Return everything that is wrong with a finished run, a sentence each."""
    found: list[str] = []
    final = whole(out)
    found += [
        f"kill {n}: {name} at the kill is no prefix of the final {name}"
        for n, kill in enumerate(kills, 1)
        for name, data in kill.log.items()
        if not final[name].startswith(data)
    ]
    run = lt.Run(out)
    wanted = {f"{task.problem.id}#0" for task in lt.load(problems)}
    found += [f"{name}: lost" for name in sorted(wanted - set(run.ids()))]
    found += [f"{name}: there is no such problem" for name in sorted(set(run.ids()) - wanted)]
    for trajectory in run.trajectories():
        kinds = Counter(event.kind for event in trajectory.events)
        for kind in ("started", "finished", "graded"):
            if kinds[kind] != 1:
                found.append(f"{trajectory.id}: {kind} {kinds[kind]} times")
        if [event.seq for event in trajectory.events] != list(range(len(trajectory.events))):
            found.append(f"{trajectory.id}: its events have a gap or a repetition")
    return found


def run_and_kill(command: Sequence[str], out: Path, given: argparse.Namespace) -> list[Kill]:
    """Kill the job, or fill its disk, `--kills` times."""
    rng, kills = random.Random(given.seed), list[Kill]()
    while len(kills) < given.kills:
        new_events = rng.randint(1, given.most_new_events)
        kill = (fill_once if given.fill else kill_once)(command, out, new_events)
        if kill is None:
            sys.exit(f"the job finished after {len(kills)} kills: use more --problems or fewer --most-new-events")
        kills.append(kill)
        events = sum(data.count(b"\n") for data in kill.log.values())
        print(
            f"kill {len(kills):>3}  after {new_events:>4} new events: {events:>6} events, {kill.begun:>4} debates "
            f"begun, {kill.done:>4} done",
            flush=True,
        )
    return kills


def repeated(url: str, summary: Mapping[str, int], kills: Sequence[Kill]) -> list[str]:
    """Compare the requests that the server received with those in the log."""
    seen, logged, most = server.stats(url)["requests"], summary["requests"], sum(kill.in_flight for kill in kills)
    print(
        f"{seen:,} requests for {logged:,} calls: {seen - logged:,} repeated ({(seen - logged) / logged:.1%}), "
        f"with {most:,} debates in flight at the kills"
    )
    return [] if 0 <= seen - logged <= most else ["more turns were repeated than debates were in flight"]


def main() -> None:
    """Kill the job again and again, let it finish, and check its run folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--most-new-events", type=int, default=200, help="maximum number of new events before a kill")
    parser.add_argument("--fill", action="store_true", help="fill the disk instead of killing the job")
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument(
        "--served", action="store_true", help="use agents on the fake server instead of the bundled agents"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="empty folder to work in (default: a temporary one)")
    given = parser.parse_args()

    folder = given.out or Path(tempfile.mkdtemp(prefix="longthought-kill-"))
    folder.mkdir(parents=True, exist_ok=True)
    problems, out = folder / "problems.jsonl", folder / "run"
    make = ["problems", "countdown", "--count", str(given.problems), "--split", "test", "--seed", str(given.seed)]
    subprocess.run([LONGTHOUGHT, *make, "--out", str(problems)], check=True)
    command = [LONGTHOUGHT, "generate", str(problems), "--out", str(out), "--json"]
    command += ["--concurrency", str(given.concurrency), "--processes", str(given.processes)]
    serving = server.running(latency=0.05, backtrack=5) if given.served else contextlib.nullcontext("")
    with serving as url:
        if url:
            command += ["--policy", "openai:fake", "--critic", "openai:fake", "--base-url", url, "--tools", "none"]
        kills = run_and_kill(command, out, given)
        last = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        summary = json.loads(last.stdout)
        wrong = [*violations(out, problems, kills), *(repeated(url, summary, kills) if url else [])]
    print(
        f"{given.problems} problems, {len(kills)} kills: {summary['finished'] + summary['failed']} debates ended "
        f"({summary['failed']} failed), {summary['solved']} solved, {summary['resumed']} resumed by the last run"
    )
    if not given.fill:
        first = statistics.median(kill.first for kill in kills)
        print(f"after a restart the first new event came in {first:.1f} s (median)")
    print(*(wrong or ["nothing lost, nothing done twice, every debate went on from its last event"]), sep="\n")
    print(f"run folder: {out}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
