"""Adaptive branching: at every node, go wider or deeper, whichever promises more.

On the way down, a draw for a new step at a node competes with a draw for going deeper, each from the scores that the
choice has brought so far (Thompson sampling with Beta posteriors); a score counts as that share of a success. If going
deeper wins, draws decide between the steps below, each from its own score and the scores under it.

After Inoue et al., "Wider or Deeper? Scaling LLM Inference-Time Compute with Adaptive Branching Tree Search", 2025
(AB-MCTS-A with Jeffreys' prior). There a node is a whole answer, and its posterior leaves its own score out. Here a
node is a step, whose score predicts the answers below it, so it counts.
"""

import random
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from longthought.graphs.search.descent import Descent
from longthought.graphs.search.facts import Expansion
from longthought.graphs.search.strategy import NodeState, StrategySettings

PRIOR: Final = 0.5
"""Number of successes and of failures that a posterior starts with."""
UNIT: Final = 1_000_000
"""Scores are added in millionths, as whole numbers, so that the sum does not depend on the order."""


@dataclass(slots=True)
class ScoreSum:
    """A sum of scores, in millionths, and their number."""

    total: int = 0
    times: int = 0

    def add(self, total: int, times: int) -> None:
        """Add scores to the sum."""
        self.total += total
        self.times += times

    def draw(self, chance: random.Random) -> float:
        """Draw a share of successes from the posterior."""
        return chance.betavariate(PRIOR + self.total / UNIT, PRIOR + self.times - self.total / UNIT)


class Adaptive(Descent):
    """The posteriors, and the walk that draws from them."""

    def __init__(self, settings: StrategySettings) -> None:
        """Start with the problem alone."""
        self._own: dict[int, int] = {}
        self._steps: defaultdict[int, ScoreSum] = defaultdict(ScoreSum)
        self._whole: defaultdict[int, ScoreSum] = defaultdict(ScoreSum)
        self._linked: set[int] = set()
        super().__init__(settings)

    def ask(self) -> Expansion | None:
        """Walk down to the node where a new step promises more than going deeper."""
        if not self.is_free(0):
            return None
        chance = random.Random(f"{self.settings.seed}:{self.selection_count}")
        path = [0]
        while True:
            state = self.node_states[path[-1]]
            free = [child for child in state.children if self.is_free(child)]
            wider = self._steps[state.id].draw(chance) if self.is_free_here(state) else -1.0
            deeper = self._deeper(state.id).draw(chance) if free else -1.0
            if wider >= deeper:
                reason = f"a new step draws {wider:.2f}, " + (f"going on {deeper:.2f}" if free else "there is no other")
                return Expansion(state.id, self.width(state.id), tuple(path), reason)
            draws = {child: self._whole[child].draw(chance) for child in free}
            path.append(max(draws, key=lambda child: (draws[child], -child)))

    def may_widen(self, state: NodeState) -> bool:
        """Return True: the draws decide how often a node is expanded."""
        return True

    def changed(self, state: NodeState) -> None:
        """Add a node's score to the sums of the nodes above."""
        if state.parent is not None and state.id not in self._linked:
            self._linked.add(state.id)
            whole = self._whole[state.id]
            if state.id in self._own:
                self._steps[state.parent].add(self._own[state.id], 1)
            self._add(state.parent, whole.total, whole.times)
        if state.judged and self._own.get(state.id) != round(self.value(state.id) * UNIT):
            self._count(state)
        super().changed(state)

    def _count(self, state: NodeState) -> None:
        if state.id:
            own, times = round(self.value(state.id) * UNIT), int(state.id not in self._own)
            more, self._own[state.id] = own - self._own.get(state.id, 0), own
            self._add(state.id, more, times)
            if state.id in self._linked and state.parent is not None:
                self._steps[state.parent].add(more, times)

    def _add(self, node: int, total: int, times: int) -> None:
        """Add scores to the sum of a node and of all nodes above it."""
        above: int | None = node
        while above is not None:
            self._whole[above].add(total, times)
            above = self.node_states[above].parent if above in self._linked else None

    def _deeper(self, node: int) -> ScoreSum:
        """Return the sum for going deeper: the scores below the node's steps."""
        steps, whole, own = self._steps[node], self._whole[node], self._own.get(node)
        return ScoreSum(whole.total - steps.total - (own or 0), whole.times - steps.times - (own is not None))
