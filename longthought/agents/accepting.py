"""The critic that is no model: the tools alone judge."""

from dataclasses import dataclass
from typing import Final

from longthought.agents.agent import Reply
from longthought.agents.view import View
from longthought.trajectories.events import Action, EvidenceStatus, Verdict

TOOLS_ALONE: Final = "tools"
"""The name that stands for no critic."""


@dataclass
class AcceptingCritic:
    """A critic that asks no model: it accepts every step, so that only the tools reject steps."""

    name: str = "accepting"
    """The name in logs and run folders."""

    def unsuitable(self, view: View) -> str | None:
        """Accept every problem."""
        return None

    async def judge(self, view: View) -> Reply[Verdict]:
        """Accept the candidate unless a tool disputes it; what a tool refutes is vetoed before."""
        evidence = view.candidate.evidence if view.candidate else ()
        if disputed := next((e for e in evidence if e.status is EvidenceStatus.DISPUTED), None):
            return Reply(Verdict(action=Action.BACKTRACK, critique=f"{disputed.claim}: {disputed.detail}"), ())
        return Reply(Verdict(action=Action.TERMINATE if view.answers else Action.CONTINUE), ())

    async def aclose(self) -> None:
        """Do nothing: there is nothing to release."""
