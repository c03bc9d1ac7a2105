"""Measure the CPU time of an agent turn, compared with a bare aiohttp client and with the graph alone, in one run.

    python benchmarks/turns.py --debates 1024 --in-flight 256 --latency 0.05

One process plays debates against the fake server of `benchmarks/server.py`, which runs in a process of its own. Three
clients do the same turns one after the other: a bare aiohttp client that posts the same bytes as a debate and reads the
JSON of the replies; a job whose agents sleep instead of sending requests, which leaves agenda, graph and log; and a
whole job with dialect and chat model. `--watched` also measures LangGraph with a node for each turn, as Studio runs it;
there the state is the log, and no file is written.

Times are CPU seconds of this process, not wall-clock seconds. `in flight` is the mean number of debates in flight, as a
share of `--in-flight`. `open` is the mean number of requests in flight as the client sees it, `served` as the server
sees it, both as shares of `--in-flight`; their difference waited for this process. If the latency is close to the CPU
time of one round of all debates, the processor is the bottleneck, so `served` tells more at `--latency 1`.
"""

import argparse
import asyncio
import cProfile
import json
import pstats
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp
import server
from langchain_core.messages import BaseMessage

from longthought.agents import catalogue
from longthought.agents.agent import Policy, Reply
from longthought.agents.dialects.dialect import Step
from longthought.agents.served.chat_model import to_openai
from longthought.agents.view import View, view
from longthought.graphs.context import started
from longthought.graphs.debate import Debate, DebateContext
from longthought.graphs.machine import NO_LIMIT
from longthought.graphs.rules import legal_actions
from longthought.graphs.seats import Seats
from longthought.jobs.generate import run_job
from longthought.jobs.request import JobRequest
from longthought.problems.problem import Problem, Task
from longthought.trajectories.events import Action, AnyEvent, Call, Judged, Proposed, Usage, Verdict
from longthought.trajectories.folder import RunFolder
from longthought.trajectories.run import Run
from longthought.trajectories.tree import Tree

STATEMENT = "A tank holds 60 litres and loses a third of what it holds every hour. " * 4


@dataclass(frozen=True)
class Load:
    """How many debates are played, and how long they are."""

    debates: int
    in_flight: int
    latency: float
    steps: int

    @property
    def turns(self) -> int:
        """Model calls in all: a step and a verdict each round, and one round for the answer."""
        return self.debates * 2 * (self.steps + 1)


@dataclass
class Tally:
    """Counts of one client while it plays."""

    events: int = 0
    waited: float = 0.0
    """Seconds from request to reply, summed over all requests."""
    played: float = 0.0
    """Seconds from the first event of a debate to its last, summed over all debates."""


@dataclass
class Row:
    """The figures of one client."""

    client: str
    turns: int
    cpu: float
    wall: float
    events: int
    opened: float
    """Requests under way on average, as the client sees it."""
    in_flight: float
    """Debates being played on average."""
    served: float | None = None
    """The same, as the server sees it."""
    bytes_out: int | None = None

    @property
    def per_turn(self) -> float:
        """CPU milliseconds per turn."""
        return 1000 * self.cpu / self.turns


class Sleeper:
    """Takes both seats, sleeps for the server's latency, and answers as the fake server does."""

    name = "sleeper"

    def __init__(self, load: Load) -> None:
        """Keep how long a turn takes, and how long a solution is."""
        self.load = load

    def unsuitable(self, view: View) -> str | None:
        """Accept every problem."""
        return None

    async def _call(self, text: str) -> tuple[Call, ...]:
        await asyncio.sleep(self.load.latency)
        return (Call(model=self.name, text=text, usage=Usage(prompt=500, completion=50), latency=self.load.latency),)

    async def propose(self, view: View) -> Reply[Step]:
        """Write a step, or the answer."""
        text = f"Case {len(view.path)} leads on. ".ljust(200, "x")
        answer = "42" if len(view.path) >= self.load.steps else None
        return Reply(Step(text, answer), await self._call(text))

    async def propose_many(self, view: View, count: int) -> Sequence[Reply[Step]]:
        """Refuse: nobody asks for it."""
        raise NotImplementedError

    async def reflect(self, view: View) -> Reply[str]:
        """Refuse: nobody asks for it."""
        raise NotImplementedError

    async def judge(self, view: View) -> Reply[Verdict]:
        """Accept every step."""
        action = Action.TERMINATE if view.candidate and view.candidate.answer else Action.CONTINUE
        critique = "Case 1 was looked at. ".ljust(200, "y")
        calls = await self._call(f'{{"critique": "{critique}", "action": "{action}", "target": null, "score": 0.5}}')
        return Reply(Verdict(action=action, score=0.5, critique=critique), calls)

    async def aclose(self) -> None:
        """Do nothing: there is no connection to close."""


async def keep_busy(load: Load, one: Callable[[int], Any]) -> None:
    """Play all debates, with at most `load.in_flight` at a time."""
    left: Iterator[int] = iter(range(load.debates))

    async def worker() -> None:
        for number in left:
            await one(number)

    async with asyncio.TaskGroup() as group:
        for _ in range(load.in_flight):
            group.create_task(worker())


def problem(number: int) -> Problem:
    """Return one of the problems."""
    return Problem(id=f"p{number}", statement=f"{STATEMENT} ({number})")


async def debate(load: Load, seats: Seats, context: DebateContext, path: Path, tally: Tally) -> None:
    """Play debates as a job does."""
    job = JobRequest(context=context, concurrency=load.in_flight)
    tasks = [Task(problem=problem(number)) for number in range(load.debates)]

    def see(event: AnyEvent) -> None:
        tally.events += 1
        tally.waited += sum(call.latency for call in event.calls)

    with RunFolder.create_or_resume(path, job.config()) as folder:
        async for trajectory in run_job(job, tasks, folder, seats=seats, on_event=see):
            tally.played += trajectory.events[-1].at - trajectory.events[0].at


async def watch(load: Load, seats: Seats, context: DebateContext, path: Path, tally: Tally) -> None:
    """Play debates turn by turn, as Studio does."""
    graph = Debate(seats).compile()

    async def one(number: int) -> None:
        state: Any = {"events": [started(problem(number), context).model_dump(mode="json")]}
        ended = await graph.ainvoke(state, context=context, config=NO_LIMIT)
        tally.events += len(ended["events"])
        tally.waited += sum(call["latency"] for event in ended["events"] for call in event["calls"])

    await keep_busy(load, one)


Player = Callable[[Load, Seats, DebateContext, Path, Tally], Coroutine[Any, Any, None]]


async def bare(load: Load, base_url: str, bodies: Sequence[bytes], tally: Tally) -> None:
    """Post the requests of debates with aiohttp alone."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), headers={"Content-Type": "application/json"}
    ) as session:

        async def one(number: int) -> None:
            for body in bodies:
                began = time.perf_counter()
                async with session.post(f"{base_url}/chat/completions", data=body) as response:
                    json.loads(await response.read())
                tally.waited += time.perf_counter() - began

        await keep_busy(load, one)


def requests_of(path: Path, policy: Policy) -> list[bytes]:
    """Rebuild the requests of one debate from its log, so that the floor sends the same bytes."""
    run = Run(path)
    tree, bodies = Tree(), list[bytes]()
    dialect = policy.dialect
    for event in run.trajectory(next(iter(run.ids()))).events:
        if isinstance(event, Proposed):
            bodies.append(_body(dialect.ask_policy(view(tree)), temperature=1.0))
        if isinstance(event, Judged):
            assert tree.started is not None
            settings = DebateContext.read(tree.started.config)
            seen = view(tree, event.node, actions=legal_actions(tree, settings))
            bodies.append(_body(dialect.ask_critic(seen), temperature=0.0, **dialect.critic_options(seen)))
        tree.apply(event)
    return bodies


def _body(messages: list[BaseMessage], **options: Any) -> bytes:
    return json.dumps({"model": "fake", "max_tokens": 1024, **options, "messages": to_openai(messages)}).encode()


def measure(name: str, load: Load, base_url: str | None, play: Callable[[Tally], None], profiled: str = "") -> Row:
    """Run one client and read the clocks before and after."""
    before = server.stats(base_url) if base_url else {}
    profiler, tally = cProfile.Profile(), Tally()
    wall, cpu = time.perf_counter(), time.process_time()
    if profiled == name:
        profiler.runcall(play, tally)
        pstats.Stats(profiler).sort_stats("tottime").print_stats(45)
    else:
        play(tally)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    row = Row(name, load.turns, cpu, wall, tally.events, tally.waited / wall, tally.played / wall)
    if base_url:
        after = server.stats(base_url)
        if after["requests"] - before["requests"] != load.turns:
            sys.exit(f"{name}: {after['requests'] - before['requests']} requests for {load.turns} turns")
        row.served = (after["busy"] - before["busy"]) / wall
        row.bytes_out = after["bytes_in"] - before["bytes_in"]
    return row


def compare(load: Load, profiled: str, *, watched: bool) -> list[Row]:
    """Measure all clients, after a few debates to warm up."""
    context = DebateContext(policy="openai:fake", critic="openai:fake", tools=(), dialect="prose")
    with server.running(latency=load.latency, steps=load.steps) as url, tempfile.TemporaryDirectory() as temporary:
        policy = catalogue.policy("openai:fake", base_url=url)
        served = Seats(policy, catalogue.critic("openai:fake", base_url=url))
        asleep = Seats(Sleeper(load), Sleeper(load))

        def play(seats: Seats, name: str, load: Load, how: Player = debate) -> Callable[[Tally], None]:
            return lambda tally: asyncio.run(how(load, seats, context, Path(temporary) / name, tally))

        warm = Load(8, 8, load.latency, load.steps)
        play(served, "warm", warm)(Tally())
        bodies = requests_of(Path(temporary) / "warm", policy)
        asyncio.run(bare(warm, url, bodies, Tally()))
        rows = [
            measure("aiohttp", load, url, lambda tally: asyncio.run(bare(load, url, bodies, tally)), profiled),
            measure("graph", load, None, play(asleep, "graph", load), profiled),
            measure("all", load, url, play(served, "all", load), profiled),
        ]
        if watched:
            rows.append(measure("watched", load, None, play(asleep, "watched", load, watch), profiled))
        return rows


def table(load: Load, rows: Sequence[Row]) -> Iterator[str]:
    """Write the rows for people."""
    yield (
        f"{load.debates:,} debates of {load.turns // load.debates} turns, {load.in_flight} in flight, "
        f"{load.latency:g} s latency"
    )
    yield "client      turns  CPU ms/turn  × aiohttp  in flight   open  served  KB/debate  events/CPU s"
    for row in rows:
        served = "–" if row.served is None else f"{row.served / load.in_flight:.2f}"
        sent = "–" if row.bytes_out is None else f"{row.bytes_out / load.debates / 1000:.1f}"
        events = f"{row.events / row.cpu:,.0f}" if row.events else "–"
        playing = f"{row.in_flight / load.in_flight:.2f}" if row.in_flight else "–"
        yield (
            f"{row.client:<8}{row.turns:>9,}{row.per_turn:>13.3f}{row.per_turn / rows[0].per_turn:>11.1f}{playing:>11}"
            f"{row.opened / load.in_flight:>7.2f}{served:>8}{sent:>11}{events:>14}"
        )


def main() -> None:
    """Measure and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--debates", type=int, default=1024)
    parser.add_argument("--in-flight", type=int, default=256)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds")
    parser.add_argument("--steps", type=int, default=7, help="steps of a solution before the one that answers")
    parser.add_argument("--watched", action="store_true", help="measure the graph with a node for each turn, too")
    parser.add_argument("--profile", default="", metavar="CLIENT", help="print where its time goes; slows it down")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    load = Load(options.debates, options.in_flight, options.latency, options.steps)
    rows = compare(load, options.profile, watched=options.watched)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if options.json:
        print(json.dumps({"load": asdict(load), "memory_mib": memory, "rows": [asdict(row) for row in rows]}))
        return
    print("\n".join([*table(load, rows), f"at most {memory:.0f} MiB resident"]))


if __name__ == "__main__":
    main()
