"""The participants of a debate: the two agents, the tools, and stand-ins for an agent that is not needed."""

from collections.abc import Sequence
from dataclasses import dataclass

from longthought.agents.agent import Judge, Proposer, Reply
from longthought.agents.dialects.dialect import Step
from longthought.agents.view import View
from longthought.tools.verifier import Verifier
from longthought.trajectories.events import Verdict


class EmptyChair:
    """A policy or a critic that is never asked.

    It fills the critic's chair in graphs without a critic, and the policy's in jobs that ask only the critic.
    """

    name = "nobody"

    def unsuitable(self, view: View) -> str | None:
        """Accept every problem."""
        return None

    async def propose(self, view: View) -> Reply[Step]:
        """Raise, since no policy is seated."""
        raise AssertionError("the policy's chair is empty")

    async def propose_many(self, view: View, count: int) -> Sequence[Reply[Step]]:
        """Raise, since no policy is seated."""
        raise AssertionError("the policy's chair is empty")

    async def reflect(self, view: View) -> Reply[str]:
        """Raise, since no policy is seated."""
        raise AssertionError("the policy's chair is empty")

    async def judge(self, view: View) -> Reply[Verdict]:
        """Raise, since no critic is seated."""
        raise AssertionError("the critic's chair is empty")

    async def aclose(self) -> None:
        """Do nothing: there is nothing to release."""


@dataclass(frozen=True, slots=True)
class Seats:
    """The live objects of a debate, which can't be stored."""

    policy: Proposer
    critic: Judge
    verifiers: Sequence[Verifier] = ()
    made: Sequence[Proposer | Judge] = ()
    """The agents that were made for these seats; an agent that was given stays open, for its owner's next debate."""

    async def aclose(self) -> None:
        """Release the resources of the agents that were made for these seats."""
        for agent in self.made:
            await agent.aclose()
