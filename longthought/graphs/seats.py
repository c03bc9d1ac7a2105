"""Who takes part in a debate: the two agents, the tools, and who sits in a chair where no model is wanted."""

from collections.abc import Sequence
from dataclasses import dataclass

from longthought.agents.agent import Judge, Proposer, Reply
from longthought.agents.dialects.dialect import Step
from longthought.agents.view import View
from longthought.tools.verifier import Verifier
from longthought.trajectories.events import Action, Verdict


class EmptyChair:
    """A policy or a critic that is never asked.

    It sits in graphs that have no critic, and in jobs in which only the critic speaks.
    """

    name = "nobody"

    def unsuitable(self, view: View) -> str | None:
        """Object to no problem."""
        return None

    async def propose(self, view: View) -> Reply[Step]:
        """Refuse: the caller should have seated a policy."""
        raise AssertionError("nobody sits in the policy's chair")

    async def propose_many(self, view: View, count: int) -> Sequence[Reply[Step]]:
        """Refuse: the caller should have seated a policy."""
        raise AssertionError("nobody sits in the policy's chair")

    async def reflect(self, view: View) -> Reply[str]:
        """Refuse: the caller should have seated a policy, or allowed no reflection."""
        raise AssertionError("nobody sits in the policy's chair")

    async def judge(self, view: View) -> Reply[Verdict]:
        """Refuse: the caller should have seated a critic."""
        raise AssertionError("nobody sits in the critic's chair")

    async def aclose(self) -> None:
        """Hold nothing."""


@dataclass
class AcceptingCritic:
    """A critic that accepts every step without a look: what is rejected, the tools have rejected."""

    name: str = "accepting"
    """What logs and run folders call it."""

    def unsuitable(self, view: View) -> str | None:
        """Object to no problem."""
        return None

    async def judge(self, view: View) -> Reply[Verdict]:
        """Accept the candidate."""
        done = view.candidate is not None and view.candidate.answer is not None
        return Reply(Verdict(action=Action.TERMINATE if done else Action.CONTINUE), ())

    async def aclose(self) -> None:
        """Hold nothing."""


@dataclass(frozen=True, slots=True)
class Seats:
    """The live objects behind a debate; everything that can't be written down."""

    policy: Proposer
    critic: Judge
    verifiers: Sequence[Verifier] = ()

    async def aclose(self) -> None:
        """Let go of what the agents hold."""
        await self.policy.aclose()
        await self.critic.aclose()
