"""Batch jobs with scripted models: real graph, real folder, real log; what is done is done once, whatever happens."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult

import longthought as lt
from longthought.agents.agent import Critic, Policy
from longthought.agents.dialects.compact import Compact
from longthought.agents.dialects.prose import Prose
from longthought.errors import ConfigError, EndpointError, ProblemError, RunError, RunFolderError
from longthought.graphs.debate import DebateContext
from longthought.graphs.seats import Seats
from longthought.jobs.generate import run_job
from longthought.jobs.progress import Progress
from longthought.jobs.request import JobRequest
from longthought.problems.problem import Problem
from longthought.trajectories.events import AnyEvent, Failure, Finished, Graded, Started, StopReason
from longthought.trajectories.folder import RunFolder
from longthought.trajectories.trajectory import Trajectory
from tests.fakes import sums
from tests.fakes.scripted import Line, ScriptedChatModel
from tests.fakes.sums import task, tasks

KEYS = [
    *("problems", "trajectories", "finished", "failed", "solved", "graded"),
    *("tokens", "requests", "seconds", "resumed"),
]


def policy_says(messages: Sequence[BaseMessage]) -> Line:
    return sums.policy_says(str(messages[-1].content))


def critic_says(messages: Sequence[BaseMessage]) -> Line:
    return sums.critic_says(str(messages[-1].content))


def agents(
    policy: Callable[[Sequence[BaseMessage]], Line] = policy_says,
    critic: Callable[[Sequence[BaseMessage]], Line] = critic_says,
    make: type[ScriptedChatModel] = ScriptedChatModel,
) -> dict[str, Any]:
    """Seat two scripted models, under the same names every time."""
    return {
        "policy": Policy("scripted:policy", make(policy), Prose()),
        "critic": Critic("scripted:critic", make(critic), Prose()),
        "tools": [],
    }


def facts(trajectory: Trajectory) -> list[dict[str, Any]]:
    """Return a debate's events without what differs from run to run: clocks."""
    events = [event.model_dump(mode="json", exclude={"at"}) for event in trajectory.events]
    for event in events:
        for call in event["calls"]:
            del call["latency"]
    return events


def lines(folder: Path) -> list[bytes]:
    return b"".join(p.read_bytes() for p in sorted(folder.glob("events-*.jsonl"))).splitlines(keepends=True)


def expect_whole(folder: Path, names: Iterable[str]) -> None:
    """Every debate is there, begun, ended and graded once, its events without gap; none besides."""
    run = lt.Run(folder)
    assert sorted(run.ids()) == sorted(names)
    for trajectory in run.trajectories():
        assert [event.seq for event in trajectory.events] == list(range(len(trajectory.events)))
        kinds = Counter(type(event) for event in trajectory.events)
        assert (kinds[Started], kinds[Finished], kinds[Graded]) == (1, 1, 1)
        assert trajectory.finished


def test_every_problem_is_debated_graded_and_yielded_once(tmp_path: Path) -> None:
    progress = Progress()
    ended = list(lt.generate(tasks(20), out=tmp_path / "run", progress=progress, **agents()))
    assert sorted(t.problem.id for t in ended) == sorted(f"sum-{n}" for n in range(20))
    assert {t.problem.id for t in ended if not t.solved} == {"sum-9", "sum-19"}
    assert all(t.stop_reason is StopReason.ANSWERED and t.rounds == 3 and t.backtracks == 1 for t in ended)
    expect_whole(tmp_path / "run", [f"sum-{n}#0" for n in range(20)])
    stored = {t.id: t for t in lt.Run(tmp_path / "run").trajectories()}
    assert all(stored[t.id].events == t.events for t in ended)

    summary = progress.summary()
    assert (summary.problems, summary.trajectories, summary.finished, summary.failed) == (20, 20, 20, 0)
    assert (summary.solved, summary.graded, summary.resumed, summary.requests) == (18, 20, 0, 120)
    assert summary.tokens.policy == sum((t.usage.policy for t in ended), start=type(summary.tokens.policy)())
    assert summary.tokens.critic == sum((t.usage.critic for t in ended), start=type(summary.tokens.critic)())


def test_the_summary_has_the_promised_keys_in_order(tmp_path: Path) -> None:
    progress = Progress()
    list(lt.generate(tasks(1), out=tmp_path / "run", progress=progress, **agents()))
    line = json.loads(progress.summary().model_dump_json())
    assert list(line) == KEYS
    assert list(line["tokens"]) == ["policy", "critic"]
    for role in line["tokens"].values():
        assert list(role) == ["prompt", "cached", "completion"]


def test_concurrency_changes_nothing_but_the_order(tmp_path: Path) -> None:
    one = list(lt.generate(tasks(12), out=tmp_path / "one", concurrency=1, **agents()))
    many = list(lt.generate(tasks(12), out=tmp_path / "many", concurrency=100, **agents()))
    assert [t.id for t in one] == [f"sum-{n}#0" for n in range(12)]
    assert {t.id: facts(t)[1:] for t in one} == {t.id: facts(t)[1:] for t in many}


def test_as_many_debates_are_in_flight_as_asked_for_and_no_more(tmp_path: Path) -> None:
    flying, most = 0, 0

    class Slow(ScriptedChatModel):
        async def _agenerate(
            self,
            messages: list[BaseMessage],
            stop: list[str] | None = None,
            run_manager: AsyncCallbackManagerForLLMRun | None = None,
            **kwargs: Any,
        ) -> ChatResult:
            nonlocal flying, most
            flying += 1
            most = max(most, flying)
            for _ in range(20):
                await asyncio.sleep(0)
            flying -= 1
            return self._generate(messages, stop, None, **kwargs)

    list(lt.generate(tasks(15), out=tmp_path / "run", concurrency=4, **agents(make=Slow)))
    assert most == 4


def test_samples_are_debates_of_their_own(tmp_path: Path) -> None:
    progress = Progress()
    ended = list(lt.generate(tasks(3), out=tmp_path / "run", samples=4, progress=progress, **agents()))
    names = [f"sum-{n}#{s}" for n in range(3) for s in range(4)]
    assert sorted(t.id for t in ended) == sorted(names)
    assert all(t.sample == int(t.id[-1]) for t in ended)
    expect_whole(tmp_path / "run", names)
    assert (progress.summary().problems, progress.summary().trajectories) == (3, 12)


def test_ids_may_hold_anything(tmp_path: Path) -> None:
    odd = ["a#1", "a", 'q"uo\\te', "späße 🙂", "a/b c", "a#0"]
    ended = list(lt.generate([task(1, name) for name in odd], out=tmp_path / "run", samples=2, **agents()))
    assert sorted(t.problem.id for t in ended) == sorted(odd * 2)
    expect_whole(tmp_path / "run", [f"{name}#{s}" for name in odd for s in range(2)])


def test_problems_without_a_reference_are_not_graded(tmp_path: Path) -> None:
    progress = Progress()
    given = [Problem(id="p", statement="What is 1 + 1000?"), "What is 2 + 1000?"]
    ended = list(lt.generate(given, out=tmp_path / "run", progress=progress, **agents()))
    assert [t.solved for t in ended] == [None, None]
    assert (progress.summary().finished, progress.summary().graded) == (2, 0)
    assert list(lt.generate(given, out=tmp_path / "run", **agents())) == []


# Failures.


def test_a_failing_debate_takes_no_other_down(tmp_path: Path) -> None:
    def fails(messages: Sequence[BaseMessage]) -> Line:
        match sums.number_in(str(messages[-1].content)):
            case 2:
                return EndpointError("http://gpu-3 is gone")
            case 5 if "Step " in str(messages[-1].content):
                return EndpointError("http://gpu-4 is gone")
            case 7:
                return RuntimeError("a defect")
            case _:
                return policy_says(messages)

    def refuses(messages: Sequence[BaseMessage]) -> Line:
        return (
            EndpointError("http://gpu-5 is gone")
            if sums.number_in(str(messages[-1].content)) == 3
            else critic_says(messages)
        )

    progress = Progress()
    ended = list(lt.generate(tasks(9), out=tmp_path / "run", progress=progress, **agents(fails, refuses)))
    failed = {t.problem.id: t for t in ended if t.stop_reason is StopReason.FAILED}
    assert {name: t.failure for name, t in failed.items()} == {
        "sum-2": "http://gpu-3 is gone",
        "sum-5": "http://gpu-4 is gone",
        "sum-3": "http://gpu-5 is gone",
        "sum-7": "RuntimeError('a defect')",
    }
    assert all(t.solved is False for t in failed.values())
    assert all(t.solved for t in ended if t.id not in {f.id for f in failed.values()})
    expect_whole(tmp_path / "run", [f"sum-{n}#0" for n in range(9)])
    summary = progress.summary()
    assert (summary.finished, summary.failed, summary.solved, summary.graded) == (5, 4, 5, 9)
    kinds = {e.failure for e in failed["sum-7"].events if e.kind == "failed"}
    assert kinds == {Failure.INTERNAL}
    assert list(lt.generate(tasks(9), out=tmp_path / "run", **agents())) == []


class FullDisk(RunFolder):
    """A folder on a disk that is full after some events."""

    room = 25

    def append(self, events: Sequence[AnyEvent]) -> None:
        if self.room < len(events):
            raise RunError(f"{self.path}: can't be written (No space left on device)")
        self.room -= len(events)
        super().append(events)


async def test_a_log_that_cannot_be_written_ends_the_job_with_one_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job, seats = JobRequest(context=DebateContext(tools=[]), concurrency=3), agents()
    seated = Seats(seats["policy"], seats["critic"])
    full = FullDisk.create_or_resume(tmp_path / "run", job.config())
    with full as folder, pytest.raises(RunError, match="No space left on device"):
        async for _ in run_job(job, tasks(9), folder, seats=seated):
            pass
    assert caplog.records == []
    with RunFolder.create_or_resume(tmp_path / "run", job.config()) as folder:
        ended = [t async for t in run_job(job, tasks(9), folder, seats=seated)]
    assert ended
    expect_whole(tmp_path / "run", [f"sum-{n}#0" for n in range(9)])


# Going on.


class Stalling(ScriptedChatModel):
    """Answers at first, then never again."""

    answers: int = 40

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        if len(self.seen) >= self.answers:
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        return self._generate(messages, stop, None, **kwargs)


def test_leaving_the_loop_early_stops_the_job_which_goes_on_from_there(tmp_path: Path) -> None:
    out = tmp_path / "run"
    for trajectory in lt.generate(tasks(30), out=out, concurrency=7, **agents(make=Stalling)):
        first = trajectory
        break
    before = lines(out)
    begun = {json.loads(line)["trajectory"] for line in before}
    done = set(lt.Run(out).graded_ids())
    assert first.id in done
    assert done < begun

    progress = Progress()
    ended = list(lt.generate(tasks(30), out=out, concurrency=7, progress=progress, **agents()))
    assert lines(out)[: len(before)] == before
    assert {t.id for t in ended}.isdisjoint(done)
    assert len(ended) + len(done) == 30
    assert progress.summary().resumed == len(begun - done)
    assert (progress.summary().finished, progress.summary().solved) == (30, 27)
    expect_whole(out, [f"sum-{n}#0" for n in range(30)])


def test_debates_already_begun_go_first(tmp_path: Path) -> None:
    out = tmp_path / "run"
    job = lt.generate(tasks(20), out=out, concurrency=5, **agents(make=Stalling))
    next(job)
    job.close()
    begun = set(lt.Run(out).ids()) - set(lt.Run(out).graded_ids())
    assert begun
    ended = [t.id for t in lt.generate(tasks(20), out=out, concurrency=1, **agents())]
    assert set(ended[: len(begun)]) == begun


def test_a_job_that_is_done_asks_no_model_again(tmp_path: Path) -> None:
    list(lt.generate(tasks(4), out=tmp_path / "run", **agents()))
    before = lines(tmp_path / "run")
    again, progress = agents(), Progress()
    assert list(lt.generate(tasks(4), out=tmp_path / "run", progress=progress, **again)) == []
    assert again["policy"].model.seen == again["critic"].model.seen == []
    assert lines(tmp_path / "run") == before
    summary = progress.summary()
    assert (summary.finished, summary.solved, summary.requests, summary.resumed) == (4, 4, 24, 0)


def test_a_debate_goes_on_from_any_of_its_events(tmp_path: Path) -> None:
    (whole,) = lt.generate(tasks(1), out=tmp_path / "whole", **agents())
    manifest, log = (tmp_path / "whole" / "run.json").read_bytes(), lines(tmp_path / "whole")
    assert len(log) == len(whole.events) > 12
    for count in range(1, len(log)):
        out = tmp_path / f"cut-{count}"
        out.mkdir()
        (out / "run.json").write_bytes(manifest)
        (out / "events-0000.jsonl").write_bytes(b"".join(log[:count]) + log[count][: count * 5])  # and a torn line
        asked = agents()
        (trajectory,) = lt.generate(tasks(1), out=out, **asked)
        assert lines(out)[:count] == log[:count]
        assert facts(trajectory) == facts(whole)
        made = sum(len(event.calls) for event in whole.events[count:])
        assert len(asked["policy"].model.seen) + len(asked["critic"].model.seen) == made
        expect_whole(out, ["sum-0#0"])


def test_more_samples_are_another_job_but_more_problems_are_not(tmp_path: Path) -> None:
    out = tmp_path / "run"
    list(lt.generate(tasks(2), out=out, **agents()))
    more = list(lt.generate(tasks(5), out=out, concurrency=2, **agents()))
    assert sorted(t.problem.id for t in more) == ["sum-2", "sum-3", "sum-4"]
    before = lines(out)
    with pytest.raises(RunFolderError, match=r"samples 1 -> 2"):
        list(lt.generate(tasks(5), out=out, samples=2, **agents()))
    with pytest.raises(RunFolderError, match=r"rounds 32 -> 8"):
        list(lt.generate(tasks(5), out=out, rounds=8, **agents()))
    assert lines(out) == before


def test_another_problem_under_the_same_id_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "run"
    list(lt.generate(tasks(2), out=out, **agents()))
    before = lines(out)
    with pytest.raises(RunFolderError, match=r"'sum-1#0' is on another problem.*What is 1 \+ 1000"):
        list(lt.generate([task(0), task(7, "sum-1"), task(2)], out=out, **agents()))
    assert lines(out) == before


def test_a_second_job_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "run"
    job = lt.generate(tasks(20), out=out, concurrency=5, **agents(make=Stalling))
    next(job)
    with pytest.raises(RunFolderError, match="in use by process"):
        list(lt.generate(tasks(20), out=out, **agents()))
    job.close()
    list(lt.generate(tasks(20), out=out, **agents()))
    expect_whole(out, [f"sum-{n}#0" for n in range(20)])


# Before anything is written.


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"concurrency": 0}, ConfigError, "`concurrency` must be at least 1, got 0"),
        ({"samples": 0}, ConfigError, "`samples` must be at least 1, got 0"),
        ({"rounds": 0}, ConfigError, "`rounds` must be at least 1, got 0"),
        ({"graph": "duel"}, ConfigError, "unknown graph 'duel'"),
        ({"tools": ["oracle"]}, ConfigError, "unknown tool 'oracle'"),
        ({"colour": "red"}, ConfigError, "unknown setting colour"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    tmp_path: Path, settings: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=re.escape(said)):
        list(lt.generate(tasks(1), out=tmp_path / "run", **{**agents(), **settings}))
    assert not (tmp_path / "run").exists()


def test_a_server_that_is_not_there_is_said_before_anything_is_written(tmp_path: Path) -> None:
    settings = {"policy": "openai:m", "critic": "openai:m", "base_url": "http://user:secret@127.0.0.1:1/v1"}
    with pytest.raises(EndpointError, match=r"http://127\.0\.0\.1:1/v1: can't connect \(Connection refused\)"):
        list(lt.generate(tasks(3), out=tmp_path / "run", **settings))
    with pytest.raises(EndpointError, match=r"127\.0\.0\.1:1"):
        lt.solve("What is 1 + 1000?", **settings)
    assert not (tmp_path / "run").exists()


def test_the_first_problem_that_an_agent_cannot_read_is_named(tmp_path: Path) -> None:
    models = agents()
    models["critic"] = Critic("scripted:small", ScriptedChatModel(critic_says), Compact())
    given = ["Use 3 and 7, each once, to make 21.", Problem(id="poem", statement="Write a poem."), "What is 1 + 1000?"]
    with pytest.raises(ProblemError, match=r"scripted:small can't read the problem 'poem'.*openai:NAME"):
        list(lt.generate(given, out=tmp_path / "run", **models))
    assert not (tmp_path / "run").exists()
    with pytest.raises(ProblemError, match="openai:NAME"):
        lt.solve("Write a poem.", **models)
    assert models["policy"].model.seen == []
