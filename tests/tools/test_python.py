"""The Python verifier: a run alone abstains, an expected value decides, a missing sandbox is no failed check."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from longthought.problems.problem import Problem
from longthought.tools.python import Python, described
from longthought.tools.sandbox.pool import Sandbox
from longthought.tools.sandbox.result import RunResult, RunStatus
from longthought.trajectories.events import EvidenceStatus

PROBLEM = Problem(id="p", statement="What is 6 times 7?")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(workers=1, seconds=3)
    yield sandbox
    sandbox.close()


def step(code: str) -> str:
    return f"Let me compute.\n```python\n{code}\n```\nSo there."


def test_claims_are_the_one_block_of_a_step() -> None:
    text = step("print(6 * 7)")
    (claim,) = Python().claims(PROBLEM, [], text)
    assert claim.text == "print(6 * 7)\n"
    assert text[slice(*claim.span)] == claim.text
    assert Python().claims(PROBLEM, [], text + "\n" + text) == []
    for other in (
        "no code",
        "```\nprint(1)\n```",
        "```json\n1\n```",
        "```python\nnever closed",
        "`print(1)`",
        "\0\ud800",
    ):
        assert Python().claims(PROBLEM, [], other) == []


async def test_a_run_alone_abstains_with_its_status_and_output(sandbox: Sandbox) -> None:
    tool = Python(sandbox)
    for code, said in (
        ("print(6 * 7)", "run: ok\nit printed:\n42"),
        ("1 / 0", "run: error"),
        ("pass", "it printed nothing"),
    ):
        (claim,) = tool.claims(PROBLEM, [], step(code))
        evidence = await tool.check(claim)
        assert (evidence.tool, evidence.status) == ("python", EvidenceStatus.ABSTAINED)
        assert said in evidence.detail
        assert evidence.span == claim.span
        assert evidence.seconds > 0


@pytest.mark.parametrize(
    ("code", "expected", "status"),
    [
        ("print(6 * 7)", "42", EvidenceStatus.CONFIRMED),
        ("print(6 * 7)", "43", EvidenceStatus.REFUTED),
        ("print(0.1 + 0.2)", "0.3", EvidenceStatus.CONFIRMED),
        ("print(2 / 3)", "0.67", EvidenceStatus.REFUTED),
        ("print(10**20 + 1)", "100000000000000000000", EvidenceStatus.REFUTED),
        ("print([1,2], end='')", "[1,2]", EvidenceStatus.CONFIRMED),
        ("print({'b': 1, 'a': 2})", "{'a': 2, 'b': 1}", EvidenceStatus.CONFIRMED),
        ("print([1, 2])", "[2, 1]", EvidenceStatus.REFUTED),
        ("print('a   b')", "a b\n", EvidenceStatus.CONFIRMED),
        ("print('x = 42')", "42", EvidenceStatus.ABSTAINED),
        ("import sympy; print(sympy.sqrt(8))", "sqrt(8)", EvidenceStatus.ABSTAINED),
        ("print(42); 1 / 0", "42", EvidenceStatus.ABSTAINED),
        ("print(42); import os, sys; sys.stdout.flush(); os._exit(0)", "42", EvidenceStatus.ABSTAINED),
    ],
)
async def test_an_expected_value_decides(sandbox: Sandbox, code: str, expected: str, status: EvidenceStatus) -> None:
    tool = Python(sandbox)
    (claim,) = tool.claims(PROBLEM, [], step(code))
    assert tool.evidence(claim, await tool.run(claim), expected).status is status


async def test_a_session_replays_the_blocks_on_the_path(sandbox: Sandbox) -> None:
    path = [step("x = 6\nprint('earlier')"), "words only", step("y = 7")]
    (claim,) = Python().claims(PROBLEM, path, step("print(x * y)"))
    assert (await Python(sandbox, session=True).run(claim)).stdout == "42\n"
    assert (await Python(sandbox).run(claim)).run is RunStatus.ERROR


async def test_without_a_sandbox_it_is_unavailable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    tool = Python(sandbox := Sandbox(confinement="bubblewrap"))
    (claim,) = tool.claims(PROBLEM, [], step("print(42)"))
    evidence = tool.evidence(claim, await tool.run(claim), "42")
    sandbox.close()
    assert evidence.status is EvidenceStatus.UNAVAILABLE
    assert "apt install bubblewrap" in evidence.detail


def test_long_output_is_shortened() -> None:
    description = described(RunResult(RunStatus.OK, stdout="x" * 50_000))
    assert len(description) < 1100
    assert "[…]" in description
