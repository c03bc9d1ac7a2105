"""Grading a Lean problem: the answer is a proof, and Lean says whether it proves the reference's theorem."""

from longthought.problems.problem import LeanReference
from longthought.tools.lean.prover import prove
from longthought.tools.lean.toolchain import Toolchain
from longthought.tools.lean.warm import WarmLean
from longthought.trajectories.events import EvidenceStatus


async def grade_lean(
    reference: LeanReference, answer: str, *, lean: Toolchain | WarmLean | None = None
) -> tuple[bool | None, str]:
    """Say whether a proof is right, and why not; None where it can't be told.

    It can't be told without a Lean, when time runs out, and when the reference's own statement is no theorem.
    """
    result = await prove(reference.statement, answer, lean=lean)
    if result.at_fault == "statement":
        return None, result.detail
    match result.status:
        case EvidenceStatus.CONFIRMED:
            return True, f"assurance: {result.assurance}"
        case EvidenceStatus.REFUTED:
            return False, result.detail
        case _:
            return None, result.detail
