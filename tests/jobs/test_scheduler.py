"""The agenda and the gates: streamed problems, old debates first, nothing held that isn't in flight."""

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult

import longthought as lt
from longthought.agents.agent import Critic, Policy
from longthought.agents.dialects.prose import Prose
from longthought.errors import ConfigError, ProblemError
from longthought.jobs.gates import AGE, Gate
from longthought.jobs.progress import Progress
from longthought.jobs.thread import AHEAD
from longthought.problems.problem import Task
from longthought.trajectories.events import StopReason
from tests.fakes import sums
from tests.fakes.scripted import ScriptedChatModel


def agents(make: type[ScriptedChatModel] = ScriptedChatModel) -> dict[str, Any]:
    def last(messages: list[BaseMessage]) -> str:
        return str(messages[-1].content)

    return {
        "policy": Policy("scripted:policy", make(lambda m: sums.policy_says(last(m))), Prose()),
        "critic": Critic("scripted:critic", make(lambda m: sums.critic_says(last(m))), Prose()),
        "tools": [],
    }


class Counted:
    """An endless stream of problems that counts how many were taken."""

    def __init__(self) -> None:
        self.taken = 0

    def __iter__(self) -> Iterator[Task]:
        return self

    def __next__(self) -> Task:
        self.taken += 1
        return sums.task(self.taken - 1)


# Streaming.


def test_an_endless_stream_is_read_no_further_than_debates_begin(tmp_path: Path) -> None:
    stream, progress = Counted(), Progress()
    job = lt.generate(stream, out=tmp_path / "run", concurrency=4, progress=progress, **agents())
    ended = list(itertools.islice(job, 100))
    job.close()
    assert len({t.id for t in ended}) == 100
    assert stream.taken <= 100 + AHEAD + 4 + 4 + 1  # what waits for the caller, what waits for that, and in flight
    assert progress.total == stream.taken


def test_a_caller_that_takes_its_time_holds_the_job_up(tmp_path: Path) -> None:
    stream = Counted()
    job = lt.generate(stream, out=tmp_path / "run", concurrency=3, **agents())
    next(job)
    before = -1
    while before != stream.taken:  # until it stands still
        before = stream.taken
        asyncio.run(asyncio.sleep(0.3))
    assert stream.taken <= AHEAD + 1 + 3 + 3 + 1
    assert len({t.id for t in itertools.islice(job, 200)}) == 200
    job.close()


def test_a_stream_goes_on_where_it_stopped(tmp_path: Path) -> None:
    out = tmp_path / "run"
    job = lt.generate(iter(sums.tasks(40)), out=out, concurrency=4, **agents())
    first = [t.id for t in itertools.islice(job, 5)]
    job.close()
    done = set(lt.Run(out).graded_ids())
    progress = Progress()
    rest = [t.id for t in lt.generate(iter(sums.tasks(40)), out=out, concurrency=4, progress=progress, **agents())]
    assert set(first) <= done
    assert sorted([*done, *rest]) == sorted(f"sum-{n}#0" for n in range(40))
    summary = progress.summary()
    assert (summary.problems, summary.trajectories, summary.finished, summary.solved) == (40, 40, 40, 36)
    assert progress.done_before == len(done)


def test_problems_of_the_same_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="two problems are called 'sum-1'"):
        list(lt.generate([*sums.tasks(3), sums.task(7, "sum-1")], out=tmp_path / "run", **agents()))
    assert not lt.Run(tmp_path / "run").ids()


def test_a_stream_that_breaks_ends_the_job_and_loses_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[Task]:
        yield from sums.tasks(10)
        raise ProblemError("line 11 can't be read")

    with pytest.raises(ProblemError, match="line 11"):
        list(lt.generate(broken(), out=tmp_path / "run", concurrency=3, **agents()))
    list(lt.generate(sums.tasks(10), out=tmp_path / "run", **agents()))
    assert len(lt.Run(tmp_path / "run").graded_ids()) == 10


def test_the_samples_of_a_problem_follow_each_other(tmp_path: Path) -> None:
    ended = [t.id for t in lt.generate(sums.tasks(2), out=tmp_path / "run", samples=2, concurrency=1, **agents())]
    assert ended == ["sum-0#0", "sum-0#1", "sum-1#0", "sum-1#1"]


# Deadlines.


async def never(*args: Any, **kwargs: Any) -> ChatResult:
    await asyncio.Event().wait()
    raise AssertionError


def test_a_debate_that_waits_for_ever_ends_at_its_deadline_alone(tmp_path: Path) -> None:
    class Sticking(ScriptedChatModel):
        async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
            stuck = sums.number_in(str(messages[-1].content)) == 3
            return await (never if stuck else super()._agenerate)(messages, *args, **kwargs)

    ended = {
        t.problem.id: t
        for t in lt.generate(sums.tasks(6), out=tmp_path / "run", concurrency=2, deadline=0.5, **agents(Sticking))
    }
    late = ended.pop("sum-3")
    assert (late.stop_reason, late.answer, late.solved, late.failure) == (StopReason.SECONDS, None, False, None)
    assert [event.kind for event in late.events] == ["started", "finished", "graded"]
    assert len(ended) == 5
    assert all(t.solved for t in ended.values())


@pytest.mark.parametrize(("name", "value"), [("requests", 0), ("deadline", 0.0), ("deadline", float("nan"))])
def test_limits_that_make_no_sense_are_refused(tmp_path: Path, name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"`{name}` must be"):
        list(lt.generate(sums.tasks(1), out=tmp_path / "run", **{name: value}, **agents()))


# Gates.


async def test_a_gate_lets_in_so_many_and_the_oldest_debate_first() -> None:
    gate, order, inside, most = Gate(2), list[int](), 0, 0

    async def ask(age: int) -> None:
        nonlocal inside, most
        AGE.set(age)
        async with gate:
            inside += 1
            most = max(most, inside)
            order.append(age)
            await asyncio.sleep(0)
            inside -= 1

    async with asyncio.TaskGroup() as group:
        for age in (5, 9, 7, 1, 3, 8, 2):
            group.create_task(ask(age))
    assert order == [5, 9, 1, 2, 3, 7, 8]
    assert most == 2


async def test_who_gives_up_waiting_takes_no_place_in_a_gate() -> None:
    gate = Gate(1)

    async def ask() -> None:
        async with gate:
            await asyncio.sleep(0)

    async with gate:
        waiting = [asyncio.create_task(ask()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
    waiting[1].cancel()  # let in by now, but not yet awake
    await asyncio.gather(*waiting, return_exceptions=True)
    async with asyncio.timeout(10):
        await ask()


def test_requests_are_limited_apart_from_debates(tmp_path: Path) -> None:
    flying, most = 0, 0

    class Slow(ScriptedChatModel):
        async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
            nonlocal flying, most
            flying += 1
            most = max(most, flying)
            for _ in range(20):
                await asyncio.sleep(0)
            flying -= 1
            return self._generate(messages)

    list(lt.generate(sums.tasks(15), out=tmp_path / "run", concurrency=10, requests=3, **agents(Slow)))
    assert most == 3


def test_a_limit_of_requests_changes_nothing_of_what_is_asked(tmp_path: Path) -> None:
    asked: dict[int | None, list[str]] = {}
    for limit in (None, 1):
        policy = ScriptedChatModel(lambda m: rf"All at once: \boxed{{{sums.number_in(str(m[-1].content)) + 1000}}}")
        sampled = lt.generate(
            sums.tasks(5), out=tmp_path / str(limit), graph="sampling", requests=limit,
            policy=Policy("scripted:policy", policy, Prose()), attempts=2, choose="first",
        )  # fmt: skip
        assert all(ended.answer for ended in sampled)
        asked[limit] = sorted(policy.prompts)
    assert asked[1] == asked[None]


def test_more_concurrency_than_debates_costs_nothing(tmp_path: Path) -> None:
    ended = lt.generate(sums.tasks(3), out=tmp_path / "run", concurrency=10**15, **agents())
    assert len(list(ended)) == 3
