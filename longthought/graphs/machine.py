"""What all graphs share: a fold of the log says whose turn it is, and each turn returns new events.

A machine says whose turn it is and takes that turn. Both depend only on a fold of the log, so a run goes on from any
log, after a crash or an edit by hand. A model or tool that fails becomes an event, not an exception, so one bad run
can't stop a job. An outage is no run's fault: it is raised, nothing is logged, and the run goes on when it is over.
Each graph defines its own turns.

Two drivers take the turns: LangGraph with a node for each turn (`studio`), so that a person may stop, look and step in;
everywhere else the loop of `play`.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Final, Generic, Protocol, Self, TypeVar

from langchain_core.runnables import RunnableConfig

from longthought.graphs.context import Context
from longthought.graphs.seats import Seats
from longthought.trajectories.events import AnyEvent, Finished, Started
from longthought.trajectories.trajectory import Trajectory

if TYPE_CHECKING:
    from longthought.graphs.studio.asking import Ask
    from longthought.graphs.studio.stepwise import Graph, Host

NO_LIMIT: RunnableConfig = {"recursion_limit": 1_000_000_000}
"""A limit that LangGraph never reaches: the budgets of a run limit it."""
OVER: Final = "end"
"""The turn of a run that has ended."""
Observer = Callable[[Sequence[AnyEvent]], None]
Delegate = Callable[[Sequence[AnyEvent]], Awaitable[Trajectory]]
"""Plays the sub-debate that begins with these events to its end, or returns it if it is over already."""


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


class Machine(ABC, Generic[C, F]):
    """The turns of a graph, as LangGraph nodes, for one set of seats."""

    context: ClassVar[type[Context]]
    """The class of its settings, which holds the graph's name."""
    turns: ClassVar[Sequence[str]]
    """The names of its turns, in the order in which their nodes are drawn."""

    ask: "Ask | None" = None
    """Asks a person before each verdict is applied, in graphs that pause."""

    def __init__(self, seats: Seats | None = None, delegate: Delegate | None = None) -> None:
        """Keep the seats and the player of sub-debates.

        Without `seats`, each run's context makes them; without `delegate`, sub-debates are played but not logged.
        """
        self._seats = seats
        self._delegate = delegate
        self._seated: dict[str, Seats] = {}

    @property
    def seated(self) -> bool:
        """Whether the seats were given, so that every run has the same."""
        return self._seats is not None

    def anew(self) -> Self:
        """Return a machine for another run, which makes seats of its own unless they were given."""
        return type(self)(self._seats, self._delegate)

    async def aclose(self) -> None:
        """Release the agents that were made for this machine's runs."""
        for seats in self._seated.values():
            await seats.aclose()
        self._seated.clear()

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

    edges: ClassVar[Mapping[str, Sequence[str]]]
    """The turns that can follow each turn when nobody steps in, for the drawing; `OVER` for the end."""
    pauses: ClassVar[bool] = False
    """Whether a person may be asked before each verdict is applied."""

    def compile(self, host: "Host | None" = None) -> "Graph":
        """Compile the LangGraph graph; without seats, each run seats the agents that its context names.

        Args:
            host: What checks, grades and keeps debates for Studio; without it, a debate is only played.

        """
        from longthought.graphs.studio.stepwise import Stepwise

        return Stepwise(self, host).compile()
