"""Run folders and data sets that version 0.1.0 wrote can still be read, gone on with, labelled and exported."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import longthought as lt
from longthought.cli.app import app
from longthought.training.data.folder import DataFolder

OLD = Path(__file__).parent / "fixtures" / "first_edition"
GRAPHS = ("debate", "self_critique", "tree_search", "sampling")
EXPECTED: dict[str, dict[str, dict[str, Any]]] = json.loads((OLD / "expected.json").read_text(encoding="utf-8"))
SETTINGS = {"sampling": ("--set", "samples=4", "--set", "choose=weighted")}


def command(*words: object) -> None:
    app(list(map(str, words)), standalone_mode=False)


def copied(name: str, into: Path) -> Path:
    return Path(shutil.copytree(OLD / name, into / name))


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("graph", GRAPHS)
def test_an_old_run_is_read_as_it_was_written(graph: str) -> None:
    read = {
        t.id: {
            "answer": t.answer,
            "solved": t.solved,
            "rounds": t.rounds,
            "tokens": t.usage.total.total,
            "thought": t.long_thought().text,
        }
        for t in lt.Run(OLD / f"run-{graph}").trajectories()
    }
    assert read == EXPECTED[graph]


@pytest.mark.parametrize("graph", GRAPHS)
def test_an_old_run_goes_on_with_nothing_played_twice(
    graph: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copied(f"run-{graph}", tmp_path)
    before = (run / "events-0000.jsonl").read_bytes()
    given = ("generate", OLD / "problems.jsonl", "--out", run, "--graph", graph, "--concurrency", "1", "--json")
    command(*given, *SETTINGS.get(graph, ()))
    counts = json.loads(capsys.readouterr().out)
    assert (counts["trajectories"], counts["finished"], counts["requests"] > 0) == (3, 3, True)
    assert (run / "events-0000.jsonl").read_bytes() == before
    assert {path.stat().st_size for path in run.glob("events-*.jsonl") if path.name != "events-0000.jsonl"} <= {0}


def test_an_old_debate_cut_in_the_middle_goes_on_from_there(tmp_path: Path) -> None:
    run = copied("run-debate", tmp_path)
    log = run / "events-0000.jsonl"
    kept = b"".join(log.read_bytes().splitlines(keepends=True)[:-6])
    log.write_bytes(kept)
    assert [t.finished for t in lt.Run(run).trajectories()].count(False) == 1
    command("generate", OLD / "problems.jsonl", "--out", run, "--concurrency", "1", "--json")
    assert log.read_bytes().startswith(kept)
    assert all(t.finished and t.solved is not None for t in lt.Run(run).trajectories())


@pytest.mark.parametrize(
    ("data", "options"),
    [("journey", ("sft-journey", "--walk", "chronological")), ("critic", ("critic",)), ("steps", ("step-labels",))],
)
def test_an_old_run_exports_the_rows_that_it_exported_then(data: str, options: tuple[str, ...], tmp_path: Path) -> None:
    made = tmp_path / "data"
    command("export", copied("run-debate", tmp_path), "--format", *options, "--out", made, "--validation", "0")
    assert rows(made / "train.jsonl") == rows(OLD / f"data-{data}" / "train.jsonl")
    assert DataFolder.open(OLD / f"data-{data}").rows("train").num_rows == len(rows(made / "train.jsonl"))


def test_old_labels_are_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command("label", copied("run-debate", tmp_path), "--method", "exact", "--json")
    counts = json.loads(capsys.readouterr().out)
    assert (counts["labels"], counts["known"], counts["live"], counts["dead"]) == (0, 16, 9, 7)
