"""Adaptive branching: at every node, go wider or deeper, whichever promises more.

On the way down a draw for a new step here stands against a draw for going on below, from what either has brought so
far (Thompson sampling with Beta posteriors): a step's score counts as that share of a success. If going on wins, draws
decide between the steps below, each from its own score and those under it.

After Inoue et al., "Wider or Deeper? Scaling LLM Inference-Time Compute with Adaptive Branching Tree Search", 2025
(AB-MCTS-A with Jeffreys' prior). There a node is a whole answer and its score is left out of its own posterior; here it
is a step towards one, and its score says what may come of it, so it counts.
"""

import math
import random
from typing import Final, NamedTuple

from longthought.graphs.search.descent import Descent
from longthought.graphs.search.facts import Expansion
from longthought.graphs.search.strategy import Place

PRIOR: Final = 0.5
"""Successes and failures that a posterior starts from."""


class Record(NamedTuple):
    """Scores, added up."""

    total: float = 0.0
    times: int = 0

    def draw(self, chance: random.Random) -> float:
        """Draw a share of successes."""
        return chance.betavariate(PRIOR + self.total, PRIOR + self.times - self.total)


class Adaptive(Descent):
    """Posteriors, and the walk that draws from them."""

    def ask(self) -> Expansion | None:
        """Walk down to where a new step promises more than those there are."""
        if not self.is_free(0):
            return None
        chance = random.Random(f"{self.plan.seed}:{self.selections}")
        path = [0]
        while True:
            place = self.places[path[-1]]
            free = [child for child in place.children if self.is_free(child)]
            wider = self._wider(place).draw(chance) if self.here(place) else -1.0
            deeper = self._deeper(place).draw(chance) if free else -1.0
            if wider >= deeper:
                reason = f"a new step draws {wider:.2f}, " + (f"going on {deeper:.2f}" if free else "there is no other")
                return Expansion(place.id, self.width(place.id), tuple(path), reason)
            draws = {child: self._record(child).draw(chance) for child in free}
            path.append(max(draws, key=lambda child: (draws[child], -child)))

    def may_widen(self, place: Place) -> bool:
        """Ask as often as the draws say."""
        return True

    def weight(self, place: Place) -> object:
        """Add up the scores of a node and all that was proposed below it."""
        below = [self._record(child) for child in place.children if self.places[child].parent == place.id]
        own = [self.value(place.id)] if place.judged and place.id else []
        return Record(math.fsum([*own, *(r.total for r in below)]), len(own) + sum(r.times for r in below))

    def _record(self, node: int) -> Record:
        weight = self.weight_of(node)
        return weight if isinstance(weight, Record) else Record()

    def _wider(self, place: Place) -> Record:
        """Return what new steps here have brought: the scores of the node's steps."""
        scores = [self.value(child) for child in place.children if self.places[child].judged]
        return Record(math.fsum(scores), len(scores))

    def _deeper(self, place: Place) -> Record:
        """Return what going on has brought: the scores below the node's steps."""
        own, below = self._wider(place), [self._record(child) for child in place.children]
        count = sum(record.times for record in below) - own.times
        return Record(max(0.0, math.fsum(record.total for record in below) - own.total), max(0, count))
