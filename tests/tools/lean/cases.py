"""Statements, proofs and their right results, for tests with a real Lean and with its recorded output."""

from dataclasses import dataclass

from longthought.trajectories.events import EvidenceStatus

CONFIRMED, REFUTED = EvidenceStatus.CONFIRMED, EvidenceStatus.REFUTED
BOTH = "theorem both (p q : Prop) (hp : p) (hq : q) : p ∧ q"
ZERO = "theorem zero (n : Nat) : 0 + n = n"
COMM = "theorem comm (a b : Nat) : a + b = b + a"
FALSE = "theorem wrong : (2 : Nat) = 3"


@dataclass(frozen=True)
class Expected:
    """A case and its right answer."""

    name: str
    statement: str
    proof: str
    status: EvidenceStatus
    detail: str = ""
    """Must be part of the detail."""
    unfinished: bool = False
    at_fault: str = "proof"
    goals: tuple[str, ...] = ()


CASES = [
    Expected("true, by a tactic", COMM, "omega", CONFIRMED),
    Expected("true, by `by`", COMM + " := by sorry", "by\n  omega -- at once", CONFIRMED),
    Expected("true, by a term", COMM, "Nat.add_comm a b", CONFIRMED),
    Expected("true, by a term with its sign", "example : ∃ n : Nat, n * n = 49", ":= ⟨7, rfl⟩", CONFIRMED),
    Expected("true, by induction", ZERO, "induction n with\n| zero => rfl\n| succ n ih => omega", CONFIRMED),
    Expected("true, by parts", BOTH, "\n    constructor\n    · exact hp\n    · exact hq\n    done\n", CONFIRMED),
    Expected(
        "true, with a definition before it",
        "def twice (n : Nat) := 2 * n\ntheorem even : twice 3 = 6",
        "rfl",
        CONFIRMED,
    ),
    Expected("true, with names like keywords", "theorem k (axiomatic : 1 = 1) : 1 = 1", "exact axiomatic", CONFIRMED),
    Expected("false", FALSE, "decide", REFUTED, "is false"),
    Expected("false, and nonsense tried", FALSE, "omegaa", REFUTED, "unknown tactic"),
    Expected("true, but not by this", COMM, "rfl", REFUTED, "line 1, column 0"),
    Expected("an error further down", BOTH, "have h := hp\nexact ⟨h, hp⟩", REFUTED, "line 2, column 10"),
    Expected("a goal left", BOTH, "constructor\n· exact hp", REFUTED, "unsolved goals", True, goals=("⊢ q",)),
    Expected("two goals left", BOTH, "constructor", REFUTED, "", True, goals=("⊢ p", "⊢ q")),
    Expected("a bullet left open", BOTH, "constructor\n·", REFUTED, "", True, goals=("⊢ p", "⊢ q")),
    Expected("a case still to come", ZERO, "induction n with\n| zero => rfl", REFUTED, "", True),
    Expected(
        "a goal left inside", BOTH, "have h : q := by\n  skip\nexact ⟨hp, h⟩", REFUTED, "unsolved", goals=("⊢ q",)
    ),
    Expected(
        "endless simp", "theorem e (f : Nat → Nat) (h : ∀ x, f x = f (x + 1)) : f 0 = 1", "simp [h]", REFUTED, "rec"
    ),
    Expected(
        "a type nobody bound", "theorem n : ∀ n : Natt, n = n", "intro n; rfl", REFUTED, "Natt", at_fault="statement"
    ),
    Expected("a variable nobody bound", "theorem n (h : p ∧ q) : p", "h.1", REFUTED, "`p`", at_fault="statement"),
    Expected("sorry", FALSE, "sorry", REFUTED, "sorry"),
    Expected("a hidden sorry", FALSE, "have h : 2 = 3 := by\n  exact (sorry)\nexact h", REFUTED, "sorry"),
    Expected("sorry by a macro", FALSE, 'rfl\nmacro "x" : tactic => `(tactic| sorry)', REFUTED, "macro"),
    Expected("an injected axiom", FALSE, "exact cheat.elim\naxiom cheat : False", REFUTED, "axiom"),
    Expected(
        "an injected axiom before the theorem",
        f"axiom c : False\n{FALSE}",
        "exact c.elim",
        REFUTED,
        "axiom",
        False,
        "statement",
    ),
    Expected("native code", FALSE, "native_decide", REFUTED, "kernel"),
    Expected("another implementation", FALSE, "rfl)\n@[implemented_by x] def y := (1", REFUTED, "bracket"),
    Expected("no kernel", FALSE, "set_option debug.skipKernelTC true in\n  native_decide", REFUTED, "set_option"),
    Expected("closing the namespace", FALSE, "rfl\nend Case0\naxiom cheat : False", REFUTED, "end"),
]
"""In the order of one batch."""

SMUGGLED = {
    "an axiom": "exact cheat.elim\naxiom cheat : False",
    "an axiom at the margin": "exact Nat.lt_irrefl 0 x\n\n\naxiom x : False\n",
    "the end of the namespace": "rfl\nend\naxiom cheat : False",
    "an unchecked kernel": "exact x\nset_option debug.skipKernelTC true in theorem x : 2 = 3 := by native_decide",
    "a macro": 'cheat\nmacro "cheat" : tactic => `(tactic| sorry)',
    "a tactic that gives up in silence": "stop\n  rfl",
    "an instance": "decide\ninstance : Decidable ((2 : Nat) = 3) := isTrue rfl",
}
"""Cheats that the screen refuses, to be put under a false statement without asking it: the brackets must hold alone."""
