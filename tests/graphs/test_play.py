"""One way to play: whoever drives a graph, the same log is written, and nothing is folded that the log doesn't hold."""

import asyncio
import random
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult

from longthought.agents.agent import Critic, Policy
from longthought.agents.dialects.prose import Prose
from longthought.errors import EndpointError, LogError
from longthought.graphs import catalogue
from longthought.graphs.context import Context, started
from longthought.graphs.debate import Debate, DebateContext
from longthought.graphs.decompose import Decompose, DecomposeContext
from longthought.graphs.machine import NO_LIMIT, Machine
from longthought.graphs.play import play
from longthought.graphs.sampling.settings import SamplingContext
from longthought.graphs.search.settings import SearchContext
from longthought.graphs.seats import Seats
from longthought.graphs.self_critique import SelfCritiqueContext
from longthought.graphs.subdebates import Subdebates
from longthought.jobs.grading import graded
from longthought.problems.problem import AnswerReference, Problem
from longthought.tools.catalogue import verifiers
from longthought.trajectories.events import (
    AnyEvent,
    Failed,
    Failure,
    Finished,
    Graded,
    Judged,
    Moved,
    Observed,
    Proposed,
    Reflected,
    StopReason,
)
from longthought.trajectories.segment import encode
from tests.fakes.drivers import DRIVERS, Driver, langgraph, loop
from tests.fakes.scripted import Line, ScriptedChatModel

STEPS: Sequence[Line] = (
    "So 12 * 13 = 156.", "So 12 * 13 = 146.", "Let me think.", "", "It is \\boxed{156}.", "It is \\boxed{157}.",
    "```python\nprint(12 * 13)\n```",
)  # fmt: skip
VERDICTS: Sequence[Line] = (
    *(
        f'{{"critique": "so", "action": "{action}", "target": {target}, "score": 0.5}}'
        for action in ("continue", "backtrack", "reflect", "terminate")
        for target in ("null", 0, 2)
    ),
    "no verdict at all",
)
PLANS: Sequence[Line] = ("1. How much is 12 * 10?\n2. How much is 12 * 3?", "1. How much is it?", "I have no plan.")
SETTINGS: Sequence[Context] = (
    DebateContext(rounds=12, reflections=1),
    SelfCritiqueContext(rounds=12),
    SamplingContext(rounds=12, attempts=4, choose="critic", batch=2, tools=["algebra"]),
    SearchContext(rounds=12, strategy="beam", width=2, keep=2, depth=4, parallel=1),
    SearchContext(rounds=12, strategy="beam", width=2, keep=2, depth=4, parallel=1, debate=4),
    DecomposeContext(rounds=6, questions=2),
)
every = pytest.mark.parametrize("context", SETTINGS, ids=lambda context: context.graph)


def dice(seed: int, broken: float, lines: Sequence[Line]) -> Callable[[list[BaseMessage]], Line]:
    """Say by chance, but always the same to the same prompt asked as often; a plan where one is wanted."""
    asked = Counter[int]()

    def say(messages: list[BaseMessage]) -> Line:
        prompt = zlib.crc32(repr([m.content for m in messages]).encode())
        chance = random.Random(f"{prompt} {asked[prompt]} {seed}")
        asked[prompt] += 1
        choices = PLANS if "is a plan" in str(messages[-1].content) else lines
        return EndpointError("the server is gone") if chance.random() < broken else chance.choice(choices)

    return say


def seated(seed: int, broken: float = 0.01) -> Seats:
    models = [ScriptedChatModel(dice(seed, broken, lines)) for lines in (STEPS, VERDICTS)]
    tools = verifiers(["algebra"])
    return Seats(Policy("fake:policy", models[0], Prose()), Critic("fake:critic", models[1], Prose()), tools)


def first(context: Context, seed: int = 0) -> AnyEvent:
    return started(Problem(id=f"p{seed}", statement="What is 12 * 13?"), context)


def machine(context: Context, seats: Seats) -> Machine[Any, Any]:
    return catalogue.machine(context.graph)(seats)


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the clock, so that logs can be compared byte for byte."""
    monkeypatch.setattr(time, "time", lambda: 1_750_000_000.0)
    monkeypatch.setattr(time, "perf_counter", lambda: 0.0)


# Two drivers.


@every
@pytest.mark.usefixtures("frozen")
async def test_both_drivers_write_the_same_log_byte_for_byte(context: Context) -> None:
    kinds: set[type[AnyEvent]] = set()
    for seed in range(40 if context.graph == Debate.context.graph else 10):
        logs = [await driver(machine(context, seated(seed)), [first(context, seed)], context) for driver in DRIVERS]
        assert [encode(event) for event in logs[0]] == [encode(event) for event in logs[1]]
        assert [event.seq for event in logs[1]] == list(range(len(logs[1])))
        kinds.update(type(event) for event in logs[1])
    reached = {Failed, Judged, Moved, Finished}  # the scripts reach every branch
    assert kinds >= (reached | {Reflected} if isinstance(context, DebateContext) else reached)
    assert Observed not in kinds  # there is no interpreter at this table


@every
@pytest.mark.parametrize("driver", DRIVERS)
async def test_a_log_that_is_over_stays_as_it_is(context: Context, driver: Driver) -> None:
    log = await loop(machine(context, seated(0)), [first(context)], context)
    assert await driver(machine(context, seated(1)), log, context) == log


async def test_langgraph_opens_its_own_log() -> None:
    graph = Debate(seated(0)).compile()
    ended = await graph.ainvoke({"statement": "What is 12 * 13?"}, context=DebateContext(rounds=3), config=NO_LIMIT)
    assert [event["kind"] for event in ended["events"]][:: len(ended["events"]) - 1] == ["started", "finished"]


# The log comes first.


class Disk:
    """A log with room for so many events, of debates and sub-debates."""

    def __init__(self, room: int) -> None:
        self.room, self.events = room, list[AnyEvent]()

    def __call__(self, events: Sequence[AnyEvent]) -> None:
        if len(self.events) + len(events) > self.room:
            raise LogError("no room")
        self.events.extend(events)

    def of(self, name: str) -> list[AnyEvent]:
        return [event for event in self.events if event.trajectory == name]


async def written(context: Context, disk: Disk) -> None:
    """Play from what is on a disk to the end."""
    seats, opening = seated(3, broken=0.0), [first(context)]
    name = opening[0].trajectory
    logs = [disk.of(part) for part in {event.trajectory: None for event in disk.events} if part != name]
    played = catalogue.machine(context.graph)(seats, Subdebates(seats, disk, logs).play)
    await play(played, opening, disk, logged=disk.of(name), settings=context)


SEVERAL = SearchContext(rounds=12, strategy="beam", width=2, keep=2, depth=4, parallel=3)


@pytest.mark.parametrize("context", [*SETTINGS, SEVERAL], ids=lambda context: context.graph)
@pytest.mark.usefixtures("frozen")
async def test_a_log_without_room_is_no_failure_of_the_debate_which_goes_on_from_it(context: Context) -> None:
    whole = Disk(room=10_000)
    await written(context, whole)
    assert len(whole.events) >= 10
    for room in range(0, len(whole.events), 1 + len(whole.events) // 20):
        disk = Disk(room)
        with pytest.raises(LogError):
            await written(context, disk)
        for name in {event.trajectory for event in disk.events}:
            assert [event.seq for event in disk.of(name)] == list(range(len(disk.of(name))))
        before, disk.room = list(disk.events), whole.room
        await written(context, disk)
        assert disk.events[: len(before)] == before
        assert not [e for e in disk.events if isinstance(e, Failed) and e.failure is Failure.MODEL]
        for name in {event.trajectory for event in disk.events}:
            assert [event.seq for event in disk.of(name)] == list(range(len(disk.of(name))))
            assert isinstance(disk.of(name)[-1], Finished)


# Ends.


def broken_in_questions(messages: list[BaseMessage]) -> Line:
    """Plan, and hit a defect as soon as a question is debated."""
    if "is a plan" in str(messages[-1].content):
        return PLANS[0]
    raise ZeroDivisionError("a defect")


async def test_a_defect_in_a_sub_debate_ends_it_and_is_told_to_its_parent() -> None:
    context, disk = DecomposeContext(tools=()), Disk(room=100)
    models = ScriptedChatModel(broken_in_questions), ScriptedChatModel(VERDICTS)
    seats = Seats(Policy("fake:policy", models[0], Prose()), Critic("fake:critic", models[1], Prose()))
    asked = Decompose(seats, Subdebates(seats, disk).play)
    played = await play(asked, [first(context)], disk)
    ended = await graded(played, AnswerReference(answer="156"), disk)
    part = disk.of("p0#0/1")
    assert [type(event) for event in part[-2:]] == [Failed, Finished]
    failed, finished = part[-2:]
    assert isinstance(failed, Failed)
    assert (failed.failure, failed.detail) == (Failure.INTERNAL, "ZeroDivisionError('a defect')")
    assert isinstance(finished, Finished)
    assert finished.reason is StopReason.FAILED
    told = [event for event in ended.events if isinstance(event, Failed)]
    assert [(event.failure, event.fatal) for event in told] == [(Failure.MODEL, True)]
    assert told[0].detail.startswith("p0#0/1: ")
    assert "ZeroDivisionError" in told[0].detail
    assert (ended.stop_reason, ended.solved) == (StopReason.FAILED, False)
    assert isinstance(ended.events[-1], Graded)
    assert disk.of("p0#0") == list(ended.events)


async def test_an_opening_that_is_logged_in_part_is_completed() -> None:
    context = DebateContext(rounds=3)
    whole = await langgraph(Debate(seated(5, broken=0)), [first(context)], context)
    cut = next(n for n, event in enumerate(whole) if isinstance(event, Proposed)) + 1
    seen: list[AnyEvent] = []
    ended = await play(Debate(seated(5, broken=0)), whole[: cut + 1], seen.extend, logged=whole[:cut])
    assert seen[0] == whole[cut]
    assert ended.events[: cut + 1] == tuple(whole[: cut + 1])
    assert isinstance(ended.events[-1], Finished)


class Sticks(ScriptedChatModel):
    """Gives three replies, and no fourth."""

    async def _agenerate(self, messages: list[BaseMessage], *args: Any, **options: Any) -> ChatResult:
        if len(self.seen) == 3:
            await asyncio.sleep(60)
        return await super()._agenerate(messages, *args, **options)


@pytest.mark.parametrize("graph", ["sampling", "debate"])
async def test_a_deadline_keeps_the_answer_that_a_budget_would_end_with(graph: str) -> None:
    policy = Policy("fake:policy", Sticks([r"It is \boxed{212}."] * 3), Prose())
    given: dict[str, Any] = {"attempts": 9, "batch": 1} if graph == "sampling" else {"draft": None, "afresh": True}
    settings = catalogue.context(graph, {"tools": [], **given})
    no = '{"critique": "no", "action": "backtrack", "target": null, "score": 0.4}'
    seats = Seats(policy, Critic("fake:critic", ScriptedChatModel([no] * 3), Prose()))
    problem = Problem(id="p", statement="What is 12 * 13 + 56?", domain="math")
    ended = await play(
        catalogue.machine(graph)(seats), [started(problem, settings)], print, settings=settings, deadline=1.0
    )
    assert (ended.stop_reason, ended.answer) == (StopReason.SECONDS, "212")
    assert ended.tree.finished is not None
    assert ended.tree.node(ended.tree.finished.node or 0).answer == "212"
