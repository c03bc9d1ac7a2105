"""Generate a run and measure the viewer on it: building the index, opening, filters, text search, memory.

    python benchmarks/viewer.py --debates 100000 --rounds 3

The debates differ in rounds, tokens, outcomes and scores, and 64 of them are written side by side, as a job does.
Generating the run is not measured. With `--chromium PATH`, a real browser loads the page five times, without its cache,
and tells when it first painted and when the first row stood there; take `--debates 10000`. The exit code is 1 if a
target is missed: opening in 3 s, filters in 300 ms, the first paint in a second.
"""

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
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
from longthought.viewer.answers import Outcome
from longthought.viewer.library import Library
from longthought.viewer.questions import Filter, Sort
from longthought.viewer.serving import address, listening, serve

_NAME = "the name of a debate#0"
_OPEN_SECONDS, _FILTER_SECONDS, _PAINT_SECONDS = 3.0, 0.3, 1.0
_WATCH = """
new MutationObserver((_, watch) => {
    if (!document.querySelector('[role=row][aria-rowindex="2"] a')) return;
    window.firstRow = performance.now();
    watch.disconnect();
}).observe(document, { childList: true, subtree: true });
"""
_TIMES = """
new Promise(done => { const look = () => window.firstRow === undefined ? setTimeout(look, 20) : done(
    [performance.getEntriesByName('first-contentful-paint')[0].startTime, window.firstRow]); look(); })
"""


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


def paint(run: Path, cache: Path, chromium: str) -> bool:
    """Print how long a browser takes to paint, and to show the first row; return whether the target is met."""
    listener = listening(None)
    library = Library([run], cache=cache)
    library.refresh()
    threading.Thread(target=serve, args=(library, listener), daemon=True).start()
    loads: list[tuple[float, float]] = []
    for _ in range(5):
        with browser(chromium) as driven:
            loads.append(asyncio.run(load(driven, address(listener))))
    painted, shown = map(statistics.median, zip(*loads, strict=True))
    print(f"in a browser: painted after {painted:.0f} ms, first row after {shown:.0f} ms (medians of five loads)")
    return painted <= _PAINT_SECONDS * 1e3


@contextmanager
def browser(chromium: str) -> Iterator[str]:
    """Start a browser of its own, and yield the address at which it is driven."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = ("--headless", "--no-sandbox", "--remote-debugging-port=0", f"--user-data-dir={profile}")
        started = subprocess.Popen(
            [chromium, *options, "about:blank"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        try:
            assert started.stderr is not None
            yield next(line for line in started.stderr if "DevTools listening" in line).split("/")[2]
        finally:
            started.kill()
            started.wait()


async def load(driven: str, url: str) -> tuple[float, float]:
    """Return when a browser painted the page first, and when it showed a row, in ms since it went there."""
    async with aiohttp.ClientSession() as client:
        async with client.get(f"http://{driven}/json") as reply:
            page = next(target for target in await reply.json() if target["type"] == "page")
        async with client.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0) as tab:
            await ask(tab, "Page.enable")
            await ask(tab, "Page.addScriptToEvaluateOnNewDocument", source=_WATCH)
            await ask(tab, "Page.navigate", url=url)
            times = await ask(tab, "Runtime.evaluate", expression=_TIMES, awaitPromise=True, returnByValue=True)
            first, row = times["result"]["value"]
            return first, row


async def ask(tab: aiohttp.ClientWebSocketResponse, method: str, **params: Any) -> dict[str, Any]:
    """Ask a tab of the browser for something, and return its answer; events on the way are passed over."""
    await tab.send_str(json.dumps({"id": 1, "method": method, "params": params}))
    while (answer := await tab.receive_json()).get("id") != 1:
        pass
    return answer["result"]


def main() -> None:
    """Generate a run, and measure the viewer on it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--debates", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3, help="mean rounds of a debate")
    parser.add_argument("--chromium", metavar="PATH", help="a browser to load the page in, such as /usr/bin/chromium")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        generate(run, given.debates, given.rounds)
        cache = Path(folder) / "cache"
        met = measure(run, cache, given.debates)
        if given.chromium:
            met &= paint(run, cache, given.chromium)
        sys.exit(not met)


if __name__ == "__main__":
    main()
