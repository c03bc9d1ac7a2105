"""Lean as a verifier: it checks whether the tactic script so far closes the goal, leaves goals, or fails.

It reads the theorem in the problem's statement and the steps, nothing else. A script without errors that leaves goals
is neither right nor wrong: the evidence abstains and shows the goals, which the critic needs.
"""

from collections.abc import Sequence

from longthought.problems.problem import Problem
from longthought.tools.lean import script
from longthought.tools.lean.prover import SECONDS, prove
from longthought.tools.lean.result import LeanResult, shortened
from longthought.tools.lean.toolchain import Toolchain
from longthought.tools.lean.warm import WarmLean
from longthought.tools.verifier import Claim
from longthought.trajectories.events import Evidence, EvidenceStatus


class Lean:
    """Runs the tactic script of a path and a step."""

    name = "lean"

    def __init__(self, lean: Toolchain | WarmLean | None = None, *, seconds: float = SECONDS) -> None:
        """Use this Lean; by default it is looked up at each check."""
        self._lean = lean
        self._seconds = seconds

    def claims(self, problem: Problem, path: Sequence[str], step: str) -> list[Claim]:
        """Take a step of a Lean problem as one claim, if it holds any lines of the proof."""
        if problem.domain != script.DOMAIN or script.tactics(step) is None:
            return []
        return [Claim(step, (0, len(step)), problem, tuple(path))]

    async def check(self, claim: Claim) -> Evidence:
        """Run the script up to this step."""
        tactic_script = script.script(claim.path, claim.text)
        result = await prove(script.statement(claim.problem), tactic_script, lean=self._lean, seconds=self._seconds)
        status, detail = _finding(result, final=script.finished(tactic_script))
        return Evidence(
            tool=self.name, status=status, claim=claim.text, detail=detail, span=claim.span, seconds=result.seconds
        )


def _finding(result: LeanResult, *, final: bool) -> tuple[EvidenceStatus, str]:
    if result.at_fault == "statement":
        return EvidenceStatus.ABSTAINED, result.detail
    if result.status is EvidenceStatus.CONFIRMED:
        advice = "" if final else "; end the proof with `done`"
        return result.status, f"no goals are left (assurance: {result.assurance}){advice}"
    if result.unfinished and not final:
        goals = shortened("\n\n".join(result.goals) or result.detail)
        return EvidenceStatus.ABSTAINED, f"no error so far; still to show:\n{goals}"
    return result.status, result.detail
