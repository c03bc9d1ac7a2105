"""The settings that every graph has, and how a run of one begins.

A graph's own settings are a subclass. Nothing here knows LangGraph, rules or strategies.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Self

from longthought.agents import catalogue
from longthought.agents.agent import Judge, Proposer
from longthought.errors import ConfigError
from longthought.graphs.seats import Seats
from longthought.problems.problem import Problem
from longthought.tools.catalogue import verifiers
from longthought.trajectories.events import Author, Started, StopReason
from longthought.trajectories.ids import trajectory_id
from longthought.trajectories.tree import Tree


@dataclass(kw_only=True)
class Context:
    """The settings of one run, as Studio shows them; everything has a default."""

    graph: ClassVar[str] = ""
    """The name of the graph, as on the command line."""

    policy: str = "bundled:countdown"
    """Chat model of the policy, as provider:model."""
    critic: str = "bundled:countdown"
    """Chat model of the critic, as provider:model."""
    base_url: str | None = None
    """OpenAI-compatible server of the policy, and of the critic unless it has its own."""
    critic_base_url: str | None = None
    """OpenAI-compatible server of the critic."""
    dialect: str | None = None
    """`prose` or `compact`; by default what suits the model."""
    tools: Sequence[str] = ("algebra", "countdown")
    """Verifiers that check every step."""
    rounds: int = 32
    """Proposals at most."""
    tokens: int | None = None
    """Tokens of both agents together, prompts included."""
    computed: int | None = None
    """The same without cached prompt tokens: what a server with a prefix cache really computes."""
    seconds: float | None = None
    """Seconds in models and tools."""
    veto: bool = True
    """Whether refuted evidence rejects a step without asking the critic."""
    temperature: float | None = None
    """Of the policy; by default what suits the model."""
    seed: int = 0
    """Seed of the in-process models and of the strategy's own draws."""

    def __post_init__(self) -> None:
        """Keep the tools as a list, which is what they come back as from JSON."""
        self.tools = list(self.tools)

    def expect_sound(self) -> None:
        """Raise if a setting makes no sense.

        Raises:
            ConfigError: naming it.

        """
        for name in ("rounds", "tokens", "computed", "seconds"):
            if (value := getattr(self, name)) is not None and not value > 0:
                raise ConfigError(f"{name} = {value!r}: must be more than 0")
        if self.temperature is not None and not self.temperature >= 0:
            raise ConfigError(f"temperature = {self.temperature!r}: must be 0 or more")

    def spent(self, tree: Tree) -> StopReason | None:
        """Return the budget, rounds aside, that leaves nothing for another call."""
        bill = tree.policy_usage + tree.critic_usage
        limits = ((self.tokens, bill.total), (self.computed, bill.computed))
        if any(limit is not None and used >= limit for limit, used in limits):
            return StopReason.TOKENS
        if self.seconds is not None and tree.seconds >= self.seconds:
            return StopReason.SECONDS
        return None

    def seats(self, policy: Proposer | None = None, critic: Judge | None = None) -> Seats:
        """Seat the agents and tools that the settings name, or the agents given instead."""
        return Seats(policy or self.make_policy(), critic or self.make_critic(), verifiers(self.tools))

    def make_policy(self, *, max_tokens: int | None = None) -> Proposer:
        """Make the policy that the settings name."""
        return catalogue.policy(
            self.policy, base_url=self.base_url, temperature=self.temperature, dialect=self.dialect, seed=self.seed,
            max_tokens=max_tokens,
        )  # fmt: skip

    def make_critic(self) -> Judge:
        """Make the critic that the settings name."""
        url = self.critic_base_url or self.base_url
        return catalogue.critic(self.critic, base_url=url, dialect=self.dialect, seed=self.seed)

    def written(self) -> dict[str, Any]:
        """Return the settings as a log keeps them, the graph's name among them."""
        return {"graph": self.graph, **asdict(self)}

    @classmethod
    def read(cls, written: dict[str, Any]) -> Self:
        """Read settings back; those a later version has dropped are left out."""
        return cls(**{f.name: written[f.name] for f in fields(cls) if f.name in written})


def started(problem: Problem, context: Context, *, sample: int = 0, by: Author = Author.STRATEGY) -> Started:
    """Return the first event of a run."""
    return Started(
        trajectory=trajectory_id(problem, sample), seq=0, by=by, at=time.time(), problem=problem, sample=sample,
        config=context.written(),
    )  # fmt: skip
