"""Measure what a search costs besides its models: CPU per new node, by strategy and size of the tree.

    python benchmarks/search.py --nodes 1000 10000

The agents answer at once from a hash of the path, so only the search itself is measured: select, propose, check, judge,
fold, and the events of the log. No step is an answer and only the budget of rounds ends a search, so every tree has
about the size that was asked for. `flat` is the cost per node in the largest tree divided by that in the smallest.
Times are CPU seconds of this process, the best of `--repeats`.

`--watched` runs each turn through LangGraph, as Studio does, where the state is copied at every step.
"""

import argparse
import asyncio
import cProfile
import json
import pstats
import sys
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

from longthought.agents.agent import Reply
from longthought.agents.dialects.dialect import Step
from longthought.agents.view import View
from longthought.graphs.context import started
from longthought.graphs.machine import NO_LIMIT
from longthought.graphs.play import play
from longthought.graphs.search.graph import TreeSearch
from longthought.graphs.search.settings import SearchContext, StrategyName
from longthought.graphs.seats import Seats
from longthought.problems.problem import Problem
from longthought.trajectories.events import Action, Call, Proposed, Usage, Verdict

WIDTH = 4
DEPTH = 16
STEPS = 32
"""Number of different steps from any node."""


class Oracle:
    """Takes both seats and answers at once; the same views in the same order get the same answers."""

    name = "oracle"

    def __init__(self) -> None:
        """Begin with no steps proposed."""
        self._given: Counter[tuple[str, ...]] = Counter()

    def unsuitable(self, view: View) -> str | None:
        """Accept every problem."""
        return None

    async def propose(self, view: View) -> Reply[Step]:
        """Propose one step."""
        return (await self.propose_many(view, 1))[0]

    async def propose_many(self, view: View, count: int) -> Sequence[Reply[Step]]:
        """Propose the steps of a node in turn; after the last comes the first again."""
        known = self._given[view.path] % STEPS
        self._given[view.path] += count
        steps = [f"{chance(view.path, str(known + n))} leads on to case {known + n}." for n in range(count)]
        return [Reply(Step(step), (call(step),)) for step in steps]

    async def reflect(self, view: View) -> Reply[str]:
        """Fail: a search asks for no reflection."""
        raise NotImplementedError

    async def judge(self, view: View) -> Reply[Verdict]:
        """Return a score derived from the path, and reject one step in five."""
        assert view.candidate is not None
        score = chance(view.path, view.candidate.text) % 1000 / 1000
        action = Action.CONTINUE if score > 0.2 else Action.BACKTRACK
        return Reply(Verdict(action=action, score=score, critique="as it is"), (call("as it is"),))

    async def aclose(self) -> None:
        """Do nothing: there is no connection to close."""


def chance(path: Sequence[str], step: str) -> int:
    """Return a hash of a path and a step from it."""
    return zlib.crc32("\n".join((*path, step)).encode())


def call(text: str) -> Call:
    """Return a call with a fixed token bill."""
    return Call(model=Oracle.name, text=text, usage=Usage(prompt=100, cached=80, completion=10))


async def grow(way: StrategyName, nodes: int, *, watched: bool) -> int:
    """Grow one tree and return its size."""
    keep = max(2, nodes // (WIDTH * DEPTH // 2))
    agent = Oracle()
    context = SearchContext(strategy=way, rounds=nodes, width=WIDTH, keep=keep, depth=DEPTH, tools=())
    machine = TreeSearch(Seats(agent, agent))
    first = started(Problem(id="grown", statement="Which case is it?"), context)
    if watched:
        state: Any = {"events": [first.model_dump(mode="json")]}
        ended = await machine.compile().ainvoke(state, context=context, config=NO_LIMIT)
        return sum(event["kind"] == "proposed" for event in ended["events"])
    grown = await play(machine, [first], lambda _: None, settings=context)
    return sum(isinstance(event, Proposed) for event in grown.events)


def measure(way: StrategyName, nodes: int, repeats: int, *, watched: bool, profiled: bool) -> float:
    """Return the CPU milliseconds per node, the best of several runs."""
    best = float("inf")
    for _ in range(repeats):
        began = time.process_time()
        if profiled:
            with cProfile.Profile() as profiler:
                grown = asyncio.run(grow(way, nodes, watched=watched))
            pstats.Stats(profiler).sort_stats("tottime").print_stats(30)
        else:
            grown = asyncio.run(grow(way, nodes, watched=watched))
        best = min(best, 1000 * (time.process_time() - began) / grown)
        if grown < 0.9 * nodes:  # a proposal that fails costs a round too
            sys.exit(f"{way}: the tree ended at {grown} nodes of {nodes}")
    return best


def main() -> None:
    """Measure and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--strategies", type=StrategyName, nargs="+", default=list(StrategyName))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--watched", action="store_true")
    parser.add_argument("--profile", action="store_true", help="print where the time goes; slows it down")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    measure(StrategyName.BEAM, 100, 1, watched=options.watched, profiled=False)  # to warm up
    how = {"watched": options.watched, "profiled": options.profile}
    rows: dict[str, list[float]] = {}
    if not options.json:
        print("CPU ms / node" + "".join(f"{n:>11,}" for n in options.nodes) + "       flat")
    for way in options.strategies:
        rows[way] = row = [measure(way, n, options.repeats, **how) for n in options.nodes]
        if not options.json:
            print(f"{way:<13}" + "".join(f"{ms:>11.3f}" for ms in row) + f"{row[-1] / row[0]:>11.2f}", flush=True)
    if options.json:
        print(json.dumps({"nodes": options.nodes, "ms_per_node": rows}))


if __name__ == "__main__":
    main()
