"""Rebuild the bundled agents with one command: train them side by side, measure them, write the model card."""

import json
import multiprocessing
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Final

from longthought.agents.model import COMPACT_FILE
from longthought.domains.countdown import countdown_task
from longthought.errors import ConfigError, RunError
from longthought.evaluation.comparison import Comparison
from longthought.evaluation.critic_report import Criticism
from longthought.evaluation.evaluation import evaluate
from longthought.extras import expect_installed
from longthought.problems.countdown import game
from longthought.training.bundled.card import card
from longthought.training.bundled.recipe import BUILDS, Recipe
from longthought.training.destination import expect_new
from longthought.training.record import TrainingRecord

ARMS: Final = ("greedy", "self-critique", "debate", "oracle", "random-critic", "leaf-only")
"""Strategies that the model card compares."""
BUDGET: Final = 2_000
"""Computed tokens that a problem may cost with each strategy."""


def build(
    out: Path, *, agents: str = "countdown", seed: int = 0, scale: float = 1.0, test_problems: int = 1000
) -> Comparison | None:
    """Train policy and critic into `out`, one process each, then the solo agent if there is one.

    A training that was stopped resumes from its last checkpoint. `scale` shortens the training for a trial. The first
    agents, `countdown`, are then measured on held-out problems, and `out/README.md` is written.

    Raises:
        ConfigError: if there are no such agents, `out` holds something else, or can't be written, or a package is
            missing.
        RunError: if a training process fails; its output says why.

    """
    if agents not in BUILDS:
        raise ConfigError(f"`agents` {agents}: there are {', '.join(BUILDS)}")
    expect_installed(("torch", "transformers", "accelerate"), "train", "training the bundled agents", ConfigError)
    recipes = {role: recipe.scaled(scale, seed) for role, recipe in BUILDS[agents].items()}
    if not any((out / role).is_dir() for role in recipes):
        expect_new(out)
    for role, recipe in recipes.items():
        TrainingRecord.open(out / role, asdict(recipe))
    _train_all((recipe for recipe in recipes.values() if recipe.start not in recipes), out)
    _train_all((recipe for recipe in recipes.values() if recipe.start in recipes), out)
    if agents != "countdown":
        return None
    found, critic = measure(out, test_problems)
    facts = {role: json.loads((out / role / COMPACT_FILE).read_text()) for role in recipes}
    (out / "README.md").write_text(card(facts, found, critic))
    return found


def _train_all(recipes: Iterable[Recipe], out: Path) -> None:
    """Train agents that don't build on each other, side by side."""
    processes = [_Training(recipe, out / recipe.role) for recipe in recipes]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        if process.exitcode:
            raise RunError(f"training the {process.name} ended with exit code {process.exitcode}; see its output above")


def measure(agents: Path, test_problems: int) -> tuple[Comparison, Criticism]:
    """Measure trained agents on held-out problems, with the ablations that show what the critic adds."""
    puzzles = game.generate(count=test_problems, split="test", seed=30_000)
    name = f"bundled:{agents}"
    found, critics = evaluate(
        [countdown_task(puzzle) for puzzle in puzzles], out=agents / "evaluation", strategies=ARMS, budgets=(BUDGET,),
        policy=name, critic=name, processes=2,
    )  # fmt: skip
    return found, critics.reports["debate"]


class _Training(multiprocessing.get_context("spawn").Process):
    """One agent's training in a process of its own, so that two cores are used."""

    def __init__(self, recipe: Recipe, out: Path) -> None:
        super().__init__(name=recipe.role)
        self.recipe, self.out = recipe, out

    def run(self) -> None:
        from longthought.training.bundled.train import train

        record = TrainingRecord.open(self.out, asdict(self.recipe))
        if record.finished:
            return
        record.facts = train(self.recipe, record) | {
            "wall_seconds": round(sum(attempt["seconds"] for attempt in record.attempts)),
            "cpu_seconds": round(sum(attempt["cpu_seconds"] for attempt in record.attempts)),
        }
        (self.out / COMPACT_FILE).write_text(json.dumps(record.facts, indent=1))
        record.write()
