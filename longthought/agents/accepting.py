"""The critic that is no model: the tools alone judge."""

from dataclasses import dataclass
from typing import Final

from longthought.agents.agent import Reply
from longthought.agents.view import View
from longthought.trajectories.events import Action, Verdict

TOOLS_ALONE: Final = "tools"
"""The name that stands for no critic."""


@dataclass
class AcceptingCritic:
    """A critic that accepts every step without asking a model, so that only the tools reject steps."""

    name: str = "accepting"
    """The name in logs and run folders."""

    def unsuitable(self, view: View) -> str | None:
        """Accept every problem."""
        return None

    async def judge(self, view: View) -> Reply[Verdict]:
        """Accept the candidate."""
        done = view.candidate is not None and view.candidate.answer is not None
        return Reply(Verdict(action=Action.TERMINATE if done else Action.CONTINUE), ())

    async def aclose(self) -> None:
        """Do nothing: there is nothing to release."""
