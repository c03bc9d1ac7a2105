"""Programming problems: the usual data sets as they are, solutions dropped, tests kept from the agents."""

import json
from pathlib import Path
from typing import Any

import pytest

from longthought.domains.grade import grade
from longthought.domains.loader import load
from longthought.errors import ProblemError
from longthought.problems.problem import Case, CodeReference
from longthought.tools.examples import Examples, examples
from longthought.trajectories.events import EvidenceStatus

HUMAN_EVAL = {
    "task_id": "HumanEval/53",
    "prompt": 'def add(x: int, y: int):\n    """Add two numbers x and y\n    >>> add(2, 3)\n    5\n    """\n',
    "entry_point": "add",
    "canonical_solution": "    return x + y\n",
    "test": "def check(candidate):\n    assert candidate(0, 1) == 1\n",
}
MBPP = {
    "task_id": 11,
    "text": "Write a python function to remove first and last occurrence of a given character.",
    "code": "def remove_Occ(s, ch): SECRET",
    "test_list": ['assert remove_Occ("hello","l") == "heo"', 'assert remove_Occ("abcda","a") == "bcd"'],
    "test_setup_code": "import math",
    "challenge_test_list": ['assert remove_Occ("hellolloll","l") == "helollol"'],
}


def lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read(path: Path, *rows: object) -> list[tuple[str, str, str, CodeReference]]:
    found = []
    for task in load(lines(path / "p.jsonl", *rows)):
        assert isinstance(task.reference, CodeReference)
        found.append((task.problem.id, task.problem.domain, task.problem.statement, task.reference))
    return found


def test_a_human_eval_line(tmp_path: Path) -> None:
    [(name, domain, statement, reference)] = read(tmp_path, HUMAN_EVAL)
    assert (name, domain) == ("HumanEval/53", "code")
    assert ">>> add(2, 3)" in statement
    assert "return x + y" not in statement
    assert "candidate(0, 1)" not in statement
    assert reference.names == ("add",)
    assert reference.tests.rstrip().endswith("check(add)")
    assert reference.setup == ""
    assert examples(statement) == ["assert (add(2, 3)) == (5)"]


def test_an_mbpp_line_shows_its_first_test_and_no_other(tmp_path: Path) -> None:
    [(name, domain, statement, reference)] = read(tmp_path, MBPP)
    assert (name, domain) == ("11", "code")
    assert examples(statement) == ['assert remove_Occ("hello","l") == "heo"']
    assert "SECRET" not in statement
    assert "abcda" not in statement
    for line in (*MBPP["test_list"], *MBPP["challenge_test_list"], "import math"):
        assert line in reference.tests


def test_a_row_out_of_a_table_has_gaps(tmp_path: Path) -> None:
    gap = float("nan")
    table = {**MBPP, "task_id": 11.0, "test_setup_code": gap, "challenge_test_list": gap, "test_imports": gap}
    [(name, _, _, reference)] = read(tmp_path, table)
    assert name == "11"
    assert reference.tests == "\n".join(MBPP["test_list"]) + "\n"


def test_a_prompts_helpers_and_the_tests_imports_are_the_setup(tmp_path: Path) -> None:
    prompt = (
        f"import math\nfrom typing import List\n\nLIMIT = 3\n\ndef half(x):\n    return x / 2\n\n{HUMAN_EVAL['prompt']}"
    )
    unfinished = {**HUMAN_EVAL, "task_id": "b", "prompt": "import math\n\ndef add(x, y):\n    # Add them."}
    imports = MBPP | {"test_imports": ["import math", "from collections import deque"]}
    helped, bare, imported = (
        row[3].setup for row in read(tmp_path, {**HUMAN_EVAL, "prompt": prompt}, unfinished, imports)
    )
    assert helped.split("\n\n")[:3] == ["import math", "from typing import List", "LIMIT = 3"]
    assert "def half" in helped
    assert "def add" not in helped
    assert bare == "import math"
    assert imported == "import math\nfrom collections import deque"


@pytest.mark.parametrize("form", [str, str.strip, lambda body: body.replace("    ", "", 1)])
async def test_a_completion_that_is_only_the_body_is_graded_as_the_function(tmp_path: Path, form: Any) -> None:
    [task] = load(lines(tmp_path / "p.jsonl", HUMAN_EVAL))
    right, wrong = form(HUMAN_EVAL["canonical_solution"]), form("    return x - y\n")
    assert task.reference
    assert await grade(task.problem, task.reference, right) == (True, "")
    assert (await grade(task.problem, task.reference, wrong))[0] is False
    for program, status in ((right, EvidenceStatus.CONFIRMED), (wrong, EvidenceStatus.REFUTED)):
        [claim] = Examples().claims(task.problem, (), f"```python\n{program}\n```")
        assert (await Examples().check(claim)).status is status


def test_our_own_lines(tmp_path: Path) -> None:
    tests = {"id": "a", "statement": "Write f.", "domain": "code", "reference": {"tests": "assert f(1) == 1"}}
    cases = {"id": "b", "statement": "Add.", "domain": "code", "reference": {"cases": [{"input": "1", "output": "2"}]}}
    one, other = (row[3] for row in read(tmp_path, tests, cases))
    assert one == CodeReference(tests="assert f(1) == 1")
    assert other == CodeReference(cases=(Case(input="1", output="2"),))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"task_id": 1, "test_list": ["assert f() == 1"]}, '"text": expected the problem in words'),
        ({"id": "a", "statement": "s", "domain": "code", "reference": {}}, "needs tests or cases"),
        ({"id": "a", "statement": "s", "domain": "code", "reference": {"answer": "3"}}, "answer"),
    ],
)
def test_lines_that_make_no_sense(tmp_path: Path, line: object, said: str) -> None:
    with pytest.raises(ProblemError, match=r"p\.jsonl:1: .*" + said):
        read(tmp_path, line)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("no examples here", []),
        (">>> f(1)\n2\n>>> f(2)\n3\n", ["assert (f(1)) == (2)", "assert (f(2)) == (3)"]),
        (">>> x = 1\n>>> f(x)\nTraceback (most recent call last):\n  ...\nValueError: no\n", []),
        ("    assert f([1, 2]) == 3, 'why'\nassert f(\n", ["assert f([1, 2]) == 3, 'why'"]),
        ("We assert that this holds.\n", []),
        ("assert that this holds\n", []),
        (">>> f(1)\n\ud800\n", []),
        ("   >>> f(1)\n2\n", []),
        ("assert " + "(" * 100_000, []),
    ],
)
def test_examples_are_read_and_prose_is_not(statement: str, found: list[str]) -> None:
    assert examples(statement) == found
