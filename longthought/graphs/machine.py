"""What all graphs share: events as LangGraph's state, a fold of them kept beside it, one node for each turn.

A machine says whose turn it is and takes that turn. Both depend only on a fold of the log, so a run goes on from any
log, after a crash or an edit by hand. A model or tool that fails becomes an event, not an exception, so one bad run
can't stop a job. An outage is no run's fault: it is raised, nothing is logged, and the run goes on when it is over.
Each graph defines its own turns.

Two drivers take the turns: in Studio LangGraph, with a node for each turn, so that a person may stop, look and step in;
everywhere else the loop of `play`.
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
"""A limit that LangGraph never reaches: the budgets of a run limit it."""
OVER: Final = "end"
"""The turn of a run that has ended."""
Observer = Callable[[Sequence[AnyEvent]], None]
Delegate = Callable[[Sequence[AnyEvent]], Awaitable[Trajectory]]
"""Plays the sub-debate that begins with these events to its end, or returns it if it is over already."""
_FOLDS_KEPT: Final = 10_000


class Fold(Protocol):
    """The state that a machine derives from a log, one event at a time."""

    @property
    def events(self) -> int:
        """Number of events folded so far."""
        ...

    @property
    def started(self) -> Started | None:
        """The first event; None before it."""
        ...

    @property
    def finished(self) -> Finished | None:
        """The last event; None before the run has ended."""
        ...

    def apply(self, event: AnyEvent) -> None:
        """Fold one more event in."""
        ...


C = TypeVar("C", bound=Context)
F = TypeVar("F", bound=Fold)


def append(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return old and new events in a new list, since LangGraph also applies updates tentatively."""
    return [*old, *new]


class State(TypedDict, total=False):
    """The state of a LangGraph run: the problem as typed, the events as JSON objects, the last turn in words."""

    statement: str
    """The problem in words."""
    domain: str
    """`countdown`, `math`, …, or `module:NAME`; recognised from the statement if left out."""
    events: Annotated[list[dict[str, Any]], append]
    """The log so far; append to it to step in."""
    narration: str
    """The last turn in words."""


Graph = CompiledStateGraph[State, Any, State, State]


class Machine(ABC, Generic[C, F]):
    """The turns of a graph, as LangGraph nodes, for one set of seats."""

    context: ClassVar[type[Context]]
    """The class of its settings, which holds the graph's name."""
    turns: ClassVar[Sequence[str]]
    """The names of its turns, in the order in which their nodes are drawn."""

    def __init__(self, seats: Seats | None = None, delegate: Delegate | None = None) -> None:
        """Keep the seats and the player of sub-debates.

        Without `seats`, each run's context makes them; without `delegate`, sub-debates are played but not logged.
        """
        self._seats = seats
        self._delegate = delegate
        self._seated: dict[str, Seats] = {}
        self._folds: OrderedDict[str, tuple[F, dict[str, Any]]] = OrderedDict()

    # What each graph defines.

    @abstractmethod
    def begin(self, settings: C) -> F:
        """Return the fold of an empty log."""

    @abstractmethod
    def turn(self, fold: F, settings: C) -> str:
        """Return the name of the next turn, from the fold alone; `OVER` if the run has ended."""

    @abstractmethod
    async def take(self, turn: str, fold: F, settings: C) -> Sequence[AnyEvent]:
        """Take a turn and return its events, which are not logged or folded in yet.

        Raises:
            OutageError: if a server fails every request.
            LogError: if the log of a sub-debate can't be written.

        """

    async def take_all(self, fold: F, settings: C, record: Observer) -> None:
        """Take every turn to the end; `record` gets the events of each turn, logs them and folds them in."""
        while (turn := self.turn(fold, settings)) != OVER:
            record(await self.take(turn, fold, settings))

    def answer(self, fold: F, settings: C) -> str | None:
        """Return the answer of a run that has to stop here: by default the answer that it finished with.

        A graph that has an answer before its end, such as the vote of the attempts so far, returns it here. The fold is
        left unchanged, so that a logged run can be cut at any smaller budget.
        """
        return fold.finished.answer if fold.finished else None

    async def seats(self, settings: C) -> Seats:
        """Return the agents and tools of a run.

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
        """Compile the LangGraph graph; without seats, each run seats the agents that its context names."""
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
        """Open the log from a typed statement."""
        if state.get("events"):
            return {}
        statement = state.get("statement", "").strip()
        if not statement:
            raise ProblemError("the statement is empty: write a problem, such as 'What is 12 * 13?'")
        problem = posed(statement, state.get("domain") or None)
        settings = self._settings(None, runtime)
        first = await asyncio.to_thread(started, problem, settings, by=Author.HUMAN)  # which may look for the sandbox
        return self._update(self.begin(settings), [first])

    async def _route(self, state: State) -> str:
        """Return the node whose turn it is; LangGraph also calls this when a person edits the state outside a run."""
        fold, settings = self._fold(state, get_runtime(self.context))
        settings.expect_readable()
        turn = self.turn(fold, settings)
        if turn == OVER:
            return END
        self._keep(fold, state.get("events", [])[-1])
        return turn

    def _fold(self, state: State, runtime: Runtime[Any] | None) -> tuple[F, C]:
        """Return the fold of the state's events and the settings; only new events are folded.

        The fold is removed from the store, so that two forks of one run never write to the same fold.
        """
        events = state.get("events", [])
        settings = self._settings(events[0], runtime)
        fold, last = self._folds.pop(events[0]["trajectory"], (None, None))
        folded = fold.events if fold else 0
        if fold is None or folded > len(events) or events[folded - 1] != last:
            fold, folded = self.begin(settings), 0
        for event in events[folded:]:
            fold.apply(EVENT.validate_python(event))
        return fold, settings

    def _settings(self, first: dict[str, Any] | None, runtime: Runtime[Any] | None) -> C:
        """Return the settings given with a run, or by default those that it was started with."""
        given: Any = runtime.context if runtime else None
        settings: Any = given if given is not None else self.context.read((first or {}).get("config", {}))
        return settings

    def _keep(self, fold: F, last: dict[str, Any]) -> None:
        self._folds[last["trajectory"]] = (fold, last)
        self._folds.move_to_end(last["trajectory"])
        if len(self._folds) > _FOLDS_KEPT:
            self._folds.popitem(last=False)

    def _update(self, fold: F, events: Sequence[AnyEvent]) -> State:
        """Fold events in, and return them as an update of LangGraph's state."""
        dumped = [event.model_dump(mode="json") for event in events]
        for event in events:
            fold.apply(event)
        if dumped:
            self._keep(fold, dumped[-1])
        return {"events": dumped, "narration": " ".join(narrate(event) for event in events)}


def narrate(event: AnyEvent) -> str:
    """Describe an event in a short sentence."""
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
