"""A debate played in one node writes the same log, byte for byte, as one whose turns are nodes of their own."""

import random
import time
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from longthought.agents.agent import Critic, Policy
from longthought.agents.dialects.prose import Prose
from longthought.errors import ConfigError, EndpointError
from longthought.graphs.context import started
from longthought.graphs.debate import Debate, DebateContext
from longthought.graphs.machine import NO_LIMIT
from longthought.graphs.seats import Seats
from longthought.problems.problem import Problem
from longthought.tools.catalogue import verifiers
from longthought.trajectories.events import AnyEvent, Failed, Finished, Judged, Moved, Observed, Reflected
from longthought.trajectories.segment import encode
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


def dice(lines: Sequence[Line], seed: int, broken: float) -> Callable[[list[BaseMessage]], Line]:
    """Say by chance, but always the same to the same prompt."""

    def say(messages: list[BaseMessage]) -> Line:
        chance = random.Random(zlib.crc32(repr([m.content for m in messages]).encode()) + seed)
        return EndpointError("the server is gone") if chance.random() < broken else chance.choice(lines)

    return say


def seated(seed: int) -> Seats:
    models = [ScriptedChatModel(dice(lines, seed, broken=0.01)) for lines in (STEPS, VERDICTS)]
    tools = verifiers(["algebra"])
    return Seats(Policy("fake:policy", models[0], Prose()), Critic("fake:critic", models[1], Prose()), tools)


async def play(seed: int, *, unbroken: bool) -> tuple[list[bytes], list[Any], list[AnyEvent]]:
    """Return the log as it falls, the events of the final state, and the events."""
    seen: list[AnyEvent] = []
    context = DebateContext(rounds=12, reflections=1)
    first = started(Problem(id=f"p{seed}", statement="What is 12 * 13?"), context)
    graph = Debate(seated(seed), seen.extend).compile(unbroken=unbroken)
    state: Any = {"events": [first.model_dump(mode="json")]}
    ended = await graph.ainvoke(state, context=context, config=NO_LIMIT)
    return [encode(event) for event in seen], ended["events"], seen


async def test_the_log_is_the_same_byte_for_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_750_000_000.0)
    monkeypatch.setattr(time, "perf_counter", lambda: 0.0)
    kinds: set[type[AnyEvent]] = set()
    for seed in range(40):
        log, state, _ = await play(seed, unbroken=False)
        same_log, same_state, events = await play(seed, unbroken=True)
        assert same_log == log
        assert same_state == state
        kinds.update(type(event) for event in events)
    assert kinds >= {Failed, Judged, Moved, Reflected, Finished}  # the scripts reach every branch
    assert Observed not in kinds  # there is no interpreter at this table


async def test_an_unbroken_debate_opens_its_own_log_and_refuses_senseless_settings() -> None:
    graph = Debate(seated(0)).compile(unbroken=True)
    ended = await graph.ainvoke({"statement": "What is 12 * 13?"}, context=DebateContext(rounds=3), config=NO_LIMIT)
    assert [event["kind"] for event in ended["events"]][:: len(ended["events"]) - 1] == ["started", "finished"]
    with pytest.raises(ConfigError, match="`rounds` must be at least 1, got 0"):
        await graph.ainvoke({"statement": "What is 12 * 13?"}, context=DebateContext(rounds=0))


async def test_an_unbroken_debate_that_is_over_stays_as_it_is() -> None:
    _, state, _ = await play(0, unbroken=True)
    graph = Debate(seated(0)).compile(unbroken=True)
    ended = await graph.ainvoke({"events": state}, context=DebateContext(), config=NO_LIMIT)
    assert ended["events"] == state
