"""Measure how well Monte-Carlo labels agree with an exact solver, and what they cost, by number of continuations.

    python benchmarks/labels.py [--problems 200] [--samples 32] [--out runs/labels]

The bundled agents debate held-out Countdown problems. Every step except the last of a path is labelled twice: by the
solver, and by the first 1, 2, 4, … continuations of the policy alone. A step counts as live if one continuation ends in
a right answer, so a live step can be missed, and a dead step is never called live. The 95 % Wilson intervals allow for
the similarity of steps from one debate. Run the script again after a stop.
"""

import argparse
from collections import Counter, defaultdict
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

import longthought as lt
from longthought.domains.countdown import countdown_task
from longthought.labels.exact import exact_labels
from longthought.labels.job import label
from longthought.problems.countdown import game
from longthought.statistics import auroc, clustered
from longthought.trajectories.run import Run


def main() -> None:
    """Play the debates, label them in both ways, and compare the labels."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--samples", type=int, default=32, help="number of continuations of each step")
    parser.add_argument("--split", default="validation", choices=("train", "validation", "test"))
    parser.add_argument("--seed", type=int, default=50_000)
    parser.add_argument("--out", type=Path, default=Path("runs/labels"))
    given = parser.parse_args()
    tasks = [countdown_task(p) for p in game.generate(count=given.problems, split=given.split, seed=given.seed)]
    for _ in track(lt.generate(tasks, out=given.out), "debates", len(tasks)):
        pass
    label(given.out, method="monte-carlo", trials=given.samples)

    truth = {
        (debate.id, exact.node): exact.live
        for debate in Run(given.out).trajectories()
        for exact in exact_labels(debate)
    }
    hits: defaultdict[tuple[str, int], dict[int, bool]] = defaultdict(dict)
    tokens = 0
    for continuation in Run(given.out / f"continuations-{given.samples}").trajectories():
        first = continuation.tree.started
        assert first is not None and first.parent is not None  # noqa: PT018
        hits[first.parent.trajectory, first.parent.node][first.sample] = continuation.solved is True
        tokens += continuation.tree.policy_usage.computed
    report(truth, hits, tokens, given.samples)


def report(
    truth: dict[tuple[str, int], bool | None], hits: dict[tuple[str, int], dict[int, bool]], tokens: int, samples: int
) -> None:
    """Print a row for 1, 2, 4, … continuations per step."""
    live = [key for key in hits if truth[key]]
    dead = [key for key in hits if truth[key] is False]
    table = Table(title=f"{len(live):,} live and {len(dead):,} dead steps of {len({t for t, _ in hits}):,} debates")
    for column in ("continuations", "agree %", "live steps found %", "AUROC of the share", "tokens per step"):
        table.add_column(column, justify="right")
    k = 1
    while k <= samples:
        values = {key: sum(found[n] for n in range(k)) / k for key, found in hits.items()}
        assert not any(values[key] for key in dead)
        agree = [(key, (values[key] > 0) == truth[key]) for key in (*live, *dead)]
        table.add_row(
            f"{k}", _interval(agree), _interval([(key, values[key] > 0) for key in live]),
            f"{auroc([values[key] for key in live], [values[key] for key in dead]):.3f}",
            f"{tokens * k / samples / len(hits):,.0f}",
        )  # fmt: skip
        k *= 2
    Console(highlight=False).print(table)


def _interval(found: list[tuple[tuple[str, int], bool]]) -> str:
    """Return a share of steps with its interval, clustered by debate."""
    hits, steps = Counter[str](), Counter[str]()
    for (debate, _), hit in found:
        hits[debate] += hit
        steps[debate] += 1
    agreement = clustered([hits[debate] for debate in steps], list(steps.values()))
    return f"{agreement.value:.1%} [{agreement.low:.1%}, {agreement.high:.1%}]".replace("%", "")


if __name__ == "__main__":
    main()
