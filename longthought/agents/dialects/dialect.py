"""What a dialect is: how a view becomes messages, and how a reply becomes a step or a verdict.

Training renders with the same dialect as inference, so the two can't drift apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from langchain_core.messages import BaseMessage

from longthought.agents.view import View
from longthought.problems.worked import Worked
from longthought.trajectories.events import Verdict


@dataclass(frozen=True, slots=True)
class Step:
    """A step read from a policy's reply."""

    text: str
    answer: str | None = None
    state: str | None = None
    """What it leads to, where that can be told: two steps with the same state are as good as one."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A reply that holds neither step nor verdict, and why."""

    reason: str


class Dialect(Protocol):
    """One language both agents speak."""

    name: str
    repairs: int
    """How often a reply that is unreadable, or repeats what was rejected, is sent back with the reason."""
    warming: float
    """How much the temperature rises each time, for models that don't take advice; 0 leaves it alone."""

    longest: int | None
    """Tokens of a reply at most, where its words are few; None leaves it to the model."""

    def unsuitable(self, view: View) -> str | None:
        """Say why a problem can't be put in this dialect; None if it can."""
        ...

    def ask_policy(self, view: View) -> list[BaseMessage]:
        """Ask for the next step."""
        ...

    def ask_reflection(self, view: View) -> list[BaseMessage]:
        """Ask the policy to re-examine the candidate in words."""
        ...

    def ask_critic(self, view: View) -> list[BaseMessage]:
        """Ask for a verdict on the candidate."""
        ...

    def ask_again(self, messages: Sequence[BaseMessage], reply: str, reason: str) -> list[BaseMessage]:
        """Ask once more after an unreadable reply."""
        ...

    def read_step(self, reply: str, view: View) -> Step | Unreadable:
        """Read the policy's reply."""
        ...

    def read_reflection(self, reply: str) -> str | Unreadable:
        """Read a reflection."""
        ...

    def read_verdict(self, reply: str, view: View, logprobs: Sequence[float] | None = None) -> Verdict | Unreadable:
        """Read the critic's reply; `logprobs`, one per token, may inform the score."""
        ...

    def write_verdict(self, verdict: Verdict, view: View) -> str | None:
        """Write a verdict as a critic would, for training; None if the dialect has no words for it."""
        ...

    def policy_options(self) -> Mapping[str, Any]:
        """Extra keyword arguments of a policy request."""
        ...

    def critic_options(self) -> Mapping[str, Any]:
        """Extra keyword arguments of a critic request, such as a response format."""
        ...


@runtime_checkable
class WholeDialect(Dialect, Protocol):
    """A dialect in which a solution can be written whole, in one reply."""

    def ask_solution(self, view: View, examples: Sequence[Worked] = ()) -> list[BaseMessage]:
        """Ask for a whole solution; with an earlier attempt in the view, for a revision of it."""
        ...

    def read_solution(self, reply: str, view: View) -> Step | Unreadable:
        """Read a whole solution; one that ends without a final answer is a step without one."""
        ...
