"""Logs with a hole, as a disk without room left them behind: read up to the hole, told of, and played on from there."""

import json
import logging
import shutil
from collections import Counter
from pathlib import Path

import pytest

import longthought as lt
from longthought.cli.app import app
from longthought.trajectories.run import Run

OLD = Path(__file__).parents[1] / "fixtures" / "first_edition"


def lines(run: Path) -> list[bytes]:
    return (run / "events-0000.jsonl").read_bytes().splitlines(keepends=True)


def with_hole(into: Path, *, at: int) -> tuple[Path, str]:
    """Copy a run of three finished debates, and take one event out of the first."""
    run = Path(shutil.copytree(OLD / "run-debate", into / "run"))
    name = Run(run).ids()[0]
    kept = [line for line in lines(run) if (e := json.loads(line))["trajectory"] != name or e["seq"] != at]
    assert len(kept) == len(lines(run)) - 1
    (run / "events-0000.jsonl").write_bytes(b"".join(kept))
    return run, name


def generate(run: Path) -> None:
    app(
        ["generate", str(OLD / "problems.jsonl"), "--out", str(run), "--concurrency", "1", "--json"],
        standalone_mode=False,
    )


@pytest.mark.parametrize("at", [1, 3, 5])
def test_a_debate_is_read_up_to_its_hole_which_is_told_once(
    tmp_path: Path, at: int, caplog: pytest.LogCaptureFixture
) -> None:
    path, name = with_hole(tmp_path, at=at)
    with caplog.at_level(logging.WARNING):
        run = Run(path)
        broken = run.trajectory(name)
        assert broken.tree.events == at
    assert (run.holes(), [r.levelname for r in caplog.records]) == ({name: at}, ["WARNING"])
    assert name in caplog.text
    assert f"event {at} of {name!r} is missing" in caplog.text
    assert (name in run.finished_ids(), name in run.graded_ids()) == (False, False)
    assert [t.id for t in run.unfinished()] == [name]
    assert len(run.finished_ids()) == 2


@pytest.mark.parametrize("at", [1, 3, 5])
def test_the_same_command_plays_on_from_the_hole(tmp_path: Path, at: int) -> None:
    path, name = with_hole(tmp_path, at=at)
    before = lines(path)
    generate(path)
    assert lines(path)[: len(before)] == before
    run = lt.Run(path)
    assert (run.holes(), len(run.graded_ids())) == ({}, 3)
    mended = run.trajectory(name)
    kinds = Counter(event.kind for event in mended.events)
    assert (kinds["started"], kinds["finished"], kinds["graded"], kinds["failed"]) == (1, 1, 1, 0)
    assert mended.tree.events == len(mended.events)
    assert [event.seq for event in mended.events] == list(range(len(mended.events)))


def test_a_run_with_a_hole_is_shown_and_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, name = with_hole(tmp_path, at=3)
    app(["show", str(path)], standalone_mode=False)
    app(["show", str(path), name], standalone_mode=False)
    app(["export", str(path), "--format", "policy", "--out", str(tmp_path / "data")], standalone_mode=False)
    assert (tmp_path / "data" / "train.jsonl").exists()
    assert capsys.readouterr().out


def test_a_job_killed_right_after_it_mended_a_hole_goes_on_from_there(tmp_path: Path) -> None:
    """The new event fills the count, and what stood behind the hole must still not count."""
    path, name = with_hole(tmp_path, at=3)
    before = len(lines(path))
    generate(path)
    (path / "events-0000.jsonl").write_bytes(b"".join(lines(path)[: before + 1]))
    run = Run(path)
    assert run.trajectory(name).tree.events == 4
    assert name not in run.finished_ids()
    generate(path)
    assert len(Run(path).graded_ids()) == 3


def test_a_debate_without_its_first_event_is_begun_again(tmp_path: Path) -> None:
    path, name = with_hole(tmp_path, at=0)
    run = Run(path)
    assert (run.holes(), name in run.ids(), len(run)) == ({name: 0}, False, 2)
    generate(path)
    again = Run(path)
    assert (again.holes(), len(again.finished_ids())) == ({}, 3)
    assert again.trajectory(name).solved is not None


@pytest.mark.parametrize("played_on", [True, False])
def test_what_lies_behind_a_hole_in_another_segment_does_not_count(*, played_on: bool, tmp_path: Path) -> None:
    """One worker begins a debate, another goes on; what lay between is lost, and a third plays on from there."""
    path = Path(shutil.copytree(OLD / "run-debate", tmp_path / "run"))
    name = Run(path).ids()[0]
    events = [event for line in lines(path) if (event := json.loads(line))["trajectory"] == name]
    end = len(events)
    played = events[4:end] if played_on else events[4 : end - 2]
    parts = {
        "events-0000.jsonl": [{**event, "at": event["at"] + 1e6} for event in played],
        "events-0001.jsonl": events[:4],
        "events-0002.jsonl": [{**event, "seq": event["seq"] + 3} for event in events[end - 5 :]],
    }
    for file, part in parts.items():
        (path / file).write_bytes(b"".join(json.dumps(e, separators=(",", ":")).encode() + b"\n" for e in part))
    read = Run(path).trajectory(name)
    assert [event.seq for event in read.events] == list(range(end if played_on else end - 2))
    assert read.finished is played_on


def test_a_debate_that_moved_between_segments_is_whole(tmp_path: Path) -> None:
    path = Path(shutil.copytree(OLD / "run-debate", tmp_path / "run"))
    name = Run(path).ids()[0]
    mine, others = [], []
    for line in lines(path):
        (mine if json.loads(line)["trajectory"] == name else others).append(line)
    (path / "events-0000.jsonl").write_bytes(b"".join([*others, *mine[:3], *mine[6:]]))
    (path / "events-0001.jsonl").write_bytes(b"".join(mine[3:6]))
    run = Run(path)
    assert (run.holes(), len(run.trajectory(name).events)) == ({}, len(mine))
    assert name in run.graded_ids()
