"""Whether a model learns more from journeys, with their mistakes and corrections, than from shortcuts.

    python benchmarks/journeys.py                     # every step in order; run it again after a stop
    python benchmarks/journeys.py data journey-0      # some steps; two processes use two cores
    python benchmarks/journeys.py compare             # the table and the plot of the trained arms

`data` lets the bundled agents debate problems of the training split, labels every step by the exact solver and exports
twins: a journey and a shortcut from each tree. Each arm is a thinker trained from the bundled agent that plays both
roles. That agent can propose and judge single steps, and has never written a whole thought:

    journey-SEED          journeys
    shortcut-SEED         their twins, the same number of examples
    shortcut-policy-SEED  the same data, trained from the bundled policy, whose steps are better
    shortcut-long-SEED    the same data, with enough epochs to train on as many tokens as `journey`
    journey-tokens-SEED   fewer journeys, with as many tokens as the shortcuts
    journey-SEED-dpo      the arm of that name, then DPO on its own right and wrong thoughts
    shortcut-SEED-dpo     the same for the shortcuts
    journey-SEED-grpo     the arm of that name, then GRPO on problems that no debate was about
    shortcut-SEED-grpo    the same for the shortcuts

Every step is a command of `longthought`, which is printed before it runs. `compare` gives each arm one rollout on
held-out problems, and shortcuts also a majority vote and a best-of-n that the checker chooses, at the same token
budgets; its plot shows only the first seed. A second table shows how the thoughts ended, which tells wrong sums from
searches that were too short. Learning rates, epochs and temperatures were chosen on the validation split, separately
for journeys and shortcuts.
"""

import argparse
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from experiment import compare, export, problems, run
from rich.console import Console
from rich.table import Table

from longthought.agents.catalogue import bundled_folder
from longthought.evaluation.strategies import MANY, Strategy
from longthought.problems.countdown import game, notation
from longthought.problems.countdown.puzzle import Puzzle
from longthought.thoughts.compact import ReadThought, read_thought
from longthought.trajectories.events import Proposed
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory

DATA = {
    "journey": ("sft-journey", "examples"),
    "shortcut": ("sft-shortcut", "examples"),
    "journey-tokens": ("sft-journey", "tokens"),
}
CONTEXT = 1024


class Arm(NamedTuple):
    """How one kind of thinker is trained and sampled."""

    data: str
    epochs: int
    learning_rate: float
    batch: int
    temperature: float
    base: str | Path = "bundled:countdown"


ARMS = {
    "journey": Arm("journey", 4, 2e-3, 8, 0.7),
    "shortcut": Arm("shortcut", 2, 5e-4, 32, 0.0),
    "shortcut-policy": Arm("shortcut", 2, 5e-4, 32, 0.0, bundled_folder("countdown", "policy")),
    "shortcut-long": Arm("shortcut", 35, 5e-4, 32, 0.0),
    "journey-tokens": Arm("journey-tokens", 20, 2e-3, 8, 0.7),
}
BUDGETS = (64, 128, 256, 512, 1024)


class Experiment:
    """The folders of one experiment, and the commands that fill them."""

    def __init__(self, given: argparse.Namespace) -> None:
        """Keep the options."""
        self.given, self.out = given, given.out

    def data(self) -> None:
        """Play the debates, label them, and export the twins."""
        source, debates = self.out / "problems.jsonl", self.out / "debates"
        problems(source, self.given.debates, self.given.problem_seed)
        run("generate", source, "--out", debates, "--processes", self.given.processes)
        run("label", debates, "--method", "exact")
        for name, (kind, match) in DATA.items():
            export(
                debates, self.out / "data" / name, "--format", kind, "--match", match, "--walk", self.given.walk,
                "--max-length", CONTEXT,
            )  # fmt: skip

    def train(self, arm: str) -> None:
        """Train one arm, or resume its training."""
        if arm.endswith("-dpo"):
            self._prefer(arm.removesuffix("-dpo"))
            return
        if arm.endswith("-grpo"):
            self._reinforce(arm.removesuffix("-grpo"))
            return
        name, _, seed = arm.rpartition("-")
        how = ARMS[name]
        run(
            "train", "sft", self.out / "data" / how.data, "--base", how.base, "--role", "thinker",
            "--epochs", how.epochs, "--learning-rate", how.learning_rate, "--batch", how.batch,
            "--max-length", CONTEXT, "--seed", seed, "--out", self.out / arm,
        )  # fmt: skip

    def _prefer(self, arm: str) -> None:
        source, samples = self.out / "preferences.jsonl", self.out / f"samples-{arm}"
        known = self.out / "problems.jsonl"
        problems(source, self.given.preferences, self.given.problem_seed + 1, besides=known)
        run(
            "generate", source, "--out", samples, "--graph", "sampling", "--samples", 4, "--set", "attempts=1",
            "--policy", f"transformers:{self.out / arm}", "--temperature", 1.0, "--processes", self.given.processes,
        )  # fmt: skip
        data = self.out / "data" / f"{arm}-dpo"
        export(samples, data, "--format", "dpo-policy", "--pair-by", "samples")
        run(
            "train", "dpo", data, "--base", self.out / arm, "--epochs", 1, "--out", self.out / f"{arm}-dpo"
        )  # fmt: skip

    def _reinforce(self, arm: str) -> None:
        source, known = self.out / "reinforcement.jsonl", self.out / "problems.jsonl"
        problems(source, 4000, self.given.problem_seed + 2, besides=known)
        run(
            "train", "grpo", source, "--base", self.out / arm, "--role", "thinker", "--steps", self.given.grpo_steps,
            "--learning-rate", self.given.grpo_learning_rate, "--max-tokens", self.given.grpo_max_tokens,
            "--reward", "accuracy", "--reward", "format=0.1", "--reward", "novelty=0.5", "--credit", "step",
            "--seed", arm.rpartition("-")[2], "--out", self.out / f"{arm}-grpo",
        )  # fmt: skip

    def compare(self, arms: list[str]) -> None:
        """Compare all arms that are trained, and print how their thoughts end."""
        trained = [arm for arm in arms if (self.out / arm / "README.md").exists()]
        folder = self.out / f"compared-{self.given.split}"
        strategies = [s for arm in trained for s in self._strategies(arm)]
        others = [arm for arm in trained for seed in self.given.seeds[1:] if arm.endswith(f"-{seed}")]
        compare(strategies, self.given.split, self.given.test_problems, 30_000, folder, BUDGETS, hidden=others)
        table = Table(
            title="how single thoughts end, %", title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0)
        )
        table.add_column("arm", no_wrap=True)
        for column in (*ENDS, "steps", "wrong turns", "repeated steps"):
            table.add_column(column, justify="right")
        for arm in trained:
            table.add_row(arm, *ends(Run(folder / arm / "seed-0")))
        Console(highlight=False).print(table)

    def _strategies(self, arm: str) -> list[Strategy]:
        policy = {"policy": f"transformers:{self.out / arm}", "tools": ()}
        how = ARMS[arm.removesuffix("-dpo").removesuffix("-grpo").rpartition("-")[0]]
        once = Strategy(arm, "sampling", {**policy, "attempts": 1, "temperature": how.temperature}, "one rollout")
        if arm != f"shortcut-policy-{self.given.seeds[0]}":
            return [once]
        many = Strategy(f"{arm}-majority", "sampling", {**policy, "attempts": MANY, "temperature": 1.0}, "a vote")
        best = Strategy(f"{arm}-best-of-n", "sampling", choice="any right answer", checker=True, runs_of=many.name)
        return [once, many, best]


ENDS = ("right", "wrong sum", "number not at hand", "misses the target", "garbled", "cut off")


def ends(run: Run) -> list[str]:
    """Return the share of thoughts with each end, and mean numbers of steps, wrong turns and repeated steps."""
    endings, steps, turns, again, count = Counter[str](), 0, 0, 0, 0
    for trajectory in run.trajectories():
        text = next((event.text for event in trajectory.events if isinstance(event, Proposed)), "")
        read = read_thought(text)
        endings[_end(trajectory, read, whole=len(text.split()) < CONTEXT - 32)] += 1
        said = [turn.step for turn in read.turns]
        steps, again, count = steps + len(said), again + len(said) - len(set(said)), count + 1
        turns += sum(turn.back_to is not None for turn in read.turns)
    shares = [f"{endings[end] / count:.1%}".removesuffix("%") for end in ENDS]
    return [*shares, f"{steps / count:.1f}", f"{turns / count:.1f}", f"{again / count:.1f}"]


def _end(trajectory: Trajectory, read: ReadThought, *, whole: bool) -> str:
    if trajectory.solved:
        return "right"
    if read.answer is None:
        return "garbled" if read.fault and whole else "cut off"
    puzzle = Puzzle.read(trajectory.problem.statement)
    assert puzzle is not None
    table = Counter(puzzle.numbers)
    for text in read.path:
        step = notation.read_step(text)
        assert step is not None
        if game.apply(step.left, step.operator, step.right) != step.result:
            return "wrong sum"
        table.subtract((step.left, step.right))
        if min(table.values()) < 0:
            return "number not at hand"
        table[step.result] += 1
    return "misses the target"


def main() -> None:
    """Run the steps that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("steps", nargs="*", help="data, names of arms, compare (default: all)")
    parser.add_argument("--out", type=Path, default=Path("runs/journeys"))
    parser.add_argument("--debates", type=int, default=6000)
    parser.add_argument("--problem-seed", type=int, default=40_000)
    parser.add_argument("--walk", default="chronological", choices=("chronological", "depth_first"))
    parser.add_argument(
        "--preferences", type=int, default=600, help="number of problems on which preferences are sampled"
    )
    parser.add_argument("--grpo-steps", type=int, default=100, help="optimiser steps of GRPO, 128 thoughts each")
    parser.add_argument("--grpo-learning-rate", type=float, default=1e-4)
    parser.add_argument("--grpo-max-tokens", type=int, default=480)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--split", default="test", choices=("test", "validation"))
    parser.add_argument("--test-problems", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    arms = [f"{name}-{seed}" for seed in given.seeds for name in ARMS]
    arms += [f"{name}-{given.seeds[0]}-dpo" for name in ("journey", "shortcut")]
    arms += [f"{name}-{seed}-grpo" for seed in given.seeds for name in ("journey", "shortcut")]
    experiment = Experiment(given)
    for step in given.steps or ["data", *arms, "compare"]:
        if step == "data":
            experiment.data()
        elif step == "compare":
            experiment.compare(arms)
        elif step in arms:
            experiment.train(step)
        else:
            parser.error(f"unknown step {step!r}: there are data, {', '.join(arms)}, compare")


if __name__ == "__main__":
    main()
