"""The base class of searches that walk down from the problem for each expansion.

A node is open as long as steps may still be asked for at it or below it, and free if they can be asked for now, with
no call in flight in the way. Both are updated from a changed node upwards, so that a walk costs only its depth.
"""

from abc import abstractmethod
from collections import deque
from collections.abc import Iterable

from longthought.graphs.search.strategy import NodeState, SearchStrategy, StrategySettings


class Descent(SearchStrategy):
    """A search that walks down from the problem."""

    def __init__(self, settings: StrategySettings) -> None:
        """Start with the problem alone."""
        super().__init__(settings)
        self._standing: dict[int, tuple[bool, bool, object]] = {}
        self.update([0])

    @abstractmethod
    def may_widen(self, state: NodeState) -> bool:
        """Say whether to expand a node without an expansion in flight, again if it has steps already."""

    def weight(self, state: NodeState) -> object:
        """Return any other value that the nodes above depend on; they are updated when it changes."""
        return None

    def is_open(self, node: int) -> bool:
        """Say whether steps may still be asked for at a node or below it."""
        return node in self._standing and self._standing[node][0]

    def is_free(self, node: int) -> bool:
        """Say whether steps can be asked for now at a node or below it."""
        return node in self._standing and self._standing[node][1]

    def is_free_here(self, state: NodeState) -> bool:
        """Say whether steps can be asked for now at this very node."""
        return not state.busy and self.can_expand(state) and self.settled(state) and self.may_widen(state)

    def changed(self, state: NodeState) -> None:
        """Update the node and the nodes above it."""
        self.update([state.id])

    def update(self, nodes: Iterable[int]) -> None:
        """Recompute nodes, and the nodes above them for as long as something changes."""
        waiting = deque(nodes)
        queued = set(waiting)
        while waiting:
            node = waiting.popleft()
            queued.discard(node)
            if (state := self.node_states.get(node)) is None:
                continue
            standing = self._standing_of(state)
            if self._standing.get(node) != standing:
                self._standing[node] = standing
                waiting.extend(parent for parent in state.parents if parent not in queued)
                queued.update(state.parents)

    def _standing_of(self, state: NodeState) -> tuple[bool, bool, object]:
        alive = not (state.dead or state.answered)
        is_open = alive and (self.can_expand(state) or any(map(self.is_open, state.children)))
        is_free = alive and (self.is_free_here(state) or any(map(self.is_free, state.children)))
        return is_open, is_free, self.weight(state)
