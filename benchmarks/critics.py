"""What a critic learns from its own debates after the exact solver has labelled the steps.

    python benchmarks/critics.py               # every step in order; run it again after a stop
    python benchmarks/critics.py compare       # the table of the trained critics

`weak` trains the bundled agents with a tenth of their training steps. `data` lets the bundled policy debate with the
weak critic on problems of the training split, and labels every step by the exact solver. `tuned` fine-tunes the weak
critic on the right verdicts for the steps it judged; `scorer` trains a head that scores each step instead. `compare`
lets the same policy debate with each of these critics and with the bundled critic, on held-out problems and at equal
tokens. Learning rates and epochs were chosen on the validation split.
"""

import argparse
from pathlib import Path

from experiment import compare, export, problems, run

from longthought.evaluation.strategies import Strategy

BUDGETS = (500, 1000, 2000)


def main() -> None:
    """Run the steps that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("steps", nargs="*", help="weak, data, tuned, scorer, compare (default: all)")
    parser.add_argument("--out", type=Path, default=Path("runs/critics"))
    parser.add_argument(
        "--scale", type=float, default=0.1, help="share of the bundled agents' training steps for the weak critic"
    )
    parser.add_argument("--debates", type=int, default=2000)
    parser.add_argument("--split", default="test", choices=("test", "validation"))
    parser.add_argument("--test-problems", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    out, weak = given.out, f"bundled:{given.out / 'weak'}"
    steps = ("weak", "data", "tuned", "scorer", "compare")
    for step in given.steps or steps:
        match step:
            case "weak":
                run("train", "bundled", "--scale", given.scale, "--test-problems", 20, "--out", out / "weak")
            case "data":
                data(out, weak, given)
            case "tuned":
                how = ("--base", out / "weak" / "critic", "--epochs", 6, "--learning-rate", 1e-3)
                run("train", "sft", out / "data" / "critic", *how, "--out", out / "tuned")
            case "scorer":
                how = ("--base", out / "weak" / "critic", "--epochs", 2)
                run("train", "scorer", out / "data" / "step-labels", *how, "--out", out / "scorer")
            case "compare":
                critics = {
                    "weak": weak,
                    "tuned": f"transformers:{out / 'tuned'}",
                    "scorer": f"scorer:{out / 'scorer'}",
                    "bundled": "bundled:countdown",
                }
                strategies = [
                    Strategy(name, "debate", {"critic": critic}, "the graph's own") for name, critic in critics.items()
                ]
                compare(strategies, given.split, given.test_problems, 30_000, out / f"compared-{given.split}", BUDGETS)
            case _:
                parser.error(f"unknown step {step!r}: there are {', '.join(steps)}")


def data(out: Path, weak: str, given: argparse.Namespace) -> None:
    """Play the debates, label them, and export the data sets of both critics."""
    source = problems(out / "problems.jsonl", given.debates, 60_000)
    run("generate", source, "--out", out / "debates", "--critic", weak, "--processes", given.processes)
    run("label", out / "debates", "--method", "exact")
    for kind in ("critic", "step-labels"):
        export(out / "debates", out / "data" / kind, "--format", kind)


if __name__ == "__main__":
    main()
