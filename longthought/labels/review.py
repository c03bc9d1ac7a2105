"""The labels that a person should look at: the queue of a review."""

from collections.abc import Iterator

from longthought.labels.label import Label, LabelBook, Method
from longthought.labels.outcomes import settled
from longthought.trajectories.run import Run


def doubtful(run: Run, book: LabelBook, *, everything: bool = False) -> Iterator[Label]:
    """Yield the labels that a person should look at and has not, the most uncertain of a debate first.

    What a tool or a right answer has settled needs no look, and a label of a step that the debate lacks has nothing to
    look at. With `everything`, steps that are not doubtful follow those that are.
    """
    for name in run.ids():
        best = book.of(name)
        wanted = [one for one in best.values() if one.method is not Method.HUMAN and (everything or one.doubtful)]
        if not wanted:
            continue
        trajectory = run.trajectory(name)
        known = {} if everything else settled(trajectory, best)
        wanted = [one for one in wanted if one.node not in known and one.node < len(trajectory.tree.nodes)]
        yield from sorted(wanted, key=lambda label: (not label.doubtful, abs((label.value or 0.5) - 0.5), label.node))
