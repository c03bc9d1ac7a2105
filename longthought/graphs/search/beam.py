"""Beam search, and diverse beam search: level by level, the best few are kept.

In a beam, all nodes of a level compete for `keep` places. In diverse beam search (DVTS), each of the best first steps
becomes the root of its own tree; each tree goes on from its own best step alone, and none waits for another. If a level
has no node to go on from, the level above is asked for other steps, until it gives nothing new.

Beam: Lowerre, "The Harpy Speech Recognition System", 1976; over reasoning steps in Yao et al., "Tree of Thoughts",
2023, and in the reward trees of Qin et al., "O1 Replication Journey", 2024. DVTS: Beeching, Tunstall and Rush, "Scaling
test-time compute with open models", 2024.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

from longthought.graphs.search.facts import Expansion, Pruning
from longthought.graphs.search.strategy import NodeState, SearchStrategy, StrategySettings


@dataclass(slots=True)
class Lane:
    """Nodes of one level that compete for the places on the next level."""

    nodes: frozenset[int]
    keep: int
    level: int
    above: "Lane | None"
    waiting: set[int]
    """Nodes that have not been given their steps."""
    tries: int = 1
    """How often each node is asked."""
    below: int = 0
    """Number of lanes that follow from this one and have not ended."""


class Beam(SearchStrategy):
    """Beam search with one lane, or diverse with one lane for each node kept on the first level."""

    def __init__(self, settings: StrategySettings, *, diverse: bool = False) -> None:
        """Start with the problem alone."""
        super().__init__(settings)
        self._diverse = diverse
        self._lanes: dict[int, Lane] = {}
        self._to_ask: list[tuple[int, int, int]] = []
        self._changed_nodes: set[int] = set()
        self._pruned: list[Pruning] = []
        self._open([0], settings.keep, None)

    def width(self, node: int) -> int:
        """Return the width; diverse search needs at least one first step for each tree."""
        return max(self.settings.width, self.settings.keep) if self._diverse and not node else self.settings.width

    def ask(self) -> Expansion | None:
        """Return a node of a beam that has no steps yet, of the shortest beam first."""
        self._advance_lanes()
        while self._to_ask:
            tries, level, node = self._to_ask[0]
            state = self.node_states[node]
            if tries == self._lanes[node].tries and not state.busy and not self._done(state):
                again = ", asked again" if tries > 1 else ""
                reason = (f"{self.value(node):.2f}, kept on level {level}" if node else "the problem") + again
                return Expansion(node, self.width(node), self.path(node), reason)
            heapq.heappop(self._to_ask)
        return None

    def prune(self) -> Pruning | None:
        """Return the nodes that the beam did not keep."""
        self._advance_lanes()
        while self._pruned and all(self.node_states[node].dead for node in self._pruned[0].nodes):
            del self._pruned[0]
        return self._pruned[0] if self._pruned else None

    def changed(self, state: NodeState) -> None:
        """Note that a node of a beam must be examined again by the next `ask`."""
        if state.id in self._lanes:
            self._changed_nodes.add(state.id)

    def _open(self, nodes: Iterable[int], keep: int, above: Lane | None) -> None:
        lane = Lane(frozenset(nodes), keep, above.level + 1 if above else 0, above, set(nodes))
        if above:
            above.below += 1
        for node in lane.nodes:
            self._lanes[node] = lane
        self._changed_nodes |= lane.nodes

    def _done(self, state: NodeState) -> bool:
        """Say whether a node has its steps as often as its lane asks, or can't get any more."""
        fruitful = sum(
            bool(selection.children) and selection.number not in state.busy for selection in state.selections
        )
        return fruitful >= self._lanes[state.id].tries or not (state.busy or self.can_expand(state))

    def _advance_lanes(self) -> None:
        """Advance the lanes whose nodes all have their steps."""
        while self._changed_nodes:
            node = min(self._changed_nodes)
            self._changed_nodes.discard(node)
            lane, state = self._lanes[node], self.node_states[node]
            if not self._done(state):
                if not state.busy:
                    heapq.heappush(self._to_ask, (lane.tries, lane.level, node))
            elif node in lane.waiting:
                lane.waiting.discard(node)
                if not lane.waiting:
                    self._advance(lane)

    def _advance(self, lane: Lane) -> None:
        """Open the lanes of the next level with its best nodes, and prune the rest."""
        live = [
            n for node in lane.nodes for n in self._steps(self.node_states[node], lane.tries) if self._is_live(n, node)
        ]
        ranked = sorted(live, key=lambda node: (-self.value(node), node))
        kept, rest = ranked[: lane.keep], ranked[lane.keep :]
        if rest:
            self._pruned.append(Pruning(tuple(sorted(rest)), f"the best {len(kept)} of {len(ranked)} are kept"))
        if not kept:
            self._ask_again(lane)
        elif self._diverse and lane.level == 0:
            for node in kept:
                self._open([node], 1, lane)
        else:
            self._open(kept, lane.keep, lane)

    def _steps(self, state: NodeState, tries: int) -> list[int]:
        """Return the steps that a node gave on the given try."""
        fruitful = sorted(
            (selection for selection in state.selections if selection.children), key=lambda selection: selection.number
        )
        return fruitful[tries - 1].children if len(fruitful) >= tries else []

    def _is_live(self, node: int, parent: int) -> bool:
        state = self.node_states[node]
        ended = state.dead or state.answered or node in self._lanes or self.depth(state) >= self.settings.depth
        return state.parent == parent and state.score is not None and not ended

    def _ask_again(self, lane: Lane) -> None:
        """Ask for other steps in a lane that has ended, or above it."""
        if any(self.can_expand(self.node_states[node]) for node in lane.nodes):
            lane.tries += 1
            lane.waiting |= lane.nodes
            self._changed_nodes |= lane.nodes
        elif lane.above:
            lane.above.below -= 1
            if not lane.above.below:
                self._ask_again(lane.above)
