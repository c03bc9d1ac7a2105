"""The debate: policy and critic as two agents in dialogue, the critic picking the action.

    propose → check → judge → act        with reflect between rounds when the critic asks for it

The state is the list of events; whose turn it is follows from the list alone, so a debate goes on from any log, after
a crash as after an edit by hand. Nodes only call agents and tools; what follows from a verdict is in `rules`. Models
and tools that fail become events, never exceptions: one bad debate can't take a job down. An outage is no debate's
fault: it is raised, nothing is logged, and the debate goes on from there when it is over.

After Qin et al., "O1 Replication Journey: A Strategic Progress Report", 2024 (third attempt: two agents).
"""

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph  # pyright: ignore[reportMissingTypeStubs]
from langgraph.graph.state import CompiledStateGraph  # pyright: ignore[reportMissingTypeStubs]
from langgraph.runtime import Runtime, get_runtime
from pydantic import ValidationError
from typing_extensions import TypedDict  # pydantic, and so Studio, needs this one before Python 3.12

from longthought.agents import catalogue
from longthought.agents.agent import Judge, Proposer
from longthought.errors import ConfigError, LongthoughtError, OutageError, ProblemError
from longthought.graphs import rules, turns
from longthought.graphs.rules import Rules, Turn
from longthought.graphs.seats import Seats
from longthought.problems.problem import Problem
from longthought.problems.puzzle import Puzzle
from longthought.tools.catalogue import verifiers
from longthought.trajectories.events import (
    EVENT,
    AnyEvent,
    Author,
    Checked,
    Failed,
    Judged,
    Proposed,
    Reflected,
    Started,
)
from longthought.trajectories.tree import Tree

log = logging.getLogger(__name__)
NO_LIMIT: RunnableConfig = {"recursion_limit": 1_000_000_000}
"""LangGraph's own limit is out of the way: a debate has budgets."""
Observer = Callable[[Sequence[AnyEvent]], None]


def append(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add events. A copy, since LangGraph applies updates tentatively too; only references are copied."""
    return [*old, *new]


class DebateState(TypedDict, total=False):
    """What LangGraph carries: the problem as typed in, the events as JSON objects, the latest turn in words."""

    statement: str
    """The problem in words."""
    domain: str
    """`countdown`, `math`, …; told from the statement if left out."""
    events: Annotated[list[dict[str, Any]], append]
    """The log so far; append to it to step in."""
    narration: str
    """The last turn in words."""


@dataclass(kw_only=True)
class DebateContext:
    """The settings of one debate, as Studio shows them; everything has a default."""

    policy: str = "bundled:countdown"
    """Chat model of the policy, as provider:model."""
    critic: str = "bundled:countdown"
    """Chat model of the critic, as provider:model."""
    base_url: str | None = None
    """OpenAI-compatible server of the policy, and of the critic unless it has its own."""
    critic_base_url: str | None = None
    """OpenAI-compatible server of the critic."""
    dialect: str | None = None
    """`prose` or `compact`; by default what suits the model."""
    tools: Sequence[str] = ("algebra", "countdown")
    """Verifiers that check every step."""
    rounds: int = 32
    """Proposals at most."""
    backtracks: int | None = None
    """Times the cursor may go back."""
    tokens: int | None = None
    """Tokens of both agents together, prompts included."""
    seconds: float | None = None
    """Seconds in models and tools."""
    reflections: int = 1
    """Reflections a step."""
    veto: bool = True
    """Whether refuted evidence rejects a step without asking the critic."""
    patience: int = 3
    """Proposals in a row, repeated or unreadable, after which a node is left."""
    seed: int = 0
    """Seed of the in-process models and of requests to servers."""

    def __post_init__(self) -> None:
        """Keep the tools as a list, which is what they come back as from JSON."""
        self.tools = list(self.tools)

    def rules(self) -> Rules:
        """Return the part that the rules of the debate need."""
        try:
            return Rules(
                rounds=self.rounds,
                backtracks=self.backtracks,
                tokens=self.tokens,
                seconds=self.seconds,
                reflections=self.reflections,
                veto=self.veto,
                patience=self.patience,
            )
        except ValidationError as error:
            wrong = error.errors()[0]
            raise ConfigError(f"{wrong['loc'][0]} = {wrong['input']!r}: {wrong['msg'].lower()}") from error

    def seats(self, policy: Proposer | None = None, critic: Judge | None = None) -> Seats:
        """Seat the agents and tools that the settings name, or the agents given instead."""
        critic_url = self.critic_base_url or self.base_url
        return Seats(
            policy or catalogue.policy(self.policy, base_url=self.base_url, dialect=self.dialect, seed=self.seed),
            critic or catalogue.critic(self.critic, base_url=critic_url, dialect=self.dialect, seed=self.seed),
            verifiers(self.tools),
        )


def trajectory_id(problem: Problem, sample: int = 0) -> str:
    """Name a debate after its problem and which of several samples it is."""
    return f"{problem.id}#{sample}"


def started(problem: Problem, context: DebateContext, *, sample: int = 0, by: Author = Author.STRATEGY) -> Started:
    """Return the first event of a debate."""
    return Started(
        trajectory=trajectory_id(problem, sample), seq=0, by=by, at=time.time(), problem=problem, sample=sample,
        config={"graph": "debate", **asdict(context)},
    )  # fmt: skip


class Debate:
    """The nodes of the graph around one set of seats."""

    def __init__(self, seats: Seats | None = None, observe: Observer | None = None) -> None:
        """Keep the seats; without them they are taken from each run's context. `observe` sees events as they fall."""
        self._seats = seats
        self._observe = observe
        self._seated: dict[str, Seats] = {}
        self._trees: OrderedDict[str, tuple[Tree, dict[str, Any]]] = OrderedDict()

    async def setup(self, state: DebateState, runtime: Runtime[DebateContext]) -> DebateState:
        """Open the log, from a statement typed in."""
        if state.get("events"):
            return {}
        statement = state.get("statement", "").strip()
        if not statement:
            raise ProblemError("the statement is empty: write a problem, such as 'What is 12 * 13?'")
        puzzle = Puzzle.read(statement)
        name = puzzle.id if puzzle else f"typed-{hashlib.sha256(statement.encode()).hexdigest()[:8]}"
        domain = state.get("domain") or ("countdown" if puzzle else "math")
        problem = Problem(id=name, statement=statement, domain=domain)
        tree = Tree()
        opening = [started(problem, _settings(tree, runtime), by=Author.HUMAN)]
        return self._update(tree, self._fold(tree, opening))

    async def propose(self, state: DebateState, runtime: Runtime[DebateContext]) -> DebateState:
        """Ask the policy for the next step."""
        return await self._turn(Turn.PROPOSE, state, runtime)

    async def check(self, state: DebateState, runtime: Runtime[DebateContext]) -> DebateState:
        """Let every verifier look at the new step, side by side."""
        return await self._turn(Turn.CHECK, state, runtime)

    async def judge(self, state: DebateState, runtime: Runtime[DebateContext]) -> DebateState:
        """Ask the critic for a verdict on the new step."""
        return await self._turn(Turn.JUDGE, state, runtime)

    async def reflect(self, state: DebateState, runtime: Runtime[DebateContext]) -> DebateState:
        """Ask the policy to re-examine the step in doubt."""
        return await self._turn(Turn.REFLECT, state, runtime)

    async def act(self, state: DebateState, runtime: Runtime[DebateContext]) -> DebateState:
        """Let the rules move the cursor, or end the debate."""
        return await self._turn(Turn.ACT, state, runtime)

    async def play(self, state: DebateState, runtime: Runtime[DebateContext]) -> DebateState:
        """Take every turn to the end: the same turns as one by one, without LangGraph's cost for each."""
        tree = self.tree(state)
        settings = _settings(tree, runtime)
        settled = settings.rules()
        events: list[AnyEvent] = []
        while (turn := rules.turn(tree, settled)) is not Turn.END:
            events += self._fold(tree, await self._take(turn, tree, settings, settled))
        return {"events": [event.model_dump(mode="json") for event in events]}

    async def _turn(self, turn: Turn, state: DebateState, runtime: Runtime[DebateContext]) -> DebateState:
        tree = self.tree(state)
        settings = _settings(tree, runtime)
        return self._update(tree, self._fold(tree, await self._take(turn, tree, settings, settings.rules())))

    async def _take(self, turn: Turn, tree: Tree, settings: DebateContext, settled: Rules) -> Sequence[AnyEvent]:
        if turn is Turn.ACT:
            return [rules.act(tree, settled, at=time.time())]
        try:
            return await turns.take(turn, tree, await self._seat(settings), settled)
        except OutageError:
            raise
        except LongthoughtError as error:
            return [turns.broken(turn, tree, error)]

    async def route(self, state: DebateState) -> str:
        """Name the node whose turn it is; also when a person edits the state, outside of any run."""
        tree = self.tree(state)
        turn = rules.turn(tree, _settings(tree, get_runtime(DebateContext)).rules())
        if turn is Turn.END:
            return END
        events = state.get("events", [])
        self._keep(events[0]["trajectory"], tree, events[-1])
        return turn.value

    def tree(self, state: DebateState) -> Tree:
        """Return the tree of the state's events, folding only what is new.

        It is taken out of the store, so that two forks of one debate never write to the same tree.
        """
        events = state.get("events", [])
        tree, last = self._trees.pop(events[0]["trajectory"], (None, None))
        known = tree.events if tree else 0
        if tree is None or known > len(events) or events[known - 1] != last:
            tree, known = Tree(), 0
        for event in events[known:]:
            tree.apply(EVENT.validate_python(event))
        return tree

    def _keep(self, name: str, tree: Tree, last: dict[str, Any]) -> None:
        self._trees[name] = (tree, last)
        self._trees.move_to_end(name)
        if len(self._trees) > _TREES_KEPT:
            self._trees.popitem(last=False)

    async def _seat(self, settings: DebateContext) -> Seats:
        if self._seats is not None:
            return self._seats
        key = repr(settings)
        if key not in self._seated:
            self._seated[key] = await asyncio.to_thread(settings.seats)
        return self._seated[key]

    def _fold(self, tree: Tree, events: Sequence[AnyEvent]) -> Sequence[AnyEvent]:
        for event in events:
            tree.apply(event)
        if self._observe:
            self._observe(events)
        return events

    def _update(self, tree: Tree, events: Sequence[AnyEvent]) -> DebateState:
        dumped = [event.model_dump(mode="json") for event in events]
        self._keep(events[-1].trajectory, tree, dumped[-1])
        return {"events": dumped, "narration": " ".join(narrate(event) for event in events)}


_TREES_KEPT = 10_000


def _settings(tree: Tree, runtime: Runtime[DebateContext] | None) -> DebateContext:
    """Return the settings of a run; one that comes without any goes on with those the debate was started with."""
    given: DebateContext | None = runtime.context if runtime else None
    if given is not None:
        return given
    written = tree.started.config if tree.started else {}
    return DebateContext(**{f.name: written[f.name] for f in fields(DebateContext) if f.name in written})


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


Graph = CompiledStateGraph[DebateState, DebateContext, DebateState, DebateState]


def build(
    seats: Seats | None = None, observe: Observer | None = None, *, unbroken: bool = False
) -> tuple[Graph, Debate]:
    """Compile the debate. Without seats, each run seats what its context names.

    An `unbroken` one takes all turns in one node: the same events for a small part of LangGraph's cost, for jobs, where
    nobody looks at a debate or stops it between two turns and the log is what it is resumed from.
    """
    debate = Debate(seats, observe)
    draft: Any = StateGraph(DebateState, context_schema=DebateContext)
    draft.add_node("setup", debate.setup)
    draft.add_edge(START, "setup")
    if unbroken:
        draft.add_node("play", debate.play)
        draft.add_edge("setup", "play")
        draft.add_edge("play", END)
        return draft.compile(name="debate"), debate
    names = {turn.value: turn.value for turn in Turn if turn is not Turn.END}
    for name in names:
        draft.add_node(name, getattr(debate, name))
    for name in ("setup", *names):
        draft.add_conditional_edges(name, debate.route, {**names, END: END})
    return draft.compile(name="debate"), debate


graph = build()[0]
