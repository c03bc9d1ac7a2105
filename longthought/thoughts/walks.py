"""Walks over a debate: the orders in which its moves make one thought.

*Chronological* tells what the debate did. *Depth-first* follows a path to a right answer; at a node on it some
wrong children are tried first, each down to a leaf, and off the path only one child is followed; then back, with the
reason (the tree walk of Qin et al., "O1 Replication Journey: A Strategic Progress Report, Part 1", 2024). *Shortcut*
is the twin of such a journey: the steps of the same path and nothing else.

A thinker goes back only if the failure shows: a refuted check, a critic's reason, a miss put into words. A branch that
was left without a reason is left out. Labels say which nodes are right; nothing here can solve a problem. Every walk
takes time linear in the events, however deep the tree.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final

from longthought.thoughts.moves import SHOWN_FAILURES, Factor, Move, moves_of, node_of
from longthought.trajectories.events import (
    AnyEvent,
    Author,
    Cause,
    Checked,
    EvidenceStatus,
    Finished,
    Graded,
    Moved,
    Proposed,
    Started,
)
from longthought.trajectories.tree import BACKWARD, NodeKind, Tree


class Walk(StrEnum):
    """The order in which a thought tells a debate."""

    CHRONOLOGICAL = "chronological"
    """As it happened."""
    DEPTH_FIRST = "depth_first"
    """Along a right path, with some wrong turns at each node."""
    SHORTCUT = "shortcut"
    """The steps of a right path and the output of its programs, without wrong turns, checks and reflections."""


class _Trail:
    """The moves so far, and the node where the thinker stands."""

    def __init__(self, tree: Tree) -> None:
        """Start at the problem."""
        self.moves: list[Move] = []
        self.position = 0
        self._tree = tree
        self.entered = {0}
        """Nodes that the thinker has visited."""
        self._left: set[int] = set()
        """Nodes from which a step was taken."""

    def enter(self, event: Proposed) -> None:
        """Take a step, after turning to its parent."""
        self.switch(event.parent, event.seq)
        if event.node in self.entered or self._tree.nodes[event.node].parent != event.parent:
            factor, origin = Factor.MERGE, event.parent
        elif event.sources:
            factor, origin = Factor.COMBINATION, None
        else:
            factor, origin = (Factor.ALTERNATIVE if event.parent in self._left else Factor.STEP), None
        self._left.add(event.parent)
        self.say(Move(factor, event.node, event.text, (event.seq,), event.by, origin=origin))
        self.position = event.node
        self.entered.add(event.node)

    def say(self, *moves: Move) -> None:
        """Add moves that don't change the position."""
        self.moves += moves

    def fail(self, moved: Moved) -> None:
        """Say why nodes are left, unless the last move has said so."""
        last = self.moves[-1]
        if last.factor in SHOWN_FAILURES and last.node in moved.abandoned:
            self.moves[-1] = _with_event(last, moved.seq)
        else:
            self.say(Move(Factor.FAILURE, moved.abandoned[-1], moved.reason, (moved.seq,), moved.by))

    def back(self, to: int, events: tuple[int, ...], by: Author) -> None:
        """Return from a node that failed."""
        self.say(Move(Factor.RETURN, to, self._tree.nodes[to].text, events, by, origin=self.position))
        self.position = to

    def switch(self, to: int, seq: int) -> None:
        """Turn to another node, unless the thinker stands there."""
        if to != self.position:
            text = self._tree.nodes[to].text
            self.say(Move(Factor.SWITCH, to, text, (seq,), Author.STRATEGY, origin=self.position))
            self.position = to


def _with_event(move: Move, seq: int) -> Move:
    return Move(move.factor, move.node, move.text, (*move.events, seq), move.by, move.detail, move.origin)


# As it happened.


def chronological(events: Sequence[AnyEvent], tree: Tree) -> tuple[Move, ...]:
    """Tell what the debate did, in order; branches that were left without a shown reason are omitted."""
    trail, hidden = _Trail(tree), _hidden(events, tree)
    for event in events:
        node = node_of(event)
        if node is not None and node in hidden:
            continue
        match event:
            case Started():
                trail.say(Move(Factor.OPENING, 0, event.problem.statement, (event.seq,), event.by))
            case Proposed():
                trail.enter(event)
            case Moved():
                _move(trail, event, hidden)
            case Finished() if event.answer is not None and event.node is not None:
                trail.switch(event.node, event.seq)
                trail.say(Move(Factor.ANSWER, event.node, event.answer, (event.seq,), event.by))
            case Finished():
                trail.say(Move(Factor.END, trail.position, event.reason.value, (event.seq,), event.by))
            case _:
                for move in moves_of(event):
                    trail.switch(move.node, event.seq)
                    trail.say(move)
    return tuple(trail.moves)


def _move(trail: _Trail, moved: Moved, hidden: frozenset[int]) -> None:
    if moved.abandoned and moved.cause in _LEAVING:
        if hidden.isdisjoint(moved.abandoned) and trail.position in moved.abandoned:
            trail.fail(moved)
            trail.back(moved.to, (moved.seq,), moved.by)
    elif moved.cause in (Cause.ACCEPTED, Cause.EDITED) and moved.to not in hidden:
        trail.switch(moved.to, moved.seq)


_LEAVING: Final = BACKWARD | {Cause.EDITED}


def _hidden(events: Iterable[AnyEvent], tree: Tree) -> frozenset[int]:
    """Return the nodes that were left without a shown reason, and all below them, except the final path."""
    refuted: set[int] = set()
    left: set[int] = set()
    hidden: set[int] = set()
    for event in events:
        match event:
            case Checked() if any(e.status is EvidenceStatus.REFUTED for e in event.evidence):
                refuted.add(event.node)
            case Moved() if event.abandoned and event.cause in _LEAVING:
                if event.cause is Cause.EXHAUSTED:  # explained if a step tried from there was
                    shown = any(child in left for node in event.abandoned for child in tree.nodes[node].children)
                else:
                    shown = bool(event.reason.strip()) or not refuted.isdisjoint(event.abandoned)
                (left if shown else hidden).update(event.abandoned)
            case _:
                pass
    final = tree.finished.node if tree.finished else None
    kept = {node.id for node in tree.path(final)} if final is not None else set[int]()
    for node in tree.nodes:
        if node.parent in hidden:
            hidden.add(node.id)
        if node.id in kept:
            hidden.discard(node.id)
    return frozenset(hidden)


# Along a right path.


def right_end(tree: Tree, labels: Mapping[int, bool]) -> int | None:
    """Return the node of a right final answer: where the debate ended, or else the first one; None if there is none."""
    if tree.finished is not None and tree.finished.node is not None and labels.get(tree.finished.node):
        return tree.finished.node
    return next((n.id for n in tree.nodes if n.answer is not None and labels.get(n.id)), None)


def shortcut(events: Sequence[AnyEvent], tree: Tree, end: int) -> tuple[Move, ...]:
    """Tell the steps of the path to a right answer, and no others."""
    moves = depth_first(events, tree, end, labels={}, reasons={}, wrong=0, seed=0)
    return tuple(move for move in moves if move.factor not in _THINKING)


_THINKING: Final = frozenset({Factor.CHECK, Factor.APPROVAL, Factor.DOUBT, Factor.REFLECTION})


def depth_first(
    events: Sequence[AnyEvent],
    tree: Tree,
    end: int,
    *,
    labels: Mapping[int, bool],
    reasons: Mapping[int, str],
    wrong: int | None,
    seed: int,
) -> tuple[Move, ...]:
    """Follow the path to a right answer, with at most `wrong` wrong children tried at each node on it.

    Args:
        events: The debate.
        tree: The tree of the events.
        end: The node of the right answer.
        labels: Whether a right answer can still be reached from a node; a node from which it can is never told as a
            wrong turn.
        reasons: Why a node fails, in words, if no event says so.
        wrong: Maximum number of wrong children told at each node; None for all.
        seed: Chooses among wrong children if there are more.

    """
    history = _NodeHistory(events, tree, labels, reasons)
    trail = _Trail(tree)
    trail.say(Move(Factor.OPENING, 0, tree.problem.statement, (events[0].seq,), events[0].by))
    rng = random.Random(f"{events[0].trajectory} {seed}")
    parent = 0
    for node in tree.path(end):
        if node.kind is not NodeKind.STEP:
            continue
        for child in _drawn(rng, [c for c in history.wrong_children(parent) if c != node.id], wrong):
            _wrong_turn(trail, history, rng, child)
            closing = trail.moves[-1]
            trail.back(parent, closing.events, closing.by)
        for source in history.unvisited_sources(node.id, trail.entered):
            trail.enter(history.proposal(source))
            trail.say(*history.when_passed(source))
        trail.enter(history.proposal(node.id))
        trail.say(*history.when_passed(node.id))
        parent = node.id
    finished = tree.finished
    ended = finished if finished is not None and finished.node == end else history.proposal(end)
    trail.say(Move(Factor.ANSWER, end, tree.nodes[end].answer or ended.answer or "", (ended.seq,), ended.by))
    return tuple(trail.moves)


def _wrong_turn(trail: _Trail, history: "_NodeHistory", rng: random.Random, child: int) -> None:
    """Go down a wrong child to a leaf, following one child only."""
    while True:
        trail.enter(history.proposal(child))
        further = history.wrong_children(child)
        if not further:
            trail.say(*history.when_failed(child))
            return
        trail.say(*history.when_passed(child))
        child = rng.choice(further)


def _drawn(rng: random.Random, nodes: list[int], limit: int | None) -> list[int]:
    """Draw at most `limit` nodes, in the order of the log."""
    return nodes if limit is None or len(nodes) <= limit else sorted(rng.sample(nodes, limit))


class _NodeHistory:
    """The moves about each node, and whether the node can be told as a wrong turn."""

    def __init__(
        self, events: Sequence[AnyEvent], tree: Tree, labels: Mapping[int, bool], reasons: Mapping[int, str]
    ) -> None:
        self._tree, self._labels = tree, labels
        self._proposals: dict[int, Proposed] = {}
        self._moves: list[list[Move]] = [[] for _ in tree.nodes]
        for event in events:
            self._take(event, reasons)
        self._shows_failure = [False] * len(tree.nodes)
        """Whether a failure shows at a node or, following one child at a time, below it."""
        for node in reversed(tree.nodes):  # children come after their parents
            self._shows_failure[node.id] = self._fails(node.id) or any(map(self._is_wrong, node.children))

    def _take(self, event: AnyEvent, reasons: Mapping[int, str]) -> None:
        node = node_of(event)
        if isinstance(event, Proposed):
            if self._proposals.setdefault(event.node, event) is event and (reason := reasons.get(event.node, "")):
                self._add(Move(Factor.FAILURE, event.node, reason, (event.seq,), Author.GRADER))
        elif node is not None:
            self._moves[node] += moves_of(event)
        elif isinstance(event, Moved) and event.abandoned and event.cause in (Cause.REJECTED, Cause.EDITED):
            if event.reason.strip() and not self._fails(event.abandoned[-1]):
                self._add(Move(Factor.FAILURE, event.abandoned[-1], event.reason, (event.seq,), event.by))
        elif isinstance(event, Graded) and self._tree.finished is not None:
            final = self._tree.finished.node
            if final is not None and event.solved is False and event.detail and final not in reasons:
                self._add(Move(Factor.FAILURE, final, event.detail, (event.seq,), event.by))

    def _add(self, move: Move) -> None:
        self._moves[move.node].append(move)

    def _fails(self, node: int) -> bool:
        return any(move.factor in SHOWN_FAILURES for move in self._moves[node])

    def _is_wrong(self, node: int) -> bool:
        return (
            self._tree.nodes[node].kind is NodeKind.STEP
            and self._shows_failure[node]
            and not self._labels.get(node, False)
        )

    def proposal(self, node: int) -> Proposed:
        """Return the event that proposed a node."""
        return self._proposals[node]

    def unvisited_sources(self, node: int, entered: set[int]) -> list[int]:
        """Return the steps that a node was made from and the thought has not visited, parents first."""
        unvisited: dict[int, None] = {}
        for source in self._proposals[node].sources:
            above: list[int] = []
            current: int | None = source
            while current is not None and current not in entered and current not in unvisited:
                above.append(current)
                current = self._tree.nodes[current].parent
            unvisited.update(dict.fromkeys(n for n in reversed(above) if n in self._proposals))
        return list(unvisited)

    def wrong_children(self, node: int) -> list[int]:
        """Return the children that can be told as wrong turns, oldest first."""
        return [child for child in self._tree.nodes[node].children if self._is_wrong(child)]

    def when_passed(self, node: int) -> list[Move]:
        """Return the moves about a node from which the thought continues."""
        return [move for move in self._moves[node] if move.factor not in SHOWN_FAILURES]

    def when_failed(self, node: int) -> list[Move]:
        """Return the moves about a node that fails, the failure last."""
        moves = [move for move in self._moves[node] if move.factor is not Factor.APPROVAL]
        return sorted(moves, key=lambda move: move.factor in SHOWN_FAILURES)
