"""Who sits at the table: the two agents and the tools of a debate."""

from collections.abc import Sequence
from dataclasses import dataclass

from longthought.agents.agent import Judge, Proposer, Reply
from longthought.agents.view import View
from longthought.tools.verifier import Verifier
from longthought.trajectories.events import Verdict


class Vacant:
    """An empty chair, for graphs that ask no critic."""

    name = "nobody"

    def unsuitable(self, view: View) -> str | None:
        """Object to nothing."""
        return None

    async def judge(self, view: View) -> Reply[Verdict]:
        """Refuse: whoever asks should have seated somebody."""
        raise AssertionError("nobody sits in the critic's chair")

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
