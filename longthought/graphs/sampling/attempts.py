"""What a log says of several attempts at one problem: each is a branch from the problem, in the order they began.

A fold beside the tree, so that whose turn it is costs the same after a thousand attempts as after one. How an attempt
is made, and which one wins, is not known here.
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
    """The node it has come to; 0 if nothing of it could be read."""
    answer: str | None = None
    over: bool = False
    refuted: bool = False
    """Whether a tool refuted a step of it and that counts."""


class Attempts:
    """The attempts, the tree they stand in, and what is still owed to them: checks and verdicts."""

    def __init__(self, *, veto: bool = True, aggregate: Aggregate = Aggregate.LAST) -> None:
        """Start empty; `veto` and `aggregate` are the settings of the run."""
        self.tree = Tree()
        self.all: list[Attempt] = []
        self.unchecked: deque[int] = deque()
        """Nodes that no tool has looked at, oldest first."""
        self.scores: dict[int, float] = {}
        """By node; 0 for a verdict that could not be had."""
        self._veto = veto
        self._aggregate = Aggregate(aggregate)
        self._owner: dict[int, Attempt] = {}
        self._open: dict[int, Attempt] = {}
        self._unjudged: deque[int] = deque()

    @property
    def events(self) -> int:
        """Events folded so far."""
        return self.tree.events

    @property
    def started(self) -> Started | None:
        """The first of them."""
        return self.tree.started

    @property
    def finished(self) -> Finished | None:
        """The end, if it has come."""
        return self.tree.finished

    @property
    def open(self) -> Attempt | None:
        """The oldest attempt that is not over."""
        return next(iter(self._open.values()), None)

    @property
    def unjudged(self) -> int | None:
        """The next node to be judged: those of attempts that are over and have an answer."""
        while self._unjudged and (self._unjudged[0] in self.scores or self._owner[self._unjudged[0]].refuted):
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
                self._look(event)
            case _:
                pass

    def ballots(self) -> list[Ballot]:
        """Return what each attempt brings to the vote; one that is not over has no answer yet."""
        return [Ballot(None if attempt.refuted else attempt.answer, self.score(attempt)) for attempt in self.all]

    def score(self, attempt: Attempt) -> float:
        """Return the score of an attempt's steps together; 0 until each that counts has one."""
        found = [self.scores.get(number) for number in self._counting(attempt)]
        known = [score for score in found if score is not None]
        return aggregated(known, self._aggregate) if len(known) == len(found) else 0.0

    def _grow(self, event: Proposed) -> None:
        attempt = self._open.pop(event.parent, None)
        if attempt is None:
            attempt = Attempt()
            self.all.append(attempt)
        attempt.tip, attempt.answer = event.node, event.answer
        self._owner[event.node] = self._open[event.node] = attempt
        self.unchecked.append(event.node)
        if event.answer is not None:
            self._close(attempt)

    def _close(self, attempt: Attempt) -> None:
        attempt.over = True
        self._open.pop(attempt.tip, None)
        if attempt.answer is not None:
            self._unjudged.extend(self._counting(attempt))

    def _look(self, event: Checked) -> None:
        if event.node in self.unchecked:
            self.unchecked.remove(event.node)
        attempt = self._owner.get(event.node)
        if attempt and self._veto and any(e.status is EvidenceStatus.REFUTED for e in event.evidence):
            attempt.refuted = True
            self._close(attempt)

    def _counting(self, attempt: Attempt) -> list[int]:
        """Return the nodes whose scores make up an attempt's."""
        if not attempt.tip:
            return []
        return [attempt.tip] if self._aggregate is Aggregate.LAST else [node.id for node in self.tree.path(attempt.tip)]
