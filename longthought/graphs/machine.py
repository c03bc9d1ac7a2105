"""What all graphs have in common: events as LangGraph's state, a fold of them kept beside it, one node for each turn.

A machine says whose turn it is and takes it; both look at a fold of the log alone, so a run goes on from any log, after
a crash as after an edit by hand. Models and tools that fail become events, never exceptions: one bad run can't take a
job down. An outage is no run's fault: it is raised, nothing is logged, and the run goes on from there when it is over.
What the turns of a graph are is for the graph to say.

Two drivers take the turns: LangGraph, with a node for each, in Studio, where a person may stop, look and step in; and
the loop of `play` everywhere else.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, ClassVar, Final, Generic, Protocol, TypeVar

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph  # pyright: ignore[reportMissingTypeStubs]
from langgraph.graph.state import CompiledStateGraph  # pyright: ignore[reportMissingTypeStubs]
from langgraph.runtime import Runtime, get_runtime
from typing_extensions import TypedDict  # pydantic, and so Studio, needs this one before Python 3.12

from longthought.domains.posing import posed
from longthought.errors import ProblemError
from longthought.graphs.context import Context, started
from longthought.graphs.seats import Seats
from longthought.trajectories.events import (
    EVENT,
    AnyEvent,
    Author,
    Checked,
    Failed,
    Finished,
    Judged,
    Proposed,
    Reflected,
    Started,
)
from longthought.trajectories.trajectory import Trajectory

NO_LIMIT: RunnableConfig = {"recursion_limit": 1_000_000_000}
"""LangGraph's own limit is out of the way: runs have budgets."""
OVER: Final = "end"
"""The turn that is nobody's."""
Observer = Callable[[Sequence[AnyEvent]], None]
Delegate = Callable[[Sequence[AnyEvent]], Awaitable[Trajectory]]
"""Plays the sub-debate that begins with these events to its end, or returns it if it is over already."""
_FOLDS_KEPT: Final = 10_000


class Fold(Protocol):
    """What a machine makes of a log, one event after the other."""

    @property
    def events(self) -> int:
        """Events folded so far."""
        ...

    @property
    def started(self) -> Started | None:
        """The first of them."""
        ...

    @property
    def finished(self) -> Finished | None:
        """The end, if it has come."""
        ...

    def apply(self, event: AnyEvent) -> None:
        """Fold one more in."""
        ...


C = TypeVar("C", bound=Context)
F = TypeVar("F", bound=Fold)


def append(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add events. A copy, since LangGraph applies updates tentatively too; only references are copied."""
    return [*old, *new]


class State(TypedDict, total=False):
    """What LangGraph carries: the problem as typed in, the events as JSON objects, the latest turn in words."""

    statement: str
    """The problem in words."""
    domain: str
    """`countdown`, `math`, …, or `module:NAME`; told from the statement if left out."""
    events: Annotated[list[dict[str, Any]], append]
    """The log so far; append to it to step in."""
    narration: str
    """The last turn in words."""


Graph = CompiledStateGraph[State, Any, State, State]


class Machine(ABC, Generic[C, F]):
    """The nodes of a graph around one set of seats."""

    context: ClassVar[type[Context]]
    """Its settings; their class has the graph's name."""
    turns: ClassVar[Sequence[str]]
    """The turns there are, in the order they are drawn in; each is a node."""

    def __init__(self, seats: Seats | None = None, delegate: Delegate | None = None) -> None:
        """Keep the seats, and who plays sub-debates.

        Without seats, they are taken from each run's context; without `delegate`, nobody logs the sub-debates.
        """
        self._seats = seats
        self._delegate = delegate
        self._seated: dict[str, Seats] = {}
        self._folds: OrderedDict[str, tuple[F, dict[str, Any]]] = OrderedDict()

    # What a graph says of itself.

    @abstractmethod
    def begin(self, settings: C) -> F:
        """Return the fold of an empty log."""

    @abstractmethod
    def turn(self, fold: F, settings: C) -> str:
        """Say whose turn it is, from the fold alone; `OVER` if nobody's."""

    @abstractmethod
    async def take(self, turn: str, fold: F, settings: C) -> Sequence[AnyEvent]:
        """Take a turn and return its events, neither logged nor folded in yet.

        Raises:
            OutageError: if a server fails every request.
            LogError: if the log of a sub-debate can't be written.

        """

    async def take_all(self, fold: F, settings: C, record: Observer) -> None:
        """Take every turn to the end; the events of each go to `record`, which logs them and then folds them in."""
        while (turn := self.turn(fold, settings)) != OVER:
            record(await self.take(turn, fold, settings))

    def answer(self, fold: F, settings: C) -> str | None:
        """Return the answer of a run that has to stop here: by default the one it has finished with.

        A graph that has something to say before its end, such as the vote of the attempts made so far, says it here.
        It changes nothing, so that a logged run can be cut at any smaller budget.
        """
        return fold.finished.answer if fold.finished else None

    async def seats(self, settings: C) -> Seats:
        """Return who sits at the table.

        Raises:
            ModelError: if a model can't be made.

        """
        if self._seats is not None:
            return self._seats
        key = repr(settings)
        if key not in self._seated:
            self._seated[key] = await asyncio.to_thread(settings.seats)
        return self._seated[key]

    # LangGraph.

    def compile(self) -> Graph:
        """Compile the graph. Without seats, each run seats what its context names."""
        draft: Any = StateGraph(State, context_schema=self.context)
        draft.add_node("setup", self._setup)
        draft.add_edge(START, "setup")
        names = {name: name for name in self.turns}
        for name in names:
            draft.add_node(name, self._node(name))
        for name in ("setup", *names):
            draft.add_conditional_edges(name, self._route, {**names, END: END})
        return draft.compile(name=self.context.graph)

    def _node(self, turn: str) -> Callable[[State, Runtime[Any]], Any]:
        async def node(state: State, runtime: Runtime[Any]) -> State:
            fold, settings = self._fold(state, runtime)
            return self._update(fold, await self.take(turn, fold, settings))

        return node

    async def _setup(self, state: State, runtime: Runtime[Any]) -> State:
        """Open the log, from a statement typed in."""
        if state.get("events"):
            return {}
        statement = state.get("statement", "").strip()
        if not statement:
            raise ProblemError("the statement is empty: write a problem, such as 'What is 12 * 13?'")
        problem = posed(statement, state.get("domain") or None)
        settings = self._settings(None, runtime)
        return self._update(self.begin(settings), [started(problem, settings, by=Author.HUMAN)])

    async def _route(self, state: State) -> str:
        """Name the node whose turn it is; also when a person edits the state, outside of any run."""
        fold, settings = self._fold(state, get_runtime(self.context))
        settings.expect_readable()
        turn = self.turn(fold, settings)
        if turn == OVER:
            return END
        self._keep(fold, state.get("events", [])[-1])
        return turn

    def _fold(self, state: State, runtime: Runtime[Any] | None) -> tuple[F, C]:
        """Return the fold of the state's events, folding only what is new, and the settings.

        It is taken out of the store, so that two forks of one run never write to the same fold.
        """
        events = state.get("events", [])
        settings = self._settings(events[0], runtime)
        fold, last = self._folds.pop(events[0]["trajectory"], (None, None))
        known = fold.events if fold else 0
        if fold is None or known > len(events) or events[known - 1] != last:
            fold, known = self.begin(settings), 0
        for event in events[known:]:
            fold.apply(EVENT.validate_python(event))
        return fold, settings

    def _settings(self, first: dict[str, Any] | None, runtime: Runtime[Any] | None) -> C:
        """Return the settings of a run; one that comes without any goes on with those it was started with."""
        given: Any = runtime.context if runtime else None
        found: Any = given if given is not None else self.context.read((first or {}).get("config", {}))
        return found

    def _keep(self, fold: F, last: dict[str, Any]) -> None:
        self._folds[last["trajectory"]] = (fold, last)
        self._folds.move_to_end(last["trajectory"])
        if len(self._folds) > _FOLDS_KEPT:
            self._folds.popitem(last=False)

    def _update(self, fold: F, events: Sequence[AnyEvent]) -> State:
        """Return events as LangGraph's log takes them, and fold them in."""
        dumped = [event.model_dump(mode="json") for event in events]
        for event in events:
            fold.apply(event)
        if dumped:
            self._keep(fold, dumped[-1])
        return {"events": dumped, "narration": " ".join(narrate(event) for event in events)}


def narrate(event: AnyEvent) -> str:
    """Put an event in a short sentence."""
    match event:
        case Proposed():
            return f"{event.by} proposes step {event.node}: {event.text}"
        case Checked():
            return "tools: " + (", ".join(f"{e.tool} {e.status}" for e in event.evidence) or "nothing to check")
        case Judged():
            to = "" if event.verdict.target is None else f" to {event.verdict.target}"
            return f"{event.by}: {event.verdict.action}{to} ({event.verdict.critique})"
        case Reflected():
            return f"{event.by} reflects: {event.text}"
        case Failed():
            return f"{event.failure}: {event.detail}"
        case _:
            return f"{event.kind} {getattr(event, 'reason', '')}".strip()
