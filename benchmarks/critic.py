"""What is the critic worth? The same policy with it, without it, and with better and worse ones, on held-out problems.

    python benchmarks/critic.py --problems 1000 --out runs/critic-worth

Resumable: run it again after a stop. The same as `longthought evaluate` with these strategies, and the CPU it took.
"""

import argparse
import resource
from pathlib import Path

from rich.console import Console

from longthought.cli.comparison import critic_panel, footnotes, table
from longthought.evaluation.evaluation import evaluate
from longthought.evaluation.plays import Plan
from longthought.evaluation.saving import save
from longthought.evaluation.strategies import STRATEGIES, chosen
from longthought.problems import countdown
from longthought.problems.loader import countdown_task

ARMS = ("greedy", "debate", "oracle", "random-critic", "leaf-only")


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
    parser.add_argument("--budget", type=int, default=4_000, help="computed tokens that a problem may cost")
    parser.add_argument("--arms", nargs="+", default=ARMS, choices=STRATEGIES)
    given = parser.parse_args()
    puzzles = countdown.generate(count=given.problems, split=given.split, seed=given.seed)
    settings = {"policy": given.policy, "critic": given.critic, "temperature": given.temperature}
    plan = Plan(chosen(given.arms), [countdown_task(p) for p in puzzles], given.out, [given.budget], settings=settings)
    found, critics = evaluate(plan, processes=2)
    save(found, critics, given.out)
    console = Console(highlight=False)
    console.print(table(found, given.budget, console.width), footnotes(found, given.out))
    for name, report in critics.reports.items():
        console.print(critic_panel(name, report))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"CPU {used.ru_utime + used.ru_stime:.0f} s")


if __name__ == "__main__":
    main()
