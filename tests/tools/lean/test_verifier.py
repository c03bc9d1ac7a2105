"""Steps of a debate as a tactic script, and the evidence of the verifier."""

from pathlib import Path

import pytest

from longthought.domains.lean import grade_proof
from longthought.domains.loader import load
from longthought.problems.problem import LeanReference, Problem
from longthought.tools.lean import script
from longthought.tools.lean.toolchain import Toolchain
from longthought.tools.lean.verifier import Lean
from longthought.trajectories.events import EvidenceStatus
from tests.tools.lean.test_prover import FAKE

BOTH = "theorem both (p q : Prop) (hp : p) (hq : q) : p ∧ q"
PROBLEM = Problem(id="b", statement=BOTH, domain="lean")
FAKE_LEAN = Toolchain(("/bin/sh", "-c", FAKE), axioms=False, start_seconds=2.0)


@pytest.mark.parametrize(
    ("step", "tactics"),
    [
        ("constructor", "constructor"),
        ("  exact hp\n", "  exact hp"),
        ("· exact hp", "· exact hp"),
        ("Split it.\n```lean\nconstructor\n```\nThen both parts follow.", "constructor"),
        ("One:\n```lean\nintro h\n```\nand two:\n```lean4\nexact h\n```", "intro h\nexact h"),
        ("```\nsimp\n```", "simp"),
        ("```python\nprint(1)\n```\nAnd so:\n```lean\nsimp\n```", "simp"),
        ("```python\nprint(1)\n```", None),
        ("We use induction on n.", None),
        ("**Step 1** split", None),
        ("", None),
    ],
)
def test_a_step_holds_tactics_or_words(step: str, tactics: str | None) -> None:
    assert script.tactics(step) == tactics
    assert bool(Lean().claims(PROBLEM, [], step)) is (tactics is not None)


def test_other_domains_are_left_alone() -> None:
    assert Lean().claims(Problem(id="m", statement=BOTH), [], "constructor") == []


def test_a_script_is_the_path_and_the_step() -> None:
    path = ["```lean\n  constructor\n  · skip\n```", "Words alone change nothing."]
    assert script.script(path, "```lean\n    exact hp\n```") == "constructor\n· skip\n  exact hp"


@pytest.mark.parametrize(
    ("step", "final"),
    [
        ("exact hq\ndone", True),
        ("```lean\nexact hq\ndone -- at last\n```", True),
        ("exact hq", False),
        ("· exact hq\n  done", False),
        ("exact hq -- done", False),
        ("exact undone", False),
        ("Done", False),
        ("exact (\ndone", False),
    ],
)
def test_a_script_that_ends_with_done_is_the_answer(step: str, final: bool) -> None:
    answer = script.answer(["constructor\n· exact hp"], step)
    assert (answer is not None) is final
    if answer is not None:
        assert answer.startswith("constructor\n· exact hp\nexact hq\ndone")


def test_the_statement_may_stand_in_a_fence() -> None:
    fenced = Problem(id="p", statement=f"Prove this.\n```lean\n{BOTH}\n```\nGood luck.", domain="lean")
    assert script.statement(fenced) == BOTH == script.statement(PROBLEM)


async def test_evidence_says_how_far_it_goes() -> None:
    verifier = Lean(FAKE_LEAN)
    (claim,) = verifier.claims(PROBLEM, ["constructor"], "all_goals assumption")
    evidence = await verifier.check(claim)
    assert evidence.status is EvidenceStatus.CONFIRMED
    assert "elaborated" in evidence.detail
    assert "done" in evidence.detail
    assert evidence.span == (0, len("all_goals assumption"))
    assert evidence.seconds > 0


@pytest.mark.parametrize(
    ("statement", "step", "status"),
    [
        (BOTH, "exact sorry", EvidenceStatus.REFUTED),
        (BOTH, "x" * 100_000, EvidenceStatus.ABSTAINED),
        (BOTH, "simp [hang]", EvidenceStatus.ABSTAINED),
        ("What is 1 + 1?", "simp", EvidenceStatus.ABSTAINED),
    ],
)
async def test_a_cheat_is_refuted_and_doubt_abstains(statement: str, step: str, status: EvidenceStatus) -> None:
    verifier = Lean(FAKE_LEAN, seconds=0.1)
    (claim,) = verifier.claims(PROBLEM.model_copy(update={"statement": statement}), [], step)
    assert (await verifier.check(claim)).status is status


@pytest.mark.parametrize(
    ("statement", "answer", "solved"),
    [(BOTH, "exact ⟨hp, hq⟩", True), (BOTH, "sorry", False), (BOTH, "simp [crash]", None), ("1 = 1", "rfl", None)],
)
async def test_grading_says_right_wrong_or_unknown(statement: str, answer: str, solved: bool | None) -> None:
    found, detail = await grade_proof(LeanReference(statement=statement), answer, lean=FAKE_LEAN)
    assert found is solved
    assert detail


def test_lean_problems_are_loaded_with_their_reference(tmp_path: Path) -> None:
    file = tmp_path / "lean.jsonl"
    file.write_text(
        '{"id": "1", "statement": "Prove it.", "domain": "lean", "reference": {"statement": "theorem x : 1 = 1"}}'
    )
    (task,) = load(file)
    assert task.reference == LeanReference(statement="theorem x : 1 = 1")
