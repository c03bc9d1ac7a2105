"""A real Lean in the sandbox judges honest proofs and cheats.

`LONGTHOUGHT_LEAN` names the toolchain; `.ci/lean-toolchain DIR` fetches one. Each run of that one takes up to two
minutes, so the cases share few of them.
"""

import dataclasses

import pytest

from longthought.domains.lean import grade_proof
from longthought.problems.problem import LeanReference, Problem
from longthought.tools.lean import source, toolchain
from longthought.tools.lean.process import Ending, run
from longthought.tools.lean.prover import prove, prove_many
from longthought.tools.lean.result import Assurance, judge
from longthought.tools.lean.source import ProofCase
from longthought.tools.lean.statement import body, read
from longthought.tools.lean.toolchain import Toolchain
from longthought.tools.lean.verifier import Lean
from longthought.trajectories.events import EvidenceStatus
from tests.tools.lean.cases import CASES, COMM, FALSE, SMUGGLED

pytestmark = pytest.mark.lean


@pytest.fixture(scope="module")
def lean() -> Toolchain:
    return toolchain.find()  # fails where there is none: a suite that was asked for must not pass by doing nothing


async def test_every_proof_gets_the_status_it_deserves(lean: Toolchain) -> None:
    results = await prove_many([(case.statement, case.proof) for case in CASES], lean=lean)
    for case, result in zip(CASES, results, strict=True):
        assert result.status is case.status, f"{case.name}: {result.detail}"
        assert case.detail in result.detail, case.name
        assert (result.unfinished, result.at_fault) == (case.unfinished, case.at_fault), case.name
        assert len(result.goals) >= len(case.goals), case.name
        assert all(goal in found for goal, found in zip(case.goals, result.goals, strict=False)), case.name
        if case.status is EvidenceStatus.CONFIRMED:
            assert result.assurance is (Assurance.AXIOMS if lean.axioms else Assurance.ELABORATED), case.name


async def test_the_brackets_hold_even_without_the_screen(lean: Toolchain) -> None:
    honest = ProofCase(read(COMM), body("omega"))
    smuggled = [ProofCase(read(FALSE), body(text)) for text in SMUGGLED.values()]
    text, placed = source.write([honest, *smuggled], axioms=lean.axioms)
    lean_run = await run(lean, text, seconds=lean.start_seconds + 60)
    assert lean_run.ending is Ending.DONE, lean_run.output_tail
    results = [judge(place, lean_run.messages, axioms=lean.axioms) for place in placed]
    assert results[0] is not None
    assert results[0].status is EvidenceStatus.CONFIRMED
    for name, result in zip(SMUGGLED, results[1:], strict=True):
        assert result is None or result.status is EvidenceStatus.REFUTED, f"{name}: {result}"


async def test_a_step_shows_the_critic_what_is_left(lean: Toolchain) -> None:
    problem = Problem(id="p", statement=f"Prove this:\n```lean\n{COMM}\n```", domain="lean")
    verifier = Lean(lean)
    (claim,) = verifier.claims(problem, [], "First, by induction:\n```lean\nrevert a\nintro c\n```")
    evidence = await verifier.check(claim)
    assert evidence.status is EvidenceStatus.ABSTAINED
    assert "⊢ c + b = b + c" in evidence.detail


async def test_an_answer_is_graded(lean: Toolchain) -> None:
    assert await grade_proof(LeanReference(statement=COMM), "omega\ndone", lean=lean) == (
        True,
        f"assurance: {'axioms' if lean.axioms else 'elaborated'}",
    )


async def test_the_clock_ends_a_run(lean: Toolchain) -> None:
    hasty = dataclasses.replace(lean, start_seconds=1.0)
    result = await prove(COMM, "omega", lean=hasty, seconds=0.0)
    assert result.status is EvidenceStatus.ABSTAINED
    assert "still at it" in result.detail
