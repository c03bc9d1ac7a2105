"""The examples of a statement, run in the real sandbox."""

from collections.abc import Iterator

import pytest

from longthought.domains.grade import grade
from longthought.problems.problem import Case, CodeReference, Problem
from longthought.tools.examples import Examples, examples
from longthought.tools.sandbox.pool import Sandbox
from longthought.trajectories.events import EvidenceStatus

STATEMENT = "Write `add`.\n\n```python\nassert add(2, 3) == 5\nassert add(0, 0) == 0\n```"
PROBLEM = Problem(id="p", statement=STATEMENT, domain="code")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(workers=1)
    yield sandbox
    sandbox.close()


@pytest.mark.parametrize(
    ("program", "status", "said"),
    [
        ("def add(a, b):\n    return a + b", EvidenceStatus.CONFIRMED, "2 examples"),
        ("def add(a, b):\n    return 5", EvidenceStatus.REFUTED, "example 2 of 2, `assert add(0, 0) == 0`"),
        ("def add(a, b):\n    raise SystemExit(0)", EvidenceStatus.REFUTED, "example 1 of 2"),
        ("def plus(a, b):\n    return a + b", EvidenceStatus.ABSTAINED, "nothing that the examples call"),
        ("def add(a, b:", EvidenceStatus.ABSTAINED, "nothing that the examples call"),
    ],
)
async def test_a_program_faces_the_examples(sandbox: Sandbox, program: str, status: EvidenceStatus, said: str) -> None:
    tool, step = Examples(sandbox), f"I write it so:\n\n```python\n{program}\n```\n"
    [claim] = tool.claims(PROBLEM, (), step)
    assert step[slice(*claim.span)] == claim.text == f"{program}\n"
    found = await tool.check(claim)
    assert (found.status, found.span) == (status, claim.span)
    assert said in found.detail


def test_what_a_statement_prints_is_no_value_and_comments_are_left_out() -> None:
    shown = ">>> print(add(2, 3))\n5\n>>> add(2, 3)  # a note\n5\n"
    assert examples(shown) == ["assert (add(2, 3)) == (5)"]


def test_only_programs_in_programming_problems_with_examples_are_claims() -> None:
    tool, step = Examples(), "```python\ndef add(a, b): return a + b\n```"
    assert not tool.claims(Problem(id="p", statement=STATEMENT), (), step)
    assert not tool.claims(Problem(id="p", statement="Write add.", domain="code"), (), step)
    assert not tool.claims(PROBLEM, (), "I think about it.")


TESTS = CodeReference(tests="assert add(7, 8) == 15\nassert add(-1, 1) == 0\n", names=("add",))
CASES = CodeReference(cases=(Case(input="1 2\n", output="3\n"), Case(input="10 5\n", output="15\n")))


@pytest.mark.parametrize(
    ("reference", "program", "solved"),
    [
        (TESTS, "def add(a, b): return a + b", True),
        (TESTS, "def add(a, b): return 15", False),
        (TESTS, "import os\nos._exit(0)", False),
        (TESTS, "class Any(int):\n    __eq__ = lambda *_: True\ndef add(a, b): return Any()", False),
        (TESTS, "def add(a, b):\n    import sys\n    sys.exit(0)", False),
        (TESTS, "", False),
        (CASES, "a, b = map(int, input().split())\nprint(a + b)", True),
        (CASES, "print(3)", False),
        (CASES, "raise SystemExit", False),
        (CASES, "while True: pass", False),
    ],
)
async def test_programs_are_graded_by_hidden_tests(reference: CodeReference, program: str, solved: bool) -> None:
    found, detail = await grade(PROBLEM, reference, program)
    assert found is solved
    assert bool(detail) is not solved
    for secret in ("add(7, 8)", "15", "10 5"):
        assert secret not in detail
