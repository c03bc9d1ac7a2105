"""The two drivers of a graph: LangGraph, with a node for each turn, and the loop of `play`."""

import itertools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from longthought.graphs.context import Context
from longthought.graphs.machine import NO_LIMIT, Machine
from longthought.graphs.play import play
from longthought.trajectories.events import EVENT, AnyEvent

Driver = Callable[[Machine[Any, Any], Sequence[AnyEvent], Context], Awaitable[list[AnyEvent]]]
"""Takes a log to its end and returns it whole. Nothing catches what the graph raises on purpose."""


async def langgraph(machine: Machine[Any, Any], log: Sequence[AnyEvent], context: Context) -> list[AnyEvent]:
    """Take every turn in a node of its own, as Studio does, and see that its drawing has every edge that was taken."""
    state: Any = {"events": [event.model_dump(mode="json") for event in log]}
    nodes: list[str] = []
    ended: Any = state
    modes: Any = ["updates", "values"]
    async for mode, part in machine.compile().astream(state, context=context, config=NO_LIMIT, stream_mode=modes):
        nodes += part if mode == "updates" else ()
        ended = part if mode == "values" else ended
    for one, other in itertools.pairwise(nodes[1:]):  # the first leads anywhere, as the log may break off anywhere
        assert other in machine.edges[one], f"{one} -> {other} is not drawn"
    return [EVENT.validate_python(event) for event in ended["events"]]


async def loop(machine: Machine[Any, Any], log: Sequence[AnyEvent], context: Context) -> list[AnyEvent]:
    """Take all turns as `solve` and jobs do, and see that nothing was kept that was not told."""
    seen: list[AnyEvent] = list(log)
    ended = await play(machine, (), seen.extend, logged=log, settings=context)
    assert seen == list(ended.events)
    return seen


DRIVERS: Final[Sequence[Driver]] = (langgraph, loop)
