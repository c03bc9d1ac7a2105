"""Strategies by name: a graph, its settings, and how the answer is chosen at the end.

One table holds them all. A name is a shorthand for what `--strategy NAME=GRAPH:SETTING=VALUE,…` writes out. This module
neither plays nor measures.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from longthought.errors import ConfigError

StandIn = Literal["oracle", "random", "leaf-only"]
MANY: Final = 1_000_000
"""A number of attempts or rounds that no budget reaches."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Strategy:
    """A way to spend tokens on a problem."""

    name: str
    graph: str
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    choice: str = "the graph's own"
    """How the answer is chosen, in words."""
    checker: bool = False
    """Whether the exact checker chooses: any right answer given along the way counts."""
    runs_of: str | None = None
    """The strategy whose runs it is measured on, if it plays none."""
    checked: bool = False
    """Whether the tools that check the steps of debates check its attempts too; other attempts have no tools."""
    stand_in: StandIn | None = None
    """The stand-in that takes the critic's seat, to show what the critic adds."""
    after: str | None = None
    """The strategy that must be played before this one, because the stand-in imitates its critic."""

    @property
    def plays(self) -> str:
        """The name of the strategy whose runs it is measured on, usually its own."""
        return self.runs_of or self.name


def _search(name: str, strategy: str, **settings: Any) -> Strategy:
    return Strategy(name, "tree_search", {"strategy": strategy, **settings}, "the answer with the best score")


_ATTEMPTS: Final = {"attempts": MANY, "tools": ()}
"""Attempts for as long as the tokens last, which no tool checks."""
_JUDGED: Final = {"attempts": MANY, "batch": 1}
"""Attempts for as long as the tokens last, each judged before the next one is paid for."""

STRATEGIES: Final[Mapping[str, Strategy]] = {
    strategy.name: strategy
    for strategy in (
        Strategy("greedy", "sampling", {"attempts": 1, "temperature": 0.0, "tools": ()}, "the only attempt"),
        Strategy("majority", "sampling", {**_ATTEMPTS, "choose": "majority"}, "the most frequent answer"),
        Strategy("best-of-n", "sampling", choice="any right answer", checker=True, runs_of="majority"),
        Strategy(
            "critic-best-of-n", "sampling", {**_JUDGED, "choose": "critic"}, "the best critic's score", checked=True
        ),
        Strategy(
            "weighted",
            "sampling",
            {**_JUDGED, "choose": "weighted"},
            "a vote weighted by critic's scores",
            checked=True,
        ),
        Strategy(
            "program",
            "sampling",
            {**_ATTEMPTS, "dialect": "program", "choose": "majority"},
            "the most frequent answer of programs",
        ),
        Strategy(
            "tools-vote",
            "sampling",
            {"attempts": MANY, "choose": "weighted", "critic": "tools", "tools": ("algebra",)},
            "a vote weighed by what tools confirmed",
        ),
        Strategy("self-critique", "self_critique", choice="the agent's own last word"),
        Strategy("debate", "debate", choice="the answer the critic accepts"),
        Strategy("draft-debate", "debate", {"draft": None}, "the answer the critic accepts, else a vote"),
        Strategy(
            "tools",
            "debate",
            {"draft": None, "critic": "tools", "tools": ("algebra", "program")},
            "the answer that no tool disputes, else a vote",
        ),
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
"""Strategies that are compared by default."""


def chosen(names: Iterable[str], written: Iterable[str] = ()) -> tuple[Strategy, ...]:
    """Return the strategies that are named, then those that are written out.

    Args:
        names: Names of `STRATEGIES`; one with a `=` is written out.
        written: Strategies in the form that `read` takes.

    Raises:
        ConfigError: if a name is unknown or taken twice, or a strategy that is written out makes no sense.

    """
    by_name: dict[str, Strategy] = {}
    named = list(names)
    own = [read(text) for text in (*(name for name in named if "=" in name), *written)]
    for name in named:
        if "=" in name:
            continue
        if name not in STRATEGIES:
            raise ConfigError(f"unknown strategy {name!r}: there are {', '.join(STRATEGIES)}")
        by_name[name] = STRATEGIES[name]
    for strategy in own:
        if strategy.name in STRATEGIES or strategy.name in by_name:
            raise ConfigError(f"`strategy` {strategy.name}: that name is taken; choose another")
        by_name[strategy.name] = strategy
    if not by_name:
        raise ConfigError(f"no strategy is left to play: choose from {', '.join(STRATEGIES)}")
    from longthought.graphs import catalogue

    for strategy in by_name.values():
        catalogue.context(strategy.graph, strategy.settings)
    return tuple(by_name.values())


def read(text: str) -> Strategy:
    """Read `NAME=GRAPH:SETTING=VALUE,…`, such as `wide=tree_search:strategy=beam,width=8`.

    Raises:
        ConfigError: if the text has another form, or there is no such graph or setting.

    """
    name, equals, rest = text.partition("=")
    graph, _, settings = rest.partition(":")
    if not equals or not _NAME.fullmatch(name) or not graph:
        raise ConfigError(f"`strategy` {text}: write NAME=GRAPH:SETTING=VALUE,…, such as quick=debate:patience=1")
    from longthought.graphs import catalogue

    return Strategy(name, graph, catalogue.read(graph, filter(None, settings.split(",")), "strategy"))
