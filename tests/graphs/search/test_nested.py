"""Searches whose leaves are debated, and searches that choose the kind of step first."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from longthought.agents.agent import Critic, Policy, Reply
from longthought.agents.dialects.dialect import Step
from longthought.agents.dialects.prose import Prose
from longthought.agents.view import TriedStep, View
from longthought.domains.countdown import countdown_task
from longthought.errors import ConfigError
from longthought.graphs import operators
from longthought.graphs.context import started
from longthought.graphs.machine import NO_LIMIT
from longthought.graphs.search.graph import TreeSearch
from longthought.graphs.search.settings import SearchContext
from longthought.graphs.seats import Seats
from longthought.jobs.generate import run_job
from longthought.jobs.progress import Progress
from longthought.jobs.request import JobRequest
from longthought.problems.countdown import game, notation
from longthought.problems.countdown.puzzle import Puzzle
from longthought.problems.problem import Problem
from longthought.tools.catalogue import verifiers
from longthought.trajectories.events import (
    EVENT,
    AnyEvent,
    Author,
    Cause,
    Judged,
    Moved,
    Proposed,
    StopReason,
)
from longthought.trajectories.folder import RunFolder
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory
from tests.fakes.enumerator import Enumerator, Solver
from tests.fakes.logs import timeless
from tests.fakes.scripted import Line, ScriptedChatModel

GAME = countdown_task(Puzzle((3, 7, 16, 20), 49))  # the first step in order leads nowhere, the second does
TOOLS = ("algebra", "countdown")


class Wide(Enumerator):
    """Proposes several moves at once, the first that were not tried."""

    async def propose_many(self, view: View, count: int) -> Sequence[Reply[Step]]:
        replies: list[Reply[Step]] = []
        for _ in range(count):
            replies.append(await self.propose(view))
            said = replies[-1].read
            assert isinstance(said, Step)
            view = replace(view, attempts=(*view.attempts, TriedStep(said.text, "", Author.STRATEGY)))
        return replies


def players() -> Seats:
    return Seats(Wide(), Solver(), verifiers(TOOLS))


def settings(**more: Any) -> SearchContext:
    return SearchContext(**{"strategy": "beam", "width": 3, "keep": 2, "debate": 60, "tools": TOOLS, **more})


async def search(
    context: SearchContext, seats: Seats, log: Sequence[AnyEvent] = (), problem: Problem = GAME.problem
) -> Trajectory:
    begun = list(log) or [started(problem, context)]
    state: Any = {"events": [event.model_dump(mode="json") for event in begun]}
    ended = await TreeSearch(seats).compile().ainvoke(state, context=context, config=NO_LIMIT)
    return Trajectory(f"{problem.id}#0", [EVENT.validate_python(event) for event in ended["events"]])


def of(trajectory: Trajectory, kind: type[Any]) -> list[Any]:
    return [event for event in trajectory.events if isinstance(event, kind)]


def live(text: str) -> bool:
    """Say whether what a step leaves can still make the target."""
    step = notation.read_step(text)
    assert step
    return game.solvable(step.remaining, 49)


# Leaves.


@pytest.mark.parametrize("way", ["beam", "dvts", "best_first", "mcts", "adaptive"])
async def test_a_leaf_is_worth_whether_a_debate_from_it_succeeds(way: str) -> None:
    ended = await search(settings(strategy=way, rounds=40), players())
    tree = ended.tree
    leaves = [e for e in of(ended, Judged) if tree.node(e.node).by is Author.POLICY]
    assert {e.verdict.score for e in leaves} == {0.0, 1.0}
    for event in leaves:
        assert event.by is Author.STRATEGY
        assert event.trajectories == (f"{ended.id}/{event.node}",)
        assert event.verdict.score == live(tree.node(event.node).text)
    assert ended.stop_reason is StopReason.ANSWERED
    assert eval(str(ended.answer)) == 49
    found = next(e for e in of(ended, Proposed) if e.answer is not None)
    assert (found.by, found.answer) == (Author.STRATEGY, ended.answer)
    assert [live(node.text) for node in tree.path(found.parent)] == [True, True]


async def test_the_search_pays_for_the_debates_of_its_leaves(tmp_path: Path) -> None:
    job, progress = JobRequest(context=settings()), Progress()
    with RunFolder.create_or_resume(tmp_path / "run", job.config()) as folder:
        (ended,) = [t async for t in run_job(job, [GAME], folder, seats=players(), progress=progress)]
    run = Run(tmp_path / "run")
    parts = [run.trajectory(name) for name in run.parts(ended.id)]
    assert len(parts) == len([e for e in of(ended, Judged) if e.delegated])
    own = sum(call.usage.total for call in ended.calls)
    assert own + sum(part.usage.total.total for part in parts) == ended.usage.total.total
    assert progress.policy.usage == ended.usage.policy
    assert progress.critic.usage == ended.usage.critic
    assert (ended.solved, run.ids(), progress.done) == (True, [ended.id], 1)
    for part in parts:
        first = part.tree.started
        assert first is not None
        assert first.parent is not None
        leaf = ended.tree.node(first.parent.node)
        assert [n.text for n in part.tree.path(leaf.depth)] == [n.text for n in ended.tree.path(leaf.id)]


async def test_a_job_goes_on_from_any_prefix_of_the_search_and_its_debates(tmp_path: Path) -> None:
    job = JobRequest(context=settings(keep=1))
    with RunFolder.create_or_resume(tmp_path / "whole", job.config()) as folder:
        _ = [t async for t in run_job(job, [GAME], folder, seats=players())]
    whole = Run(tmp_path / "whole")
    names = [*whole.ids(), *whole.parts(whole.ids()[0])]
    written = b"".join(p.read_bytes() for p in (tmp_path / "whole").glob("events-*.jsonl")).splitlines()
    events = [EVENT.validate_json(line) for line in written]
    assert len(names) > 2

    def proposed(event: AnyEvent) -> bool:
        return isinstance(event, Proposed) and event.trajectory == names[0] and event.by is Author.POLICY

    for length in range(1, len(written)):
        if proposed(events[length - 1]) and proposed(events[length]):  # what is asked for once more is other steps
            continue
        with RunFolder.create_or_resume(tmp_path / f"cut-{length}", job.config()) as folder:
            folder.append(events[:length])
            _ = [t async for t in run_job(job, [GAME], folder, seats=players())]
        again = Run(tmp_path / f"cut-{length}")
        for name in names:
            assert timeless(again.trajectory(name).events) == timeless(whole.trajectory(name).events), (length, name)


async def test_an_answer_that_a_debate_found_is_not_proposed_twice() -> None:
    whole = await search(settings(keep=1), players())
    found = [e.seq for e in of(whole, Proposed) if e.by is Author.STRATEGY]
    assert len(found) > 1
    for seq in found:  # the rest of its steps was lost, and the verdict
        again = await search(settings(keep=1), players(), log=whole.events[: seq + 1])
        assert timeless(again.events) == timeless(whole.events)


# Kinds of steps.

KINDS = ("calculate", "look at a special case")
SUM = Problem(id="sum", statement="What is 12 * 13 + 7 * 8?")


def say(messages: Sequence[BaseMessage]) -> Line:
    prompt = str(messages[-1].content)
    kind = re.search(r"is to be of this kind: (.*?)\. Write", prompt)
    assert kind
    return rf"I {kind[1]}: \boxed{{212}}." if "Step 1" in prompt else f"I {kind[1]}."


def judge(messages: Sequence[BaseMessage]) -> Line:
    new = str(messages[-1].content).rpartition("\n\nStep ")[2]
    action = "terminate" if "gives the final answer" in new else "continue"
    return json.dumps({"critique": "so", "action": action, "target": None, "score": 0.9 if "special" in new else 0.2})


async def test_kinds_are_chosen_in_turn_and_the_critic_picks_among_their_steps() -> None:
    policy, critic = ScriptedChatModel(say), ScriptedChatModel(judge)
    seats = Seats(Policy("fake:policy", policy, Prose()), Critic("fake:critic", critic, Prose()))
    context = SearchContext(strategy="mcts", width=1, kinds=KINDS, tools=(), answers=2, rounds=6)
    ended = await search(context, seats, problem=SUM)
    chosen = [e for e in of(ended, Moved) if e.cause is Cause.SELECTED]
    wanted = [e.reason.rpartition("wanted: ")[2] for e in chosen]
    assert wanted == [KINDS[n % 2] for n in range(len(wanted))]
    assert len(set(wanted)) == 2
    steps = {e.node: e.text for e in of(ended, Proposed)}
    assert all(any(kind in text for kind in KINDS) for text in steps.values())
    assert not any(kind in prompt for prompt in critic.prompts for kind in [operators.of_kind(KINDS[0])])
    for length in range(1, len(ended.events)):  # what is wanted next follows from the log
        cut = Seats(
            Policy("fake:policy", ScriptedChatModel(say), Prose()),
            Critic("fake:critic", ScriptedChatModel(judge), Prose()),
        )
        assert timeless((await search(context, cut, log=ended.events[:length], problem=SUM)).events) == timeless(
            ended.events
        )


async def test_kinds_are_refused_where_the_policy_reads_no_words() -> None:
    ended = await search(settings(debate=None, kinds=KINDS), players())
    assert ended.stop_reason is StopReason.FAILED
    assert "`kinds` holds" in (ended.failure or "")


@pytest.mark.parametrize(
    ("given", "says"),
    [({"debate": 0}, "`debate` must be at least 1, got 0"), ({"kinds": ["a", " "]}, "`kinds` must say each kind")],
)
def test_senseless_settings_are_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        SearchContext(**given)
