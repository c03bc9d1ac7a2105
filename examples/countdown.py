"""Countdown from end to end: debates, labels, a data set, a training, and what the thinker solves alone.

`python examples/countdown.py` takes about ten minutes of CPU; each stage resumes if it was stopped.
"""

from pathlib import Path

import longthought as lt
from longthought.domains.countdown import countdown_task
from longthought.problems.countdown.game import Split, generate


def main(out: Path, count: int = 1000, epochs: float = 4) -> tuple[int, int]:
    """Train a thinker on debates; return how many test problems it solves with one thought each, and their number."""
    lessons, tests = problems(count, "train"), problems(max(count // 10, 1), "test")
    for _ in lt.generate(lessons, out=out / "debates"):  # both bundled agents
        pass
    lt.label(out / "debates", method="exact")  # by the solver: which steps can still reach the target
    if not (out / "journeys").exists():
        lt.export(out / "debates", out / "journeys", formats="sft-journey", walk="chronological")
    lt.train(
        out / "journeys", out / "thinker", base="bundled:countdown", max_length=1024, batch=8, epochs=epochs,
        learning_rate=2e-3,
    )  # fmt: skip
    thinker = f"transformers:{out / 'thinker'}"
    for _ in lt.generate(tests, out=out / "thoughts", graph="sampling", attempts=1, policy=thinker, tools=[]):
        pass
    solved = [thought.solved is True for thought in lt.Run(out / "thoughts").trajectories()]
    return sum(solved), len(solved)


def problems(count: int, split: Split) -> list[lt.Task]:
    """Write problems of four numbers; no multiset of numbers is in two splits."""
    return [countdown_task(puzzle) for puzzle in generate(count=count, split=split)]


if __name__ == "__main__":
    print("{} of {} solved".format(*main(Path("runs/countdown"))))
