"""The debate: policy and critic as two agents in dialogue, the critic picking the action.

    propose → check → judge → act        with reflect between rounds when the critic asks for it

The state is the list of events; whose turn it is follows from the list alone, so a debate goes on from any log, after
a crash as after an edit by hand. Nodes only call agents and tools; what follows from a verdict is in `rules`. Models
and tools that fail become events, never exceptions: one bad debate can't take a job down.

After Qin et al., "O1 Replication Journey: A Strategic Progress Report", 2024 (third attempt: two agents).
"""

import asyncio
import hashlib
import itertools
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
from longthought.agents.dialect import Unreadable
from longthought.agents.view import view
from longthought.errors import ConfigError, LongthoughtError, ProblemError
from longthought.graphs import rules
from longthought.graphs.rules import Rules, Turn
from longthought.graphs.seats import Seats
from longthought.problems.problem import Problem
from longthought.problems.puzzle import Puzzle
from longthought.tools.catalogue import verifiers
from longthought.tools.verifier import Claim, Interpreter, Verifier
from longthought.trajectories.events import (
    EVENT,
    AnyEvent,
    Author,
    Checked,
    Event,
    Evidence,
    EvidenceStatus,
    Failed,
    Failure,
    Judged,
    Observed,
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
        return self._record(tree, [started(problem, _settings(tree, runtime), by=Author.HUMAN)])

    async def propose(self, state: DebateState, runtime: Runtime[DebateContext]) -> DebateState:
        """Ask the policy for the next step."""
        tree = self.tree(state)
        seen = view(tree)
        try:
            seats = await self._seat(tree, runtime)
            if objection := seats.policy.unsuitable(seen) or seats.critic.unsuitable(seen):
                return self._fail(tree, Author.STRATEGY, Failure.MODEL, objection, fatal=True)
            reply = await seats.policy.propose(seen)
        except LongthoughtError as error:
            return self._fail(tree, Author.POLICY, Failure.MODEL, str(error), fatal=True)
        if isinstance(reply.read, Unreadable):
            return self._fail(tree, Author.POLICY, Failure.UNREADABLE_STEP, reply.read.reason, calls=reply.calls)
        if earlier := rules.repeated(tree, reply.read.text):
            detail = f"proposed step {earlier.id} again: {reply.read.text}"
            return self._fail(tree, Author.POLICY, Failure.REPEATED_STEP, detail, calls=reply.calls)
        return self._add(
            tree, Proposed, Author.POLICY, node=len(tree.nodes), parent=tree.cursor, text=reply.read.text,
            answer=reply.read.answer, calls=reply.calls,
        )  # fmt: skip

    async def check(self, state: DebateState, runtime: Runtime[DebateContext]) -> DebateState:
        """Let every verifier look at the new step, side by side."""
        tree = self.tree(state)
        node = rules.candidate(tree)
        assert node is not None
        try:
            seats = await self._seat(tree, runtime)
        except LongthoughtError as error:
            return self._fail(tree, Author.STRATEGY, Failure.MODEL, str(error), fatal=True)
        path = view(tree, node.id).path
        looks = await asyncio.gather(*(_look(v, tree.problem, path, node.text) for v in seats.verifiers))
        found = list(itertools.chain.from_iterable(looks))
        assert tree.last is not None
        stamp: Any = {"trajectory": tree.last.trajectory, "by": Author.TOOL, "at": time.time(), "node": node.id}
        printed = [(evidence.tool, output) for evidence, output in found if output]
        events: list[AnyEvent] = [
            Observed(seq=tree.events + n, tool=tool, output=output, **stamp) for n, (tool, output) in enumerate(printed)
        ]
        evidence = tuple(evidence for evidence, _ in found)
        return self._record(tree, [*events, Checked(seq=tree.events + len(events), evidence=evidence, **stamp)])

    async def judge(self, state: DebateState, runtime: Runtime[DebateContext]) -> DebateState:
        """Ask the critic for a verdict on the new step."""
        tree = self.tree(state)
        node = rules.candidate(tree)
        assert node is not None
        try:
            seats = await self._seat(tree, runtime)
            reply = await seats.critic.judge(view(tree, node.id))
        except LongthoughtError as error:
            return self._fail(tree, Author.CRITIC, Failure.MODEL, str(error), node=node.id, fatal=True)
        if isinstance(reply.read, Unreadable):
            return self._fail(
                tree, Author.CRITIC, Failure.UNREADABLE_VERDICT, reply.read.reason, node=node.id, calls=reply.calls
            )
        if fault := rules.illegal(tree, _settings(tree, runtime).rules(), reply.read):
            detail = f"{reply.read.action}: {fault}"
            return self._fail(tree, Author.CRITIC, Failure.ILLEGAL_VERDICT, detail, node=node.id, calls=reply.calls)
        return self._add(tree, Judged, Author.CRITIC, node=node.id, verdict=reply.read, calls=reply.calls)

    async def reflect(self, state: DebateState, runtime: Runtime[DebateContext]) -> DebateState:
        """Ask the policy to re-examine the step in doubt."""
        tree = self.tree(state)
        node = rules.candidate(tree)
        assert node is not None
        try:
            seats = await self._seat(tree, runtime)
            reply = await seats.policy.reflect(view(tree, node.id))
        except LongthoughtError as error:
            return self._fail(tree, Author.POLICY, Failure.MODEL, str(error), node=node.id, fatal=True)
        if isinstance(reply.read, Unreadable):
            return self._fail(
                tree, Author.POLICY, Failure.UNREADABLE_STEP, reply.read.reason, node=node.id, calls=reply.calls
            )
        return self._add(
            tree, Reflected, Author.POLICY, node=len(tree.nodes), parent=node.id, text=reply.read, calls=reply.calls
        )  # fmt: skip

    async def act(self, state: DebateState, runtime: Runtime[DebateContext]) -> DebateState:
        """Let the rules move the cursor, or end the debate."""
        tree = self.tree(state)
        return self._record(tree, [rules.act(tree, _settings(tree, runtime).rules(), at=time.time())])

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

    async def _seat(self, tree: Tree, runtime: Runtime[DebateContext]) -> Seats:
        if self._seats is not None:
            return self._seats
        settings = _settings(tree, runtime)
        key = repr(settings)
        if key not in self._seated:
            self._seated[key] = await asyncio.to_thread(settings.seats)
        return self._seated[key]

    def _add(self, tree: Tree, kind: type[Event], by: Author, **fields: Any) -> DebateState:
        assert tree.last is not None
        event = kind(trajectory=tree.last.trajectory, seq=tree.events, by=by, at=time.time(), **fields)
        return self._record(tree, [event])  # pyright: ignore[reportArgumentType]

    def _fail(self, tree: Tree, by: Author, failure: Failure, detail: str, **fields: Any) -> DebateState:
        return self._add(tree, Failed, by, failure=failure, detail=detail, **fields)

    def _record(self, tree: Tree, events: Sequence[AnyEvent]) -> DebateState:
        dumped = [event.model_dump(mode="json") for event in events]
        for event in events:
            tree.apply(event)
        self._keep(events[-1].trajectory, tree, dumped[-1])
        if self._observe:
            self._observe(events)
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


async def _look(verifier: Verifier, problem: Problem, path: Sequence[str], step: str) -> list[tuple[Evidence, str]]:
    """Let one tool look at a step; a broken tool is no evidence, and no reason to end the debate."""
    try:
        claims = verifier.claims(problem, path, step)
    except Exception as error:
        return [(_unavailable(verifier, step, error), "")]
    return await asyncio.gather(*(_check(verifier, claim) for claim in claims))


async def _check(verifier: Verifier, claim: Claim) -> tuple[Evidence, str]:
    """Return what was found, with the time it took, and what was printed."""
    began = time.perf_counter()
    try:
        if isinstance(verifier, Interpreter):
            evidence, output = await verifier.observe(claim)
        else:
            evidence, output = await verifier.check(claim), ""
    except Exception as error:
        evidence, output = _unavailable(verifier, claim.text, error), ""
    return evidence.model_copy(update={"seconds": round(time.perf_counter() - began, 6)}), output


def _unavailable(verifier: Verifier, claim: str, error: Exception) -> Evidence:
    log.exception("the tool %s failed on %r", verifier.name, claim)
    return Evidence(tool=verifier.name, status=EvidenceStatus.UNAVAILABLE, claim=claim, detail=repr(error))


Graph = CompiledStateGraph[DebateState, DebateContext, DebateState, DebateState]


def build(seats: Seats | None = None, observe: Observer | None = None) -> tuple[Graph, Debate]:
    """Compile the debate. Without seats, each run seats what its context names."""
    debate = Debate(seats, observe)
    turns = {turn.value: turn.value for turn in Turn if turn is not Turn.END}
    draft: Any = StateGraph(DebateState, context_schema=DebateContext)
    draft.add_node("setup", debate.setup)
    draft.add_edge(START, "setup")
    for turn in turns:
        draft.add_node(turn, getattr(debate, turn))
    for name in ("setup", *turns):
        draft.add_conditional_edges(name, debate.route, {**turns, END: END})
    return draft.compile(name="debate"), debate


graph = build()[0]
