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

    rounds: Positive = 64
    """Maximum number of proposals."""
    strategy: Way = Way.MCTS
    """Which node the search goes on from: beam, dvts, best_first, mcts or adaptive."""
    width: Positive = 4
    """Number of steps asked for at a node, in one request."""
    keep: Positive = 4
    """Number of nodes that a level of a beam keeps, and of trees of dvts."""
    depth: Positive = 16
    """Maximum number of steps of a path."""
    aggregate: Aggregate = Aggregate.LAST
    """How the scores on a path become its value: the last, the smallest or their product."""
    prune: Prune = Prune.VERDICT
    """What the critic's verdicts do to a step: score or verdict."""
    answers: Positive = 1
    """Number of accepted answers after which the search ends, with the best of them."""
    parallel: Positive = 1
    """Maximum number of model calls of one search in flight; above 1, the log depends on which is answered first."""
    exploration: Annotated[float, Field(ge=0)] = 1.0
    """Weight that mcts gives to nodes that were visited little."""
    rollouts: bool = False
    """With mcts, value a new node by the score of where the policy gets from it instead of its own."""
    debate: Positive | None = None
    """Rounds of a debate that goes on from each new step, whose outcome is the step's score instead of a verdict."""
    kinds: Sequence[str] = ()
    """Kinds of steps, in words; each selection asks for steps of one kind, in turn. For policies that read words."""

    def __post_init__(self) -> None:
        """Keep lists as lists, which is what they come back as from JSON, and refuse settings that don't agree."""
        super().__post_init__()
        self.kinds = list(self.kinds)
        if not all(kind.strip() for kind in self.kinds):
            raise ConfigError(
                f"`kinds` must say each kind in words, such as 'look at a special case', got {self.kinds!r}"
            )
        if self.rollouts and self.strategy != Way.MCTS:
            raise ConfigError(f"`rollouts` can't be True: only `strategy={Way.MCTS}` has rollouts")

    def plan(self, trajectory: str) -> StrategySettings:
        """Return the part that a strategy needs; draws differ between searches of one job."""
        return StrategySettings(
            width=self.width, keep=self.keep, depth=self.depth, aggregate=self.aggregate,
            exploration=self.exploration, rollouts=self.rollouts, seed=f"{self.seed}:{trajectory}",
        )  # fmt: skip
