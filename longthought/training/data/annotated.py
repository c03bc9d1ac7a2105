"""A debate with all that is known of its steps, from which rows are made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from longthought.labels.label import Label, LabelBook
from longthought.labels.outcomes import lives
from longthought.training.data.rewrites import Rewrite, RewriteBook
from longthought.training.data.rows import RowOrigin
from longthought.trajectories.events import AnyEvent, Verdict
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Tree


@dataclass(frozen=True)
class AnnotatedDebate:
    """A debate, with the labels and rewrites that stand beside its log."""

    trajectory: Trajectory
    labels: Mapping[int, Label]
    source: RowOrigin
    lives: Mapping[int, bool]
    """Whether each step leads to a right answer, where that is known."""
    rewrites: Mapping[str, Rewrite] | None = None
    """Accepted rewrites by the fingerprint of the plain journey; None if journeys are exported plain."""

    def value(self, node: int) -> float | None:
        """Return the probability of a right answer from a step; None unless its label has one and fits `lives`."""
        label = self.labels.get(node)
        return label.value if label and label.live is self.lives.get(node) else None

    def at(self, node: int) -> RowOrigin:
        """Return where a row about a node comes from."""
        return replace(self.source, node=node)


class RunAnnotations:
    """The labels and rewrites that stand beside the log of a run."""

    def __init__(self, run: Path, *, rewritten: bool) -> None:
        """Open the labels of a run, and its rewrites if they are wanted.

        Raises:
            RunFolderError: if they can't be read.

        """
        self.labels = LabelBook(run)
        self.rewrites = RewriteBook(run) if rewritten else None

    def annotate(self, trajectory: Trajectory, source: RowOrigin) -> AnnotatedDebate:
        """Combine a debate with its labels, its outcome and its rewrites."""
        labels = self.labels.of(trajectory.id)
        rewrites = None if self.rewrites is None else self.rewrites.of(trajectory.id)
        return AnnotatedDebate(trajectory, labels, source, lives(trajectory, labels), rewrites)


def replay(trajectory: Trajectory) -> Iterator[tuple[AnyEvent, Tree]]:
    """Yield every event with the tree as it was before the event."""
    tree = Tree()
    for event in trajectory.events:
        yield event, tree
        tree.apply(event)


def agrees(verdict: Verdict, live: bool) -> bool:
    """Say whether a verdict fits where a step leads; a doubt fits one that leads nowhere."""
    return verdict.action.accepts == live
