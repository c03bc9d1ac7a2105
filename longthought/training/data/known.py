"""A debate with all that is known of its steps, as the formats take it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from longthought.training.data.labels import Label
from longthought.training.data.outcomes import lives
from longthought.training.data.rows import Source
from longthought.trajectories.events import Action, AnyEvent, Verdict
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Tree

HOPEFUL: Final = frozenset({Action.CONTINUE, Action.TERMINATE})
"""Actions by which a critic accepts a step."""


@dataclass(frozen=True)
class Known:
    """A debate and what is known of its steps."""

    trajectory: Trajectory
    labels: Mapping[int, Label]
    source: Source
    lives: Mapping[int, bool]

    @classmethod
    def of(cls, trajectory: Trajectory, labels: Mapping[int, Label], source: Source) -> "Known":
        """Put together what labels and the outcome say."""
        return cls(trajectory, labels, source, lives(trajectory, labels))

    def value(self, node: int) -> float | None:
        """Return how likely a right answer is from a step, if its label knows and fits what is known of it."""
        label = self.labels.get(node)
        return label.value if label and label.live is self.lives.get(node) else None

    def at(self, node: int) -> Source:
        """Return where a row about a node comes from."""
        return replace(self.source, node=node)


def replay(trajectory: Trajectory) -> Iterator[tuple[AnyEvent, Tree]]:
    """Yield every event with the tree as it was before it."""
    tree = Tree()
    for event in trajectory.events:
        yield event, tree
        tree.apply(event)


def agrees(verdict: Verdict, live: bool) -> bool:
    """Say whether a verdict fits where a step leads; a doubt fits one that leads nowhere."""
    return (verdict.action in HOPEFUL) == live
