"""What the experiments share: commands that are printed before they run, and comparisons that are printed after."""

import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from longthought.cli.render.comparison import critic_panel, footnotes, table
from longthought.domains.countdown import countdown_task
from longthought.domains.loader import load, write
from longthought.evaluation.evaluation import evaluate
from longthought.evaluation.plots import draw
from longthought.evaluation.strategies import Strategy
from longthought.problems.countdown import game

LONGTHOUGHT = str(Path(sys.executable).with_name("longthought"))


def run(*command: object) -> None:
    """Run `longthought` with these words, and exit with its code if it fails."""
    words = [str(word) for word in command]
    print(f"$ {shlex.join(['longthought', *words])}", flush=True)
    if code := subprocess.run([LONGTHOUGHT, *words], check=False).returncode:
        sys.exit(code)


def problems(path: Path, count: int, seed: int, *, besides: Path | None = None, max_number: int = 20) -> Path:
    """Write Countdown problems of the training split that are not in `besides`, unless the file exists."""
    if not path.exists():
        drawn = path.with_name(f"{path.name}.draft")
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = ("--max-number", max_number, "--split", "train")
        run("problems", "countdown", "--count", count, *kind, "--seed", seed, "--out", drawn)
        known = {task.problem.id for task in load(besides)} if besides else set[str]()
        write((task for task in load(drawn) if task.problem.id not in known), path)
        drawn.unlink()
    return path


def export(debates: Path, out: Path, *how: object) -> None:
    """Export a data set from a run, unless it exists."""
    if not (out / "meta.json").exists():
        run("export", debates, *how, "--out", out)


def compare(
    strategies: Sequence[Strategy], split: game.Split, count: int, seed: int, folder: Path, budgets: Sequence[int],
    hidden: Sequence[str] = (), max_number: int = 20,
) -> None:  # fmt: skip
    """Play strategies on held-out problems, and print and draw the results; the plot leaves out `hidden`."""
    puzzles = game.generate(count=count, split=split, seed=seed, max_number=max_number)
    tasks = [countdown_task(puzzle) for puzzle in puzzles]
    comparison, critics = evaluate(tasks, out=folder, strategies=strategies, budgets=budgets)
    shown = tuple(entrant for entrant in comparison.strategies if entrant.name not in hidden)
    draw(comparison.model_copy(update={"strategies": shown}), critics, folder)
    console = Console(highlight=False)
    for budget in budgets:
        console.print(table(comparison, budget, console.width))
    console.print(footnotes(comparison, folder))
    for name, report in critics.reports.items():
        console.print(critic_panel(name, report))
