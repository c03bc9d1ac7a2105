"""What is the critic worth? The same policy with it, without it, and with better and worse ones, on held-out problems.

    python benchmarks/critic.py --problems 1000 --out runs/critic-worth

Resumable: run it again after a stop. Writes `worth.json` beside the runs and prints the tables.
"""

import argparse
import resource
from pathlib import Path

from longthought.evaluation.worth import ARMS, Bench, Pair, measure
from longthought.problems import countdown
from longthought.problems.loader import countdown_task


def main() -> None:
    """Run every arm and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/critic-worth"))
    parser.add_argument("--problems", type=int, default=1000)
    parser.add_argument("--split", default="test", choices=("test", "validation"))
    parser.add_argument("--seed", type=int, default=20_000)
    parser.add_argument("--policy", default="bundled:countdown")
    parser.add_argument("--critic", default="bundled:countdown")
    parser.add_argument("--temperature", type=float, help="of the policy; by default its own")
    parser.add_argument("--arms", nargs="+", default=ARMS, choices=ARMS)
    given = parser.parse_args()
    puzzles = countdown.generate(count=given.problems, split=given.split, seed=given.seed)
    bench = Bench([countdown_task(puzzle) for puzzle in puzzles], given.out)
    worth = measure(bench, Pair(given.policy, given.critic, given.temperature), given.arms)
    (given.out / "worth.json").write_text(worth.model_dump_json(indent=1))
    print(f"{'arm':<10} {'solved':>7}  95 % interval     tokens  computed  rounds   p (against debate)")
    for arm in worth.arms:
        p = "" if arm.p_value is None else f"{arm.p_value:.2g}"
        print(
            f"{arm.arm:<10} {arm.rate:>7.1%}  [{arm.low:.1%}, {arm.high:.1%}]  {arm.tokens:>7,.0f}  "
            f"{arm.computed:>8,.0f}  {arm.rounds:>6.1f}   {p}"
        )
        print(f"{'':<10} unseen targets: {arm.unseen_targets}")
    for name, value in worth.critic.model_dump().items():
        print(f"critic {name.replace('_', ' ')}: {value}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"CPU {used.ru_utime + used.ru_stime:.0f} s")


if __name__ == "__main__":
    main()
