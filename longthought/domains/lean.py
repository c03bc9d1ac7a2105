"""Theorems of Lean 4: the answer is a whole tactic script, and Lean says whether it proves the reference's theorem."""

from collections.abc import Sequence
from typing import Final

from longthought.domains.domain import Domain, Grade
from longthought.problems.problem import LeanReference, Problem, Reference
from longthought.tools.lean import script
from longthought.tools.lean.prover import prove
from longthought.tools.lean.toolchain import Toolchain
from longthought.tools.lean.warm import WarmLean
from longthought.trajectories.events import EvidenceStatus


class LeanProofs(Domain):
    """The domain of proofs in Lean 4."""

    name = script.DOMAIN
    answer_form = (
        "Write tactics in ```lean blocks: a step holds the next tactics, and a whole solution the whole proof. The "
        "last tactic is `done`, which takes the place of a box."
    )
    reference = LeanReference
    computes = False

    def step_answer(self, path: Sequence[str], step: str) -> str | None:
        """Return the whole script if the step ends it with `done`."""
        return script.answer(path, step)

    def solution_answer(self, text: str) -> str | None:
        """Return the script of the solution if it ends with `done`."""
        return script.answer((), text)

    def reference_of(self, problem: Problem, answer: str | None) -> Reference | None:
        """Use a typed answer as the theorem to prove."""
        return LeanReference(statement=answer) if answer is not None else None

    async def grade(self, problem: Problem, reference: Reference, answer: str) -> Grade:
        """Check a proof with this machine's Lean."""
        assert isinstance(reference, LeanReference)
        return await grade_proof(reference, answer)


async def grade_proof(reference: LeanReference, answer: str, *, lean: Toolchain | WarmLean | None = None) -> Grade:
    """Say whether a proof is right, and why not; None if that is unknown.

    It is unknown without Lean, after a timeout, and if the reference's own statement is no theorem.
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


LEAN: Final = LeanProofs()
