"""Generate a run and measure the viewer on it: building the index, opening, filters, text search, memory.

    python benchmarks/viewer.py --debates 100000 --rounds 3

The debates differ in rounds, tokens, outcomes and scores, and 64 of them are written side by side, as a job does.
Generating the run is not measured. The exit code is 1 if a target is missed: opening in 3 s, filters in 300 ms.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from memory import resident

from longthought.problems.problem import Problem
from longthought.trajectories.events import (
    Action,
    AnyEvent,
    Author,
    Call,
    Cause,
    Checked,
    Finished,
    Graded,
    Judged,
    Moved,
    Proposed,
    Started,
    StopReason,
    Usage,
    Verdict,
)
from longthought.trajectories.folder import RunFolder
from longthought.trajectories.segment import encode
from longthought.viewer.answers import Filter, Outcome, Sort
from longthought.viewer.library import Library

_NAME = "the name of a debate#0"
_OPEN_SECONDS, _FILTER_SECONDS = 3.0, 0.3


def debate(rounds: int, chance: random.Random) -> list[bytes]:
    """Return the lines of a debate under a name that is to be replaced."""
    events: list[AnyEvent] = []

    def add(kind: Callable[..., Any], by: Author, **fields: Any) -> None:
        events.append(kind(trajectory=_NAME, seq=len(events), by=by, at=1.7e9 + len(events), **fields))

    def call(text: str) -> tuple[Call, ...]:
        usage = Usage(prompt=chance.randrange(100, 900), completion=chance.randrange(10, 200))
        return (Call(model="openai:Qwen/Qwen3-8B", text=text, finish_reason="stop", usage=usage, latency=0.5),)

    statement = "Use 3, 7, 16 and 20, each once, to make 46. " * 3
    problem = Problem(id=_NAME.removesuffix("#0"), statement=statement, domain=chance.choice(("math", "countdown")))
    add(Started, Author.STRATEGY, problem=problem, config={"graph": "debate", "policy": "openai:Qwen/Qwen3-8B"})
    here, right = 0, chance.random() < 0.6
    for node in range(1, rounds + 1):
        last, score = node == rounds, round(chance.random(), 4)
        text = f"I take {chance.randrange(100)} and add {chance.randrange(100)}. " * 4
        text += "Wait, that can't be. " if chance.random() < 0.05 else ""
        answer = str(chance.randrange(100)) if last else None
        add(Proposed, Author.POLICY, node=node, parent=here, text=text, answer=answer, calls=call(text))
        add(Checked, Author.TOOL, node=node)
        good = last or chance.random() < 0.6
        action = (Action.TERMINATE if last else Action.CONTINUE) if good else Action.BACKTRACK
        verdict = Verdict(action=action, score=score, critique="This is a step that looks as it should. " * 2)
        add(Judged, Author.CRITIC, node=node, verdict=verdict, calls=call(verdict.model_dump_json()))
        if good:
            add(Moved, Author.CRITIC, to=node, cause=Cause.ACCEPTED, accepted=(node,))
            here = node
        else:
            add(Moved, Author.CRITIC, to=here, cause=Cause.REJECTED, abandoned=(node,), reason=verdict.critique)
    add(Finished, Author.STRATEGY, reason=StopReason.ANSWERED, node=rounds, answer="46")
    add(Graded, Author.GRADER, solved=right, detail="")
    return [encode(event) for event in events]


def lines(count: int, rounds: int) -> Iterator[bytes]:
    """Yield the lines of a run, those of 64 debates side by side."""
    chance = random.Random(0)
    models = [
        debate(max(1, round(rounds * size)), chance) for size in (0.34, 0.67, 1, 1, 1, 1.34, 1.67) for _ in range(40)
    ]
    plain = _NAME.removesuffix("#0").encode()
    waiting = iter(range(count))
    active: list[Iterator[bytes]] = []
    while True:
        while len(active) < 64 and (number := next(waiting, None)) is not None:
            name = f"countdown-{number:07d}".encode()
            active.append(iter([line.replace(plain, name) for line in chance.choice(models)]))
        if not active:
            return
        place = chance.randrange(len(active))
        line = next(active[place], None)
        if line is None:
            del active[place]
        else:
            yield line


def generate(out: Path, count: int, rounds: int) -> None:
    """Write a run."""
    RunFolder.create_or_resume(out, {"graph": "debate", "policy": "openai:Qwen/Qwen3-8B"}).close()
    with (out / "events-0000.jsonl").open("wb") as file:
        file.writelines(lines(count, rounds))


def measure(run: Path, cache: Path, count: int) -> bool:
    """Print what the viewer takes; return whether every target is met."""
    size, before = (run / "events-0000.jsonl").stat().st_size, resident()
    library, wall, busy = Library([run], cache=cache), time.perf_counter(), time.process_time()
    library.refresh()
    wall, busy = time.perf_counter() - wall, time.process_time() - busy
    print(f"{count:,} debates, {size / 1e6:,.0f} MB, {size / count / 1e3:.1f} kB each")
    print(f"index built in {wall:.1f} s: {count / busy:,.0f} debates/s and {size / busy / 1e6:.0f} MB/s of CPU time")
    library.close()
    started = time.perf_counter()
    library = Library([run], cache=cache)
    library.refresh()
    library.table(Filter(), 0, 100)
    library.summary(Filter())
    opened = time.perf_counter() - started
    print(f"opened with its index in {opened:.2f} s; {resident() - before:.0f} MB more than before")
    slowest = 0.0
    for asked in (
        Filter(outcome=(Outcome.WRONG,), sort=Sort.TOKENS, descending=True),
        Filter(rounds_min=2, rounds_max=4, sort=Sort.SCORE),
        Filter(domain=("math",), score_min=0.5, backtracks_min=1, sort=Sort.ID, descending=True),
        Filter(tokens_max=1500, sort=Sort.BACKTRACKS),
    ):
        started = time.perf_counter()
        total = library.table(asked, 50, 100).total
        window = time.perf_counter() - started
        library.summary(asked)
        summary = time.perf_counter() - started - window
        slowest = max(slowest, window, summary)
        print(f"filter: {window * 1e3:4.0f} ms for {total:,} rows, {summary * 1e3:4.0f} ms for their figures")
    asked, started = Filter(q="wait, that"), time.perf_counter()
    first = library.table(asked, 0, 100)
    answered = time.perf_counter() - started
    while (found := library.table(asked, 0, 100)).searched < 1:
        pass
    print(
        f"text: first {first.total:,} finds in {answered * 1e3:.0f} ms, all {found.total:,} in "
        f"{time.perf_counter() - started:.1f} s"
    )
    for number in range(2_000):
        row = library.table(Filter(tokens_min=number), number // 2, 1).rows[0]
        if number % 10 == 0:
            library.debate(row.run, row.id)
        if number % 1000 == 0:
            print(f"after {number:,} requests: {resident() - before:.0f} MB more than before")
    library.close()
    return opened <= _OPEN_SECONDS and slowest <= _FILTER_SECONDS


def main() -> None:
    """Generate a run, and measure the viewer on it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--debates", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3, help="mean rounds of a debate")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        generate(run, given.debates, given.rounds)
        sys.exit(not measure(run, Path(folder) / "cache", given.debates))


if __name__ == "__main__":
    main()
