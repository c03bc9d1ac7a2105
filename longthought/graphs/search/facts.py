"""The facts that a strategy is told, and the answers that it gives, as plain values.

A fact is the part of one event that concerns the shape of the tree and the value of its nodes. A strategy learns
nothing of texts, models, tools and costs.
"""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Selected:
    """The search goes on from a node."""

    number: int
    """The number of the selection, unique in a search."""
    node: int
    width: int
    """Number of steps asked for."""
    path: tuple[int, ...]
    """From the problem to the node, both included."""
    rollout: bool = False
    """Whether the node is only played out, to find its value."""


@dataclass(frozen=True, slots=True)
class Grown:
    """A step was proposed: a new node, or an existing one that is now reached by another path."""

    number: int
    """The number of the selection that it comes from."""
    parent: int
    node: int
    answered: bool = False
    merged: bool = False


@dataclass(frozen=True, slots=True)
class Expanded:
    """All steps that a selection asked for have been proposed."""

    number: int
    node: int
    barren: bool = False
    """Whether there were none."""


@dataclass(frozen=True, slots=True)
class Scored:
    """The critic gave a node a probability."""

    node: int
    score: float


@dataclass(frozen=True, slots=True)
class Dead:
    """A node is never expanded again: it was rejected, refuted, pruned, or got no usable verdict."""

    node: int


Fact: TypeAlias = Selected | Grown | Expanded | Scored | Dead


@dataclass(frozen=True, slots=True)
class Expansion:
    """An answer: expand a node."""

    node: int
    width: int
    path: tuple[int, ...]
    """From the problem to the node, both included."""
    reason: str
    rollout: bool = False


@dataclass(frozen=True, slots=True)
class Pruning:
    """An answer: give up these nodes for others."""

    nodes: tuple[int, ...]
    reason: str
