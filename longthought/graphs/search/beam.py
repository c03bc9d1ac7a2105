"""Beam search, and diverse beam search: level by level, the best few are kept.

In a beam all nodes of a level compete for `keep` places. In the diverse kind (DVTS) the best first steps become the
roots of as many trees, each goes on from its own best step alone, and none waits for another. Where nothing is left to
go on from, the level above is asked for other steps, until it gives nothing new.

Beam: Lowerre, "The Harpy Speech Recognition System", 1976; over reasoning steps in Yao et al., "Tree of Thoughts",
2023, and in the reward trees of Qin et al., "O1 Replication Journey", 2024. DVTS: Beeching, Tunstall and Rush, "Scaling
test-time compute with open models", 2024.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

from longthought.graphs.search.facts import Expansion, Pruning
from longthought.graphs.search.strategy import Place, SearchStrategy, StrategySettings


@dataclass(slots=True)
class Lane:
    """Nodes of one level that compete for the next."""

    nodes: frozenset[int]
    keep: int
    level: int
    above: "Lane | None"
    waiting: set[int]
    """Those that have not got their steps."""
    tries: int = 1
    """How often each is asked."""
    below: int = 0
    """Lanes that come of it and have not come to an end."""


class Beam(SearchStrategy):
    """One lane, or from the first level on one for each node that was kept there."""

    def __init__(self, plan: StrategySettings, *, diverse: bool = False) -> None:
        """Start with the problem alone."""
        super().__init__(plan)
        self._diverse = diverse
        self._lanes: dict[int, Lane] = {}
        self._to_ask: list[tuple[int, int, int]] = []
        self._touched: set[int] = set()
        self._pruned: list[Pruning] = []
        self._open([0], plan.keep, None)

    def width(self, node: int) -> int:
        """Return the width; diverse trees need as many first steps as there are trees."""
        return max(self.plan.width, self.plan.keep) if self._diverse and not node else self.plan.width

    def ask(self) -> Expansion | None:
        """Return a node of a beam that has no steps yet, of the shortest beam first."""
        self._go_on()
        while self._to_ask:
            tries, level, node = self._to_ask[0]
            place = self.places[node]
            if tries == self._lanes[node].tries and not place.busy and not self._done(place):
                again = ", asked again" if tries > 1 else ""
                reason = (f"{self.value(node):.2f}, kept on level {level}" if node else "the problem") + again
                return Expansion(node, self.width(node), self.path(node), reason)
            heapq.heappop(self._to_ask)
        return None

    def prune(self) -> Pruning | None:
        """Return what did not come into the beam."""
        self._go_on()
        while self._pruned and all(self.places[node].dead for node in self._pruned[0].nodes):
            del self._pruned[0]
        return self._pruned[0] if self._pruned else None

    def changed(self, place: Place) -> None:
        """Look at a node of a beam again when next asked."""
        if place.id in self._lanes:
            self._touched.add(place.id)

    def _open(self, nodes: Iterable[int], keep: int, above: Lane | None) -> None:
        lane = Lane(frozenset(nodes), keep, above.level + 1 if above else 0, above, set(nodes))
        if above:
            above.below += 1
        for node in lane.nodes:
            self._lanes[node] = lane
        self._touched |= lane.nodes

    def _done(self, place: Place) -> bool:
        """Say whether a node has got its steps as often as its lane asks, or can't get any."""
        given = sum(bool(run.children) and run.number not in place.busy for run in place.runs)
        return given >= self._lanes[place.id].tries or not (place.busy or self.can_expand(place))

    def _go_on(self) -> None:
        """Move lanes whose nodes have all got their steps to the next level."""
        while self._touched:
            node = min(self._touched)
            self._touched.discard(node)
            lane, place = self._lanes[node], self.places[node]
            if not self._done(place):
                if not place.busy:
                    heapq.heappush(self._to_ask, (lane.tries, lane.level, node))
            elif node in lane.waiting:
                lane.waiting.discard(node)
                if not lane.waiting:
                    self._advance(lane)

    def _advance(self, lane: Lane) -> None:
        """Go on from the best of the next level, and give up the rest."""
        live = [n for node in lane.nodes for n in self._steps(self.places[node], lane.tries) if self._is_live(n, node)]
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

    def _steps(self, place: Place, tries: int) -> list[int]:
        """Return what came of the latest time a node was asked."""
        given = sorted((run for run in place.runs if run.children), key=lambda run: run.number)
        return given[tries - 1].children if len(given) >= tries else []

    def _is_live(self, node: int, parent: int) -> bool:
        place = self.places[node]
        ended = place.dead or place.answered or node in self._lanes or self.depth(place) >= self.plan.depth
        return place.parent == parent and place.score is not None and not ended

    def _ask_again(self, lane: Lane) -> None:
        """Ask for other steps in a lane that came to an end, or above it."""
        if any(self.can_expand(self.places[node]) for node in lane.nodes):
            lane.tries += 1
            lane.waiting |= lane.nodes
            self._touched |= lane.nodes
        elif lane.above:
            lane.above.below -= 1
            if not lane.above.below:
                self._ask_again(lane.above)
