"""Programs are graded as their data sets mean it: never wrong if they are right, and never right if they are wrong."""

import pytest

from longthought.domains.code import CODE
from longthought.domains.grade import grade
from longthought.problems.problem import CodeReference, Problem
from tests.domains.twins import TWINS

MOST = CodeReference(tests="assert f(1) == 2\n")
ADDS = "def f(x):\n    return x + 1"
PROBLEM = Problem(id="p", statement="Write it.", domain="code")


@pytest.mark.parametrize("kind", TWINS)
async def test_the_right_program_is_graded_right_and_its_twin_is_not(kind: str) -> None:
    twins = TWINS[kind]
    reference = CodeReference(tests=twins.tests, setup=twins.setup, names=twins.names)
    right, why = await grade(PROBLEM, reference, twins.right)
    assert right is True or (right is None and not twins.known), why
    assert bool(why) is (right is None)
    wrong, why = await grade(PROBLEM, reference, twins.wrong)
    assert wrong is not True, "the wrong twin"
    assert why


@pytest.mark.parametrize(
    "reply",
    [
        f"```python\n{ADDS}\n```\n\nExample usage:\n\n```python\nprint(f(1))\n```",
        "1. Add one:\n\n   ```python\n   def f(x):\n       return x + 1\n   ```",
        f"```Python\n{ADDS}\n```",
        f"First I tried\n\n```python\ndef f(x):\n    return x\n```\n\nbut it is\n\n```python\n{ADDS}\n```",
    ],
    ids=["with its use", "in a list", "in capitals", "the last"],
)
async def test_the_program_is_found_however_it_is_shown(reply: str) -> None:
    answer = CODE.solution_answer(reply)
    assert answer is not None
    assert (await grade(PROBLEM, MOST, answer))[0] is True
