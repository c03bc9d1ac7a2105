"""Search strategies against brute force, on small trees that a fake world grows; no graph, no model, no log."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longthought.graphs.path_value import Aggregate
from longthought.graphs.search.facts import Dead, Expanded, Expansion, Fact, Grown, Scored, Selected
from longthought.graphs.search.fold import STRATEGIES
from longthought.graphs.search.mcts import Mcts
from longthought.graphs.search.settings import StrategyName
from longthought.graphs.search.strategy import PATIENCE, SearchStrategy, StrategySettings

WAYS = list(StrategyName)
every = pytest.mark.parametrize("way", WAYS)
seeds = st.integers(0, 10_000)
few = settings(max_examples=40)


@dataclass
class World:
    """What policy, tools and critic would say; the same seed says the same."""

    seed: int
    answers: float = 0.1
    dead: float = 0.2
    barren: float = 0.1
    merges: float = 0.0
    facts: list[Fact] = field(default_factory=list[Fact])
    expansions: list[Expansion] = field(default_factory=list[Expansion])
    scores: dict[int, float] = field(default_factory=lambda: {0: 1.0})
    parent: dict[int, int] = field(default_factory=dict[int, int])
    edges: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    closed: set[int] = field(default_factory=set[int])
    """Dead and answered nodes."""

    def depth(self, node: int) -> int:
        return 0 if node == 0 else 1 + self.depth(self.parent[node])

    def path(self, node: int) -> list[int]:
        return [] if node == 0 else [*self.path(self.parent[node]), node]

    def cousins(self, node: int) -> list[int]:
        """Return the nodes that a step from a node may be merged with."""
        depth = self.depth(node) + 1
        return [n for n in self.parent if (node, n) not in self.edges and self.depth(n) == depth]

    def select(self, expansion: Expansion) -> list[Fact]:
        """Begin an expansion; return the facts it will bring, which may come in any order that follows causes."""
        number = len(self.expansions)
        self.expansions.append(expansion)
        chance = random.Random(f"{self.seed}:{number}")
        self.facts.append(Selected(number, expansion.node, expansion.width, expansion.path, expansion.rollout))
        if chance.random() < self.barren:
            return [Expanded(number, expansion.node, barren=True)]
        grown, judged = list[Fact](), list[Fact]()
        for _ in range(expansion.width):
            cousins = self.cousins(expansion.node) if self.merges else []
            if cousins and chance.random() < self.merges:
                known = chance.choice(cousins)
                self.edges.add((expansion.node, known))
                grown.append(Grown(number, expansion.node, known, merged=True))
                continue
            node = len(self.scores)
            answered = chance.random() < self.answers
            self.scores[node], self.parent[node] = chance.random(), expansion.node
            self.edges.add((expansion.node, node))
            grown.append(Grown(number, expansion.node, node, answered))
            if chance.random() < self.dead:
                judged += [Scored(node, self.scores[node]), Dead(node)]
                self.closed.add(node)
            else:
                judged.append(Scored(node, self.scores[node]))
            if answered:
                self.closed.add(node)
        return [*grown, Expanded(number, expansion.node), *judged]

    def tell(self, strategy: SearchStrategy, facts: Sequence[Fact]) -> None:
        for fact in facts:
            self.facts.append(fact)
            strategy.tell(fact)

    def prune(self, strategy: SearchStrategy) -> None:
        while (pruning := strategy.prune()) is not None:
            self.closed.update(pruning.nodes)
            self.tell(strategy, [Dead(node) for node in pruning.nodes])

    def grow(self, strategy: SearchStrategy, rounds: int, at_once: int = 1) -> None:
        """Search, so many expansions at once, each of which is answered when chance has it."""
        chance = random.Random(self.seed)
        waiting: list[list[Fact]] = []
        for _ in range(rounds):
            self.prune(strategy)
            while len(waiting) < at_once and (expansion := strategy.ask()) is not None:
                assert expansion.node not in self.closed, "dead and finished nodes are never expanded"
                assert expansion.path[0] == 0
                assert expansion.path[-1] == expansion.node
                assert set(pairwise(expansion.path)) <= self.edges
                coming = self.select(expansion)
                strategy.tell(self.facts[-1])
                waiting.append(coming)
            if not waiting:
                return
            self.tell(strategy, waiting.pop(chance.randrange(len(waiting))))


def searched(
    way: StrategyName, world: World, plan: StrategySettings, rounds: int = 12, at_once: int = 1
) -> SearchStrategy:
    strategy = STRATEGIES[way](plan)
    world.grow(strategy, rounds, at_once)
    return strategy


# What all strategies must keep to.


@every
@few
@given(seed=seeds, at_once=st.integers(1, 4), merges=st.sampled_from([0.0, 0.3]))
def test_no_strategy_expands_what_is_dead_finished_too_deep_or_in_flight(
    way: StrategyName, seed: int, at_once: int, merges: float
) -> None:
    world = World(seed, merges=merges)
    plan = StrategySettings(width=3, keep=2, depth=3, seed="s")
    searched(way, world, plan, rounds=30, at_once=at_once)
    assert all(world.depth(e.node) < plan.depth for e in world.expansions)
    failures = [f for f in world.facts if isinstance(f, Expanded) and f.barren]
    assert all(sum(f.node == node for f in failures) <= PATIENCE for node in {f.node for f in failures})


@every
@few
@given(seed=seeds, merges=st.sampled_from([0.0, 0.3]), aggregate=st.sampled_from(list(Aggregate)))
def test_facts_out_of_order_and_told_twice_change_nothing(
    way: StrategyName, seed: int, merges: float, aggregate: Aggregate
) -> None:
    world = World(seed, merges=merges)
    plan = StrategySettings(width=3, keep=2, depth=4, aggregate=aggregate, seed="s")
    told = searched(way, world, plan)
    chance = random.Random(seed)
    facts = [*world.facts, *chance.choices(world.facts, k=len(world.facts) // 2)]
    chance.shuffle(facts)
    again = STRATEGIES[way](plan)
    for fact in facts:
        again.tell(fact)
    assert again.prune() == told.prune()
    assert again.ask() == told.ask()


@every
@few
@given(seed=seeds, cut=st.integers(0, 200))
def test_a_strategy_told_a_log_goes_on_like_the_one_that_wrote_it(way: StrategyName, seed: int, cut: int) -> None:
    plan = StrategySettings(width=3, keep=2, depth=4, seed="s")
    whole = World(seed, merges=0.2)
    searched(way, whole, plan, rounds=12)
    cut = min(cut, len(whole.expansions))
    part = World(seed, merges=0.2)
    searched(way, part, plan, rounds=cut)
    again = STRATEGIES[way](plan)
    for fact in part.facts:
        again.tell(fact)
    part.grow(again, 12 - cut)
    assert part.expansions == whole.expansions


@every
def test_the_same_seed_gives_the_same_tree_and_another_does_not(way: StrategyName) -> None:
    def expansions(seed: str) -> list[Expansion]:
        world = World(5, dead=0.0, answers=0.0, barren=0.0)
        searched(way, world, StrategySettings(width=2, keep=2, seed=seed), rounds=20)
        return world.expansions

    assert expansions("a") == expansions("a")
    assert (expansions("a") != expansions("b")) == (way is StrategyName.ADAPTIVE)


@every
def test_a_problem_nothing_comes_of_is_left(way: StrategyName) -> None:
    world = World(1, barren=1.0)
    assert searched(way, world, StrategySettings()).ask() is None
    assert [e.node for e in world.expansions] == [0] * PATIENCE


def test_values_of_paths_are_put_together_as_asked() -> None:
    found: dict[Aggregate, float] = {}
    for aggregate in Aggregate:
        strategy = STRATEGIES[StrategyName.BEST_FIRST](StrategySettings(aggregate=aggregate))
        for node, score in ((1, 0.5), (2, 0.25), (3, 0.75)):
            strategy.tell(Grown(node, node - 1, node))
            strategy.tell(Scored(node, score))
        found[aggregate] = strategy.value(3)
    assert found == {Aggregate.LAST: 0.75, Aggregate.MIN: 0.25, Aggregate.PRODUCT: 0.5 * 0.25 * 0.75}


# Beam and best-first.


@few
@given(seeds, st.integers(1, 4), st.integers(1, 4))
def test_a_beam_keeps_the_best_of_each_level(seed: int, width: int, keep: int) -> None:
    world = World(seed, barren=0.0)
    plan = StrategySettings(width=width, keep=keep, depth=4)
    searched(StrategyName.BEAM, world, plan, rounds=200)
    level, asked = [0], [e.node for e in world.expansions]
    for depth in range(1, plan.depth + 1):
        assert set(asked[: len(level)]) == set(level)
        del asked[: len(level)]
        first = [n for n, parent in world.parent.items() if parent in level and _try(world, n) == 1]
        dead = {f.node for f in world.facts if isinstance(f, Dead) and _judged_before_dead(world.facts, f)}
        live = [n for n in first if n not in dead and not _answered(world, n)]
        level = sorted(live, key=lambda n: -world.scores[n])[:keep]
        if not level or depth == plan.depth - 1:
            break


def _try(world: World, node: int) -> int:
    """Say in which selection of its parent a node was proposed."""
    number = next(f.number for f in world.facts if isinstance(f, Grown) and f.node == node)
    return sum(e.node == world.parent[node] for e in world.expansions[: number + 1])


def _answered(world: World, node: int) -> bool:
    return any(isinstance(f, Grown) and f.node == node and f.answered for f in world.facts)


def _judged_before_dead(facts: Sequence[Fact], dead: Dead) -> bool:
    """Tell the critic's dead from those that were pruned: theirs follows the score at once."""
    at = facts.index(dead)
    return isinstance(facts[at - 1], Scored) and facts[at - 1].node == dead.node


@few
@given(seeds, st.integers(1, 3), st.integers(1, 3))
def test_diverse_trees_each_go_on_from_their_own_best_step(seed: int, width: int, keep: int) -> None:
    world = World(seed, barren=0.0, dead=0.0, answers=0.0)
    searched(StrategyName.DVTS, world, StrategySettings(width=width, keep=keep, depth=4), rounds=40)
    first = [n for n, parent in world.parent.items() if parent == 0 and _try(world, n) == 1]
    assert len(first) == max(width, keep)
    roots = sorted(first, key=lambda n: -world.scores[n])[:keep]
    wanted = {0}
    for root in roots:
        node: int | None = root
        while node is not None:
            wanted.add(node)
            steps = [n for n, parent in world.parent.items() if parent == node and _try(world, n) == 1]
            steps = [n for n in steps if world.depth(n) < 4]
            node = max(steps, key=lambda n: world.scores[n], default=None)
    asked = [e.node for e in world.expansions]
    assert set(asked[: len(wanted)]) == wanted
    assert asked[len(wanted)] in wanted, "then they are asked again"


@few
@given(seeds, st.sampled_from(list(Aggregate)))
def test_best_first_always_takes_the_best_of_all(seed: int, aggregate: Aggregate) -> None:
    world = World(seed, barren=0.0)
    strategy = STRATEGIES[StrategyName.BEST_FIRST](StrategySettings(width=3, depth=4, aggregate=aggregate))
    combine = {Aggregate.LAST: lambda s: s[-1], Aggregate.MIN: min, Aggregate.PRODUCT: math.prod}[aggregate]
    for _ in range(12):
        expansion = strategy.ask()
        done = {e.node for e in world.expansions}
        live = {0, *world.parent} - done - world.closed
        live = {n for n in live if world.depth(n) < 4}
        if not live or expansion is None:
            break
        values = {n: combine([world.scores[p] for p in world.path(n)] or [1.0]) for n in live}
        assert values[expansion.node] == pytest.approx(max(values.values()))
        assert expansion.node in live
        coming = world.select(expansion)
        world.tell(strategy, [world.facts.pop(), *coming])


def test_a_level_that_comes_to_nothing_is_asked_again_and_then_the_one_above() -> None:
    world = World(0, dead=1.0, answers=0.0, barren=0.0)
    strategy = STRATEGIES[StrategyName.BEAM](StrategySettings(width=2, keep=2, depth=3))
    world.dead = 0.0
    world.grow(strategy, 1)
    world.dead = 1.0
    world.grow(strategy, 5)
    first = sorted((1, 2), key=lambda n: -world.scores[n])
    assert sorted(e.node for e in world.expansions[1:3]) == sorted(first)
    assert [e.node for e in world.expansions[3:]] == [e.node for e in world.expansions[1:3]] + [
        world.expansions[1].node
    ]
    world.barren = 1.0
    world.grow(strategy, 5)
    assert world.expansions[-1].node == 0
    assert world.expansions[-1].reason == "the problem, asked again"


# Monte-Carlo tree search.


def three_nodes(exploration: float = 1.0) -> Mcts:
    """Return a problem with two steps, of values 0.6 and 0.5."""
    strategy = Mcts(StrategySettings(width=2, exploration=exploration))
    for fact in (
        Selected(1, 0, 2, (0,)), Grown(1, 0, 1), Grown(1, 0, 2), Expanded(1, 0), Scored(1, 0.6), Scored(2, 0.5),
    ):  # fmt: skip
        strategy.tell(fact)
    return strategy


def test_puct_by_hand_on_three_nodes() -> None:
    strategy = three_nodes()
    # Q + c · P · √ΣN / (1 + N), with P = 1/2, ΣN = 2 and N = 1 for both
    assert strategy.puct(0, 1) == pytest.approx(0.6 + 0.5 * math.sqrt(2) / 2)
    assert strategy.puct(0, 2) == pytest.approx(0.5 + 0.5 * math.sqrt(2) / 2)
    asked = strategy.ask()
    assert asked == Expansion(1, 2, (0, 1), "PUCT 0.95: 1 visits, value 0.60")
    for fact in (
        Selected(2, 1, 2, (0, 1)), Grown(2, 1, 3), Grown(2, 1, 4), Expanded(2, 1), Scored(3, 0.2), Scored(4, 0.1),
    ):  # fmt: skip
        strategy.tell(fact)
    assert strategy.q(1) == pytest.approx((0.6 + 0.2 + 0.1) / 3)
    assert strategy.q(0) == pytest.approx((0.6 + 0.2 + 0.1 + 0.5) / 4)
    # ΣN = 4, N(0, 1) = 3, N(0, 2) = 1
    assert strategy.puct(0, 1) == pytest.approx(0.3 + 0.5 * 2 / 4)
    assert strategy.puct(0, 2) == pytest.approx(0.5 + 0.5 * 2 / 2)
    assert (asked := strategy.ask()) is not None
    assert asked.node == 2


def test_what_is_in_flight_counts_as_visits_of_no_value() -> None:
    strategy = three_nodes()
    strategy.tell(Selected(2, 1, 2, (0, 1)))
    # one visit of 0.6 and two of nothing; ΣN = 4
    assert strategy.puct(0, 1) == pytest.approx(0.6 / 3 + 0.5 * 2 / 4)
    assert (asked := strategy.ask()) is not None
    assert asked.node == 2
    strategy.tell(Selected(3, 2, 2, (0, 2)))
    assert strategy.ask() is None, "all there is to expand is in flight"
    strategy.tell(Expanded(2, 1, barren=True))
    assert strategy.puct(0, 1) == pytest.approx(0.6 + 0.5 * 2 / 2), "nothing came, so nothing counts"


@few
@given(seeds, st.integers(1, 3))
def test_visits_and_values_add_up(seed: int, at_once: int) -> None:
    world = World(seed)
    strategy = searched(StrategyName.MCTS, world, StrategySettings(width=3, depth=4), rounds=20, at_once=at_once)
    assert isinstance(strategy, Mcts)
    judged = {n for n in world.parent if strategy.node_states.get(n) and strategy.node_states[n].judged}

    def below(node: int) -> list[float]:
        steps = [n for n in judged if world.parent[n] == node]
        return [*([world.scores[node]] if node else []), *(v for n in steps for v in below(n))]

    for node in {0, *judged}:
        values = below(node)
        if values:
            assert strategy.q(node) == pytest.approx(sum(values) / len(values))
        if node:
            assert strategy.visits(world.parent[node], node) == len(values)


@few
@given(seeds)
def test_in_a_graph_every_value_follows_from_those_below_and_visits_from_the_walks(seed: int) -> None:
    world = World(seed, merges=0.5, barren=0.0)
    strategy = searched(StrategyName.MCTS, world, StrategySettings(width=3, depth=5), rounds=15)
    assert isinstance(strategy, Mcts)
    plays = [
        (*e.path, f.node) for n, e in enumerate(world.expansions) for f in world.facts
        if isinstance(f, Grown) and f.number == n and (s := strategy.node_states.get(f.node)) and s.judged
    ]  # fmt: skip
    for node, child in world.edges:
        if child in strategy.node_states:
            assert strategy.visits(node, child) == sum((node, child) in pairwise(p) for p in plays)
    for node, place in strategy.node_states.items():
        weighed = [(strategy.visits(node, c), strategy.q(c)) for c in place.children]
        own = [(1, world.scores[node])] if node and place.judged else []
        if whole := sum(n for n, _ in (*own, *weighed)):
            assert strategy.q(node) == pytest.approx(sum(n * q for n, q in (*own, *weighed)) / whole)


def test_a_merged_state_is_gone_on_from_once_for_both_ways_to_it() -> None:
    strategy = three_nodes()
    for fact in (Selected(2, 1, 1, (0, 1)), Grown(2, 1, 3), Expanded(2, 1), Scored(3, 0.9)):
        strategy.tell(fact)
    for fact in (Selected(3, 2, 1, (0, 2)), Grown(3, 2, 3, merged=True), Expanded(3, 2)):
        strategy.tell(fact)
    assert strategy.visits(2, 3) == strategy.visits(1, 3) == 1
    assert strategy.q(2) == pytest.approx((0.5 + 0.9) / 2), "what is known of the state is known here at once"
    for fact in (Selected(4, 3, 1, (0, 2, 3)), Grown(4, 3, 4), Expanded(4, 3), Scored(4, 0.0)):
        strategy.tell(fact)
    assert (strategy.visits(2, 3), strategy.visits(1, 3)) == (2, 1), "the walk came by 2"
    assert strategy.q(3) == pytest.approx(0.45)
    assert strategy.q(1) == pytest.approx((0.6 + 0.45) / 2), "1 hears of it, too"
    assert strategy.q(2) == pytest.approx((0.5 + 2 * 0.45) / 3)


def test_a_rollout_is_played_to_its_end_before_the_node_is_weighed() -> None:
    strategy = Mcts(StrategySettings(width=1, depth=3, rollouts=True))
    for fact in (Selected(1, 0, 1, (0,)), Grown(1, 0, 1), Expanded(1, 0), Scored(1, 0.9)):
        strategy.tell(fact)
    assert strategy.visits(0, 1) == 0
    asked = strategy.ask()
    assert asked == Expansion(1, 1, (0, 1), "a rollout from 1", rollout=True)
    for fact in (Selected(2, 1, 1, (0, 1), rollout=True), Grown(2, 1, 2), Expanded(2, 1)):
        strategy.tell(fact)
    asked = strategy.ask()
    assert asked == Expansion(2, 1, (0, 1, 2), "a rollout from 1", rollout=True)
    for fact in (Selected(3, 2, 1, (0, 1, 2), rollout=True), Grown(3, 2, 3, answered=True), Expanded(3, 2)):
        strategy.tell(fact)
    assert strategy.ask() is None, "nobody has judged the end yet"
    strategy.tell(Scored(3, 0.3))
    asked = strategy.ask()
    assert strategy.q(1) == pytest.approx(0.3)
    assert (asked is not None and asked.node, strategy.visits(0, 1)) == (1, 1)


# Adaptive branching.


def test_what_has_brought_more_is_gone_on_with() -> None:
    chosen = {True: 0, False: 0}
    for seed in range(200):
        for deeper in chosen:
            strategy = STRATEGIES[StrategyName.ADAPTIVE](StrategySettings(width=4, depth=2, seed=str(seed)))
            facts: list[Fact] = [Selected(1, 0, 4, (0,))]
            for node in range(1, 5):
                facts += [Grown(1, 0, node), Scored(node, 0.5)]
            facts += [Expanded(1, 0), Selected(2, 1, 8, (0, 1))]
            for node in range(5, 13):
                facts += [Grown(2, 1, node), Scored(node, 0.95 if deeper else 0.05)]
            for fact in (*facts, Expanded(2, 1)):
                strategy.tell(fact)
            asked = strategy.ask()
            assert asked is not None
            chosen[deeper] += asked.node != 0
    assert chosen[True] > 180
    assert chosen[False] < 20
