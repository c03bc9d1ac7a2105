"""What a strategy is told, and what it answers: plain values.

A fact is what one event of a log says about the shape of a tree and the worth of its nodes. Texts, models, tools and
money are not a strategy's business, so none of it is here.
"""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Selected:
    """The search goes on from a node."""

    number: int
    """Which selection; no other has the number."""
    node: int
    width: int
    """Steps that are asked for."""
    path: tuple[int, ...]
    """From the problem to the node, both included."""
    rollout: bool = False
    """Whether the node is only played out, to see what it is worth."""


@dataclass(frozen=True, slots=True)
class Grown:
    """A step was proposed: a new node, or a known one that is now reached on another path."""

    number: int
    """The selection it comes from."""
    parent: int
    node: int
    answered: bool = False
    merged: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """All that a selection asked for is there."""

    number: int
    node: int
    barren: bool = False
    """Whether it was nothing."""


@dataclass(frozen=True, slots=True)
class Scored:
    """The critic gave a node a probability."""

    node: int
    score: float


@dataclass(frozen=True, slots=True)
class Dead:
    """Nothing goes on from a node: rejected, refuted, unreadable or pruned."""

    node: int


Fact: TypeAlias = Selected | Grown | Asked | Scored | Dead


@dataclass(frozen=True, slots=True)
class Expansion:
    """An answer: go on from a node."""

    node: int
    width: int
    path: tuple[int, ...]
    """From the problem to the node, both included."""
    reason: str
    rollout: bool = False


@dataclass(frozen=True, slots=True)
class Pruning:
    """An answer: others are kept instead of these."""

    nodes: tuple[int, ...]
    reason: str
