"""Best-first search: of the nodes expanded least often, always expand the one with the highest value.

Once every open node has been expanded, they are asked for other steps, best first, until they give nothing new.

After Hart, Nilsson and Raphael, "A Formal Basis for the Heuristic Determination of Minimum Cost Paths", 1968, with
the critic as the heuristic; as tree search over reasoning steps in Koh et al., "Tree Search for Language Model Agents",
2024.
"""

import heapq

from longthought.graphs.search.facts import Expansion
from longthought.graphs.search.strategy import NodeState, SearchStrategy, StrategySettings


class BestFirst(SearchStrategy):
    """A frontier ordered by number of expansions, then by value."""

    def __init__(self, settings: StrategySettings) -> None:
        """Start with the problem alone."""
        super().__init__(settings)
        self._frontier: list[tuple[int, float, int]] = []
        self._queued: dict[int, tuple[int, float, int]] = {}
        self.changed(self.node_states[0])

    def ask(self) -> Expansion | None:
        """Return the best node of the frontier; outdated entries are dropped."""
        while self._frontier:
            key = times, worth, node = self._frontier[0]
            if self._queued.get(node) == key and self._key(self.node_states[node]) == key:
                again = f", asked {times} times before" if times else ""
                reason = f"the best value, {-worth:.2f}{again}" if node else f"the problem{again}"
                return Expansion(node, self.width(node), self.path(node), reason)
            heapq.heappop(self._frontier)
            if self._queued.get(node) == key:
                del self._queued[node]
        return None

    def changed(self, state: NodeState) -> None:
        """Put a node into the frontier if it can be expanded."""
        key = self._key(state)
        if key is not None and self._queued.get(state.id) != key:
            self._queued[state.id] = key
            heapq.heappush(self._frontier, key)

    def _key(self, state: NodeState) -> tuple[int, float, int] | None:
        if state.busy or not self.can_expand(state):
            return None
        return len(state.selections), -self.value(state.id), state.id
