"""The reasoning tree, folded from events one at a time.

Chain, tree and graph are one structure: every node has a parent and may have further sources. Nothing is deleted:
backtracking moves the cursor and marks the nodes that it leaves. The cost of folding an event does not grow with the
length of the log.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from longthought.problems.problem import Problem
from longthought.trajectories.events import (
    AnyEvent,
    Author,
    Cause,
    Checked,
    DraftStep,
    Evidence,
    Failed,
    Finished,
    Graded,
    Judged,
    Moved,
    Observed,
    Proposed,
    Reflected,
    Reopened,
    Started,
    StopReason,
    Usage,
    Verdict,
    ends_debate,
)

BACKWARD: Final = frozenset({Cause.REJECTED, Cause.VETOED, Cause.EXHAUSTED})
"""Causes of moves that leave a step behind and count as backtracks."""


class Standing(StrEnum):
    """The state of a node in the debate."""

    OPEN = "open"
    """Proposed, not yet acted on."""
    ACCEPTED = "accepted"
    """Part of a path that was accepted."""
    DOUBTED = "doubted"
    """Kept until a verdict after a reflection settles it."""
    ABANDONED = "abandoned"
    """Left behind by backtracking."""


class NodeKind(StrEnum):
    """The kind of a node."""

    PROBLEM = "problem"
    """Node 0."""
    STEP = "step"
    """One reasoning step."""
    REFLECTION = "reflection"
    """A re-examination, in words, of the step above it."""


@dataclass(slots=True)
class Node:
    """One step, reflection, or the problem itself."""

    id: int
    parent: int | None
    kind: NodeKind
    by: Author
    text: str
    depth: int
    """Number of steps from the problem; a reflection has the depth of its step."""
    answer: str | None = None
    standing: Standing = Standing.OPEN
    sources: tuple[int, ...] = ()
    children: list[int] = field(default_factory=list[int])
    evidence: tuple[Evidence, ...] = ()
    observations: list[str] = field(default_factory=list[str])
    verdicts: list[Verdict] = field(default_factory=list[Verdict])
    failures: list[str] = field(default_factory=list[str])
    """Why verdicts on the node could not be used, oldest first."""
    reason: str = ""
    """Why the node was abandoned."""
    rejected_by: Author | None = None
    left_for: Cause | None = None
    """The cause of the move that abandoned the node."""
    drafted: bool = False
    """Whether the step stood in the same reply as the one above it."""
    reply: str = ""
    """The reply that the step begins, as it was written, if there are more steps in it."""


class TreeError(ValueError):
    """An event does not fit the tree so far."""


class Tree:
    """The nodes, the cursor and the counts that budgets limit."""

    def __init__(self) -> None:
        """Start empty; the first event must be `Started`."""
        self.started: Started | None = None
        self.finished: Finished | None = None
        self.nodes: list[Node] = []
        self.cursor = 0
        self.last: AnyEvent | None = None
        """The event that the next turn follows from: the newest or, once a failure was lifted, the one before it."""
        self._last_sound: AnyEvent | None = None
        self.events = 0
        self.rounds = 0
        """Number of proposals, readable or not."""
        self.backtracks = 0
        self.ahead: tuple[DraftStep, ...] = ()
        """The steps of the newest reply that are not proposed yet."""
        self.found: list[str] = []
        """The results that tools came to by themselves, oldest first."""
        self.repeats: dict[int, int] = {}
        """By node: consecutive failures of proposals from it, or of verdicts and reflections on it."""
        self.policy_usage = Usage()
        self.critic_usage = Usage()
        self.seconds = 0.0
        """Time spent in model calls and tools."""

    @classmethod
    def fold(cls, events: Iterable[AnyEvent]) -> "Tree":
        """Build a tree from events in order."""
        tree = cls()
        for event in events:
            tree.apply(event)
        return tree

    @property
    def problem(self) -> Problem:
        """The problem under debate."""
        if self.started is None:
            raise TreeError("the debate has not started")
        return self.started.problem

    def node(self, number: int) -> Node:
        """Return a node by number.

        Raises:
            TreeError: if there is no such node.

        """
        if not 0 <= number < len(self.nodes):
            raise TreeError(f"there is no node {number}; the last one is {len(self.nodes) - 1}")
        return self.nodes[number]

    def path(self, number: int | None = None) -> list[Node]:
        """Return the nodes from below the problem down to a node (the cursor by default)."""
        nodes: list[Node] = []
        current = self.node(self.cursor if number is None else number)
        while current.parent is not None:
            nodes.append(current)
            current = self.nodes[current.parent]
        return nodes[::-1]

    def rejected(self, number: int) -> Iterator[Node]:
        """Yield the abandoned steps tried from a node, oldest first."""
        for child in self.node(number).children:
            if self.nodes[child].standing is Standing.ABANDONED and self.nodes[child].kind is NodeKind.STEP:
                yield self.nodes[child]

    def left_with(self, node: Node) -> Node | None:
        """Return the next step of the same draft if it was left together with an abandoned step; None without one."""
        after = (self.nodes[child] for child in node.children)
        return next((n for n in after if n.drafted and (n.reason, n.left_for) == (node.reason, node.left_for)), None)

    def apply(self, event: AnyEvent) -> None:
        """Apply the next event.

        Raises:
            TreeError: if the event does not fit; the tree is then unchanged.

        """
        if isinstance(event, Started) != (self.started is None):
            raise TreeError("a debate starts once, with its first event")
        if event.seq != self.events:
            raise TreeError(f"event {event.seq} came where {self.events} was due")
        if self.started is not None and event.trajectory != self.started.trajectory:
            raise TreeError(f"an event of {event.trajectory!r} came in the debate {self.started.trajectory!r}")
        if self.started is not None and isinstance(event, Graded | Reopened) != (self.finished is not None):
            raise TreeError("a debate is graded or reopened after its end, and nothing else may follow its end")
        if isinstance(event, Reopened) and self.stop_reason is not StopReason.FAILED:
            raise TreeError(f"a debate is reopened after a failure, not after the end {self.stop_reason}")
        match event:
            case Started():
                self.started = event
                self.nodes.append(
                    Node(0, None, NodeKind.PROBLEM, event.by, event.problem.statement, 0, standing=Standing.ACCEPTED)
                )
            case Proposed():
                self._propose(event)
            case Reflected():
                self._reflect(event)
            case Observed():
                self.node(event.node).observations.append(event.output)
            case Checked():
                node = self.node(event.node)
                node.evidence += event.evidence
                self.found += (e.found for e in event.evidence if e.found is not None)
                self.seconds += sum(e.seconds for e in event.evidence)
            case Judged():
                self.node(event.node).verdicts.append(event.verdict)
            case Moved():
                self._move(event)
            case Failed():
                self._fail(event)
            case Finished():
                if event.node is not None:
                    self.node(event.node)
                self.finished = event
            case Reopened():
                self.finished = None
            case _:
                pass
        self._count(event)
        if not ends_debate(event):
            self._last_sound = event
        self.last = self._last_sound if isinstance(event, Reopened) else event
        self.events += 1

    def _propose(self, event: Proposed) -> None:
        parent = self.node(event.parent)
        for source in event.sources:
            self.node(source)
        if event.node < len(self.nodes):
            node = self.nodes[event.node]
            if any(self.is_made_from(node.id, origin) for origin in (parent.id, *event.sources)):
                raise TreeError(f"node {node.id} can't be made from itself")
            self.rounds += 1
            node.sources = tuple(dict.fromkeys((*node.sources, event.parent, *event.sources)))
            return
        self._expect_next(event.node)
        self.nodes.append(
            Node(
                event.node, parent.id, NodeKind.STEP, event.by, event.text, parent.depth + 1, event.answer,
                sources=event.sources, drafted=event.drafted,
                reply=event.calls[-1].text if event.ahead and event.calls else "",
            )
        )  # fmt: skip
        parent.children.append(event.node)
        self.rounds += not event.drafted
        self.ahead = self.ahead[1:] if event.drafted else event.ahead
        self.repeats.pop(parent.id, None)

    def is_made_from(self, number: int, below: int) -> bool:
        """Say whether a node is the node `below` or one of its ancestors, through parents and sources."""
        seen: set[int] = set()
        waiting = [below]
        while waiting:
            current = self.nodes[waiting.pop()]
            if current.id == number:
                return True
            if current.id not in seen:
                seen.add(current.id)
                waiting.extend(current.sources if current.parent is None else (current.parent, *current.sources))
        return False

    def _reflect(self, event: Reflected) -> None:
        parent = self.node(event.parent)
        self._expect_next(event.node)
        self.nodes.append(Node(event.node, parent.id, NodeKind.REFLECTION, event.by, event.text, parent.depth))
        parent.children.append(event.node)
        self.repeats.pop(parent.id, None)

    def _expect_next(self, number: int) -> None:
        if number != len(self.nodes):
            raise TreeError(f"node {number} came where {len(self.nodes)} was due")

    def _move(self, event: Moved) -> None:
        self.node(event.to)
        changes = [
            (self.node(number), standing)
            for numbers, standing in (
                (event.accepted, Standing.ACCEPTED),
                (event.doubted, Standing.DOUBTED),
                (event.abandoned, Standing.ABANDONED),
            )
            for number in numbers
        ]
        for node, standing in changes:
            node.standing = standing
            self.repeats.pop(node.id, None)
            if standing is Standing.ABANDONED:
                node.reason, node.rejected_by, node.left_for = event.reason, event.by, event.cause
        self.cursor, self.ahead = event.to, ()
        self.repeats.pop(event.to, None)
        if event.cause in BACKWARD:
            self.backtracks += 1

    def _fail(self, event: Failed) -> None:
        if event.fatal:
            return
        if event.node is not None:
            self.node(event.node).failures.append(event.detail)
        self.rounds += 1
        node = self.cursor if event.node is None else event.node
        self.repeats[node] = self.repeats.get(node, 0) + 1

    def _count(self, event: AnyEvent) -> None:
        for call in event.calls:
            self.seconds += call.latency
            if event.by is Author.CRITIC:
                self.critic_usage += call.usage
            else:
                self.policy_usage += call.usage
        if isinstance(event, Proposed | Judged) and (delegated := event.delegated) is not None:
            self.policy_usage += delegated.policy
            self.critic_usage += delegated.critic
            self.seconds += delegated.seconds

    @property
    def total_usage(self) -> Usage:
        """The tokens of both agents together."""
        return self.policy_usage + self.critic_usage

    @property
    def stop_reason(self) -> StopReason | None:
        """Why the debate ended; None if it has not ended."""
        return self.finished.reason if self.finished else None
