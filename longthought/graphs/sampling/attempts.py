"""Attempts at one problem, folded from a log: each is a branch from the problem, in the order of their beginnings.

The fold stands beside the tree, so that the next turn is found as fast after a thousand attempts as after one. This
module knows neither how an attempt is made nor which one wins.
"""

from collections import deque
from dataclasses import dataclass

from longthought.graphs.path_value import Aggregate, aggregated, score_of
from longthought.graphs.sampling.votes import Ballot
from longthought.trajectories.events import (
    AnyEvent,
    Author,
    Checked,
    EvidenceStatus,
    Failed,
    Finished,
    Judged,
    Proposed,
    Started,
)
from longthought.trajectories.tree import Tree


@dataclass(slots=True)
class Attempt:
    """One branch from the problem."""

    tip: int = 0
    """Its last node; 0 if no step of it could be read."""
    answer: str | None = None
    over: bool = False
    refuted: bool = False
    """Whether a tool refuted one of its steps and refutations count."""


def begins(event: AnyEvent) -> bool:
    """Say whether an event begins an attempt: its first step, or a reply that could not be read as one."""
    match event:
        case Proposed(parent=0) | Failed(fatal=False, by=Author.POLICY, node=None):
            return True
        case _:
            return False


class Attempts:
    """The attempts, their tree, and the checks and verdicts that are still due."""

    def __init__(self, *, veto: bool = True, aggregate: Aggregate = Aggregate.LAST) -> None:
        """Start empty, with the run's settings `veto` and `aggregate`."""
        self.tree = Tree()
        self.all: list[Attempt] = []
        self.unchecked: deque[int] = deque()
        """Nodes that no tool has checked, oldest first."""
        self.scores: dict[int, float] = {}
        """By node: the score of its verdict; 0 for one that could not be read."""
        self._veto = veto
        self._aggregate = Aggregate(aggregate)
        self._attempt_of: dict[int, Attempt] = {}
        self._open: dict[int, Attempt] = {}
        self._unjudged: deque[int] = deque()

    @property
    def events(self) -> int:
        """Number of events folded so far."""
        return self.tree.events

    @property
    def started(self) -> Started | None:
        """The first event; None before it."""
        return self.tree.started

    @property
    def finished(self) -> Finished | None:
        """The last event; None before the run has ended."""
        return self.tree.finished

    @property
    def open(self) -> Attempt | None:
        """The oldest attempt that is not over."""
        return next(iter(self._open.values()), None)

    @property
    def unjudged(self) -> int | None:
        """The next node to be judged, of an attempt that is over and has an answer; None without one."""
        while self._unjudged and (self._unjudged[0] in self.scores or self._attempt_of[self._unjudged[0]].refuted):
            self._unjudged.popleft()
        return self._unjudged[0] if self._unjudged else None

    def apply(self, event: AnyEvent) -> None:
        """Fold one more event in."""
        self.tree.apply(event)
        match event:
            case Proposed():
                self._grow(event)
            case Failed(fatal=False, by=Author.POLICY, node=None):
                self.all.append(Attempt(over=True))
            case Failed(fatal=False, by=Author.POLICY, node=int() as tip) if tip in self._open:
                self._close(self._open[tip])
            case Failed(fatal=False, by=Author.CRITIC, node=int() as number):
                self.scores[number] = 0.0
            case Judged():
                self.scores[event.node] = score_of(event.verdict)
            case Checked():
                self._apply_check(event)
            case _:
                pass

    def ballots(self) -> list[Ballot]:
        """Return the ballot of each attempt; one that is not over has no answer yet."""
        return [Ballot(None if attempt.refuted else attempt.answer, self.score(attempt)) for attempt in self.all]

    def score(self, attempt: Attempt) -> float:
        """Return the combined score of an attempt's steps; 0 until each step that counts has one."""
        nodes = self._scored_nodes(attempt)
        scores = [self.scores[node] for node in nodes if node in self.scores]
        return aggregated(scores, self._aggregate) if len(scores) == len(nodes) else 0.0

    def _grow(self, event: Proposed) -> None:
        attempt = self._open.pop(event.parent, None)
        if attempt is None:
            attempt = Attempt()
            self.all.append(attempt)
        attempt.tip, attempt.answer = event.node, event.answer
        self._attempt_of[event.node] = self._open[event.node] = attempt
        self.unchecked.append(event.node)
        if event.answer is not None:
            self._close(attempt)

    def _close(self, attempt: Attempt) -> None:
        attempt.over = True
        self._open.pop(attempt.tip, None)
        if attempt.answer is not None:
            self._unjudged.extend(self._scored_nodes(attempt))

    def _apply_check(self, event: Checked) -> None:
        if event.node in self.unchecked:
            self.unchecked.remove(event.node)
        attempt = self._attempt_of.get(event.node)
        if attempt and self._veto and any(e.status is EvidenceStatus.REFUTED for e in event.evidence):
            attempt.refuted = True
            self._close(attempt)

    def _scored_nodes(self, attempt: Attempt) -> list[int]:
        """Return the nodes whose scores count for an attempt."""
        if not attempt.tip:
            return []
        return [attempt.tip] if self._aggregate is Aggregate.LAST else [node.id for node in self.tree.path(attempt.tip)]
