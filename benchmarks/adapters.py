"""Two LoRA adapters on one base, policy and critic, debate with each other on one vLLM server.

    python benchmarks/journeys.py data && python benchmarks/critics.py weak      # debates, and a base to start from
    .ci/vllm DIR && python benchmarks/adapters.py --vllm DIR

The base is the agent for both roles that `critics.py weak` trains from nothing, with a tenth of the bundled agents'
training steps. Debates of the bundled agents give two data sets, the policy's steps and the critic's verdicts, and each
data set trains one adapter. Then the base debates with itself on held-out problems, and the adapters debate with each
other, both on a server that `longthought generate --serve-vllm` starts and stops.
"""

import argparse
import os
from pathlib import Path

from babble import ON_A_CPU
from experiment import export, run

from longthought.statistics import share
from longthought.trajectories.run import Run

STEPS = {"policy": 4000, "critic": 1000}
"""Optimiser steps of 32 examples each, by role; a policy's examples are short."""


def main() -> None:
    """Run every step of the experiment that is not done yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vllm", type=Path, required=True, help="virtual environment with vLLM, as .ci/vllm makes it")
    parser.add_argument("--debates", type=Path, default=Path("runs/journeys/debates"))
    parser.add_argument("--base", type=Path, default=Path("runs/critics/weak/solo"))
    parser.add_argument("--out", type=Path, default=Path("runs/adapters"))
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--test-problems", type=int, default=100)
    given = parser.parse_args()
    out, tuned = given.out, ("--base", given.base, "--lora-rank", given.rank, "--learning-rate", 1e-3)
    os.environ.update(ON_A_CPU)
    os.environ["PATH"] = f"{given.vllm.resolve() / 'bin'}{os.pathsep}{os.environ['PATH']}"
    for role, steps in STEPS.items():
        export(given.debates, out / "data" / role, "--format", role)
        run("train", "sft", out / "data" / role, *tuned, "--steps", steps, "--out", out / role)
    test = out / "test.jsonl"
    if not test.exists():
        run(
            "problems", "countdown", "--count", given.test_problems, "--split", "test", "--seed", 60_000, "--out", test
        )  # fmt: skip
    served = f"{given.base} --served-model-name base --enforce-eager"
    adapters = " ".join(f"{role}={out / role}" for role in STEPS)
    debate(test, out / "base-debates", served, "base", "base")
    debate(test, out / "adapters-debate", f"{served} --enable-lora --lora-modules {adapters}", *STEPS)


def debate(test: Path, out: Path, served: str, policy: str, critic: str) -> None:
    """Let two served models debate, and print the share of problems solved and the tokens per problem."""
    agents = ("--policy", f"openai:{policy}", "--critic", f"openai:{critic}", "--dialect", "compact")
    run("generate", test, "--out", out, "--serve-vllm", served, *agents)
    debates = list(Run(out).trajectories())
    solved = share(sum(debate.solved is True for debate in debates), len(debates))
    tokens = sum(debate.usage.total.computed for debate in debates) / len(debates)
    print(f"{out.name}: {solved.value:.1%} [{solved.low:.1%}, {solved.high:.1%}], {tokens:.0f} tokens per problem")


if __name__ == "__main__":
    main()
