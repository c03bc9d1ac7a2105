"""What reinforcement in whole debates teaches, arm by arm, on numbers that the agents don't know.

    python benchmarks/rewarded.py                     # every step in order; run it again after a stop
    python benchmarks/rewarded.py policy critic       # some steps; two processes use two cores
    python benchmarks/rewarded.py compare             # the table of the trained arms

The bundled agents know four numbers up to 20. Here they learn on four numbers up to 40, in debates of at most 500
tokens of both agents. Each arm is a command of `longthought train grpo`, which is printed before it runs:

    policy          the policy, paid by steps, with the critic as it is
    critic          the critic, paid for its reasons, and by the solver for its verdicts, on the single turns of
                    debates with the policy of `policy`
    policy-again    the policy of `policy`, with the critic of `critic`
    critic-whole    as `critic`, in whole debates
    policy-outcome  as `policy`, but every turn is paid by the outcome of its debate
    policy-exact    as `policy`, but the solver tells what a step is worth
    policy-choice   as `policy`, but the reward credits the tokens that choose the move alone
    policy-tools    as `policy`, but there is no critic: what no tool refutes is accepted
    policy-random   as `policy`, but the critic's verdicts are drawn as often as those of the bundled one

`compare` lets the agents debate held-out problems of the same kind, at equal tokens.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from experiment import compare, problems, run

from longthought.evaluation.strategies import Strategy

BUDGETS = (500, 1000, 2000)
LARGEST = 40
BUNDLED = "bundled:countdown"


class Experiment:
    """The folders of one experiment, and the commands that fill them."""

    def __init__(self, given: argparse.Namespace) -> None:
        """Keep the options."""
        self.given, self.out = given, given.out
        policy, critic = self._trained("policy"), self._trained("critic")
        usual = ("--role", "policy", "--base", BUNDLED)
        judges = ("--role", "critic", "--base", BUNDLED, "--reward", "verdict", "--reward", "reason")
        self.arms: dict[str, tuple[object, ...]] = {
            "policy": usual,
            "critic": (*judges, "--unknown"),
            "policy-again": ("--role", "policy", "--base", self.out / "policy", "--partner", critic),
            "critic-whole": (*judges, "--partner", policy, "--label", "exact"),
            "policy-outcome": (*usual, "--reward", "outcome", "--reward", "format=0.5"),
            "policy-exact": (*usual, "--label", "exact"),
            "policy-choice": (*usual, "--credit", "choice"),
            "policy-tools": (*usual, "--partner", "tools"),
            "policy-random": (*usual, "--partner", f"random:{self.out / 'bundled'}"),
        }  # fmt: skip
        self.pairs = {
            "bundled": (BUNDLED, BUNDLED),
            "critic": (BUNDLED, critic),
            "both": (policy, critic),
            "both-whole": (policy, self._trained("critic-whole")),
            "again": (self._trained("policy-again"), critic),
        } | {arm: (self._trained(arm), BUNDLED) for arm in self.arms if "critic" not in arm}

    def _trained(self, arm: str) -> str:
        return f"transformers:{self.out / arm}"

    def train(self, arm: str) -> None:
        """Train one arm, or resume its training."""
        source = problems(self.out / "problems.jsonl", self.given.problems, 61_000, max_number=LARGEST)
        if arm == "critic":
            debates = self._played("debates", source, "--policy", self._trained("policy"), "--set", "computed=1500")
            run("label", debates, "--method", "exact")
            steps = self.given.steps_of_arm * 10
            self._reinforce(arm, debates, "--batch", 256, "--steps", steps, "--learning-rate", 5e-4)
            return
        if arm == "policy-random":
            self._played("bundled", source)
        steps, rate = self.given.steps_of_arm, self.given.learning_rate
        self._reinforce(arm, source, "--computed", 500, "--steps", steps, "--learning-rate", rate)

    def _played(self, name: str, besides: Path, *how: object) -> Path:
        """Let agents debate other problems, and return the run."""
        file, count = self.out / "debated.jsonl", self.given.debates
        some = problems(file, count, 62_000, besides=besides, max_number=LARGEST)
        run("generate", some, *how, "--out", self.out / name)
        return self.out / name

    def _reinforce(self, arm: str, source: Path, *how: object) -> None:
        run("train", "grpo", source, *self.arms[arm], *how, "--seed", self.given.seed, "--out", self.out / arm)

    def compare(self, names: Sequence[str]) -> None:
        """Let the pairs of agents that are trained debate the same problems, and print the table."""
        strategies = [
            Strategy(name, "debate", {"policy": policy, "critic": critic}, "the graph's own")
            for name in names
            for policy, critic in [self.pairs[name]]
            if all(one == BUNDLED or Path(one.partition(":")[2], "README.md").exists() for one in (policy, critic))
        ]
        folder = self.out / f"compared-{self.given.split}"
        count, seed = self.given.test_problems, self.given.test_seed
        compare(strategies, self.given.split, count, seed, folder, BUDGETS, max_number=LARGEST)


def main() -> None:
    """Run the steps that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("steps", nargs="*", help="names of arms, compare (default: all)")
    parser.add_argument("--out", type=Path, default=Path("runs/rewarded"))
    parser.add_argument("--problems", type=int, default=12_000)
    parser.add_argument("--debates", type=int, default=1000, help="debates whose single turns the critic learns on")
    parser.add_argument("--steps-of-arm", type=int, default=80, help="optimiser steps of 128 debates each")
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", default="test", choices=("test", "validation"))
    parser.add_argument("--test-problems", type=int, default=500)
    parser.add_argument("--test-seed", type=int, default=37_000)
    given = parser.parse_args()
    experiment = Experiment(given)
    for step in given.steps or [*experiment.arms, "compare"]:
        if step == "compare":
            experiment.compare(list(experiment.pairs))
        elif step in experiment.arms:
            experiment.train(step)
        else:
            parser.error(f"unknown step {step!r}: there are {', '.join(experiment.arms)}, compare")


if __name__ == "__main__":
    main()
