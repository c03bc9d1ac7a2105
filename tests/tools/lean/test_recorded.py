"""The recorded output of Lean 4.28 for the cases gives the right statuses, goals and positions, without a toolchain."""

from pathlib import Path

import pytest

from longthought.tools.lean import messages, source
from longthought.tools.lean.messages import Message, Severity
from longthought.tools.lean.prover import prepare
from longthought.tools.lean.result import Assurance, LeanResult, judge
from longthought.tools.lean.source import Placed, ProofCase
from longthought.tools.lean.statement import body, read
from longthought.trajectories.events import EvidenceStatus
from tests.tools.lean.cases import CASES, COMM, Expected

RECORDED = messages.read((Path(__file__).parent / "recorded.txt").read_text(encoding="utf-8"))
PREPARED = [(case, prepare(case.statement, case.proof)) for case in CASES]
RUN = [
    (case, prepared)
    for case, prepared in PREPARED
    if isinstance(prepared, ProofCase) and not prepared.statement.preamble
]
PLACED = source.write([prepared for _, prepared in RUN], axioms=False)[1]


@pytest.mark.parametrize(
    ("case", "placed"), list(zip([c for c, _ in RUN], PLACED, strict=True)), ids=[case.name for case, _ in RUN]
)
def test_recorded_messages_add_up_to_the_right_status(case: Expected, placed: Placed) -> None:
    result = judge(placed, RECORDED, axioms=False)
    assert result is not None
    assert (result.status, result.unfinished, result.at_fault) == (case.status, case.unfinished, case.at_fault)
    assert case.detail in result.detail
    assert all(goal in found for goal, found in zip(case.goals, result.goals, strict=False))


@pytest.mark.parametrize(
    "case", [c for c, prepared in PREPARED if isinstance(prepared, LeanResult)], ids=lambda c: c.name
)
def test_cheats_are_refuted_before_lean_runs(case: Expected) -> None:
    result = prepare(case.statement, case.proof)
    assert isinstance(result, LeanResult)
    assert result.status is case.status
    assert case.detail in result.detail


def test_a_case_that_lean_never_came_to_has_no_result() -> None:
    assert judge(PLACED[0], [], axioms=False) is None
    cut = [message for message in RECORDED if message.line < PLACED[3].marker]
    assert [judge(placed, cut, axioms=False) is None for placed in PLACED[:5]] == [False, False, False, True, True]


def test_places_are_those_of_the_candidates_own_text() -> None:
    index = next(i for i, (case, _) in enumerate(RUN) if case.name == "an error further down")
    result = judge(PLACED[index], RECORDED, axioms=False)
    assert result is not None
    (error,) = [message for message in result.messages if message.severity is Severity.ERROR]
    assert (error.line, error.column) == (2, 10)
    assert RUN[index][0].proof.split("\n")[1][10:] == "hp⟩"


def marked(text: str, severity: Severity = Severity.INFORMATION) -> tuple[Placed, list[Message]]:
    (placed,) = source.write([ProofCase(read(COMM), body("omega"))], axioms=True)[1]
    return placed, [Message(severity, "[anonymous]", text.format(placed.name), placed.marker, 0, placed.marker, 6)]


@pytest.mark.parametrize(
    ("text", "axioms"),
    [
        ("'{}' does not depend on any axioms", ()),
        ("'{}' depends on axioms: [propext, Quot.sound]", ("propext", "Quot.sound")),
        (
            "'{}' depends on axioms: [propext,\n Classical.choice,\n Quot.sound]",
            ("propext", "Classical.choice", "Quot.sound"),
        ),
    ],
)
def test_ordinary_axioms_are_allowed(text: str, axioms: tuple[str, ...]) -> None:
    result = judge(*marked(text), axioms=True)
    assert result is not None
    assert (result.status, result.assurance, result.axioms) == (EvidenceStatus.CONFIRMED, Assurance.AXIOMS, axioms)


@pytest.mark.parametrize("axiom", ["sorryAx", "Lean.ofReduceBool", "Case0.cheat", "comm._native.native_decide.ax_1"])
def test_any_other_axiom_is_not(axiom: str) -> None:
    result = judge(*marked(f"'{{}}' depends on axioms: [propext, {axiom}]"), axioms=True)
    assert result is not None
    assert result.status is EvidenceStatus.REFUTED
    assert axiom in result.detail


def test_a_theorem_that_is_not_there_is_not_confirmed() -> None:
    result = judge(*marked("Unknown constant `{}`", Severity.ERROR), axioms=True)
    assert result is not None
    assert result.status is EvidenceStatus.ABSTAINED


@pytest.mark.parametrize(
    "line", ["{", "{}", "[1]", '{"severity": "error"}', '{"pos": 1, "data": "", "severity": "error"}', "{" * 100_000]
)
def test_lines_that_are_no_messages_are_left_out(line: str) -> None:
    assert messages.read(f"[DEBUG:A] x\n{line}\n") == []
