"""The frame of a search strategy: tell it facts, in any order and as often as you like, and ask it where to go on.

It keeps what is known of every node; which node comes next is for each strategy to say. Everything follows from the
facts, so a search that is told the facts of a log goes on as the one that wrote it. Nothing here knows models, money,
events or graphs: those who ask decide how much they ask for and when they stop.
"""

from abc import ABC, abstractmethod
from bisect import insort
from dataclasses import dataclass, field
from typing import Final

from longthought.graphs.path_value import Aggregate, aggregated
from longthought.graphs.search.facts import Asked, Dead, Expansion, Fact, Grown, Pruning, Scored, Selected

PATIENCE: Final = 2
"""How often a node may give nothing new before it is left alone."""


@dataclass(frozen=True, slots=True)
class StrategySettings:
    """How wide and how deep, and what chance starts from."""

    width: int = 4
    """Steps asked for at a node."""
    keep: int = 4
    """Nodes a level keeps, or trees grown side by side."""
    depth: int = 16
    """Steps of a path at most."""
    aggregate: Aggregate = Aggregate.LAST
    exploration: float = 1.0
    """Weight of what has been visited little."""
    rollouts: bool = False
    """Whether a node's value is the score of where a path from it ends."""
    seed: str = ""


@dataclass(slots=True)
class Selection:
    """One selection and what came of it."""

    number: int
    node: int
    width: int = 0
    path: tuple[int, ...] = ()
    """Empty until its selection is told."""
    rollout: bool = False
    children: list[int] = field(default_factory=list[int])
    over: bool = False
    """Whether all its proposals are there."""


@dataclass(slots=True)
class Place:
    """What is known of a node."""

    id: int
    parent: int | None = None
    """The one it was proposed from first."""
    parents: list[int] = field(default_factory=list[int])
    children: list[int] = field(default_factory=list[int])
    score: float | None = None
    dead: bool = False
    answered: bool = False
    failures: int = 0
    """Selections that came to nothing."""
    runs: list[Selection] = field(default_factory=list[Selection])
    """Selections of it."""
    births: list[Selection] = field(default_factory=list[Selection])
    """Selections it was proposed in."""
    busy: set[int] = field(default_factory=set[int])
    """Selections of it that are not over, or have children that nobody has judged yet."""

    @property
    def judged(self) -> bool:
        """Whether what becomes of it is known."""
        return self.dead or self.score is not None

    @property
    def barren(self) -> bool:
        """Whether it has given nothing new too often."""
        return self.failures >= PATIENCE


class SearchStrategy(ABC):
    """A search over one tree."""

    def __init__(self, plan: StrategySettings) -> None:
        """Start with the problem alone."""
        self.plan = plan
        self.places: dict[int, Place] = {0: Place(0, score=1.0)}
        self._runs: dict[int, Selection] = {}

    @abstractmethod
    def ask(self) -> Expansion | None:
        """Return where to go on, all that is in flight taken into account; None if nowhere for now."""

    def prune(self) -> Pruning | None:
        """Return nodes that are given up for others; None if there are none."""
        return None

    @property
    def selections(self) -> int:
        """How many there have been."""
        return len(self._runs)

    def width(self, node: int) -> int:
        """Return how many steps are asked for at a node."""
        return self.plan.width

    def value(self, node: int) -> float:
        """Return what a judged node is worth: its scores on the path, put together; 0 where one is missing."""
        place = self.places[node]
        if place.score is None or self.plan.aggregate is Aggregate.LAST:
            return place.score or 0.0
        scores = [place.score]
        while (parent := place.parent) is not None:
            place = self.places[parent]
            if place.score is not None:  # what was only passed on a rollout has none
                scores.append(place.score)
        return aggregated(scores[::-1], self.plan.aggregate)

    def can_expand(self, place: Place) -> bool:
        """Say whether steps can ever be asked for at a node: never at one that is dead, finished or too deep."""
        return (
            place.score is not None
            and not (place.dead or place.answered or place.barren)
            and self.depth(place) < self.plan.depth
        )

    def depth(self, place: Place) -> int:
        """Return the number of steps to a node."""
        steps = 0
        while place.parent is not None:
            place, steps = self.places[place.parent], steps + 1
        return steps

    def path(self, node: int) -> tuple[int, ...]:
        """Return the nodes from the problem to a node, along the parents they were proposed from first."""
        found = [node]
        while (parent := self.places[found[-1]].parent) is not None:
            found.append(parent)
        return tuple(reversed(found))

    def tell(self, fact: Fact) -> None:
        """Take a fact in; what is known already changes nothing."""
        match fact:
            case Selected():
                run = self._run(fact.number, fact.node)
                run.width, run.path, run.rollout = fact.width, fact.path, fact.rollout
                self.refresh(run)
            case Grown():
                self._grow(self._run(fact.number, fact.parent), fact)
            case Asked():
                run = self._run(fact.number, fact.node)
                if not run.over:
                    run.over = True
                    self._place(fact.node).failures += fact.barren
                    self.refresh(run)
            case Scored():
                place = self._place(fact.node)
                place.score = fact.score
                self._judged(place, *self._below(place))
            case Dead():
                place = self._place(fact.node)
                place.dead = True
                self._judged(place)

    def changed(self, place: Place) -> None:  # noqa: B027 (not every strategy needs to know)
        """Take note that a node, or a selection of it, is not what it was."""

    def moved(self, run: Selection) -> None:  # noqa: B027
        """Take note that a selection, or a node that came of it, is not what it was."""

    def settled(self, place: Place) -> bool:
        """Say whether a node needs no more looking at before what came of its selection can be weighed."""
        return place.judged

    def _grow(self, run: Selection, fact: Grown) -> None:
        if fact.node in run.children:
            return
        parent, child = self._place(fact.parent), self._place(fact.node)
        run.children.append(fact.node)
        child.births.append(run)
        if fact.node not in parent.children:
            insort(parent.children, fact.node)
            insort(child.parents, fact.parent)
        if not fact.merged:
            child.parent, child.answered = fact.parent, fact.answered
        self.refresh(run)
        self._judged(child, *([] if fact.merged else self._below(child)))

    def _judged(self, *places: Place) -> None:
        for place in places:
            for run in place.births:
                self.refresh(run)
            self.changed(place)

    def _below(self, place: Place) -> list[Place]:
        """Return what was told too early, of nodes whose value and depth hang on another's."""
        found = [self.places[child] for child in place.children if self.places[child].parent == place.id]
        return [below for child in found for below in (child, *self._below(child))]

    def refresh(self, run: Selection) -> None:
        """Work out again whether a selection is over, and have note taken of it."""
        place = self._place(run.node)
        if run.over and (run.rollout or all(self.settled(self.places[child]) for child in run.children)):
            place.busy.discard(run.number)
        else:
            place.busy.add(run.number)
        self.moved(run)
        self.changed(place)

    def _run(self, number: int, node: int) -> Selection:
        if number not in self._runs:
            self._runs[number] = run = Selection(number, node)
            self._place(node).runs.append(run)
        return self._runs[number]

    def _place(self, number: int) -> Place:
        if number not in self.places:
            self.places[number] = Place(number)
        return self.places[number]
