"""The two drivers of a graph: LangGraph, with a node for each turn, and the loop of `play`."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from longthought.graphs.context import Context
from longthought.graphs.machine import NO_LIMIT, Machine
from longthought.graphs.play import play
from longthought.trajectories.events import EVENT, AnyEvent

Driver = Callable[[Machine[Any, Any], Sequence[AnyEvent], Context], Awaitable[list[AnyEvent]]]
"""Takes a log to its end and returns it whole. Nothing catches what the graph raises on purpose."""


async def langgraph(machine: Machine[Any, Any], log: Sequence[AnyEvent], context: Context) -> list[AnyEvent]:
    """Take every turn in a node of its own, as Studio does."""
    state: Any = {"events": [event.model_dump(mode="json") for event in log]}
    ended = await machine.compile().ainvoke(state, context=context, config=NO_LIMIT)
    return [EVENT.validate_python(event) for event in ended["events"]]


async def loop(machine: Machine[Any, Any], log: Sequence[AnyEvent], context: Context) -> list[AnyEvent]:
    """Take all turns as `solve` and jobs do, and see that nothing was kept that was not told."""
    seen: list[AnyEvent] = list(log)
    ended = await play(machine, (), seen.extend, logged=log, settings=context)
    assert seen == list(ended.events)
    return seen


DRIVERS: Final[Sequence[Driver]] = (langgraph, loop)
