"""What an agent turn costs in CPU, beside the floor (a bare aiohttp client) and beside LangGraph alone, in one run.

    python benchmarks/turns.py --debates 1024 --in-flight 256 --latency 0.05

One process plays debates against the fake server of `benchmarks/server.py`, which runs in a process of its own. Three
clients do the same turns one after the other: a bare aiohttp client that posts the very bytes a debate sends and reads
the JSON that comes back; the debate graph, whose agents sleep instead of asking; and everything together: graph,
dialect, chat model and the log on disk. Figures are CPU seconds of this process, never the wall's; `of cap` is how many
requests were in flight on average, as the server saw it, against how many debates there were room for.
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
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks import server
from longthought.agents import catalogue
from longthought.agents.agent import Reply
from longthought.agents.dialect import Step
from longthought.agents.view import View
from longthought.graphs.debate import DebateContext, build, started
from longthought.graphs.seats import Seats
from longthought.jobs.play import finish
from longthought.problems.problem import Problem
from longthought.trajectories.events import Action, AnyEvent, Call, Usage, Verdict
from longthought.trajectories.folder import RunFolder
from longthought.trajectories.run import Run

STATEMENT = "A tank holds 60 litres and loses a third of what it holds every hour. " * 4


@dataclass(frozen=True)
class Load:
    """How much is played."""

    debates: int
    in_flight: int
    latency: float
    steps: int
    servers: int = 1


@dataclass
class Row:
    """What one client took."""

    client: str
    turns: int
    cpu: float
    wall: float
    in_flight: float | None = None
    bytes_out: int | None = None
    events: int | None = None

    @property
    def per_turn(self) -> float:
        """CPU milliseconds a turn."""
        return 1000 * self.cpu / self.turns


class Sleeper:
    """Sits in both chairs and sleeps as long as a server would take; what it says is what the fake server says."""

    name = "sleeper"

    def __init__(self, load: Load) -> None:
        """Keep how long a turn takes, and how long a solution is."""
        self.load = load
        self.model = server.Model(server.Settings(steps=load.steps))

    def unsuitable(self, view: View) -> str | None:
        """Take everything on."""
        return None

    async def _call(self, text: str) -> tuple[Call, ...]:
        await asyncio.sleep(self.load.latency)
        return (Call(model=self.name, text=text, usage=Usage(prompt=500, completion=50), latency=self.load.latency),)

    async def propose(self, view: View) -> Reply[Step]:
        """Write a step, or the answer."""
        text = f"Case {len(view.path)} leads on. ".ljust(200, "x")
        answer = "42" if len(view.path) >= self.load.steps else None
        return Reply(Step(text, answer), await self._call(text))

    async def reflect(self, view: View) -> Reply[str]:
        """Never asked."""
        raise AssertionError("nobody asks the sleeper to reflect")

    async def judge(self, view: View) -> Reply[Verdict]:
        """Agree."""
        action = Action.TERMINATE if view.candidate and view.candidate.answer else Action.CONTINUE
        critique = "Case 1 was looked at. ".ljust(200, "y")
        calls = await self._call(f'{{"critique": "{critique}", "action": "{action}", "target": null, "score": 0.5}}')
        return Reply(Verdict(action=action, score=0.5, critique=critique), calls)

    async def aclose(self) -> None:
        """Hold nothing."""


async def keep_busy(load: Load, one: Callable[[int], Awaitable[None]]) -> None:
    """Play all debates, so many at once."""
    left: Iterator[int] = iter(range(load.debates))

    async def worker() -> None:
        for number in left:
            await one(number)

    async with asyncio.TaskGroup() as group:
        for _ in range(load.in_flight):
            group.create_task(worker())


async def debates(load: Load, seats: Seats, context: DebateContext, folder: RunFolder) -> int:
    """Play debates with a log; gives the number of events."""
    logs: dict[str, list[AnyEvent]] = {}
    count = 0

    def observe(events: Any) -> None:
        nonlocal count
        folder.append(events)
        count += len(events)
        for event in events:
            logs.setdefault(event.trajectory, []).append(event)

    graph, _ = build(seats, observe, **BUILD)

    async def one(number: int) -> None:
        first = started(Problem(id=f"p{number}", statement=f"{STATEMENT} ({number})"), context)
        observe([first])
        await finish(graph, context, logs[first.trajectory], observe, None)
        del logs[first.trajectory]

    await keep_busy(load, one)
    return count


BUILD: dict[str, Any] = {"unbroken": True}


async def raw(load: Load, base_url: str, bodies: list[list[bytes]]) -> None:
    """Post what a debate posts, with nothing around aiohttp."""
    connector = aiohttp.TCPConnector(limit=0)
    headers = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def one(number: int) -> None:
            for body in bodies[number % len(bodies)]:
                payload = json.dumps(json.loads(body)).encode() if False else body
                async with session.post(f"{base_url}/chat/completions", data=payload) as response:
                    json.loads(await response.read())

        await keep_busy(load, one)


def requests_of(path: Path, seats: Seats) -> list[list[bytes]]:
    """Rebuild the requests of one debate from its log, so that the floor sends the same bytes."""
    from longthought.agents.agent import Agent
    from longthought.agents.view import view
    from longthought.trajectories.events import Judged, Proposed
    from longthought.trajectories.tree import Tree

    policy, critic = seats.policy, seats.critic
    assert isinstance(policy, Agent)
    assert isinstance(critic, Agent)
    run = Run(path)
    tree, bodies = Tree(), []
    for event in run.trajectory(next(iter(run.ids()))).events:
        if isinstance(event, Proposed):
            bodies.append(_body(policy.dialect.ask_policy(view(tree)), {}))
        if isinstance(event, Judged):
            asked = critic.dialect.ask_critic(view(tree, event.node))
            bodies.append(_body(asked, critic.dialect.critic_options()))
        tree.apply(event)
    return [bodies]


def _body(messages: Any, options: Any) -> bytes:
    roles = {"system": "system", "human": "user"}
    written = [{"role": roles[m.type], "content": m.content} for m in messages]
    return json.dumps(
        {"model": "fake", "temperature": 0.0, "max_tokens": 1024, **options, "messages": written}
    ).encode()


def measure(name: str, turns: int, base_url: str | None, play: Callable[[], Any], profile: str = "") -> Row:
    """Run one client and read the clocks before and after."""
    before = server.stats(base_url) if base_url else {}
    profiler = cProfile.Profile() if profile == name else None
    wall, cpu = time.perf_counter(), time.process_time()
    if profiler:
        profiler.enable()
    events = play()
    if profiler:
        profiler.disable()
        pstats.Stats(profiler).sort_stats("tottime").print_stats(45)
    row = Row(name, turns, time.process_time() - cpu, time.perf_counter() - wall, events=events)
    if base_url:
        after = server.stats(base_url)
        assert after["requests"] - before["requests"] == turns, (after, before, turns)
        row.in_flight = (after["busy"] - before["busy"]) / row.wall
        row.bytes_out = after["bytes_in"] - before["bytes_in"]
    return row


def main() -> None:
    """Measure and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--debates", type=int, default=1024)
    parser.add_argument("--in-flight", type=int, default=256)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds")
    parser.add_argument("--steps", type=int, default=7, help="steps of a solution before the one that answers")
    parser.add_argument("--profile", default="", help="a client's name: print where its time goes (slows it down)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    load = Load(options.debates, options.in_flight, options.latency, options.steps)
    turns = load.debates * 2 * (load.steps + 1)
    context = DebateContext(policy="openai:fake", critic="openai:fake", tools=(), dialect="prose")
    with server.running(latency=load.latency, steps=load.steps) as url, tempfile.TemporaryDirectory() as temporary:
        folders = Path(temporary)
        seats = Seats(
            catalogue.policy("openai:fake", base_url=url, dialect="prose"),
            catalogue.critic("openai:fake", base_url=url, dialect="prose"),
        )

        def play(seats: Seats, name: str, load: Load = load) -> int:
            with RunFolder.create_or_resume(folders / name, {"graph": "debate"}) as folder:
                return asyncio.run(debates(load, seats, context, folder))

        warm = Load(4, 4, load.latency, load.steps)
        play(seats, "warm", warm)
        bodies = requests_of(folders / "warm", seats)
        asyncio.run(raw(warm, url, bodies))
        rows = [
            measure("aiohttp", turns, url, lambda: asyncio.run(raw(load, url, bodies)), options.profile),
            measure("graph", turns, None, lambda: play(Seats(Sleeper(load), Sleeper(load)), "graph"), options.profile),
            measure("all", turns, url, lambda: play(seats, "all"), options.profile),
        ]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if options.json:
        print(json.dumps({"load": asdict(load), "memory_mib": memory, "rows": [asdict(row) for row in rows]}))
        return
    print(
        f"{load.debates} debates of {turns // load.debates} turns, {load.in_flight} in flight, {load.latency:g} s latency"
    )
    print(
        f"{'client':<10}{'turns':>8}{'CPU ms/turn':>13}{'× aiohttp':>11}{'of cap':>8}{'KB/debate':>11}{'events/s CPU':>14}"
    )
    for row in rows:
        of_cap = f"{row.in_flight / load.in_flight:.2f}" if row.in_flight is not None else "–"
        sent = f"{row.bytes_out / load.debates / 1000:.1f}" if row.bytes_out is not None else "–"
        rate = f"{row.events / row.cpu:,.0f}" if row.events else "–"
        ratio = row.per_turn / rows[0].per_turn
        print(f"{row.client:<10}{row.turns:>8,}{row.per_turn:>13.3f}{ratio:>11.1f}{of_cap:>8}{sent:>11}{rate:>14}")
    print(f"at most {memory:.0f} MiB resident")


if __name__ == "__main__":
    sys.exit(main())
