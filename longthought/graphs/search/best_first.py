"""Best-first search: always go on from the node of the highest value that has been gone on from least.

When every open node has had its steps, they are asked for others, the best again first, until they give nothing new.

After Hart, Nilsson and Raphael, "A Formal Basis for the Heuristic Determination of Minimum Cost Paths", 1968, with
the critic for a heuristic; as tree search over reasoning steps in Koh et al., "Tree Search for Language Model Agents",
2024.
"""

import heapq

from longthought.graphs.search.facts import Expansion
from longthought.graphs.search.strategy import Place, SearchStrategy, StrategySettings


class BestFirst(SearchStrategy):
    """A frontier in the order of value."""

    def __init__(self, plan: StrategySettings) -> None:
        """Start with the problem alone."""
        super().__init__(plan)
        self._frontier: list[tuple[int, float, int]] = []
        self._queued: dict[int, tuple[int, float, int]] = {}
        self.changed(self.places[0])

    def ask(self) -> Expansion | None:
        """Return the best node of the frontier; entries that are out of date are dropped on the way."""
        while self._frontier:
            key = times, worth, node = self._frontier[0]
            if self._queued.get(node) == key and self._key(self.places[node]) == key:
                again = f", asked {times} times before" if times else ""
                reason = f"the best value, {-worth:.2f}{again}" if node else f"the problem{again}"
                return Expansion(node, self.width(node), self.path(node), reason)
            heapq.heappop(self._frontier)
            if self._queued.get(node) == key:
                del self._queued[node]
        return None

    def changed(self, place: Place) -> None:
        """Put a node into the frontier, if it can be gone on from."""
        key = self._key(place)
        if key is not None and self._queued.get(place.id) != key:
            self._queued[place.id] = key
            heapq.heappush(self._frontier, key)

    def _key(self, place: Place) -> tuple[int, float, int] | None:
        if place.busy or not self.can_expand(place):
            return None
        return len(place.runs), -self.value(place.id), place.id
