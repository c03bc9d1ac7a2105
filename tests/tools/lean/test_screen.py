"""The screen: cheats are named, and honest proofs that merely look like them pass."""

import pytest

from longthought.tools.lean import screen
from longthought.tools.lean.screen import ALWAYS, IN_PROOF, MAX_LENGTH
from longthought.trajectories.events import EvidenceStatus

CHEATS = {
    "sorry": "sorry",
    "a hidden sorry": "have h : 1 = 2 := by\n  sorry\nexact h",
    "sorry in a term": "exact (sorry : 1 = 2)",
    "sorry by its other name": "exact sorryAx _ true",
    "sorry between marks": "exact «sorryAx» _ true",
    "admit": "admit",
    "an axiom": "rfl\naxiom cheat : False",
    "a command on a line of its own": "rfl\n\nend Case0\naxiom cheat : False",
    "native code": "native_decide",
    "native code by an option": "decide +native",
    "native code by configuration": "decide (config := {native := true})",
    "native code by its axiom": "exact Lean.ofReduceBool a b rfl",
    "an unchecked kernel": "set_option debug.skipKernelTC true in\n  rfl",
    "more time": "set_option maxHeartbeats 0 in\n  simp",
    "another implementation": "@[implemented_by foo] rfl",
    "an attribute": "attribute [local simp] foo in rfl",
    "an attribute in brackets": "let rec @[simp] f := 1\nrfl",
    "an instance": "instance : Decidable False := isTrue sorry",
    "a macro": 'macro "cheat" : tactic => `(tactic| sorry)',
    "syntax": 'syntax "cheat" : tactic',
    "notation": "local notation a = b => True",
    "an elaborator": 'elab "x" : tactic => return',
    "running code": "run_tac do IO.println 1",
    "running a command": "run_cmd logInfo x",
    "running an elaborator": "exact by_elab return x",
    "evaluation": "#eval 1",
    "reading a file": 'exact absurd (include_str "/etc/passwd") h',
    "unsafe code": "exact unsafe foo",
    "an unsafe axiom": "exact lcProof",
    "closing the bracket": "rfl)\ntheorem x : 1 = 1 := (by rfl",
    "closing the namespace": "rfl\nend Case0",
    "opening a section": "section\nrfl",
    "opening a namespace for a while": "open Lean in rfl",
    "hidden behind a comment": "/- -/ sorry /- -/",
    "hidden behind a string with a quote": 'exact foo "\\"" sorry',
    "hidden behind a character": "exact foo '\"' sorry '\"'",
    "hidden in an interpolated string": 'exact foo s!"{sorry}"',
    "hidden behind an arrow": "x<--sorry\nrfl",
}
HONEST = [
    "exact axiomatic.sorry_free",
    "intro axiomatic unsafe' ends\nsimpa [prefix_eq, List.prefix] using h.end",
    "-- no sorry, no axiom\nrfl",
    "/- sorry -/ rfl",
    'exact foo "sorry"',
    "rcases h with ⟨x, hx⟩ | ⟨y, hy⟩\n· exact hx\n· exact hy",
    "induction n with\n| zero => rfl\n| succ n ih => simp [ih, Nat.succ_eq_add_one]",
    "calc a = b := h₁\n  _ = c := by rw [h₂]",
    "refine ⟨fun h => ?_, λ h => ?_⟩ <;> simp_all",
    "have : ∀ ε > 0, ∃ δ, δ ≤ ε := fun ε hε => ⟨ε, le_rfl⟩\nexact this",
    "apply f '' s",
    "classical\nlet x := #[1, 2]\nexact @foo _ x",
    "exact (Σ' x, x ∈ s ∪ t ∩ uᶜ ×ˢ v)",
    "native",
    "exact foldl_eq init stop constant",
]


@pytest.mark.parametrize("text", CHEATS.values(), ids=CHEATS.keys())
def test_a_cheat_is_refused_with_its_reason(text: str) -> None:
    objection = screen.proof(text)
    assert objection is not None
    assert objection.status is EvidenceStatus.REFUTED
    assert objection.reason


@pytest.mark.parametrize("text", HONEST)
def test_honest_proofs_pass(text: str) -> None:
    assert screen.proof(text) is None


@pytest.mark.parametrize("word", [*ALWAYS, *IN_PROOF])
def test_a_word_counts_as_a_word_and_not_as_part_of_one(word: str) -> None:
    assert screen.proof(f"exact {word}") is not None
    assert screen.proof(f"exact my_{word}") is None
    assert screen.proof(f"exact h.my_{word}.my_{word}") is None


@pytest.mark.parametrize("text", ["x" * (MAX_LENGTH + 1), "x" * 10_000_000, "(" * 1_000 + ")" * 1_000])
def test_what_is_too_large_is_abstained_from(text: str) -> None:
    objection = screen.proof(text)
    assert objection is not None
    assert objection.status is EvidenceStatus.ABSTAINED


def test_the_place_of_an_objection_is_where_the_word_stands() -> None:
    objection = screen.proof("rfl -- sorry\n  sorry")
    assert objection is not None
    assert objection.start == 15


def test_a_statement_may_define_but_not_assume() -> None:
    assert screen.statement("open Nat\ndef two := 2\ninstance : Inhabited Nat := ⟨two⟩\ntheorem x : two = 2") is None
    assert screen.statement("set_option maxRecDepth 1000\ntheorem x : 1 = 1") is None
    for text in (
        "axiom cheat : False\ntheorem x : 1 = 2",
        "theorem x : sorry",
        "set_option debug.skipKernelTC true\ntheorem x : 1 = 1",
        "@[implemented_by y] def x := 1\ntheorem x : 1 = 1",
        "#eval 1\ntheorem x : 1 = 1",
    ):
        assert screen.statement(text) is not None
