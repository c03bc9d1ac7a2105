"""Debates that failed are played on when asked for: from the event before the failure, in every graph, log and mode."""

import asyncio
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from langchain_core.messages import BaseMessage

import longthought as lt
from longthought.agents.agent import Critic, Policy
from longthought.agents.dialects.prose import Prose
from longthought.cli.app import app
from longthought.errors import EndpointError, RunError
from longthought.jobs.progress import Progress
from longthought.trajectories.events import (
    AnyEvent,
    Author,
    Failed,
    Failure,
    Finished,
    Graded,
    Reopened,
    Started,
    StopReason,
)
from longthought.trajectories.segment import encode
from longthought.trajectories.tree import Tree
from tests.fakes import sums
from tests.fakes.scripted import Line, ScriptedChatModel
from tests.fakes.server import FakeServer, refuses
from tests.fakes.sums import tasks

OLD = Path(__file__).parents[1] / "fixtures" / "first_edition"
COUNT = 6
Say = Callable[[Sequence[BaseMessage]], Line]


def policy_says(messages: Sequence[BaseMessage]) -> Line:
    """Plan if asked to, and go on as in `sums`."""
    text = str(messages[-1].content)
    if "is a plan" in text:
        return f"1. What is {sums.number_in(text)} + 1000?\n2. What is {sums.number_in(text)} + 1000?"
    return sums.policy_says(text)


def critic_says(messages: Sequence[BaseMessage]) -> Line:
    return sums.critic_says(str(messages[-1].content))


def agents(policy: Say = policy_says, critic: Say = critic_says) -> dict[str, Any]:
    return {
        "policy": Policy("scripted:policy", ScriptedChatModel(policy), Prose()),
        "critic": Critic("scripted:critic", ScriptedChatModel(critic), Prose()),
        "tools": [],
    }


def broken_for(numbers: set[int], after: int, say: Say = policy_says) -> Say:
    """Refuse every request about some problems, after a number of replies to each."""
    replies = dict.fromkeys(numbers, after)

    def says(messages: Sequence[BaseMessage]) -> Line:
        number = sums.number_in("\n".join(str(message.content) for message in messages))
        if number not in numbers:
            return say(messages)
        replies[number] -= 1
        return say(messages) if replies[number] >= 0 else EndpointError(f"no room for problem {number}")

    return says


def log(out: Path) -> list[bytes]:
    return b"".join(path.read_bytes() for path in sorted(out.glob("events-*.jsonl"))).splitlines(keepends=True)


def job(out: Path, *, count: int = COUNT, **settings: Any) -> dict[str, lt.Trajectory]:
    return {t.id: t for t in lt.generate(tasks(count), out=out, **{**agents(), **settings})}


def failed(out: Path) -> set[str]:
    return {t.id for t in lt.Run(out).trajectories() if t.stop_reason is StopReason.FAILED}


def steps(trajectory: lt.Trajectory) -> list[tuple[int, int | None, str, str]]:
    return [(node.id, node.parent, node.text, node.standing) for node in trajectory.tree.nodes]


def expect_sound(out: Path, count: int = COUNT) -> None:
    """Every debate has ended well and been graded, its events without gap or repetition."""
    run = lt.Run(out)
    assert len(run) == len(run.graded_ids()) == len(run.finished_ids()) == count
    assert (run.failed_ids(), run.holes()) == ([], {})
    for trajectory in run.trajectories():
        assert [event.seq for event in trajectory.events] == list(range(len(trajectory.events)))
        kinds = [type(event) for event in trajectory.standing]
        assert [kinds.count(kind) for kind in (Started, Finished, Graded, Reopened)] == [1, 1, 1, 0]


GRAPHS: Sequence[dict[str, Any]] = (
    {"graph": "debate"},
    {"graph": "sampling", "attempts": 4, "choose": "weighted", "batch": 1},
    {"graph": "tree_search", "strategy": "beam", "width": 2, "keep": 2, "depth": 3},
    {"graph": "tree_search", "strategy": "mcts", "width": 2, "parallel": 3},
    {"graph": "tree_search", "strategy": "beam", "width": 1, "keep": 1, "depth": 3, "debate": 4},
    {"graph": "decompose"},
)


@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: f"{graph['graph']}-{len(graph)}")
def test_a_debate_goes_on_from_the_event_before_its_failure(graph: dict[str, Any], after: int, tmp_path: Path) -> None:
    settings = graph | {"concurrency": 1, "rounds": 12}
    whole, out = job(tmp_path / "whole", **settings), tmp_path / "run"
    job(out, **settings, **agents(broken_for({1}, after), broken_for({4}, after, critic_says)))
    before, lost = log(out), failed(out)
    assert "sum-1#0" in lost
    made = {t.id: len(t.calls) for t in lt.Run(out).trajectories()}
    again = job(out, **settings, retry_failed=True)
    assert set(again) == lost
    assert log(out)[: len(before)] == before
    expect_sound(out)
    for name in lost:
        mended = lt.Run(out).trajectory(name)
        assert again[name].events == mended.events
        assert len(mended.calls) >= made[name]
        if settings.get("parallel", 1) == 1:
            assert steps(mended) == steps(whole[name])
            assert (mended.answer, mended.usage.total) == (whole[name].answer, whole[name].usage.total)


def test_a_second_retry_plays_only_what_failed_again(tmp_path: Path) -> None:
    out, progress = tmp_path / "run", Progress()
    job(out, **agents(broken_for({1, 2, 3}, 1)))
    assert failed(out) == {"sum-1#0", "sum-2#0", "sum-3#0"}
    assert job(out) == {}
    assert set(job(out, **agents(broken_for({3}, 0)), retry_failed=True)) == {"sum-1#0", "sum-2#0", "sum-3#0"}
    assert failed(out) == {"sum-3#0"}
    assert job(out) == {}
    assert set(job(out, retry_failed=True, progress=progress)) == {"sum-3#0"}
    assert (progress.done, progress.finished, progress.failed, progress.solved) == (COUNT, COUNT, 0, COUNT)
    assert (progress.resumed, progress.done_before, dict(progress.failures)) == (1, COUNT - 1, {})
    expect_sound(out)
    kinds = [event.kind for event in lt.Run(out).trajectory("sum-3#0").events]
    assert [kinds.count(kind) for kind in ("failed", "finished", "graded", "reopened")] == [2, 3, 3, 2]
    asked = agents()
    assert job(out, retry_failed=True, **asked) == {}
    assert asked["policy"].model.seen == []


def test_counts_of_a_later_run_leave_out_what_was_lifted(tmp_path: Path) -> None:
    out, first, later = tmp_path / "run", Progress(), Progress()
    job(out, progress=first, **agents(broken_for({1, 2}, 1)))
    assert (first.failed, dict(first.failures)) == (2, {Failure.MODEL: 2})
    job(out, retry_failed=True, **agents(broken_for({2}, 0)))
    job(out, progress=later)
    assert (later.finished, later.failed, later.last_failure) == (COUNT - 1, 1, "no room for problem 2")
    assert (dict(later.failures), later.stops[StopReason.FAILED], later.graded) == ({Failure.MODEL: 1}, 1, COUNT)


@pytest.mark.parametrize("retry_failed", [True, False])
def test_a_retry_that_is_killed_anywhere_goes_on(tmp_path: Path, retry_failed: bool) -> None:
    whole = tmp_path / "whole"
    job(whole, count=2, concurrency=1, **agents(broken_for({1}, 1)))
    before = len(log(whole))
    job(whole, count=2, concurrency=1, retry_failed=True)
    manifest, lines = (whole / "run.json").read_bytes(), log(whole)
    assert len(lines) > before + 6
    for cut in range(before + 1, len(lines)):
        out = tmp_path / f"cut-{cut}"
        out.mkdir()
        (out / "run.json").write_bytes(manifest)
        (out / "events-0000.jsonl").write_bytes(b"".join(lines[:cut]) + lines[cut][:30])
        assert not lt.Run(out).trajectory("sum-1#0").solved
        assert "sum-1#0" not in lt.Run(out).graded_ids()
        job(out, count=2, retry_failed=retry_failed)
        assert log(out)[:cut] == lines[:cut]
        assert len(log(out)) == len(lines)
        expect_sound(out, 2)


def test_a_failure_is_lifted_with_what_comes_instead_or_not_at_all(tmp_path: Path) -> None:
    out = tmp_path / "run"
    job(out, **agents(broken_for({1}, 1)))
    before = log(out)

    def stops(messages: Sequence[BaseMessage]) -> Line:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        job(out, retry_failed=True, **agents(stops, stops))
    assert log(out) == before
    assert failed(out) == {"sum-1#0"}


def test_a_debate_that_is_killed_before_its_grade_is_played_on_too(tmp_path: Path) -> None:
    out = tmp_path / "run"
    job(out, count=2, concurrency=1, **agents(broken_for({1}, 1)))
    (out / "events-0000.jsonl").write_bytes(b"".join(log(out)[:-1]))
    assert lt.Run(out).failed_ids() == ["sum-1#0"]
    job(out, count=2, retry_failed=True)
    expect_sound(out, 2)


def test_only_a_failure_is_lifted() -> None:
    def event(kind: type[Any], seq: int, **fields: Any) -> AnyEvent:
        return kind(trajectory="p#0", seq=seq, by=Author.STRATEGY, at=0.0, **fields)

    begun = event(Started, 0, problem=lt.Problem(id="p", statement="What is 1 + 1000?"))
    with pytest.raises(ValueError, match="reopened after its end"):
        Tree.fold([begun, event(Reopened, 1)])
    with pytest.raises(ValueError, match="not after the end answered"):
        Tree.fold([begun, event(Finished, 1, reason=StopReason.ANSWERED), event(Reopened, 2)])


def test_readers_see_the_newest_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, data = tmp_path / "run", tmp_path / "data"
    job(out, count=2, **agents(broken_for({1}, 2)))
    lost = lt.Run(out).trajectory("sum-1#0")
    assert (lost.failure, lost.solved) == ("no room for problem 1", False)
    export = ["export", str(out), "--format", "sft-journey", "--walk", "chronological", "--validation", "0"]
    app([*export, "--out", str(data)], standalone_mode=False)
    assert len((data / "train.jsonl").read_text().splitlines()) == 1
    job(out, count=2, retry_failed=True)
    mended = lt.Run(out).trajectory("sum-1#0")
    assert (mended.failure, mended.solved, mended.stop_reason) == (None, True, StopReason.ANSWERED)
    sound = job(tmp_path / "sound", count=2)["sum-1#0"]
    assert str(mended.long_thought()) == str(sound.long_thought())
    assert str(mended.long_thought("shortcut")) == str(sound.long_thought("shortcut"))
    assert len(mended.transcript(Author.POLICY)) == len(sound.transcript(Author.POLICY))
    app([*export, "--out", f"{data}-mended"], standalone_mode=False)
    assert len((tmp_path / "data-mended" / "train.jsonl").read_text().splitlines()) == 2
    capsys.readouterr()
    app(["show", str(out), "sum-1#0"], standalone_mode=False)
    shown = capsys.readouterr().out
    assert "no room for problem 1" in shown
    assert "the failure was lifted" in shown


def test_an_old_run_is_played_on(tmp_path: Path) -> None:
    out = Path(shutil.copytree(OLD / "run-debate", tmp_path / "run"))
    segment = out / "events-0000.jsonl"
    *kept, last = segment.read_bytes().splitlines(keepends=True)
    name = json.loads(last)["trajectory"]
    of_it = [line for line in kept if json.loads(line)["trajectory"] == name]
    cut = next(n for n, line in enumerate(of_it) if json.loads(line)["kind"] == "judged")
    ends: list[AnyEvent] = [
        Failed(trajectory=name, seq=cut, by=Author.CRITIC, at=2e9, failure=Failure.MODEL, detail="gone", fatal=True),
        Finished(trajectory=name, seq=cut + 1, by=Author.STRATEGY, at=2e9, reason=StopReason.FAILED),
        Graded(trajectory=name, seq=cut + 2, by=Author.GRADER, at=2e9, solved=False),
    ]
    others = [line for line in kept if line not in of_it]
    segment.write_bytes(b"".join([*others, *of_it[:cut], *map(encode, ends)]))
    assert lt.Run(out).failed_ids() == [name]
    command = ["generate", str(OLD / "problems.jsonl"), "--out", str(out), "--concurrency", "1", "--json"]
    with pytest.raises(RunError, match=r"1 debates failed: gone; .*--retry-failed"):
        app(command, standalone_mode=False)
    app([*command, "--retry-failed"], standalone_mode=False)
    expect_sound(out, 3)


@pytest.mark.parametrize(("first", "second"), [(2, None), (2, 2)])
async def test_failures_are_lifted_in_whatever_mode(tmp_path: Path, first: int | None, second: int | None) -> None:
    out, mended = tmp_path / "run", False

    async def act(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        number = sums.number_in(payload["messages"][-1]["content"])
        broken = number % 2 and "Step " in payload["messages"][-1]["content"] and not mended
        return await (refuses(400, f"no room for {number}") if broken else sums.debates())(server, request, payload)

    async with FakeServer([act]) as server:
        given = {"policy": "openai:fake", "critic": "openai:fake", "base_url": server.base_url, "tools": []}
        await asyncio.to_thread(lambda: job(out, processes=first, **given))
        assert failed(out) == {f"sum-{n}#0" for n in range(1, COUNT, 2)}
        before, asked, mended = log(out), len(server.chats), True
        again = await asyncio.to_thread(lambda: job(out, processes=second, retry_failed=True, **given))
        assert set(again) == {f"sum-{n}#0" for n in range(1, COUNT, 2)}
        assert sorted(before) == sorted(line for line in log(out) if line in set(before))
        assert len(server.chats) - asked < len(again) * sums.REQUESTS
    expect_sound(out)
