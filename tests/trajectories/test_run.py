"""The run folder: nothing logged is lost, whatever happens to the process, and readers agree with writers."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longthought.errors import RunError, RunFolderError
from longthought.trajectories import run as run_module
from longthought.trajectories import segment as segment_module
from longthought.trajectories.events import (
    EVENT,
    SCHEMA_VERSION,
    Action,
    AnyEvent,
    Author,
    Call,
    Finished,
    Graded,
    Judged,
    Proposed,
    StopReason,
    Verdict,
)
from longthought.trajectories.folder import RunFolder
from longthought.trajectories.run import Run
from longthought.trajectories.segment import Segment, encode
from tests.fakes import logs

CONFIG = {"graph": "debate", "samples": 2, "seed": 7, "tools": ("algebra",), "limits": {"rounds": 32, "tokens": None}}


def debate(name: str, steps: int = 2, *, finished: bool = True) -> list[AnyEvent]:
    """Return a small debate of some steps."""
    problem, _, sample = name.rpartition("#")
    log = logs.Log("s", id=problem, sample=int(sample))
    for n in range(1, steps + 1):
        log.add(Proposed, Author.POLICY, node=n, parent=n - 1, text=f'step {n} of "{name}": √2 ≠ 7\n\u2028')
    if finished:
        log.add(Finished, Author.CRITIC, reason=StopReason.GAVE_UP)
    return log


def make(path: Path) -> RunFolder:
    return RunFolder.create_or_resume(path, CONFIG)


def written(path: Path, *debates: list[AnyEvent]) -> Path:
    """Write whole debates to a new run; return its only segment."""
    with make(path) as folder:
        for events in debates:
            folder.append(events)
    return path / "events-0000.jsonl"


def read(path: Path) -> dict[str, tuple[AnyEvent, ...]]:
    return {t.id: t.events for t in Run(path).trajectories()}


def test_what_is_appended_is_read(tmp_path: Path) -> None:
    one, two = debate("a#0"), debate("b#1", 5, finished=False)
    path = written(tmp_path / "new" / "run", one, two)
    assert read(path.parent) == {"a#0": tuple(one), "b#1": tuple(two)}
    run = Run(path.parent)
    assert (len(run), run.ids(), run.finished_ids(), run.graded_ids()) == (2, ["a#0", "b#1"], ["a#0"], [])
    assert [t.id for t in run.unfinished()] == ["b#1"]
    assert run.trajectory("a#0").stop_reason is StopReason.GAVE_UP
    with make(path.parent) as folder:
        folder.append([Graded(trajectory="a#0", seq=4, by=Author.GRADER, at=4.0, solved=False)])
    assert run.graded_ids() == []
    assert run.refresh() == 1
    assert run.graded_ids() == ["a#0"]
    assert run.trajectory("a#0").solved is False


def test_a_line_begins_with_what_the_index_needs() -> None:
    for event in (e for log in logs.ALL.values() for e in log):
        record = json.loads(encode(event))
        assert list(record)[:3] == ["trajectory", "seq", "kind"]
        assert record == json.loads(event.model_dump_json())


def test_floats_that_json_does_not_know_survive(tmp_path: Path) -> None:
    call = Call(model="m", text="x", logprobs=(-0.5, float("-inf")), token_ids=(1, 2))
    verdict = Verdict(action=Action.CONTINUE)
    last = Judged(trajectory="a#0", seq=2, by=Author.CRITIC, at=2.0, node=1, verdict=verdict, calls=(call,))
    events = [*debate("a#0", 1, finished=False), last]
    path = written(tmp_path, events)
    for line in path.read_bytes().splitlines():
        json.loads(line, parse_constant=lambda constant: pytest.fail(f"{constant} is no JSON"))
    assert read(tmp_path) == {"a#0": tuple(events)}


def test_a_last_line_torn_at_any_byte_is_cut_off(tmp_path: Path) -> None:
    events = debate('tôrn"\\#0', 3, finished=False)
    segment = written(tmp_path, events)
    whole = segment.read_bytes()
    start = whole[:-1].rindex(b"\n") + 1
    fresh = debate("after#0", 1)
    for cut in range(start, len(whole)):
        segment.write_bytes(whole[:cut])
        expected = {events[0].trajectory: tuple(events[:-1])}
        assert read(tmp_path) == expected, cut
        with make(tmp_path) as folder:
            assert segment.read_bytes() == whole[:start], cut
            folder.append(fresh)
        assert read(tmp_path) == {**expected, "after#0": tuple(fresh)}, cut


def test_a_group_torn_at_any_byte_keeps_its_whole_lines(tmp_path: Path) -> None:
    events = debate("a#0", 0)
    segment = written(tmp_path, events)
    whole = segment.read_bytes()
    for cut in range(len(whole) + 1):
        segment.write_bytes(whole[:cut])
        count = whole[:cut].count(b"\n")
        assert [e for group in read(tmp_path).values() for e in group] == events[:count]
        with make(tmp_path) as folder:
            folder.append(events[count:])
        assert segment.read_bytes() == whole


GARBAGE = {
    "zeros": bytes(8192),
    "newlines": b"\n\n\n",
    "noise": random.Random(1).randbytes(3_000) + b"\n" + random.Random(2).randbytes(200),
    "much noise": random.Random(3).randbytes(300_000),
    "one long torn line": b'{"trajectory":"a#0","seq":3,"kind":"proposed","text":"' + b"x" * 300_000,
    "half a head": b'{"trajectory":"a#0","se\n{"traj',
    "json that is no event": b"[]\n17\nnull\n{}\n",
    "deep": b"[" * 50_000 + b"\n",
}


@pytest.mark.parametrize("name", GARBAGE)
def test_a_tail_of_garbage_is_cut_off(tmp_path: Path, name: str) -> None:
    events = debate("a#0", 3)
    segment = written(tmp_path, events)
    whole = segment.read_bytes()
    segment.write_bytes(whole + GARBAGE[name])
    assert read(tmp_path) == {"a#0": tuple(events)}
    with make(tmp_path) as folder:
        assert segment.read_bytes() == whole
        folder.append(debate("b#0"))
    assert list(read(tmp_path)) == ["a#0", "b#0"]


def test_nothing_but_garbage_is_an_empty_log(tmp_path: Path) -> None:
    segment = written(tmp_path)
    segment.write_bytes(b"\x00" * 500)
    assert len(Run(tmp_path)) == 0
    make(tmp_path).close()
    assert segment.read_bytes() == b""


def test_a_line_longer_than_the_window_is_found(tmp_path: Path) -> None:
    events = debate("a#0", 1, finished=False)
    events.append(Proposed(trajectory="a#0", seq=2, by=Author.POLICY, at=0.0, node=2, parent=1, text="x" * 1_000_000))
    segment = written(tmp_path, events)
    whole = segment.read_bytes()
    segment.write_bytes(whole + b'{"torn')
    make(tmp_path).close()
    assert segment.read_bytes() == whole
    assert read(tmp_path) == {"a#0": tuple(events)}


def test_more_garbage_than_a_write_can_tear_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment_module, "TORN_LIMIT", 100_000)
    segment = written(tmp_path, debate("a#0"))
    damaged = segment.read_bytes() + random.Random(1).randbytes(1_000_000)
    segment.write_bytes(damaged)
    for attempt in (Run, make):
        with pytest.raises(RunFolderError, match=r"events-0000\.jsonl: the last .* hold no event"):
            attempt(tmp_path)
    assert segment.read_bytes() == damaged


def test_a_broken_line_in_the_middle_is_named(tmp_path: Path) -> None:
    segment = written(tmp_path, debate("a#0"), debate("b#0"))
    lines = segment.read_bytes().splitlines(keepends=True)
    for broken in (b"garbage\n", b"\n", b'{"seq":1}\n', b'{"trajectory":"\xff","seq":1,"kind":"proposed"}\n'):
        segment.write_bytes(b"".join([*lines[:2], broken, *lines[3:]]))
        with pytest.raises(RunFolderError, match=r"events-0000\.jsonl:3: this line is not an event"):
            Run(tmp_path)


def test_a_line_broken_behind_its_head_spoils_its_own_debate_alone(tmp_path: Path) -> None:
    segment = written(tmp_path, debate("a#0"), debate("b#0"))
    lines = segment.read_bytes().splitlines(keepends=True)
    for broken in (lines[2][:60] + b"\n", lines[2].replace(b'"node":2', b'"node":0')):
        segment.write_bytes(b"".join([*lines[:2], broken, *lines[3:]]))
        run = Run(tmp_path)
        assert run.trajectory("b#0").events == tuple(debate("b#0"))
        with pytest.raises(RunFolderError, match=r"events-0000\.jsonl:3: this line is not an event"):
            run.trajectory("a#0")


def test_many_interleaved_debates(tmp_path: Path) -> None:
    rng = random.Random(4)
    debates = {f"p{n}#{n % 3}": debate(f"p{n}#{n % 3}", rng.randint(0, 6), finished=n % 4 > 0) for n in range(300)}
    waiting = {name: list(events) for name, events in debates.items()}
    begun: dict[str, None] = {}
    with make(tmp_path) as folder:
        while waiting:
            name = rng.choice(list(waiting))
            count = rng.randint(1, 3)
            folder.append(waiting[name][:count])
            begun[name] = None
            waiting[name] = waiting[name][count:]
            if not waiting[name]:
                del waiting[name]
    run = Run(tmp_path)
    assert run.ids() == list(begun)
    assert {t.id: list(t.events) for t in run.trajectories()} == debates
    assert set(run.finished_ids()) == {n for n, events in debates.items() if isinstance(events[-1], Finished)}
    assert {t.id for t in run.unfinished()} == set(debates) - set(run.finished_ids())


@settings(deadline=None, max_examples=30)
@given(name=st.text(min_size=1), text=st.text())
def test_any_text_may_be_a_name(tmp_path_factory: pytest.TempPathFactory, name: str, text: str) -> None:
    path = tmp_path_factory.mktemp("names")
    full = f"{name}#0"
    events = debate(full, 0, finished=False)
    events.append(Proposed(trajectory=full, seq=1, by=Author.POLICY, at=0.0, node=1, parent=0, text=text))
    written(path, events, debate("z#1"))
    assert read(path) == {full: tuple(events), "z#1": tuple(debate("z#1"))}


@pytest.mark.parametrize(
    "name",
    ['"', "\\", '\\"', '","seq":0,"kind":"finished"', "\n", "\x00", "🧮", "\u2028", "#", "é", "e\u0301", "\\u00e9"],
)
def test_awkward_names(tmp_path: Path, name: str) -> None:
    ids = [f"{name}#0", f"{name}x#0"]
    written(tmp_path, *(debate(full, finished=False) for full in ids))
    run = Run(tmp_path)
    assert run.ids() == ids
    assert run.finished_ids() == []
    assert all(run.trajectory(full).events == tuple(debate(full, finished=False)) for full in ids)


def test_a_reader_follows_a_writer(tmp_path: Path) -> None:
    with make(tmp_path) as folder:
        run = Run(tmp_path)
        assert len(run) == run.refresh() == 0
        events = debate("a#0")
        for count, event in enumerate(events, start=1):
            folder.append([event])
            assert run.refresh() == 1
            assert run.trajectory("a#0").events == tuple(events[:count])
        with (tmp_path / "events-0000.jsonl").open("ab") as torn:
            torn.write(encode(debate("b#0")[0])[:-1])
            torn.flush()
            assert run.refresh() == 0
            assert read(tmp_path) == {"a#0": tuple(events)}
            torn.write(b"\n")
            torn.flush()
            assert run.refresh() == 1
        assert run.ids() == ["a#0", "b#0"]


def test_helping_processes_write_segments_of_their_own(tmp_path: Path) -> None:
    shared = debate("shared#0", 4)
    with make(tmp_path) as folder:
        folder.append(shared[:2])
        helper = Segment(folder.segment(1))
        helper.append(debate("helped#0"))
        with pytest.raises(RunFolderError, match=r"events-0001\.jsonl is being written by another process"):
            Segment(folder.segment(1))
        helper.append(shared[2:4])
        helper.close()
        folder.append(shared[4:])
    assert read(tmp_path) == {"shared#0": tuple(shared), "helped#0": tuple(debate("helped#0"))}
    other = tmp_path / "events-0001.jsonl"
    whole = other.read_bytes()
    other.write_bytes(whole + b'{"trajectory":"torn')
    make(tmp_path).close()
    assert other.read_bytes() == whole


def test_an_unknown_debate_is_answered_with_close_names(tmp_path: Path) -> None:
    written(tmp_path, debate("countdown-8-11-16-16-35#0"), debate("countdown-8-11-16-16-35#1"), debate("other#0"))
    run = Run(tmp_path)
    with pytest.raises(RunFolderError, match="did you mean 'countdown-8-11-16-16-35#0', 'countdown-8-11-16-16-35#1'"):
        run.trajectory("countdown-8-11-16-16-35")
    with pytest.raises(RunFolderError, match="did you mean 'other#0'"):
        run.trajectory("othr#0")
    with pytest.raises(RunFolderError, match="its 3 debates begin with 'countdown"):
        run.trajectory("?")
    with pytest.raises(RunFolderError, match="it holds no debates yet"):
        Run(written(tmp_path / "empty").parent).trajectory("a#0")


def test_the_manifest_says_what_ran(tmp_path: Path) -> None:
    written(tmp_path, debate("a#0"))
    record = json.loads((tmp_path / "run.json").read_text())
    assert list(record) == ["schema_version", "kind", "created", "seed", "config", "versions"]
    assert (record["schema_version"], record["kind"], record["seed"]) == (SCHEMA_VERSION, "generate", 7)
    assert record["config"] == Run(tmp_path).config == {**CONFIG, "tools": ["algebra"]}
    assert record["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert "pydantic" in record["versions"]
    assert sorted(os.listdir(tmp_path)) == ["events-0000.jsonl", "run.json", "run.lock"]


class Colour(StrEnum):
    RED = "red"


def test_the_same_configuration_resumes(tmp_path: Path) -> None:
    config = {"a": (1, 2), "b": Colour.RED, "c": {"d": 1.0, "e": {}}, "f": tmp_path}
    first = RunFolder.create_or_resume(tmp_path / "run", config)
    assert not first.resumed
    created = first.manifest
    first.close()
    for same in (config, {"f": str(tmp_path), "c": {"e": {}, "d": 1}, "b": "red", "a": [1, 2]}):
        with RunFolder.create_or_resume(tmp_path / "run", same) as again:
            assert again.resumed
            assert again.manifest == created
    with RunFolder.open(tmp_path / "run") as again:
        assert again.resumed
        assert again.config == created.config


def test_another_configuration_is_refused_with_every_difference(tmp_path: Path) -> None:
    segment = written(tmp_path, debate("a#0"))
    whole = segment.read_bytes()
    changed: dict[str, Any] = {**CONFIG, "samples": 4, "limits": {"rounds": 8, "tokens": None}, "policy": "é"}
    del changed["seed"]
    with pytest.raises(RunFolderError) as caught:
        RunFolder.create_or_resume(tmp_path, changed)
    message = str(caught.value)
    for difference in ("samples 2 -> 4", "limits.rounds 32 -> 8", "seed 7 -> (absent)", 'policy (absent) -> "é"'):
        assert difference in message
    assert "graph" not in message
    assert "tokens" not in message
    assert "choose another `out`" in message
    with pytest.raises(RunFolderError, match='job "generate" -> "evaluate"'):
        RunFolder.create_or_resume(tmp_path, CONFIG, kind="evaluate")
    assert segment.read_bytes() == whole
    make(tmp_path).close()


@contextmanager
def edited_manifest(path: Path) -> Iterator[dict[str, Any]]:
    file = path / "run.json"
    record = json.loads(file.read_text())
    yield record
    file.write_text(json.dumps(record))


def test_a_schema_from_the_future_is_refused(tmp_path: Path) -> None:
    written(tmp_path, debate("a#0"))
    with edited_manifest(tmp_path) as record:
        record.update(schema_version=SCHEMA_VERSION + 1, something={"new": True})
    for attempt in (Run, make, RunFolder.open):
        with pytest.raises(RunFolderError, match="upgrade longthought"):
            attempt(tmp_path)


def test_events_of_a_schema_from_the_future_are_refused(tmp_path: Path) -> None:
    written(tmp_path, debate("a#0"))
    file = tmp_path / "events-0000.jsonl"
    line = file.read_bytes()
    newer = line.replace(b'"schema_version":%d' % SCHEMA_VERSION, b'"schema_version":%d,"new":1' % (SCHEMA_VERSION + 8))
    assert newer != line
    file.write_bytes(newer)
    with pytest.raises(RunFolderError, match=r"events-0000\.jsonl holds events of schema 9, .*upgrade longthought"):
        Run(tmp_path)


def test_a_schema_from_the_past_is_read_but_not_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def from_the_past(record: dict[str, Any]) -> dict[str, Any]:
        return {("text" if key == "words" else key): value for key, value in record.items()}

    events = debate("a#0")
    segment = written(tmp_path, events)
    segment.write_bytes(segment.read_bytes().replace(b'"text":', b'"words":'))
    with edited_manifest(tmp_path) as record:
        record["schema_version"] = SCHEMA_VERSION - 1
    with pytest.raises(RunFolderError, match="use an older longthought"):
        Run(tmp_path).trajectory("a#0")
    monkeypatch.setitem(run_module.UPGRADES, SCHEMA_VERSION - 1, from_the_past)
    assert read(tmp_path) == {"a#0": tuple(events)}
    for attempt in (make, RunFolder.open):
        with pytest.raises(RunFolderError, match="can be read, but not resumed"):
            attempt(tmp_path)


def test_upgrades_run_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "SCHEMA_VERSION", 4)
    for version in (1, 2, 3):
        monkeypatch.setitem(
            run_module.UPGRADES, version, lambda record, version=version: {**record, "seen": [*record["seen"], version]}
        )
    assert run_module.upgrade({"seen": []}, 2) == {"seen": [2, 3]}
    assert run_module.upgrade({"seen": []}, 4) == {"seen": []}


def test_what_is_no_run_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(RunFolderError, match=r"not a run folder: it has no run\.json but holds thesis\.tex"):
        make(tmp_path)
    assert os.listdir(tmp_path) == ["thesis.tex"]
    for attempt in (Run, RunFolder.open):
        with pytest.raises(RunFolderError, match="is not a run folder"):
            attempt(tmp_path)
        with pytest.raises(RunFolderError, match="does not exist"):
            attempt(tmp_path / "missing")
        with pytest.raises(RunFolderError, match="is not a run folder"):
            attempt(tmp_path / "thesis.tex")
    with pytest.raises(RunFolderError, match="choose another `out`"):
        make(tmp_path / "thesis.tex")
    with pytest.raises(RunFolderError, match="choose another `out`"):
        make(tmp_path / "thesis.tex" / "below")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"schema_version": 1}', b'{"schema_version": "x"}'])
def test_a_damaged_manifest_is_named(tmp_path: Path, content: bytes) -> None:
    written(tmp_path, debate("a#0"))
    (tmp_path / "run.json").write_bytes(content)
    for attempt in (Run, RunFolder.open, make):
        with pytest.raises(RunFolderError, match=r"run\.json: .*restore the file"):
            attempt(tmp_path)


def test_a_job_killed_before_its_manifest_was_in_place_starts_again(tmp_path: Path) -> None:
    (tmp_path / "run.lock").write_text("1\n")
    (tmp_path / "run.json.new").write_text('{"schema_ver')
    with make(tmp_path) as folder:
        assert not folder.resumed
        folder.append(debate("a#0"))
    assert read(tmp_path) == {"a#0": tuple(debate("a#0"))}


def test_a_second_job_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    with make(tmp_path) as folder:
        for attempt in (make, RunFolder.open):
            with pytest.raises(RunFolderError, match=f"in use by process {os.getpid()}: wait"):
                attempt(tmp_path)
        folder.append(debate("a#0"))
        assert list(read(tmp_path)) == ["a#0"]
    folder.close()
    make(tmp_path).close()


WRITER = """
import sys
from pathlib import Path
from tests.trajectories.test_run import debate, make
folder = make(Path(sys.argv[1]))
for n in range(1_000_000):
    folder.append(debate(f"{sys.argv[2]}-{n}#0", 20))
    print(n, flush=True)
"""


def start_writer(path: Path, name: str) -> subprocess.Popen[str]:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", WRITER, str(path), name]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)


def test_a_killed_job_loses_nothing_it_had_logged(tmp_path: Path) -> None:
    total = 0
    for attempt in range(3):
        with start_writer(tmp_path, f"job{attempt}") as writer:
            assert writer.stdout is not None
            for _ in range(50 * (attempt + 1)):
                writer.stdout.readline()
            with pytest.raises(RunFolderError, match=f"in use by process {writer.pid}"):
                make(tmp_path)
            assert len(Run(tmp_path)) >= total + 50 * (attempt + 1)
            writer.send_signal(signal.SIGKILL)
            rest = writer.stdout.read().split()
        acknowledged = 50 * (attempt + 1) + len(rest)
        seen = read(tmp_path)
        with make(tmp_path) as folder:
            assert read(tmp_path) == seen
            folder.append(debate(f"after{attempt}#0"))
        for n in range(acknowledged):
            name = f"job{attempt}-{n}#0"
            assert seen[name] == tuple(debate(name, 20))
        assert set(read(tmp_path)) == {*seen, f"after{attempt}#0"}
        total = len(seen) + 1


def test_short_writes_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    sizes: list[int] = []

    def short(file: int, data: memoryview) -> int:
        sizes.append(write(file, data[:100]))
        return sizes[-1]

    with make(tmp_path) as folder:
        monkeypatch.setattr(segment_module.os, "write", short)
        folder.append(debate("a#0"))
        monkeypatch.undo()
    assert len(sizes) > 3
    assert read(tmp_path) == {"a#0": tuple(debate("a#0"))}


def test_one_write_for_one_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[bytes] = []
    write = os.write

    def counted(file: int, data: memoryview) -> int:
        writes.append(bytes(data))
        return write(file, data)

    with make(tmp_path) as folder:
        monkeypatch.setattr(segment_module.os, "write", counted)
        folder.append(debate("a#0"))
        folder.append([])
        monkeypatch.undo()
    assert writes == [b"".join(encode(e) for e in debate("a#0"))]


def test_a_full_disk_tears_no_line(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the disk: the kernel takes part of the write, then refuses."""
    with make(tmp_path) as folder:
        folder.append(debate("a#0"))
        size = (tmp_path / "events-0000.jsonl").stat().st_size
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, hard))
        try:
            with pytest.raises(RunError, match=r"events-0000\.jsonl: can't be written \(.*\); make room"):
                folder.append(debate("b#0"))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert (tmp_path / "events-0000.jsonl").stat().st_size == size
        folder.append(debate("c#0"))
    assert list(read(tmp_path)) == ["a#0", "c#0"]


@pytest.mark.parametrize("name", ["run.lock", "run.json.new", "events-0000.jsonl"])
def test_a_folder_that_cannot_be_written_is_a_users_error(tmp_path: Path, name: str) -> None:
    with RunFolder.create_or_resume(tmp_path / "run", CONFIG):
        pass
    if name != "events-0000.jsonl":
        (tmp_path / "run" / "run.json").unlink()
        (tmp_path / "run" / "events-0000.jsonl").unlink()
    (tmp_path / "run" / name).unlink(missing_ok=True)
    (tmp_path / "run" / name).mkdir()  # root may write whatever its permissions say, but not a folder
    with pytest.raises(RunFolderError, match=r"can't be written \(Is a directory\); .*choose another `out`"):
        RunFolder.create_or_resume(tmp_path / "run", CONFIG)


def test_a_folder_without_room_for_its_manifest_is_a_users_error(tmp_path: Path) -> None:
    allowed = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, allowed[1]))
    try:
        with pytest.raises(RunFolderError, match=r"can't be written \(File too large\); make room"):
            RunFolder.create_or_resume(tmp_path / "run", CONFIG)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, allowed)
    with RunFolder.create_or_resume(tmp_path / "run", CONFIG) as folder:
        assert not folder.resumed


def test_the_log_is_synced_from_time_to_time_and_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    folder = make(tmp_path)
    segment = os.stat(tmp_path / "events-0000.jsonl").st_ino
    monkeypatch.setattr(segment_module.os, "fsync", lambda file: synced.append(os.fstat(file).st_ino))
    now = segment_module.time.monotonic()
    monkeypatch.setattr(segment_module.time, "monotonic", lambda: now)
    folder.append(debate("a#0"))
    assert synced == []
    now += segment_module.SYNC_SECONDS
    folder.append(debate("b#0"))
    folder.append(debate("c#0"))
    assert synced == [segment]
    folder.close()
    assert synced == [segment, segment]


def test_stored_lines_are_plain_events(tmp_path: Path) -> None:
    """Anyone can read a segment without this package's index: a line is an event."""
    events = [e for log in logs.ALL.values() for e in log]
    segment = written(tmp_path, events)
    assert [EVENT.validate_json(line) for line in segment.read_bytes().splitlines()] == events
