"""The labels that a person should look at: the queue of a review."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from longthought.labels.label import Label, LabelBook, Method
from longthought.labels.outcomes import settled
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory


def doubtful(run: Run, book: LabelBook, *, everything: bool = False) -> Iterator[Label]:
    """Yield the labels that a person should look at and has not, the most uncertain of a debate first.

    Steps that a tool or a right answer has settled are left out, and so are labels of steps that the debate lacks. With
    `everything`, settled steps stay in, and labels that are not doubtful follow those that are.
    """
    for name in run.ids():
        yield from doubtful_steps(book.of(name), partial(run.trajectory, name), everything=everything)


def doubtful_steps(
    labels: Mapping[int, Label], trajectory: Callable[[], Trajectory], *, everything: bool = False
) -> list[Label]:
    """Return the labels of one debate that a person should look at, as `doubtful` does.

    Args:
        labels: The label that counts on each node.
        trajectory: Reads the debate; called only if a label may be doubtful.
        everything: See `doubtful`.

    """
    queue = [label for label in labels.values() if label.method is not Method.HUMAN]
    queue = [label for label in queue if everything or label.doubtful]
    if not queue:
        return []
    debate = trajectory()
    known = {} if everything else settled(debate, labels)
    queue = [label for label in queue if label.node not in known and label.node < len(debate.tree.nodes)]
    return sorted(queue, key=lambda label: (not label.doubtful, abs((label.value or 0.5) - 0.5), label.node))
