"""The labels that a person should look at: the queue of a review."""

from collections.abc import Iterator

from longthought.labels.label import Label, LabelBook, Method
from longthought.labels.outcomes import settled
from longthought.trajectories.run import Run


def doubtful(run: Run, book: LabelBook, *, everything: bool = False) -> Iterator[Label]:
    """Yield the labels that a person should look at and has not, the most uncertain of a debate first.

    Steps that a tool or a right answer has settled are left out, and so are labels of steps that the debate lacks. With
    `everything`, settled steps stay in, and labels that are not doubtful follow those that are.
    """
    for name in run.ids():
        labels = book.of(name)
        queue = [label for label in labels.values() if label.method is not Method.HUMAN]
        queue = [label for label in queue if everything or label.doubtful]
        if not queue:
            continue
        trajectory = run.trajectory(name)
        known = {} if everything else settled(trajectory, labels)
        queue = [label for label in queue if label.node not in known and label.node < len(trajectory.tree.nodes)]
        yield from sorted(queue, key=lambda label: (not label.doubtful, abs((label.value or 0.5) - 0.5), label.node))
