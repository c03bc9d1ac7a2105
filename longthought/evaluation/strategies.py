"""Strategies by name: which graph, with which settings, and how the answer is picked at the end.

One table holds them all. A name is a shorthand: anything in it can be said with `--strategy NAME=GRAPH:SETTING=VALUE,…`
too. Nothing here plays or measures.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from longthought.errors import ConfigError

StandIn = Literal["oracle", "random", "leaf-only"]
MANY: Final = 1_000_000
"""More than any budget buys: of attempts, and of rounds."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Strategy:
    """A way to spend tokens on a problem."""

    name: str
    graph: str
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    choice: str = "the graph's own"
    """How the answer is picked, in words."""
    checker: bool = False
    """Whether the exact checker picks: any answer given along the way counts if it is right."""
    runs_of: str | None = None
    """The strategy whose runs it reads, where it needs none of its own."""
    stand_in: StandIn | None = None
    """Who sits in the critic's chair instead of the critic, to find out what that is worth."""
    after: str | None = None
    """The strategy that has to be played before, to measure something on its runs."""

    @property
    def plays(self) -> str:
        """The name of the strategy whose runs it reads, often its own."""
        return self.runs_of or self.name


def _search(name: str, strategy: str, **settings: Any) -> Strategy:
    return Strategy(name, "tree_search", {"strategy": strategy, **settings}, "the answer with the best score")


_ATTEMPTS: Final = {"attempts": MANY, "tools": ()}
"""Blind attempts for as long as the tokens last; no tool looks at them."""

STRATEGIES: Final[Mapping[str, Strategy]] = {
    strategy.name: strategy
    for strategy in (
        Strategy("greedy", "sampling", {"attempts": 1, "temperature": 0.0, "tools": ()}, "the only attempt"),
        Strategy("majority", "sampling", {**_ATTEMPTS, "choose": "majority"}, "the most frequent answer"),
        Strategy("best-of-n", "sampling", choice="any right answer", checker=True, runs_of="majority"),
        Strategy("critic-best-of-n", "sampling", {"attempts": MANY, "choose": "critic"}, "the best critic's score"),
        Strategy(
            "weighted", "sampling", {"attempts": MANY, "choose": "weighted"}, "a vote weighted by critic's scores"
        ),
        Strategy("self-critique", "self_critique", choice="the agent's own last word"),
        Strategy("debate", "debate", choice="the answer the critic accepts"),
        _search("beam", "beam", width=4, keep=4),
        _search("dvts", "dvts", width=4, keep=4),
        _search("best-first", "best_first", width=4),
        _search("mcts", "mcts", width=4),
        _search("adaptive", "adaptive"),
        Strategy("oracle", "debate", choice="the exact solver in the critic's chair", stand_in="oracle"),
        Strategy(
            "random-critic", "debate", choice="verdicts drawn at the critic's rates", stand_in="random", after="debate"
        ),
        Strategy("leaf-only", "debate", choice="back only at a failed leaf, no critic", stand_in="leaf-only"),
    )
}
USUAL: Final = (
    *("greedy", "majority", "best-of-n", "critic-best-of-n", "self-critique"),
    *("debate", "beam", "dvts", "mcts"),
)
"""What is compared unless something else is asked for."""


def chosen(names: Iterable[str], written: Iterable[str] = ()) -> tuple[Strategy, ...]:
    """Return the strategies called by name, then those written out.

    Raises:
        ConfigError: if a name is unknown, used twice, or a strategy written out makes no sense.

    """
    found: dict[str, Strategy] = {}
    own = [read(text) for text in written]
    for name in names:
        if name not in STRATEGIES:
            raise ConfigError(f"unknown strategy {name!r}: there are {', '.join(STRATEGIES)}")
        found[name] = STRATEGIES[name]
    for strategy in own:
        if strategy.name in STRATEGIES or strategy.name in found:
            raise ConfigError(f"`strategy` {strategy.name}: that name is taken; choose another")
        found[strategy.name] = strategy
    if not found:
        raise ConfigError(f"no strategy is left to play: choose from {', '.join(STRATEGIES)}")
    from longthought.graphs import catalogue

    for strategy in found.values():
        catalogue.context(strategy.graph, strategy.settings)
    return tuple(found.values())


def read(text: str) -> Strategy:
    """Read `NAME=GRAPH:SETTING=VALUE,…`, such as `wide=tree_search:strategy=beam,width=8`.

    Raises:
        ConfigError: if it is written otherwise, or there is no such graph or setting.

    """
    name, equals, rest = text.partition("=")
    graph, _, settings = rest.partition(":")
    if not equals or not _NAME.fullmatch(name) or not graph:
        raise ConfigError(f"`strategy` {text}: write NAME=GRAPH:SETTING=VALUE,…, such as quick=debate:patience=1")
    from longthought.graphs import catalogue

    return Strategy(name, graph, catalogue.read(graph, filter(None, settings.split(",")), "strategy"))
