"""A machine compiled as a LangGraph graph, with a node for each turn, so that a person may stop, look and step in.

The log is LangGraph's state; the fold of it, and the agents of the debate, are kept beside it. A statement begins a new
debate in its thread. What a person may do wrong is raised as a `ValueError`, whose words LangGraph's server shows.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Protocol, TypeVar, cast

from langchain_core.messages import HumanMessage, RemoveMessage
from langgraph.graph import END, START, StateGraph  # pyright: ignore[reportMissingTypeStubs]
from langgraph.graph.state import CompiledStateGraph  # pyright: ignore[reportMissingTypeStubs]
from langgraph.runtime import Runtime, get_runtime
from langgraph.types import interrupt

from longthought.domains.posing import expect_possible, posed
from longthought.errors import LongthoughtError, ProblemError
from longthought.graphs.context import Context, started
from longthought.graphs.machine import OVER, Fold, Machine
from longthought.graphs.seats import Seats
from longthought.graphs.studio.form import CHOICES, form, read
from longthought.graphs.studio.narration import dialogue, narrate, path
from longthought.graphs.studio.state import Outcome, State, Typed
from longthought.problems.problem import Problem
from longthought.trajectories.events import EVENT, AnyEvent, Author, Finished, Graded
from longthought.trajectories.trajectory import Trajectory

Graph = CompiledStateGraph[State, Any, Typed, Outcome]
CLOSE: Final = "close"
"""The node that grades and keeps a debate after its end."""
_MOST_KEPT: Final = 10_000
_MOST_SEATED: Final = 16
"""Number of unfinished debates whose agents stay open."""
_UNREAD: Final = {"token_ids", "logprobs"}
C = TypeVar("C", bound=Context)
F = TypeVar("F", bound=Fold)


class Host(Protocol):
    """What Studio needs and graphs may not know: checks of models and folders, the grader, and the store."""

    async def expect_ready(self, seats: Seats, problem: Problem, out: str | None) -> None:
        """Raise a LongthoughtError unless the agents can read the problem, and the folder can keep the debate."""
        ...

    async def grade(self, trajectory: Trajectory) -> Sequence[AnyEvent]:
        """Return the grade of a debate; nothing if it can't be graded."""
        ...

    async def keep(self, trajectory: Trajectory, out: str) -> None:
        """Write a debate that has ended into a run folder."""
        ...


@dataclass(slots=True)
class _Run(Generic[C, F]):
    """What is kept of a debate beside its log."""

    machine: Machine[C, F]
    fold: F
    last: dict[str, Any] = field(default_factory=dict[str, Any])
    """The event that was folded last."""
    edited: bool = False
    """Whether the log was edited since the last turn, so that the dialogue may not fit it."""


class _Targets(dict[Any, str]):
    """The turns that are drawn as following a turn; a person's edit may lead to any other."""

    def __missing__(self, turn: str) -> str:
        return turn

    def copy(self) -> "_Targets":
        return _Targets(self)


class _AnyName(dict[str, Any]):
    """The settings of a form. Any name counts as one of them, so that the server passes on what is misspelt.

    Otherwise it drops settings that the form doesn't have, and the debate runs without them.
    """

    def __contains__(self, name: object) -> bool:
        return True


class _Form(CompiledStateGraph[Any, Any, Any, Any]):
    """A graph whose settings are refused, and not dropped, if there are no such settings."""

    def get_context_jsonschema(self) -> dict[str, Any] | None:
        """Return the form as a JSON schema."""
        schema = super().get_context_jsonschema()
        return None if schema is None else {**schema, "properties": _AnyName(schema["properties"])}


class Stepwise(Generic[C, F]):
    """The LangGraph nodes of a machine."""

    def __init__(self, machine: Machine[C, F], host: Host | None) -> None:
        """Keep the machine, each run of which makes its own seats unless it was given some."""
        self._machine = machine
        self._host = host
        self._runs: OrderedDict[str, _Run[C, F]] = OrderedDict()

    def compile(self) -> Graph:
        """Compile the graph."""
        settings = form(self._machine.context, pauses=self._machine.pauses)
        shown = State if self._host is None else Outcome
        draft: Any = StateGraph(State, context_schema=settings, input_schema=Typed, output_schema=shown)
        draft.add_node("setup", self._setup)
        draft.add_edge(START, "setup")
        for name in self._machine.turns:
            draft.add_node(name, self._node(name))
        if self._host is not None:
            draft.add_node(CLOSE, self._close)
            draft.add_edge(CLOSE, END)
        over = END if self._host is None else CLOSE
        for name in ("setup", *self._machine.turns):
            drawn = (over if turn == OVER else turn for turn in self._machine.edges[name])
            draft.add_conditional_edges(name, self._route, _Targets({turn: turn for turn in drawn}))
        graph = draft.compile(name=self._machine.context.graph)
        graph.__class__ = _Form
        return graph

    # Nodes.

    async def _setup(self, state: State, runtime: Runtime[Any]) -> dict[str, Any]:
        """Begin a debate on a typed statement; without one, go on with the log that is there."""
        with self._said():
            typed = state.get("messages", [])[-1:]
            by_chat = [
                message for message in typed if isinstance(message, HumanMessage) and ":" not in (message.id or "")
            ]
            statement = state.get("statement", by_chat[0].text if by_chat else None)
            if statement is None and state.get("events"):
                return {}
            if not isinstance(statement, str) or not statement.strip():
                raise ProblemError("the statement is empty: write a problem, such as 'What is 12 * 13?'")
            problem = posed(statement, state.get("domain") or None)
            expect_possible(problem)
            settings, choices = self._chosen(None, {}, runtime)
            first = await asyncio.to_thread(started, problem, settings, by=Author.HUMAN)  # it may look for the sandbox
            machine = self._machine.anew()
            if self._host is not None:
                await self._host.expect_ready(await machine.seats(settings), problem, choices["out"])
            run = _Run(machine, machine.begin(settings))
            update = await self._update(run, [first])
            gone = [RemoveMessage(id=message.id or "") for message in by_chat]
            update["messages"] = [*gone, *update["messages"]]
            return {**update, "answer": None, "solved": None, "path": [], "choices": choices}

    def _node(self, turn: str) -> Callable[[State, Runtime[Any]], Awaitable[dict[str, Any]]]:
        async def node(state: State, runtime: Runtime[Any]) -> dict[str, Any]:
            with self._said():
                run, settings, choices = self._resume(state, runtime)
                told = self._retold(state, run)
                run.machine.ask = _interrupt if choices["pause"] == "verdicts" else self._machine.ask
                update = await self._update(run, await run.machine.take(turn, run.fold, settings))
                return {**update, "messages": [*told, *update["messages"]]}

        return node

    async def _close(self, state: State, runtime: Runtime[Any]) -> dict[str, Any]:
        """Grade the debate, keep it if that is asked for, and release its agents."""
        assert self._host is not None
        with self._said():
            run, _, choices = self._resume(state, runtime)
            events = tuple(EVENT.validate_python(event) for event in state.get("events", []))
            whole = Trajectory(events[0].trajectory, events)
            grade = () if isinstance(events[-1], Graded) else await self._host.grade(whole)
            whole = Trajectory(whole.id, (*events, *grade))
            if choices["out"]:
                await self._host.keep(whole, choices["out"])
            await run.machine.aclose()
            said = " ".join((*map(narrate, grade), *([f"kept in {choices['out']}"] if choices["out"] else [])))
            told = {"narration": said} if said else {}
            messages = dialogue(grade, _name(state.get("events", [])[0]))
            return {"events": [_dumped(e) for e in grade], "messages": messages, "solved": whole.solved, **told}

    async def _route(self, state: State) -> str:
        """Return the node whose turn it is; LangGraph also calls this when a person edits the state outside a run."""
        with self._said():
            run, settings, _ = self._resume(state, get_runtime())
            settings.expect_readable()
            turn = run.machine.turn(run.fold, settings)
            if turn != OVER or self._host is not None:
                await self._keep(run, state.get("events", [])[-1], _name(state.get("events", [])[0]))
            return turn if turn != OVER else END if self._host is None else CLOSE

    # What is kept beside the state.

    def _resume(self, state: State, runtime: Runtime[Any] | None) -> tuple[_Run[C, F], C, dict[str, Any]]:
        """Return the debate folded up to the state's last event, its settings and choices; only new events are folded.

        The debate is removed from the store, so that two forks of it never write to the same fold.
        """
        events = state.get("events", [])
        settings, choices = self._chosen(events[0], state.get("choices") or {}, runtime)
        run = self._runs.pop(_name(events[0]), None)
        if run is None:
            machine = self._machine.anew()
            run = _Run(machine, machine.begin(settings))
        folded = run.fold.events
        if folded > len(events) or (folded and events[folded - 1] != run.last):
            run.fold, folded = run.machine.begin(settings), 0
        for event in events[folded:]:
            run.fold.apply(EVENT.validate_python(event))
        run.last, run.edited = events[-1], run.edited or folded < len(events)
        return run, settings, choices

    def _chosen(
        self, first: Mapping[str, Any] | None, chosen: Mapping[str, Any], runtime: Runtime[Any] | None
    ) -> tuple[C, dict[str, Any]]:
        """Return the settings and choices given with a run, or by default those that the debate was begun with."""
        kind: Any = self._machine.context
        given: Any = runtime.context if runtime else None
        if isinstance(given, Context):
            return cast(C, given), {**CHOICES, **chosen}
        settings, choices = read(kind, given, pauses=self._machine.pauses) if given else (None, {**CHOICES, **chosen})
        return cast(C, settings or kind.read((first or {}).get("config", {}))), choices

    def _retold(self, state: State, run: _Run[C, F]) -> list[Any]:
        """Return what brings the dialogue in line with a log that a person edited."""
        if not run.edited:
            return []
        run.edited = False
        events, shown = state.get("events", []), state.get("messages", [])
        name = _name(events[0])
        ids = [message.id or "" for message in shown if (message.id or "").startswith(f"{name}:")]
        if ids and ids[-1] == f"{name}:{events[-1]['seq']}":
            return []
        right = dialogue(map(EVENT.validate_python, events), name)
        before = {message.id: message.content for message in shown}
        stale = {*ids} - {message.id or "" for message in right}
        return [
            *(RemoveMessage(id=name) for name in ids if name in stale),
            *(message for message in right if before.get(message.id) != message.content),
        ]

    async def _keep(self, run: _Run[C, F], last: dict[str, Any], name: str) -> None:
        run.last = last
        self._runs[name] = run
        self._runs.move_to_end(name)
        if len(self._runs) > (_MOST_KEPT if self._machine.seated else _MOST_SEATED):
            _, oldest = self._runs.popitem(last=False)
            await oldest.machine.aclose()

    async def _update(self, run: _Run[C, F], events: Sequence[AnyEvent]) -> dict[str, Any]:
        """Fold events in, and return them as an update of LangGraph's state."""
        dumped = [_dumped(event) for event in events]
        for event in events:
            run.fold.apply(event)
        assert run.fold.started is not None
        name = _name(run.fold.started.model_dump(mode="json", include={"trajectory", "at"}))
        if dumped:
            await self._keep(run, dumped[-1], name)
        update: dict[str, Any] = {
            "events": dumped,
            "narration": " ".join(map(narrate, events)),
            "messages": dialogue(events, name),
        }
        if events and isinstance(end := events[-1], Finished):
            tree: Any = getattr(run.fold, "tree", run.fold)  # a search or a vote keeps its tree beside other facts
            update |= {"answer": end.answer, "path": path(tree, end.node)}
        return update

    @contextmanager
    def _said(self) -> Generator[None]:
        """In Studio, raise what is no defect as a ValueError: the server withholds the words of other errors."""
        try:
            yield
        except LongthoughtError as error:
            if self._host is None:
                raise
            raise ValueError(str(error)) from error


async def _interrupt(question: dict[str, Any]) -> Any:
    """Stop the run until a person replies."""
    return interrupt(question)


def _name(first: Mapping[str, Any]) -> str:
    """Return what sets a debate apart from others, in this thread and elsewhere."""
    return f"{first['trajectory']}@{first['at']}"


def _dumped(event: AnyEvent) -> dict[str, Any]:
    """Return an event as JSON, without what only programs read."""
    return event.model_dump(mode="json", exclude={"calls": {"__all__": _UNREAD}})
