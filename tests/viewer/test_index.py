"""The index says what a full read of the logs says, whatever state they are in."""

import json
import os
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longthought.labels.label import Label, LabelWriter, Method
from longthought.trajectories.events import Action, AnyEvent, Failed, Graded, Judged, Reopened, Started
from longthought.trajectories.folder import RunFolder
from longthought.trajectories.ids import subdebate_id
from longthought.trajectories.run import Run
from longthought.trajectories.segment import encode
from longthought.trajectories.trajectory import Trajectory
from longthought.viewer import folders
from longthought.viewer import index as index_module
from longthought.viewer.answers import Row, RunState
from longthought.viewer.library import Library
from longthought.viewer.questions import Filter, LabelFilter
from longthought.viewer.store import Store
from tests.fakes import golden, logs
from tests.fakes.random_logs import debates, searches


def new_run(path: Path, *segments: Sequence[AnyEvent]) -> Path:
    """Write a run with the events of each segment."""
    RunFolder.create_or_resume(path, {"graph": "debate"}).close()
    for number, events in enumerate(segments):
        add(path, events, number)
    return path


def add(path: Path, events: Sequence[AnyEvent], number: int = 0) -> None:
    with (path / f"events-{number:04d}.jsonl").open("ab") as file:
        file.write(b"".join(map(encode, events)))


def named(events: Sequence[AnyEvent], name: str) -> list[AnyEvent]:
    return [event.model_copy(update={"trajectory": name}) for event in events]


def opened(path: Path, cache: Path) -> Library:
    library = Library([path], cache=cache)
    library.refresh()
    return library


def rows(library: Library) -> list[Row]:
    return list(library.table(Filter(), 0, 500).rows)


def expect_like(row: Row, trajectory: Trajectory) -> None:
    """Compare a row with what the events themselves say."""
    tree, events = trajectory.tree, trajectory.events
    judged = [event for event in events if isinstance(event, Judged)]
    scores = [e.verdict.score for e in judged if e.by == "critic" and e.verdict.score is not None]
    assert (row.id, row.problem, row.sample) == (trajectory.id, trajectory.problem.id, trajectory.sample)
    assert row.statement == trajectory.problem.statement[:200]
    assert row.answer == (None if trajectory.answer is None else trajectory.answer[:200])
    assert (row.solved, row.stop_reason, row.finished) == (
        trajectory.solved, trajectory.stop_reason, trajectory.finished,
    )  # fmt: skip
    assert (row.rounds, row.backtracks, row.nodes) == (trajectory.rounds, trajectory.backtracks, len(tree.nodes))
    assert row.reflections == sum(event.kind == "reflected" for event in events)
    assert row.refutations == sum(e.status == "refuted" for node in tree.nodes for e in node.evidence)
    assert (row.policy_tokens, row.critic_tokens) == (
        trajectory.usage.policy.total, trajectory.usage.critic.total,
    )  # fmt: skip
    assert row.tokens == trajectory.usage.total.total
    assert row.score == (scores[-1] if scores else None)
    assert row.seconds == pytest.approx(trajectory.seconds)
    assert row.events == len(events)


def test_a_golden_run_is_indexed_as_it_is_read(library: Library, runs: Path) -> None:
    first = Run(runs / "first")
    found = {row.id: row for row in library.table(Filter(run=("first",)), 0, 500).rows}
    assert list(found) == first.ids()
    for trajectory in first.trajectories():
        expect_like(found[trajectory.id], trajectory)
    assert {row.id for row in found.values() if row.broken} == set(first.holes())
    assert found["sum-500#0"].events == 3


@settings(max_examples=25)
@given(st.lists(debates() | searches(), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_any_logs_side_by_side(tmp_path_factory: pytest.TempPathFactory, played: list[Trajectory], chance) -> None:
    folder = tmp_path_factory.mktemp("random")
    waiting = [named(one.events, f"p#{number}") for number, one in enumerate(played)]
    mixed: list[AnyEvent] = []
    while any(waiting):
        mixed.append(chance.choice([events for events in waiting if events]).pop(0))
    run = new_run(folder / "run", mixed)
    library = opened(run, folder / "cache")
    for row in rows(library):
        expect_like(row, Run(run).trajectory(row.id))
    assert {row.id for row in rows(library)} == {f"p#{number}" for number in range(len(played))}
    library.close()


@pytest.mark.parametrize(
    "make", [logs.mcts_with_a_merged_state, logs.aggregation_of_three_paths, logs.edited_by_a_human, logs.plain]
)
def test_logs_written_by_hand(make, tmp_path: Path) -> None:
    log = make()
    library = opened(new_run(tmp_path / "run", log), tmp_path / "cache")
    expect_like(rows(library)[0], Trajectory(log.name, log))
    library.close()


def test_sub_debates_are_no_rows_and_are_read_by_name(tmp_path: Path) -> None:
    main, parts = golden.latex(), [golden.tongues(), golden.thinking()]
    named_parts = [named(log, subdebate_id(main.name, number)) for number, log in enumerate(parts, 1)]
    run = new_run(tmp_path / "run", [*main, *named_parts[0], *named_parts[1]])
    library, read = opened(run, tmp_path / "cache"), Run(run)
    (row,) = rows(library)
    expect_like(row, read.trajectory(row.id))
    debate = library.debate("run", row.id)
    assert list(debate.parts) == read.parts(row.id) != []
    assert library.debate("run", debate.parts[0]).events == read.trajectory(debate.parts[0]).events
    library.close()


def test_a_debate_that_is_reopened_goes_on(tmp_path: Path) -> None:
    log = golden.failed()
    run = new_run(tmp_path / "run", log)
    library = opened(run, tmp_path / "cache")
    assert rows(library)[0].outcome == "failed"
    log.add(Reopened, golden.Author.HUMAN)
    add(run, log[-1:])
    library.refresh()
    assert rows(library)[0].outcome == "unfinished"
    log.end(log.step("It has no value.", answer="none"), True)
    add(run, log[-3:])
    library.refresh()
    (row,) = rows(library)
    assert row.outcome == "solved"
    expect_like(row, Run(run).trajectory(row.id))
    library.close()


def test_a_growing_log_is_followed_in_any_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "BLOCK", 700)
    lines = b"".join(map(encode, [*golden.latex(), *golden.wrong_verdict()]))
    run = new_run(tmp_path / "run")
    log = run / "events-0000.jsonl"
    library, versions = opened(run, tmp_path / "cache"), set[int]()
    for start in range(0, len(lines), 997):  # most pieces tear a line
        with log.open("ab") as file:
            file.write(lines[start : start + 997])
        library.refresh()
        versions.add(library.runs().version)
        read = Run(run)
        assert [row.id for row in rows(library)] == read.ids()
        for row in rows(library):
            expect_like(row, read.trajectory(row.id))
    assert len(versions) > 5
    library.close()


def test_a_debate_in_two_segments(tmp_path: Path) -> None:
    log = golden.latex()
    run = new_run(tmp_path / "run", log[:5], log[5:])
    library = opened(run, tmp_path / "cache")
    expect_like(rows(library)[0], Trajectory(log.name, log))
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
    other = new_run(tmp_path / "other", log[5:], log[:5])  # the later half stands first
    second = opened(other, tmp_path / "cache2")
    expect_like(rows(second)[0], Trajectory(log.name, log))
    assert not rows(second)[0].broken
    library.close()
    second.close()


def test_the_index_is_kept_and_can_be_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, cache = new_run(tmp_path / "run", golden.latex(), golden.tongues()), tmp_path / "cache"
    first = opened(run, cache)
    expected = rows(first)
    first.close()
    with monkeypatch.context() as patched:
        patched.setattr(index_module.RunIndex, "_take", None)  # nothing is read again
        again = opened(run, cache)
        assert rows(again) == expected
        again.close()
    for file in cache.glob("*.sqlite"):
        file.write_bytes(b"this is no database" * 1000)
    torn = opened(run, cache)
    assert rows(torn) == expected
    torn.close()
    shutil.rmtree(cache)
    anew = opened(run, cache)
    assert rows(anew) == expected
    anew.close()


def test_two_viewers_of_the_same_run(tmp_path: Path) -> None:
    run = new_run(tmp_path / "run", golden.latex())
    one, other = opened(run, tmp_path / "cache"), opened(run, tmp_path / "cache")
    assert rows(one) == rows(other) != []
    one.close()
    assert rows(other) != []
    other.close()


def test_a_cache_that_can_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    library = opened(new_run(tmp_path / "run", golden.latex()), tmp_path / "cache")
    assert len(rows(library)) == 1
    library.close()


def test_another_run_in_the_same_folder(tmp_path: Path) -> None:
    run = new_run(tmp_path / "run", golden.latex())
    library = opened(run, tmp_path / "cache")
    shutil.rmtree(run)
    library.refresh()
    assert library.runs().runs[0].state is RunState.READY  # what is known stays, with the reason
    assert "does not exist" in library.runs().runs[0].error
    RunFolder.create_or_resume(run, {"graph": "debate", "seed": 9}).close()
    add(run, golden.tongues())
    library.refresh()
    assert [row.id for row in rows(library)] == ["שלום/🎉 #1#0"]
    assert library.runs().runs[0].error == ""
    library.close()


@pytest.mark.parametrize(
    "rest", [b'"a":]}', b'"answer":"\xff"}', b'"config":' + b"[" * 10**5 + b"]" * 10**5 + b"}"],
    ids=["no JSON", "no UTF-8", "too deep"],
)  # fmt: skip
def test_a_line_that_is_no_event(rest: bytes, tmp_path: Path) -> None:
    run = new_run(tmp_path / "run", golden.latex())
    with (run / "events-0000.jsonl").open("ab") as file:
        file.write(b'{"trajectory":"x#0","seq":0,"kind":"started","by":"strategy","at":1.0,"calls":[],' + rest + b"\n")
    add(run, golden.tongues())
    library = opened(run, tmp_path / "cache")
    assert [row.id for row in rows(library)] == ["latex#0"]
    error = library.runs().runs[0].error
    assert "events-0000.jsonl: at byte" in error
    assert "restore the file" in error
    library.refresh()
    assert [row.id for row in rows(library)] == ["latex#0"]
    library.close()


def test_a_search_goes_on_behind_a_text_that_is_damaged(tmp_path: Path) -> None:
    run = new_run(tmp_path / "run", [*golden.latex(), *named(golden.latex(), "behind#0")])
    log = run / "events-0000.jsonl"
    log.write_bytes(log.read_bytes().replace(b"the larger root is $3$", b"the larger root is \xff3$", 1))
    library = opened(run, tmp_path / "cache")
    asked = (library.table(Filter(q="larger root is"), 0, 9) for _ in range(99))
    found = next((table for table in asked if table.searched == 1), None)
    assert found is not None
    assert "behind#0" in {row.id for row in found.rows}
    library.close()


@pytest.mark.parametrize("where", ["run.json", "started"])
def test_a_newer_schema(where: str, tmp_path: Path) -> None:
    run = new_run(tmp_path / "run", golden.latex())
    if where == "run.json":
        manifest = json.loads((run / "run.json").read_text())
        (run / "run.json").write_text(json.dumps(manifest | {"schema_version": 99}))
    else:
        line = golden.tongues()[0].model_copy(update={"schema_version": 99})
        assert isinstance(line, Started)
        add(run, [line])
    library = opened(run, tmp_path / "cache")
    assert "upgrade longthought" in library.runs().runs[0].error
    library.close()


def test_labels_are_followed(tmp_path: Path) -> None:
    run = new_run(tmp_path / "run", golden.wrong_verdict())
    library = opened(run, tmp_path / "cache")
    assert rows(library)[0].labelled == 0
    golden.label(run)
    library.refresh()
    (row,) = rows(library)
    assert (row.labelled, row.wrong_rejections, row.wrong_approvals) == (3, 1, 2)
    with LabelWriter(run) as writer:
        writer.append([Label(trajectory=row.id, node=1, method=Method.HUMAN, live=False)])
    library.refresh()
    (row,) = rows(library)
    assert (row.labelled, row.wrong_rejections, row.wrong_approvals) == (3, 0, 2)
    assert library.table(Filter(label=LabelFilter.WRONG_VERDICT), 0, 9).total == 1
    (run / "labels.jsonl").unlink()
    library.refresh()
    assert library.table(Filter(label=LabelFilter.WRONG_VERDICT), 0, 9).total == 0
    assert (rows(library)[0].labelled, rows(library)[0].wrong_approvals) == (0, 0)
    library.close()


def test_a_job_that_writes_is_live(tmp_path: Path) -> None:
    run = new_run(tmp_path / "run", golden.latex())
    for file in run.iterdir():
        os.utime(file, (0, 0))
    library = opened(run, tmp_path / "cache")
    assert not library.runs().runs[0].live
    with RunFolder.open(run):
        os.utime(run / "events-0000.jsonl", (0, 0))
        assert library.runs().runs[0].live
    library.close()


def test_verdicts_are_counted(library: Library, runs: Path) -> None:
    events = [e for t in Run(runs / "second").trajectories() for e in t.events]
    actions = library.summary(Filter(run=("second",))).actions
    for action in Action:
        assert actions[action] == sum(isinstance(e, Judged) and e.verdict.action is action for e in events)
    assert sum(isinstance(e, Failed | Graded) for e in events) == 71


def test_runs_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    paths = [new_run(tmp_path / place) for place in ("a/debates", "b/debates", "other")]
    assert [found.name for found in folders.opened(paths)] == ["a-debates", "b-debates", "other"]


def test_a_connection_ends_with_its_thread(tmp_path: Path) -> None:
    store = Store([tmp_path], tmp_path / "cache")
    for _ in range(5):
        asks = threading.Thread(target=store.ask, args=("SELECT 1",))
        asks.start()
        asks.join()
    assert len(store._connections) == 1  # pyright: ignore[reportPrivateUsage]
    store.close()


def test_after_a_full_disk_the_index_is_made_up_for(tmp_path: Path) -> None:
    log = golden.latex()
    run = new_run(tmp_path / "run", [event for number in range(40) for event in named(log, f"p-{number}#0")])
    library = Library([run], cache=tmp_path / "cache")
    store = library._store  # pyright: ignore[reportPrivateUsage]
    store.ask(f"PRAGMA max_page_count = {store.ask('PRAGMA page_count')[0][0]}")
    library.refresh()
    assert "the index can't be written (database or disk is full)" in library.index("run").error
    store.ask("PRAGMA max_page_count = 1000000")
    library.refresh()
    assert (len(rows(library)), library.index("run").error) == (40, "")
    library.close()
