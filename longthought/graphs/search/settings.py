"""The settings of a tree search."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from longthought.errors import ConfigError
from longthought.graphs.context import Context
from longthought.graphs.path_value import Aggregate
from longthought.graphs.search.strategy import StrategySettings


class Way(StrEnum):
    """Which node a search goes on from."""

    BEAM = "beam"
    """Level by level, from the best few of each."""
    DVTS = "dvts"
    """A few trees side by side, each from its own best step."""
    BEST_FIRST = "best_first"
    """Always from the best of all."""
    MCTS = "mcts"
    """From where values and visits, carried back up, promise most (PUCT)."""
    ADAPTIVE = "adaptive"
    """Wider or deeper, as draws from what either has brought decide (AB-MCTS)."""


class Prune(StrEnum):
    """What the critic's verdicts do to a step."""

    SCORE = "score"
    """Only its score counts."""
    VERDICT = "verdict"
    """A step that the critic would go back from is dead, whatever its score."""


@dataclass(kw_only=True)
class SearchContext(Context):
    """The settings of a tree search."""

    graph: ClassVar[str] = "tree_search"

    rounds: int = 64
    """Proposals at most."""
    strategy: Way = Way.MCTS
    """Which node the search goes on from."""
    width: int = 4
    """Steps asked for at a node, in one request."""
    keep: int = 4
    """Nodes that a level of a beam keeps, and trees of dvts."""
    depth: int = 16
    """Steps of a path at most."""
    aggregate: Aggregate = Aggregate.LAST
    """How the scores on a path become its value."""
    prune: Prune = Prune.VERDICT
    """What the critic's verdicts do to a step."""
    answers: int = 1
    """Accepted answers after which it ends, with the best of them."""
    parallel: int = 1
    """Model calls of one search in flight at once; with more than one, the log depends on which is answered first."""
    exploration: float = 1.0
    """Weight that mcts gives to what has been visited little."""
    rollouts: bool = False
    """Whether the value of a new node is, for mcts, the score of where the policy gets from it, instead of its own."""
    debate: int | None = None
    """Rounds of a debate that goes on from each new step, whose outcome is the step's score instead of a verdict."""
    kinds: Sequence[str] = ()
    """Kinds of steps, in words; each selection asks for steps of one kind, in turn. For policies that read words."""

    def __post_init__(self) -> None:
        """Keep lists as lists, which is what they come back as from JSON."""
        super().__post_init__()
        self.kinds = list(self.kinds)

    def expect_sound(self) -> None:
        """Raise if a setting makes no sense."""
        super().expect_sound()
        choices: dict[str, type[StrEnum]] = {"strategy": Way, "aggregate": Aggregate, "prune": Prune}
        for name, kind in choices.items():
            value: Any = getattr(self, name)
            if value not in list(kind):
                raise ConfigError(f"{name} = {value!r}: choose one of {', '.join(kind)}")
        for name in ("width", "keep", "depth", "answers", "parallel", "debate"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise ConfigError(f"{name} = {value!r}: must be at least 1")
        if not self.exploration >= 0:
            raise ConfigError(f"exploration = {self.exploration!r}: must be 0 or more")
        if not all(kind.strip() for kind in self.kinds):
            raise ConfigError(f"kinds = {self.kinds!r}: say each kind in words, such as 'look at a special case'")
        if self.rollouts and self.strategy != Way.MCTS:
            raise ConfigError(f"rollouts = True: only strategy = {Way.MCTS} has rollouts")

    def plan(self, trajectory: str) -> StrategySettings:
        """Return the part that a strategy needs; draws differ between searches of one job."""
        return StrategySettings(
            width=self.width, keep=self.keep, depth=self.depth, aggregate=Aggregate(self.aggregate),
            exploration=self.exploration, rollouts=self.rollouts, seed=f"{self.seed}:{trajectory}",
        )  # fmt: skip
