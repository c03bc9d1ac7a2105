"""What searches share that walk down from the problem each time: they must know where there is something to do.

A node is open as long as steps may still be asked for at it or below it, and free if they can be asked for now, with
nothing in flight in the way. Both are kept up to date from the changed node upwards, so that a walk costs its depth.
"""

from abc import abstractmethod
from collections import deque
from collections.abc import Iterable

from longthought.graphs.search.strategy import Place, SearchStrategy, StrategySettings


class Descent(SearchStrategy):
    """A search that walks down."""

    def __init__(self, plan: StrategySettings) -> None:
        """Start with the problem alone."""
        super().__init__(plan)
        self._standing: dict[int, tuple[bool, bool, object]] = {}
        self.update([0])

    @abstractmethod
    def may_widen(self, place: Place) -> bool:
        """Say whether to ask at a node that is not in flight, once more if it has steps already."""

    def weight(self, place: Place) -> object:
        """Return what else the nodes above depend on; they hear of it when it changes."""
        return None

    def is_open(self, node: int) -> bool:
        """Say whether steps may still be asked for at a node or below it."""
        return node in self._standing and self._standing[node][0]

    def is_free(self, node: int) -> bool:
        """Say whether they can be asked for now."""
        return node in self._standing and self._standing[node][1]

    def here(self, place: Place) -> bool:
        """Say whether they can be asked for now, at this very node."""
        return not place.busy and self.can_expand(place) and self.settled(place) and self.may_widen(place)

    def changed(self, place: Place) -> None:
        """Tell the nodes above."""
        self.update([place.id])

    def update(self, nodes: Iterable[int]) -> None:
        """Work nodes out again, and those above for as long as something changes."""
        waiting = deque(nodes)
        queued = set(waiting)
        while waiting:
            node = waiting.popleft()
            queued.discard(node)
            if (place := self.places.get(node)) is None:
                continue
            standing = self._work_out(place)
            if self._standing.get(node) != standing:
                self._standing[node] = standing
                waiting.extend(parent for parent in place.parents if parent not in queued)
                queued.update(place.parents)

    def _work_out(self, place: Place) -> tuple[bool, bool, object]:
        alive = not (place.dead or place.answered)
        is_open = alive and (self.can_expand(place) or any(map(self.is_open, place.children)))
        is_free = alive and (self.here(place) or any(map(self.is_free, place.children)))
        return is_open, is_free, self.weight(place)
