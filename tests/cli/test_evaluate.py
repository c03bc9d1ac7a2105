"""`longthought evaluate` and `longthought check steps`: what they print, and one clear line for every mistake."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from longthought.cli.render.comparison import critic_panel, footnotes, table
from longthought.domains.countdown import countdown_task
from longthought.domains.loader import write
from longthought.evaluation.evaluation import evaluate
from longthought.evaluation.strategies import STRATEGIES, Strategy
from longthought.problems.countdown import game
from tests.cli.test_cli import URL, Run, expect_one_line, run, served
from tests.fakes import sums
from tests.fakes.enumerator import Enumerator, Solver

__all__ = ["run"]
GAMES = [countdown_task(p) for p in game.generate(count=2, numbers=3, split="validation", seed=4)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--strategies", "debat"], ["unknown strategy 'debat'", "majority, best-of-n", "debate"]),
        (["--strategies", ","], ["no strategy is left"]),
        (["--strategy", "debate"], ["--strategy debate", "NAME=GRAPH:SETTING=VALUE", "quick=debate:patience=1"]),
        (["--strategy", "x=debate:colour=red"], ["--strategy colour=red", "debate has no setting colour"]),
        (["--strategies", "debate", "--budget", "many"], ["--budget many", "1000,2000,4000"]),
        (["--strategies", "debate", "--budget", "0,100"], ["--budget must be at least 1, got 0"]),
        (["--strategies", "debate", "--budget", ""], ["--budget"]),
        (["--strategies", "debate", "--seeds", "0"], ["--seeds", "greater than or equal to 1"]),
        (["--strategies", "debate", "--concurrency", "0"], ["--concurrency must be at least 1, got 0"]),
        (["--strategies", "debate", "--tools", "oracle"], ["'oracle'"]),
    ],
)
def test_mistakes(run: Run, tmp_path: Path, words: list[str], said: list[str]) -> None:
    problems = sums.file(tmp_path / "p.jsonl", 3)
    done = run("evaluate", problems, "--out", tmp_path / "out", *served(URL[1]), "--json", *words)
    assert done.code == 2
    assert done.out == ""
    last = done.err.splitlines()[-1]
    assert last.startswith("longthought: ")
    for part in said:
        assert part in last
    assert not (tmp_path / "out" / "debate").exists()


def test_problems_without_a_reference(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"id": "why", "statement": "Why?"}\n')
    done = run("evaluate", tmp_path / "p.jsonl", "--out", tmp_path / "out", "--strategies", "debate", *served(URL[1]))
    expect_one_line(done, 2, "'why' has no reference", "--answer-field")


def test_a_budget_too_small(run: Run, tmp_path: Path) -> None:
    write(GAMES, tmp_path / "p.jsonl")
    done = run(
        "evaluate", tmp_path / "p.jsonl", "--out", tmp_path / "out", "--strategies", "debate", "--budget", "2", "--json"
    )
    assert done.code == 2
    assert "--budget 2: too small for a single call of debate" in done.err.splitlines()[-1]


@pytest.mark.slow
def test_two_strategies_of_the_bundled_agents(run: Run, tmp_path: Path) -> None:
    write(GAMES, tmp_path / "p.jsonl")
    words = ["evaluate", tmp_path / "p.jsonl", "--out", tmp_path / "out", "--strategies", "debate,oracle"]
    done = run(*words, "--budget", "200,600")
    assert done.code == 0
    assert "200 tokens per problem" in done.out
    assert "critic of debate" in done.out
    again = run(*words, "--budget", "200,600", "--json")
    found = json.loads(again.out)
    assert found == json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert [s["name"] for s in found["strategies"]] == ["debate", "oracle"]
    assert "another comparison" not in again.err
    other = run(*words[:-1], "debate", "--budget", "600", "--json")
    assert other.code == 0
    assert "another comparison (debate, oracle on 2 problems with seed 0 at 200, 600 tokens)" in other.err


def test_figures_of_something_else_are_not_overwritten(run: Run, tmp_path: Path) -> None:
    write(GAMES, tmp_path / "p.jsonl")
    (tmp_path / "table.csv").write_text("mine\n")
    done = run("evaluate", tmp_path / "p.jsonl", "--out", tmp_path, "--strategies", "greedy")
    expect_one_line(done, 2, f"--out {tmp_path}: there is another table.csv in it already; name a new folder")
    assert (tmp_path / "table.csv").read_text() == "mine\n"


def drawn(*parts: object) -> str:
    console = Console(width=140, record=True, file=io.StringIO())
    for part in parts:
        console.print(part)
    return console.export_text()


def test_the_table_says_who_saw_what(tmp_path: Path) -> None:
    strategies = [STRATEGIES["debate"], Strategy("best-of-n", "debate", checker=True, runs_of="leaf-only")]
    settings = {"policy": Enumerator(), "critic": Solver(), "tools": ["countdown"]}
    found, critics = evaluate(
        GAMES, out=tmp_path, strategies=strategies, budgets=(100, 400), seeds=(0, 1), settings=settings
    )
    narrow = drawn(table(found, 400, 60))
    assert "no room for all, requests" in narrow
    assert "…" not in narrow
    text = drawn(table(found, 400, 140), footnotes(found, tmp_path), critic_panel("debate", critics.reports["debate"]))
    row = found.row("debate", 400)
    line = next(line for line in text.splitlines() if line.startswith("debate"))
    assert f"{row.solved.rate:.1%}" in line
    assert f"{row.computed:,.0f}" in line
    assert "best-of-n*" in text
    assert "p best-of-n" in text
    assert "* the exact checker chose" in text
    assert "debate, best-of-n: steps checked by countdown" in text
    assert "debate by seed at 400:" in text
    assert "backtrack precision" in text
    unplayed = [each.model_copy(update={"requests": 0.0, "computed": 0.0, "all": 0.0}) for each in found.rows]
    bare = drawn(table(found.model_copy(update={"rows": tuple(unplayed)}), 400, 140))
    assert next(line for line in bare.splitlines() if line.startswith("debate")).count("–") >= 4 + 1  # and an interval


def test_the_table_marks_estimated_tokens_and_says_so_once(tmp_path: Path) -> None:
    settings = {"policy": Enumerator(), "critic": Solver(), "tools": ["countdown"]}
    found, _ = evaluate(GAMES, out=tmp_path, strategies=[STRATEGIES["debate"]], budgets=(400,), settings=settings)
    assert "~" not in drawn(table(found, 400, 140), footnotes(found, tmp_path))
    guessed = found.model_copy(update={"rows": tuple(r.model_copy(update={"estimated": True}) for r in found.rows)})
    text = drawn(table(guessed, 400, 140), footnotes(guessed, tmp_path))
    assert f"~{found.row('debate', 400).computed:,.0f}" in text
    assert text.count("estimated from the texts") == 1


LABELLED = [
    {"problem": "What is 3 + 4?", "steps": ["3 + 4 = 7, so the answer is 7."], "first_error": None},
    {"problem": "What is 3 + 5?", "steps": ["3 + 5 = 9, so the answer is 9."], "first_error": 0},
]


def test_steps_and_the_tools_alone(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "s.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in LABELLED))
    done = run("check", "steps", file, "--critic", "tools", "--tools", "algebra")
    assert done.code == 0
    for said in ("2 with 2 steps", "first-error F1", "100.0%", "named by the tools"):
        assert said in done.out
    done = run("check", "steps", file, "--critic", "tools", "--tools", "algebra", "--limit", "1", "--json")
    assert json.loads(done.out)["solutions"] == 1
    kept = run("check", "steps", file, "--critic", "tools", "--tools", "algebra", "--out", tmp_path / "run")
    assert "run folder" in kept.out
    assert (tmp_path / "run" / "run.json").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none.jsonl"], ["none.jsonl: no such file"]),
        (["FILE", "--critic", "gpt"], ["'gpt' is not a model"]),
        (["FILE", "--critic", "bundled:countdown"], ["bundled:countdown can't read the problem 's-1'"]),
        (["FILE", "--critic", "tools", "--tools", "oracle"], ["'oracle'"]),
    ],
)
def test_steps_mistakes(run: Run, tmp_path: Path, words: list[str], said: list[str]) -> None:
    file = tmp_path / "s.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in LABELLED))
    done = run("check", "steps", *(str(file) if word == "FILE" else word for word in words), "--json")
    expect_one_line(done, 2, *said)
