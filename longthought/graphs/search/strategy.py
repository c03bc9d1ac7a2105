"""The base class of search strategies: tell it facts, in any order and any number of times, and ask for a node.

It keeps the state of every node; each strategy decides which node comes next. Everything follows from the facts, so a
search that is told the facts of a log goes on like the one that wrote it. A strategy knows no models, costs, events or
graphs: its caller decides how often to ask and when to stop.
"""

from abc import ABC, abstractmethod
from bisect import insort
from dataclasses import dataclass, field
from typing import Final

from longthought.graphs.path_value import Aggregate, aggregated
from longthought.graphs.search.facts import Dead, Expanded, Expansion, Fact, Grown, Pruning, Scored, Selected

PATIENCE: Final = 2
"""How often a node may give nothing new before it is no longer expanded."""


@dataclass(frozen=True, slots=True)
class StrategySettings:
    """The settings of a strategy: width, depth and seed among them."""

    width: int = 4
    """Number of steps asked for from a node."""
    keep: int = 4
    """Number of nodes that a level keeps, or of trees grown side by side."""
    depth: int = 16
    """Maximum number of steps on a path."""
    aggregate: Aggregate = Aggregate.LAST
    exploration: float = 1.0
    """Weight of rarely visited nodes."""
    rollouts: bool = False
    """Whether a node's value is the score at the end of a rollout from it."""
    seed: str = ""


@dataclass(slots=True)
class Selection:
    """One selection and the steps that it gave."""

    number: int
    node: int
    width: int = 0
    path: tuple[int, ...] = ()
    """Empty until its selection is told."""
    rollout: bool = False
    children: list[int] = field(default_factory=list[int])
    over: bool = False
    """Whether all its steps have been proposed."""


@dataclass(slots=True)
class NodeState:
    """The state of a node."""

    id: int
    parent: int | None = None
    """The node that it was first proposed from."""
    parents: list[int] = field(default_factory=list[int])
    children: list[int] = field(default_factory=list[int])
    score: float | None = None
    dead: bool = False
    answered: bool = False
    failures: int = 0
    """Number of its selections that gave nothing new."""
    selections: list[Selection] = field(default_factory=list[Selection])
    """The selections of this node."""
    proposed_in: list[Selection] = field(default_factory=list[Selection])
    """The selections in which it was proposed."""
    busy: set[int] = field(default_factory=set[int])
    """Numbers of its selections that are not over or have unjudged children."""

    @property
    def judged(self) -> bool:
        """Whether it has a score or is dead."""
        return self.dead or self.score is not None

    @property
    def barren(self) -> bool:
        """Whether it gave nothing new too often."""
        return self.failures >= PATIENCE


class SearchStrategy(ABC):
    """A search over one tree."""

    def __init__(self, settings: StrategySettings) -> None:
        """Start with the problem alone."""
        self.settings = settings
        self.node_states: dict[int, NodeState] = {0: NodeState(0, score=1.0)}
        self._selections: dict[int, Selection] = {}

    @abstractmethod
    def ask(self) -> Expansion | None:
        """Return the next expansion, given what is in flight; None if there is none for now."""

    def prune(self) -> Pruning | None:
        """Return nodes to be given up for others; None if there are none."""
        return None

    @property
    def selection_count(self) -> int:
        """The number of selections so far."""
        return len(self._selections)

    def width(self, node: int) -> int:
        """Return how many steps to ask for from a node."""
        return self.settings.width

    def value(self, node: int) -> float:
        """Return the value of a judged node: the combined scores on its path; 0 without a score of its own."""
        state = self.node_states[node]
        if state.score is None or self.settings.aggregate is Aggregate.LAST:
            return state.score or 0.0
        scores = [state.score]
        while (parent := state.parent) is not None:
            state = self.node_states[parent]
            if state.score is not None:  # a node that only a rollout passed has none
                scores.append(state.score)
        return aggregated(scores[::-1], self.settings.aggregate)

    def can_expand(self, state: NodeState) -> bool:
        """Say whether a node can ever be expanded; not if it is dead, answered, barren or too deep."""
        return (
            state.score is not None
            and not (state.dead or state.answered or state.barren)
            and self.depth(state) < self.settings.depth
        )

    def depth(self, state: NodeState) -> int:
        """Return the number of steps to a node."""
        steps = 0
        while state.parent is not None:
            state, steps = self.node_states[state.parent], steps + 1
        return steps

    def path(self, node: int) -> tuple[int, ...]:
        """Return the nodes from the problem to a node, along the parents that they were first proposed from."""
        upwards = [node]
        while (parent := self.node_states[upwards[-1]].parent) is not None:
            upwards.append(parent)
        return tuple(reversed(upwards))

    def tell(self, fact: Fact) -> None:
        """Take a fact in; a repeated fact changes nothing."""
        match fact:
            case Selected():
                selection = self._selection(fact.number, fact.node)
                selection.width, selection.path, selection.rollout = fact.width, fact.path, fact.rollout
                self.refresh(selection)
            case Grown():
                self._grow(self._selection(fact.number, fact.parent), fact)
            case Expanded():
                selection = self._selection(fact.number, fact.node)
                if not selection.over:
                    selection.over = True
                    self._state_of(fact.node).failures += fact.barren
                    self.refresh(selection)
            case Scored():
                state = self._state_of(fact.node)
                state.score = fact.score
                self._judged(state, *self._below(state))
            case Dead():
                state = self._state_of(fact.node)
                state.dead = True
                self._judged(state)

    def changed(self, state: NodeState) -> None:  # noqa: B027 (not every strategy needs to know)
        """React to a change of a node or of one of its selections."""

    def moved(self, selection: Selection) -> None:  # noqa: B027
        """React to a change of a selection or of a node that it gave."""

    def settled(self, state: NodeState) -> bool:
        """Say whether a node's evaluation is complete, so that its selection can be counted."""
        return state.judged

    def _grow(self, selection: Selection, fact: Grown) -> None:
        if fact.node in selection.children:
            return
        parent, child = self._state_of(fact.parent), self._state_of(fact.node)
        selection.children.append(fact.node)
        child.proposed_in.append(selection)
        if fact.node not in parent.children:
            insort(parent.children, fact.node)
            insort(child.parents, fact.parent)
        if not fact.merged:
            child.parent, child.answered = fact.parent, fact.answered
        self.refresh(selection)
        self._judged(child, *([] if fact.merged else self._below(child)))

    def _judged(self, *node_states: NodeState) -> None:
        for state in node_states:
            for selection in state.proposed_in:
                self.refresh(selection)
            self.changed(state)

    def _below(self, state: NodeState) -> list[NodeState]:
        """Return the nodes below, whose value and depth depend on this one, if they were told of before it."""
        children = [self.node_states[child] for child in state.children if self.node_states[child].parent == state.id]
        return [below for child in children for below in (child, *self._below(child))]

    def refresh(self, selection: Selection) -> None:
        """Recompute whether a selection is over, and report the change."""
        state = self._state_of(selection.node)
        if selection.over and (
            selection.rollout or all(self.settled(self.node_states[child]) for child in selection.children)
        ):
            state.busy.discard(selection.number)
        else:
            state.busy.add(selection.number)
        self.moved(selection)
        self.changed(state)

    def _selection(self, number: int, node: int) -> Selection:
        if number not in self._selections:
            self._selections[number] = selection = Selection(number, node)
            self._state_of(node).selections.append(selection)
        return self._selections[number]

    def _state_of(self, number: int) -> NodeState:
        if number not in self.node_states:
            self.node_states[number] = NodeState(number)
        return self.node_states[number]
