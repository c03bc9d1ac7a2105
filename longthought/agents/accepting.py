"""The critic that is no model: the tools alone judge."""

from dataclasses import dataclass
from typing import Final

from longthought.agents.agent import Reply
from longthought.agents.view import View
from longthought.domains.conventions import conventions
from longthought.trajectories.events import Action, EvidenceStatus, Verdict

INDEPENDENT: Final = "program"
"""The tool that comes to an answer by itself."""


@dataclass
class AcceptingCritic:
    """A critic that asks no model: it accepts every step, so that only the tools reject steps."""

    name: str = "accepting"
    """The name in logs and run folders."""

    def unsuitable(self, view: View) -> str | None:
        """Accept every problem."""
        return None

    async def judge(self, view: View) -> Reply[Verdict]:
        """Accept the candidate; a final answer only if a tool found the same by itself, where one has found any.

        What a tool refutes is vetoed before. A tool that could not tell is no reason to accept an answer where another
        try may be confirmed. The score of an answer grows with the claims that were confirmed on the way to it, by
        Laplace's rule of succession.
        """
        new = view.candidate
        if new is None or new.answer is None:
            return Reply(Verdict(action=Action.CONTINUE), ())
        score = (1 + view.confirmed) / (2 + view.confirmed)
        same = conventions(view.problem).same_answer
        unsure = (e for e in new.evidence if e.tool == INDEPENDENT and e.status is not EvidenceStatus.CONFIRMED)
        doubt = next(unsure, None)
        if doubt is None or any(same(view.problem, new.answer, found) for found in view.found):
            return Reply(Verdict(action=Action.TERMINATE, score=score), ())
        # the tool's result is kept back, so that the next answer is independent of it too
        return Reply(
            Verdict(action=Action.BACKTRACK, critique=f"nothing confirms the answer {doubt.claim}", score=score), ()
        )

    async def aclose(self) -> None:
        """Do nothing: there is nothing to release."""
