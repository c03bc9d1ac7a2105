"""The settings of sampling: how many attempts, how they are made, and how one is chosen."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, get_args

from longthought.agents.agent import Judge, Proposer
from longthought.errors import ConfigError
from longthought.graphs.context import Context
from longthought.graphs.path_value import Aggregate
from longthought.graphs.sampling.votes import Choose
from longthought.graphs.seats import EmptyChair, Seats
from longthought.problems.worked import load_worked


@dataclass(kw_only=True)
class SamplingContext(Context):
    """The settings of sampling. One greedy shot is `samples` 1 at temperature 0."""

    graph: ClassVar[str] = "sampling"

    samples: int = 8
    """Attempts at most."""
    choose: Choose = "majority"
    """The first answer, the last, the majority's, the critic's best, or the majority's with votes weighted by score."""
    aggregate: Aggregate = Aggregate.LAST
    """How the scores of an attempt's steps make one: the last step's, the smallest, or their product."""
    batch: int = 8
    """Whole attempts in one request; between requests it is seen whether the vote is decided."""
    stop_early: bool = True
    """Whether to stop once the attempts that are left can't change the answer."""
    revise: bool = False
    """Whether each attempt sees the one before and may mend it, instead of all being made alike."""
    merge: bool = False
    """Whether a last attempt merges the others, where their answers differ, and its answer is the run's."""
    few_shot: str | None = None
    """A JSONL file of worked solutions, shown before the problem; for policies that write whole solutions."""
    steps: int = 32
    """Steps of one attempt at most."""
    max_tokens: int | None = None
    """Tokens of one reply of the policy at most; by default what suits the model."""
    tools: Sequence[str] = ()
    """Verifiers that look at every attempt; none by default."""
    rounds: int = 10_000
    """Proposals at most, over all attempts."""

    def expect_sound(self) -> None:
        """Raise if a setting makes no sense.

        Raises:
            ConfigError: naming it.
            ProblemError: if the examples can't be read.

        """
        super().expect_sound()
        for name in ("samples", "batch", "steps", "max_tokens"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise ConfigError(f"{name} = {value!r}: must be 1 or more")
        for name, allowed in (("choose", get_args(Choose)), ("aggregate", list(Aggregate))):
            if (value := getattr(self, name)) not in allowed:
                raise ConfigError(f"{name} = {value!r}: choose from {', '.join(allowed)}")
        if self.few_shot is not None:
            load_worked(Path(self.few_shot))

    @property
    def scored(self) -> bool:
        """Whether the critic is asked at all."""
        return self.choose in ("critic", "weighted")

    def seats(self, policy: Proposer | None = None, critic: Judge | None = None) -> Seats:
        """Seat the agents and tools; nobody sits in a critic's chair that is never asked."""
        made = policy or self.make_policy(max_tokens=self.max_tokens)
        return super().seats(made, critic if self.scored else EmptyChair())
