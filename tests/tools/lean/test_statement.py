"""The locked statement: it stays unchanged, and a proof stands between brackets that it can't leave."""

import pytest

from longthought.tools.lean import source
from longthought.tools.lean.source import ProofCase
from longthought.tools.lean.statement import StatementError, body, read


@pytest.mark.parametrize(
    "ending", ["", " := by sorry", " := sorry", " :=", " := by", "\n  := by\n  sorry\n", " -- a comment"]
)
def test_a_statement_is_read_without_its_ending(ending: str) -> None:
    statement = read("theorem foo (n : Nat) (h : n = (let x := 1; x)) : n = 1" + ending)
    assert statement.name == "foo"
    assert statement.text.removesuffix(" -- a comment") == "theorem foo (n : Nat) (h : n = (let x := 1; x)) : n = 1"


def test_imports_and_definitions_go_before_the_theorem() -> None:
    statement = read("import Mathlib\nimport Aesop\nopen Nat\ndef two := 2\n\nlemma a.b : two = 2 := by\n  sorry")
    assert statement.imports == ("Mathlib", "Aesop")
    assert statement.preamble == "open Nat\ndef two := 2"
    assert (statement.text, statement.name) == ("theorem a.b : two = 2", "a.b")


def test_an_example_gets_a_name() -> None:
    assert read("example (n : Nat) : n = n").text == "theorem goal (n : Nat) : n = n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1 + 1 = 2",
        "theorem",
        "theorem : 1 = 1",
        "theorem _root_.foo : 1 = 1",
        "namespace A\ntheorem foo : 1 = 1",
        "axiom cheat : False\ntheorem foo : 1 = 2",
        "theorem foo : 1 = (2",
        "theorem foo : 1 = 2) (",
        "theorem foo : 1 = 1 /- ",
        "theorem foo\x00 : 1 = 1",
        "theorem foo\ud800 : 1 = 1",
        "theorem foo : " + "(" * 100_000,
        "x" * 10_000_000,
    ],
    ids=lambda text: text[:20].encode("ascii", "replace").decode(),
)
def test_what_is_no_statement_is_told(text: str) -> None:
    with pytest.raises(StatementError) as error:
        read(text)
    assert str(error.value)


@pytest.mark.parametrize(
    ("proof", "opening", "lines"),
    [
        ("rfl", "(by", ["  rfl"]),
        ("  intro h\n  exact h\n", "(by", ["  intro h", "  exact h"]),
        ("\n\n    intro h\n      exact h", "(by", ["  intro h", "    exact h"]),
        ("by\n  intro h\n  exact h", "(by", ["  intro h", "  exact h"]),
        (":= by\n  intro h\n  exact h", "(by", ["  intro h", "  exact h"]),
        ("by simp", "(", ["  by simp"]),
        (":= by simp", "(", ["  by simp"]),
        (":= rfl", "(", ["  rfl"]),
        ("fun h =>\n  h", "(", ["  fun h =>", "    h"]),
        ("⟨a, b⟩", "(", ["  ⟨a, b⟩"]),
        ("Nat.add_comm a b", "(", ["  Nat.add_comm a b"]),
        ("exact Nat.add_comm a b", "(by", ["  exact Nat.add_comm a b"]),
        ("intro h\r\nexact h", "(by", ["  intro h", "  exact h"]),
        ("rfl -- why not", "(by", ["  rfl -- why not"]),
    ],
)
def test_a_proof_is_put_between_brackets(proof: str, opening: str, lines: list[str]) -> None:
    prepared = body(proof)
    assert (prepared.opening, list(prepared.lines)) == (opening, lines)


def test_cases_share_a_file_and_lines_tell_them_apart() -> None:
    cases = [
        ProofCase(read("open Nat\ntheorem a : 1 = 1"), body("rfl")),
        ProofCase(read("open Nat\ntheorem b\n  : 2 = 2"), body("\n    skip\n    rfl\n")),
    ]
    text, (first, second) = source.write(cases, axioms=True)
    lines = ["", *text.split("\n")]
    assert (first.first, first.last + 1) == (1, second.first)
    for placed in (first, second):
        assert lines[placed.opening] == "(by"
        assert lines[placed.closing] == ")"
        assert lines[placed.marker] == f"#print axioms {placed.name}"
        assert lines[placed.first] == f"namespace {placed.name.rpartition('.')[0]}"
    assert first.name != second.name
    assert lines[second.end[0]][: second.end[1]] == "  rfl"
    assert second.in_proof(second.opening + 2, 2) == (3, 4), (
        "the third line of the candidate, after its own indentation"
    )
    assert second.in_proof(second.first, 5) == (0, 0)
