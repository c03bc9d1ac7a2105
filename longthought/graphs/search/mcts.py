"""Monte-Carlo tree search: walk down by PUCT, expand the node reached, and carry the values of its steps back up.

The policy gives several steps at once and the critic's score is the value of each, so every new step is a visit to all
nodes above it. Since two paths may lead to one state, the statistics are those of a graph: visits belong to edges and
are counted along the paths in the log, and a node's value follows from those of its children,

    Q(n) = (U(n) + Σ N(n, c) Q(c)) / (1 + Σ N(n, c)),        U(n) = the critic's score, or that of a rollout's end,

which gives the same result however often it is computed. Expansions in flight count as visits of value 0 (virtual
loss), so that concurrent expansions spread out. A node whose steps have all come to an end is asked for others.

PUCT: Silver et al., "Mastering the game of Go without human knowledge", 2017. Graphs: Czech, Korus and Kersting,
"Improving AlphaZero Using Monte-Carlo Graph Search", 2021, and Wu, "Monte-Carlo Graph Search from First Principles"
(KataGo), 2023. Virtual loss: Chaslot, Winands and van den Herik, "Parallel Monte-Carlo Tree Search", 2008.
"""

import math
from collections import Counter
from itertools import pairwise

from longthought.graphs.search.descent import Descent
from longthought.graphs.search.facts import Expansion
from longthought.graphs.search.strategy import NodeState, Selection, StrategySettings


class Mcts(Descent):
    """The statistics of edges, and the walk that follows from them."""

    def __init__(self, settings: StrategySettings) -> None:
        """Start with the problem alone."""
        self._visits: Counter[tuple[int, int]] = Counter()
        self._in_flight: Counter[tuple[int, int]] = Counter()
        self._q: dict[int, float] = {}
        self._counted: dict[int, set[int]] = {}
        self._rollouts_due: set[int] = set()
        self._outstanding: dict[int, int] = {}
        super().__init__(settings)

    def ask(self) -> Expansion | None:
        """Walk down to a node that can be expanded, or go on with a rollout."""
        if (rollout := self._play_out()) is not None:
            return rollout
        if not self.is_free(0):
            return None
        path, reason = [0], "the problem"
        while not self.is_free_here(self.node_states[path[-1]]):
            above = self.node_states[path[-1]]
            free = [child for child in above.children if self.is_free(child)]
            best = max(free, key=lambda child: (self.puct(above.id, child), -child))
            visits = self.visits(above.id, best)
            reason = f"PUCT {self.puct(above.id, best):.2f}: {visits} visits, value {self.q(best):.2f}"
            path.append(best)
        return Expansion(path[-1], self.width(path[-1]), tuple(path), reason)

    def puct(self, node: int, child: int) -> float:
        """Return the PUCT score of a child: its value plus a bonus that falls with its share of the node's visits."""
        edges = [c for c in self.node_states[node].children if self.node_states[c].judged]
        whole = sum(self._visits[node, c] + self._in_flight[node, c] for c in edges)
        visits, in_flight = self._visits[node, child], self._in_flight[node, child]
        value = self.q(child) * visits / (visits + in_flight) if in_flight else self.q(child)
        return value + self.settings.exploration / len(edges) * math.sqrt(whole) / (1 + visits + in_flight)

    def visits(self, node: int, child: int) -> int:
        """Return the number of evaluated nodes reached through an edge."""
        return self._visits[node, child]

    def q(self, node: int) -> float:
        """Return the value of a node: the average of its own value and of those of all visits below it."""
        return self._q.get(node, 0.0)

    def may_widen(self, state: NodeState) -> bool:
        """Expand a node once, and again when none of its steps is open."""
        return not any(map(self.is_open, state.children))

    def weight(self, state: NodeState) -> object:
        """Recompute and return the node's value."""
        visits = [self._visits[state.id, child] for child in state.children]
        own = 0 if state.id == 0 else 1
        below = [n * self.q(child) for n, child in zip(visits, state.children, strict=True)]
        total = math.fsum([*below, self._own_value(state)] if own else below)
        whole = own + sum(visits)
        self._q[state.id] = total / whole if whole else 0.0
        return self._q[state.id]

    def settled(self, state: NodeState) -> bool:
        """Say whether a node has its value: the critic's score and, if a rollout is due, the rollout's end."""
        return state.judged and (not self._is_rollout_due(state) or self._ended(state))

    def moved(self, selection: Selection) -> None:
        """Count the visits of a selection along its path: those evaluated, and those in flight."""
        if not selection.path or selection.rollout:
            return
        counted = self._counted.setdefault(selection.number, set())
        new = [c for c in selection.children if c not in counted and self.settled(self.node_states[c])]
        counted.update(new)
        due = (len(selection.children) if selection.over else max(selection.width, len(selection.children))) - len(
            counted
        )
        change, self._outstanding[selection.number] = due - self._outstanding.get(selection.number, 0), due
        if not new and not change:
            return
        for edge in pairwise(selection.path):
            self._visits[edge] += len(new)
            self._in_flight[edge] += change
        for child in new:
            self._visits[selection.node, child] += 1
        self.update([*new, *reversed(selection.path)])

    # Rollouts.

    def changed(self, state: NodeState) -> None:
        """Note whether the node's rollout is due."""
        if self._is_rollout_due(state):
            self._rollouts_due.add(state.id)
        super().changed(state)

    def _is_rollout_due(self, state: NodeState) -> bool:
        """Say whether a rollout gives a node's value; not if the node has ended or is itself only on a rollout."""
        if not self.settings.rollouts or state.score is None:
            return False
        return any(not selection.rollout for selection in state.proposed_in) and self._can_go_on(state)

    def _can_go_on(self, state: NodeState) -> bool:
        return not (state.dead or state.answered) and self.depth(state) < self.settings.depth

    def _end(self, state: NodeState) -> tuple[NodeState, Selection | None]:
        """Return the last node of a rollout, and its selection that is in flight or gave nothing."""
        while (
            selection := next((selection for selection in state.selections if selection.rollout), None)
        ) is not None and selection.children:
            state = self.node_states[selection.children[0]]
        return state, selection

    def _ended(self, state: NodeState) -> bool:
        end, selection = self._end(state)
        return selection.over if selection else not self._can_go_on(end) and end.judged

    def _own_value(self, state: NodeState) -> float:
        """Return a node's own value."""
        if not self._is_rollout_due(state):
            return self.value(state.id)
        end, selection = self._end(state)
        return self.value(state.id if selection or not end.judged else end.id)

    def _play_out(self) -> Expansion | None:
        """Return the next step of a rollout that is due; rollouts that have ended are counted."""
        for node in sorted(self._rollouts_due):
            state = self.node_states[node]
            if not self._is_rollout_due(state) or self._ended(state):
                self._rollouts_due.discard(node)
                for selection in state.proposed_in:
                    self.refresh(selection)
                continue
            end, selection = self._end(state)
            if selection is None and self._can_go_on(end):
                path = (*self.path(node), *self.path(end.id)[len(self.path(node)) :])
                return Expansion(end.id, 1, path, f"a rollout from {node}", rollout=True)
        return None
