"""Monte-Carlo tree search: walk down by PUCT, ask for steps at the end, and carry their values back up.

The policy gives several steps at once and the critic's score is the value of each, so every new step is a visit to all
nodes above it. Where two paths lead to one state, its statistics are those of a graph: visits belong to edges, counted
along the paths that the log says were walked, and a node's value is worked out from those of its children,

    Q(n) = (U(n) + Σ N(n, c) Q(c)) / (1 + Σ N(n, c)),        U(n) = the critic's score, or that of a rollout's end,

which comes out the same however often it is done. What is in flight counts as visits of no value (virtual loss), so
that expansions side by side spread out. A node whose steps have all come to an end is asked for others.

PUCT: Silver et al., "Mastering the game of Go without human knowledge", 2017. Graphs: Czech, Korus and Kersting,
"Improving AlphaZero Using Monte-Carlo Graph Search", 2021, and Wu, "Monte-Carlo Graph Search from First Principles"
(KataGo), 2023. Virtual loss: Chaslot, Winands and van den Herik, "Parallel Monte-Carlo Tree Search", 2008.
"""

import math
from collections import Counter
from itertools import pairwise

from longthought.graphs.search.descent import Descent
from longthought.graphs.search.facts import Expansion
from longthought.graphs.search.strategy import Place, Selection, StrategySettings


class Mcts(Descent):
    """Statistics of edges, and the walk they lead to."""

    def __init__(self, plan: StrategySettings) -> None:
        """Start with the problem alone."""
        self._visits: Counter[tuple[int, int]] = Counter()
        self._in_flight: Counter[tuple[int, int]] = Counter()
        self._q: dict[int, float] = {}
        self._counted: dict[int, set[int]] = {}
        self._owed: set[int] = set()
        self._outstanding: dict[int, int] = {}
        super().__init__(plan)

    def ask(self) -> Expansion | None:
        """Walk down to where steps can be asked for."""
        if (rollout := self._play_out()) is not None:
            return rollout
        if not self.is_free(0):
            return None
        path, reason = [0], "the problem"
        while not self.here(self.places[path[-1]]):
            above = self.places[path[-1]]
            free = [child for child in above.children if self.is_free(child)]
            best = max(free, key=lambda child: (self.puct(above.id, child), -child))
            visits = self.visits(above.id, best)
            reason = f"PUCT {self.puct(above.id, best):.2f}: {visits} visits, value {self.q(best):.2f}"
            path.append(best)
        return Expansion(path[-1], self.width(path[-1]), tuple(path), reason)

    def puct(self, node: int, child: int) -> float:
        """Return how much a child is worth a visit: its value, and more the less of its node's visits it has had."""
        edges = [c for c in self.places[node].children if self.places[c].judged]
        whole = sum(self._visits[node, c] + self._in_flight[node, c] for c in edges)
        visits, in_flight = self._visits[node, child], self._in_flight[node, child]
        value = self.q(child) * visits / (visits + in_flight) if in_flight else self.q(child)
        return value + self.plan.exploration / len(edges) * math.sqrt(whole) / (1 + visits + in_flight)

    def visits(self, node: int, child: int) -> int:
        """Return how many nodes have been weighed by way of an edge."""
        return self._visits[node, child]

    def q(self, node: int) -> float:
        """Return the value of a node: its own and that of all visits below it, on average."""
        return self._q.get(node, 0.0)

    def may_widen(self, place: Place) -> bool:
        """Ask once, and again when nothing that came of it is open."""
        return not any(map(self.is_open, place.children))

    def weight(self, place: Place) -> object:
        """Work out the value."""
        visits = [self._visits[place.id, child] for child in place.children]
        own = 0 if place.id == 0 else 1
        worth = [n * self.q(child) for n, child in zip(visits, place.children, strict=True)]
        total = math.fsum([*worth, self._worth(place)] if own else worth)
        whole = own + sum(visits)
        self._q[place.id] = total / whole if whole else 0.0
        return self._q[place.id]

    def settled(self, place: Place) -> bool:
        """Say whether a node has its value: the critic's, and that of its rollout if there is one to be had."""
        return place.judged and (not self._is_owed(place) or self._ended(place))

    def moved(self, run: Selection) -> None:
        """Count the visits of a selection along its path: those that are weighed, and those in flight."""
        if not run.path or run.rollout:
            return
        counted = self._counted.setdefault(run.number, set())
        new = [c for c in run.children if c not in counted and self.settled(self.places[c])]
        counted.update(new)
        due = (len(run.children) if run.over else max(run.width, len(run.children))) - len(counted)
        change, self._outstanding[run.number] = due - self._outstanding.get(run.number, 0), due
        if not new and not change:
            return
        for edge in pairwise(run.path):
            self._visits[edge] += len(new)
            self._in_flight[edge] += change
        for child in new:
            self._visits[run.node, child] += 1
        self.update([*new, *reversed(run.path)])

    # Rollouts.

    def changed(self, place: Place) -> None:
        """Remember whose rollout is due."""
        if self._is_owed(place):
            self._owed.add(place.id)
        super().changed(place)

    def _is_owed(self, place: Place) -> bool:
        """Say whether a rollout tells what a node is worth: not where it is known, nor on a rollout itself."""
        if not self.plan.rollouts or place.score is None:
            return False
        return any(not run.rollout for run in place.births) and self._goes_on(place)

    def _goes_on(self, place: Place) -> bool:
        return not (place.dead or place.answered) and self.depth(place) < self.plan.depth

    def _end(self, place: Place) -> tuple[Place, Selection | None]:
        """Follow a rollout to the node where it stands, and to the selection that is in flight or came to nothing."""
        while (run := next((run for run in place.runs if run.rollout), None)) is not None and run.children:
            place = self.places[run.children[0]]
        return place, run

    def _ended(self, place: Place) -> bool:
        end, run = self._end(place)
        return run.over if run else not self._goes_on(end) and end.judged

    def _worth(self, place: Place) -> float:
        """Return a node's own value."""
        if not self._is_owed(place):
            return self.value(place.id)
        end, run = self._end(place)
        return self.value(place.id if run or not end.judged else end.id)

    def _play_out(self) -> Expansion | None:
        """Go on with a rollout; those that have ended are weighed."""
        for node in sorted(self._owed):
            place = self.places[node]
            if not self._is_owed(place) or self._ended(place):
                self._owed.discard(node)
                for run in place.births:
                    self.refresh(run)
                continue
            end, run = self._end(place)
            if run is None and self._goes_on(end):
                path = (*self.path(node), *self.path(end.id)[len(self.path(node)) :])
                return Expansion(end.id, 1, path, f"a rollout from {node}", rollout=True)
        return None
