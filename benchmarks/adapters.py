"""Both roles as LoRA adapters on one base, served by one vLLM server, in debate with one another.

    python benchmarks/journeys.py data && python benchmarks/critics.py weak      # debates, and a base to begin from
    .ci/vllm DIR && python benchmarks/adapters.py --vllm DIR

The base is the agent of both roles that `critics.py weak` trains from nothing for a tenth of the bundled one's steps.
From debates of the bundled agents come two data sets, the steps of the policy and the verdicts of the critic, and from
each an adapter. Then the base debates with itself on held-out problems, and after that the adapters with each other,
through the same server: `longthought generate --serve-vllm` starts it, and stops it afterwards.
"""

import argparse
import os
from pathlib import Path

from babble import ON_A_CPU
from experiment import export, run

from longthought.statistics import share
from longthought.trajectories.run import Run

STEPS = {"policy": 4000, "critic": 1000}
"""Of 32 examples; a policy's are short."""


def main() -> None:
    """Do it all, or go on with it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vllm", type=Path, required=True, help="environment of vLLM, as .ci/vllm makes it")
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
    """Have two served models debate, and say how often they were right."""
    agents = ("--policy", f"openai:{policy}", "--critic", f"openai:{critic}", "--dialect", "compact")
    run("generate", test, "--out", out, "--serve-vllm", served, *agents)
    debates = list(Run(out).trajectories())
    solved = share(sum(debate.solved is True for debate in debates), len(debates))
    tokens = sum(debate.usage.total.computed for debate in debates) / len(debates)
    print(f"{out.name}: {solved.value:.1%} [{solved.low:.1%}, {solved.high:.1%}], {tokens:.0f} tokens a problem")


if __name__ == "__main__":
    main()
