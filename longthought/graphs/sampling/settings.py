"""The settings of sampling: how many attempts, how they are made, and how one is chosen."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from pydantic.dataclasses import dataclass

from longthought.agents.agent import Judge, Proposer
from longthought.graphs.context import Context, Positive
from longthought.graphs.path_value import Aggregate
from longthought.graphs.sampling.votes import Choose
from longthought.graphs.seats import EmptyChair, Seats
from longthought.problems.worked import load_worked


@dataclass(kw_only=True)
class SamplingContext(Context):
    """The settings of sampling; a single greedy attempt is `attempts` 1 at temperature 0."""

    graph: ClassVar[str] = "sampling"
    renamed: ClassVar[Mapping[str, str]] = {"samples": "attempts"}

    attempts: Positive = 8
    """Maximum number of attempts at the problem."""
    choose: Choose = "majority"
    """How the answer is chosen: first, last, majority, critic (the best score) or weighted (a vote by score)."""
    aggregate: Aggregate = Aggregate.LAST
    """How the scores of an attempt's steps become one: the last, the smallest or their product."""
    batch: Positive = 8
    """Maximum number of whole attempts in one request; sampling can stop only between requests."""
    stop_early: bool = True
    """Stop once the remaining attempts can't change the answer."""
    revise: bool = False
    """Show the policy its previous attempt and ask for a revision, instead of independent attempts."""
    merge: bool = False
    """If the answers differ, merge the attempts into a last one, whose answer is the run's."""
    few_shot: str | None = None
    """File of worked solutions, shown before the problem; for policies that write whole solutions."""
    steps: Positive = 32
    """Maximum number of steps of one attempt."""
    tools: Sequence[str] | None = ()
    """Verifiers that check every attempt (default: none); None for those that check the steps of a debate."""
    rounds: Positive = 10_000
    """Maximum number of proposals, over all attempts."""

    def __post_init__(self) -> None:
        """Let a critic that would speak prose give its score as the probability of a word."""
        super().__post_init__()
        if self.scored and self.critic_dialect is None and self.dialect is None:
            from longthought.agents.catalogue import dialect_of

            if dialect_of(self.critic).name == "prose":
                self.critic_dialect = "yes-no"

    def expect_readable(self) -> None:
        """Raise if the examples can't be read.

        Raises:
            ProblemError: naming the file and the line.

        """
        if self.few_shot is not None:
            load_worked(Path(self.few_shot))

    @property
    def scored(self) -> bool:
        """Whether `choose` needs the critic's scores."""
        return self.choose in ("critic", "weighted")

    def seats(self, policy: Proposer | None = None, critic: Judge | None = None) -> Seats:
        """Seat the agents and tools; the critic's chair stays empty if no score is needed."""
        return super().seats(policy, critic if self.scored else EmptyChair())
