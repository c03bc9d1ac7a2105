"""The settings of a tree search."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field
from pydantic.dataclasses import dataclass

from longthought.errors import ConfigError
from longthought.graphs.context import Context, Positive
from longthought.graphs.path_value import Aggregate
from longthought.graphs.search.strategy import StrategySettings


class StrategyName(StrEnum):
    """The strategy that selects the node to expand."""

    BEAM = "beam"
    """Level by level, the best few nodes of each."""
    DVTS = "dvts"
    """Several trees side by side, each from its own best step."""
    BEST_FIRST = "best_first"
    """The best of all nodes."""
    MCTS = "mcts"
    """The node that promises most by the values and visits carried back up (PUCT)."""
    ADAPTIVE = "adaptive"
    """Wider or deeper, by draws from the scores that each has brought (AB-MCTS)."""


class Prune(StrEnum):
    """The effect of the critic's verdicts on a step."""

    SCORE = "score"
    """Only the score counts."""
    VERDICT = "verdict"
    """A step from which the critic would backtrack is dead, whatever its score."""


@dataclass(kw_only=True)
class SearchContext(Context):
    """The settings of a tree search."""

    graph: ClassVar[str] = "tree_search"

    rounds: Positive = 64
    """Maximum number of proposals."""
    strategy: StrategyName = StrategyName.MCTS
    """Strategy that selects the node to expand: beam, dvts, best_first, mcts or adaptive."""
    width: Positive = 4
    """Number of steps asked for from a node, in one request."""
    keep: Positive = 4
    """Number of nodes that a beam keeps on each level, or of trees of dvts."""
    depth: Positive = 16
    """Maximum number of steps on a path."""
    aggregate: Aggregate = Aggregate.LAST
    """How the scores on a path become its value: the last, the smallest or their product."""
    prune: Prune = Prune.VERDICT
    """Effect of the critic's verdicts on a step: score (only the score counts) or verdict (backtrack prunes)."""
    answers: Positive = 1
    """Number of accepted answers after which the search ends, with the best of them."""
    parallel: Positive = 1
    """Maximum number of model calls of one search in flight; above 1, the log depends on which is answered first."""
    exploration: Annotated[float, Field(ge=0)] = 1.0
    """Weight that mcts gives to rarely visited nodes."""
    rollouts: bool = False
    """With mcts, value a new node by the score at the end of a rollout from it instead of its own."""
    debate: Positive | None = None
    """Rounds of a debate from each new step, whose outcome replaces the critic's score (default: no debate)."""
    kinds: Sequence[str] = ()
    """Kinds of steps, in words; selections ask for one kind each, in turn. For policies that read prose."""

    def __post_init__(self) -> None:
        """Keep lists as lists, as JSON returns them, and refuse settings that contradict each other."""
        super().__post_init__()
        self.kinds = list(self.kinds)
        if not all(kind.strip() for kind in self.kinds):
            raise ConfigError(
                f"`kinds` must say each kind in words, such as 'look at a special case', got {self.kinds!r}"
            )
        if self.rollouts and self.strategy != StrategyName.MCTS:
            raise ConfigError(f"`rollouts` can't be True: only `strategy={StrategyName.MCTS}` has rollouts")

    def for_strategy(self, trajectory: str) -> StrategySettings:
        """Return the settings of the strategy; its seed differs between searches of one job."""
        return StrategySettings(
            width=self.width, keep=self.keep, depth=self.depth, aggregate=self.aggregate,
            exploration=self.exploration, rollouts=self.rollouts, seed=f"{self.seed}:{trajectory}",
        )  # fmt: skip
