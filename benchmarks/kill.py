"""Kill a batch job with SIGKILL, again and again, and see that nothing is lost and nothing is done twice.

    python benchmarks/kill.py --problems 200 --kills 20

It runs `longthought generate` as a process of its own, kills it after a random number of new events, runs it again, and
so on; then lets it finish. It ends with 1 if any of these fails: every problem has exactly one debate, begun, finished
and graded once; its events have no gap; and what was in the log at a kill is there at the end, byte for byte, so that
unfinished debates went on from their last event.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import longthought as lt

LONGTHOUGHT = str(Path(sys.executable).with_name("longthought"))


@dataclass(frozen=True)
class Kill:
    """What a kill found."""

    log: bytes
    """The log at that moment, up to its last whole line."""
    begun: int
    done: int
    seconds: float
    """From the start of the process to its death."""


def whole(log: Path) -> bytes:
    """Read a log up to its last whole line."""
    data = log.read_bytes() if log.exists() else b""
    return data[: data.rfind(b"\n") + 1]


def kill_once(command: list[str], log: Path, new_events: int) -> Kill | None:
    """Run the job until it has written so many new events, and kill it; None if it finished before."""
    wanted, began = whole(log).count(b"\n") + new_events, time.monotonic()
    job = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while whole(log).count(b"\n") < wanted:
        if job.poll() is not None:
            if job.returncode:
                sys.exit(f"the job ended by itself with exit code {job.returncode}")
            return None
        time.sleep(0.01)
    job.send_signal(signal.SIGKILL)
    job.wait()
    found = whole(log)
    records = [json.loads(line) for line in found.splitlines()]
    begun = sum(record["kind"] == "started" for record in records)
    return Kill(found, begun, sum(record["kind"] == "graded" for record in records), time.monotonic() - began)


def violations(out: Path, problems: Path, kills: list[Kill]) -> list[str]:
    """Say everything that is wrong with a finished run."""
    found: list[str] = []
    final = whole(out / "events-0000.jsonl")
    found += [
        f"kill {n}: the log then is no prefix of the log now"
        for n, k in enumerate(kills, 1)
        if not final.startswith(k.log)
    ]
    run = lt.Run(out)
    wanted = {f"{task.problem.id}#0" for task in lt.load(problems)}
    found += [f"{name}: lost" for name in sorted(wanted - set(run.ids()))]
    found += [f"{name}: nobody asked for it" for name in sorted(set(run.ids()) - wanted)]
    for trajectory in run.trajectories():
        kinds = Counter(event.kind for event in trajectory.events)
        for kind in ("started", "finished", "graded"):
            if kinds[kind] != 1:
                found.append(f"{trajectory.id}: {kind} {kinds[kind]} times")
        if [event.seq for event in trajectory.events] != list(range(len(trajectory.events))):
            found.append(f"{trajectory.id}: its events have a gap or a repetition")
    return found


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--most-new-events", type=int, default=200, help="a kill comes after 1 to so many new events")
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--policy", default="bundled:countdown")
    parser.add_argument("--critic", default="bundled:countdown")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="an empty folder to work in; by default a temporary one")
    given = parser.parse_args()

    folder = given.out or Path(tempfile.mkdtemp(prefix="longthought-kill-"))
    folder.mkdir(parents=True, exist_ok=True)
    problems, out = folder / "problems.jsonl", folder / "run"
    make = ["problems", "countdown", "--count", str(given.problems), "--split", "test", "--seed", str(given.seed)]
    subprocess.run([LONGTHOUGHT, *make, "--out", str(problems)], check=True)
    command = [
        *(LONGTHOUGHT, "generate", str(problems), "--out", str(out), "--json"),
        *("--policy", given.policy, "--critic", given.critic, "--concurrency", str(given.concurrency)),
    ]

    rng, kills = random.Random(given.seed), list[Kill]()
    while len(kills) < given.kills:
        new_events = rng.randint(1, given.most_new_events)
        kill = kill_once(command, out / "events-0000.jsonl", new_events)
        if kill is None:
            sys.exit(f"the job finished after {len(kills)} kills: give it more --problems, or fewer --most-new-events")
        kills.append(kill)
        events = kill.log.count(b"\n")
        print(
            f"kill {len(kills):>3}  after {new_events:>4} new events ({kill.seconds:5.1f} s): {events:>6} events, "
            f"{kill.begun:>4} debates begun, {kill.done:>4} done",
            flush=True,
        )
    last = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    summary = json.loads(last.stdout)
    wrong = violations(out, problems, kills)
    print(
        f"\n{given.problems} problems, {len(kills)} kills: {summary['finished'] + summary['failed']} debates ended "
        f"({summary['failed']} failed), {summary['solved']} solved, {summary['resumed']} resumed by the last run"
    )
    print(*(wrong or ["nothing lost, nothing done twice, every debate went on from its last event"]), sep="\n")
    print(f"run folder: {out}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
