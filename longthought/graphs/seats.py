"""Who sits at the table: the two agents and the tools of a debate."""

from collections.abc import Sequence
from dataclasses import dataclass

from longthought.agents.agent import Judge, Proposer
from longthought.tools.verifier import Verifier


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
