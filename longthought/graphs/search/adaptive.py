"""Adaptive branching: at every node, go wider or deeper, whichever promises more.

On the way down a draw for a new step here stands against a draw for going on below, from what either has brought so
far (Thompson sampling with Beta posteriors): a step's score counts as that share of a success. If going on wins, draws
decide between the steps below, each from its own score and those under it.

After Inoue et al., "Wider or Deeper? Scaling LLM Inference-Time Compute with Adaptive Branching Tree Search", 2025
(AB-MCTS-A with Jeffreys' prior). There a node is a whole answer and its score is left out of its own posterior; here it
is a step towards one, and its score says what may come of it, so it counts.
"""

import random
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from longthought.graphs.search.descent import Descent
from longthought.graphs.search.facts import Expansion
from longthought.graphs.search.strategy import Place, StrategySettings

PRIOR: Final = 0.5
"""Successes and failures that a posterior starts from."""
UNIT: Final = 1_000_000
"""Scores are added up in millionths, so that the sum does not depend on the order."""


@dataclass(slots=True)
class ScoreSum:
    """Scores, added up."""

    total: int = 0
    times: int = 0

    def add(self, total: int, times: int) -> None:
        """Add others."""
        self.total += total
        self.times += times

    def draw(self, chance: random.Random) -> float:
        """Draw a share of successes."""
        return chance.betavariate(PRIOR + self.total / UNIT, PRIOR + self.times - self.total / UNIT)


class Adaptive(Descent):
    """Posteriors, and the walk that draws from them."""

    def __init__(self, plan: StrategySettings) -> None:
        """Start with the problem alone."""
        self._own: dict[int, int] = {}
        self._steps: defaultdict[int, ScoreSum] = defaultdict(ScoreSum)
        self._whole: defaultdict[int, ScoreSum] = defaultdict(ScoreSum)
        self._linked: set[int] = set()
        super().__init__(plan)

    def ask(self) -> Expansion | None:
        """Walk down to where a new step promises more than those there are."""
        if not self.is_free(0):
            return None
        chance = random.Random(f"{self.plan.seed}:{self.selections}")
        path = [0]
        while True:
            place = self.places[path[-1]]
            free = [child for child in place.children if self.is_free(child)]
            wider = self._steps[place.id].draw(chance) if self.here(place) else -1.0
            deeper = self._deeper(place.id).draw(chance) if free else -1.0
            if wider >= deeper:
                reason = f"a new step draws {wider:.2f}, " + (f"going on {deeper:.2f}" if free else "there is no other")
                return Expansion(place.id, self.width(place.id), tuple(path), reason)
            draws = {child: self._whole[child].draw(chance) for child in free}
            path.append(max(draws, key=lambda child: (draws[child], -child)))

    def may_widen(self, place: Place) -> bool:
        """Ask as often as the draws say."""
        return True

    def changed(self, place: Place) -> None:
        """Add its score to the records above."""
        if place.parent is not None and place.id not in self._linked:
            self._linked.add(place.id)
            whole = self._whole[place.id]
            if place.id in self._own:
                self._steps[place.parent].add(self._own[place.id], 1)
            self._add(place.parent, whole.total, whole.times)
        if place.judged and self._own.get(place.id) != round(self.value(place.id) * UNIT):
            self._count(place)
        super().changed(place)

    def _count(self, place: Place) -> None:
        if place.id:
            own, times = round(self.value(place.id) * UNIT), int(place.id not in self._own)
            more, self._own[place.id] = own - self._own.get(place.id, 0), own
            self._add(place.id, more, times)
            if place.id in self._linked and place.parent is not None:
                self._steps[place.parent].add(more, times)

    def _add(self, node: int, total: int, times: int) -> None:
        """Add to the record of a node and of all above it."""
        above: int | None = node
        while above is not None:
            self._whole[above].add(total, times)
            above = self.places[above].parent if above in self._linked else None

    def _deeper(self, node: int) -> ScoreSum:
        """Return what going on has brought: the scores below the node's steps."""
        steps, whole, own = self._steps[node], self._whole[node], self._own.get(node)
        return ScoreSum(whole.total - steps.total - (own or 0), whole.times - steps.times - (own is not None))
