"""The other graphs from the command line: settings that share a name with the job's, and what `show` makes of them."""

import json
import sys
from pathlib import Path

import pytest

from longthought.cli.main import main
from longthought.trajectories.run import Run

GAMES = [
    '{"id": "a", "statement": "Use 3, 7, 16 and 20, each once, to make 46.", "domain": "countdown"}',
    '{"id": "b", "statement": "Use 2, 5 and 9, each once, to make 19.", "domain": "countdown"}',
]


def call(monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> int:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(sys, "argv", ["longthought", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_sampling_from_problems_to_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "games.jsonl").write_text("\n".join(GAMES))
    out = tmp_path / "run"
    words = ["--graph", "sampling", "--set", "samples=4", "--set", "choose=majority", "--set", "stop_early=false"]
    assert call(monkeypatch, "generate", tmp_path / "games.jsonl", "--out", out, "--samples", "2", *words) == 0
    assert sorted(t.id for t in Run(out).trajectories()) == ["a#0", "a#1", "b#0", "b#1"]
    for trajectory in Run(out).trajectories():
        config = trajectory.tree.started.config if trajectory.tree.started else {}
        assert (config["graph"], config["attempts"], config["tools"]) == ("sampling", 4, [])
        assert len(trajectory.tree.nodes[0].children) == 4
    summary = capsys.readouterr().out
    assert "4.0 attempts" in summary
    assert "rounds" not in summary
    assert "critic" not in summary  # it was never asked
    assert call(monkeypatch, "show", out, "a") == 0
    shown = capsys.readouterr().out
    assert "■ chosen" in shown
    assert "of 4 votes" in shown
    assert "answered after 4 attempts" in shown
    assert call(monkeypatch, "show", out) == 0
    head, first, *_ = capsys.readouterr().out.splitlines()
    assert head.split() == ["debate", "ended", "attempts", "tokens", "answer"]
    assert first.split()[:4:3] == ["a#0", "4"]


def test_solve_takes_the_settings_of_the_graph(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--graph", "sampling", "--set", "samples=1", "--temperature", "0", "--json"]
    assert call(monkeypatch, "solve", "Use 3, 7, 16 and 20, each once, to make 46.", *words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["events"][0]["config"]["attempts"] == 1
    assert told["tokens"]["critic"]["completion"] == 0


def test_tools_are_those_that_suit_the_graph_unless_they_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, tools in (
        (["--graph", "debate", "--rounds", "1"], ["algebra", "countdown"]),
        (["--graph", "sampling", "--rounds", "1", "--tools", "countdown"], ["countdown"]),
        (["--graph", "debate", "--rounds", "1", "--tools", "none"], []),
    ):
        call(monkeypatch, "solve", GAMES[1].split('"')[7], "--json", *words)
        assert json.loads(capsys.readouterr().out)["events"][0]["config"]["tools"] == tools
