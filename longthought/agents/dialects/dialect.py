"""The dialect protocol: turn a view into messages, and a reply into a step or a verdict.

Training and inference write messages with the same dialect, so they can't drift apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn, Protocol, runtime_checkable

from langchain_core.messages import BaseMessage

from longthought.agents.view import View
from longthought.errors import ConfigError
from longthought.problems.worked import Worked
from longthought.trajectories.events import Failure, Verdict

WHOLE: Final = "this policy writes whole solutions, not single steps: take `graph=sampling`"


@dataclass(frozen=True, slots=True)
class Step:
    """A step read from a policy's reply."""

    text: str
    answer: str | None = None
    state: str | None = None
    """The state that the step leads to, if the dialect can tell; steps with equal states are interchangeable."""
    ahead: tuple["Step", ...] = ()
    """The steps that the same reply goes on with."""

    @property
    def last(self) -> "Step":
        """The last of the step and those after it."""
        return self.ahead[-1] if self.ahead else self

    @property
    def texts(self) -> tuple[str, ...]:
        """The text of the step and of those after it."""
        return (self.text, *(step.text for step in self.ahead))


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a reply could not be read."""

    reason: str
    told: str = ""
    """What the agent is told instead of the reason, when it is asked again."""
    withheld: bool = False
    """Whether the server withheld the reply, so that asking again is pointless."""

    @property
    def step_failure(self) -> Failure:
        """The kind of failure that it is of a policy."""
        return Failure.WITHHELD_STEP if self.withheld else Failure.UNREADABLE_STEP

    @property
    def verdict_failure(self) -> Failure:
        """The kind of failure that it is of a critic."""
        return Failure.WITHHELD_VERDICT if self.withheld else Failure.UNREADABLE_VERDICT


class Dialect(Protocol):
    """The language of an agent's requests and replies."""

    name: str
    repairs: int
    """Maximum number of further requests after a reply that is unreadable or repeats a rejected step."""
    candidates: int
    """Number of proposals that are asked for at once after a repeated one; the first new one counts."""
    longest: int | None
    """Maximum number of tokens in a reply; None leaves it to the model."""
    begins: bool
    """Whether the beginning of a critic's reply says it all, so that one that was cut can be read."""

    def unsuitable(self, view: View) -> str | None:
        """Return why this dialect can't express a problem; None if it can."""
        ...

    def ask_policy(self, view: View) -> list[BaseMessage]:
        """Ask for the next step."""
        ...

    def ask_from_path(self, view: View) -> list[BaseMessage] | None:
        """Ask for the next step by a last message of the policy itself that holds the path, for it to go on from.

        Return None if the dialect asks in the ordinary way, by `ask_policy`.
        """
        ...

    def ask_reflection(self, view: View) -> list[BaseMessage]:
        """Ask the policy to re-examine the candidate in words."""
        ...

    def ask_critic(self, view: View) -> list[BaseMessage]:
        """Ask for a verdict on the candidate."""
        ...

    def ask_again(self, messages: Sequence[BaseMessage], reply: str, reason: str) -> list[BaseMessage]:
        """Ask again after a reply that could not be used, for `reason`."""
        ...

    def rise(self, rejected: int, again: int) -> float:
        """Return how much the temperature of a request rises above the model's own, where that gives nothing new.

        Args:
            rejected: Number of attempts that were rejected from here; 0 for any request but one for steps.
            again: Number of replies to the same request that could not be used.

        """
        ...

    def read_step(self, reply: str, view: View) -> Step | Unreadable:
        """Read a step from the policy's reply, and those that it goes on with if the view asks for a draft."""
        ...

    def read_one(self, step: str, view: View) -> Step | Unreadable:
        """Read a text that is known to be one step."""
        ...

    def read_reflection(self, reply: str) -> str | Unreadable:
        """Read a reflection from the policy's reply."""
        ...

    def read_verdict(self, reply: str, view: View, logprobs: Sequence[float] | None = None) -> Verdict | Unreadable:
        """Read a verdict from the critic's reply; the score may depend on `logprobs`, one per token."""
        ...

    def write_verdict(self, verdict: Verdict, view: View) -> str | None:
        """Write a verdict as a critic would, for training; return None if the dialect can't express it."""
        ...

    def policy_options(self) -> Mapping[str, Any]:
        """Return extra keyword arguments of a policy request."""
        ...

    def critic_options(self, view: View) -> Mapping[str, Any]:
        """Return extra keyword arguments of a critic request, such as a response format that allows what is legal."""
        ...


@runtime_checkable
class WholeDialect(Dialect, Protocol):
    """A dialect that can express a whole solution in one reply."""

    def ask_solution(self, view: View, examples: Sequence[Worked] = ()) -> list[BaseMessage]:
        """Ask for a whole solution; for a revision if the view holds an earlier attempt."""
        ...

    def read_solution(self, reply: str, view: View) -> Step | Unreadable:
        """Read a whole solution as one step; its answer is None if the solution gives none."""
        ...


class SolutionsOnly:
    """A mixin for dialects in which nobody writes single steps; list it before the dialect among the bases."""

    def ask_policy(self, view: View) -> NoReturn:
        """Refuse to ask for a step.

        Raises:
            ConfigError: always.

        """
        raise ConfigError(WHOLE)

    def ask_reflection(self, view: View) -> NoReturn:
        """Refuse to ask for a reflection on a step.

        Raises:
            ConfigError: always.

        """
        raise ConfigError(WHOLE)
