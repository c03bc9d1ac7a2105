"""Programs are graded as their data sets mean it: never wrong if they are right, and never right if they are wrong."""

import pytest

from longthought.domains.grade import grade
from longthought.problems.problem import CodeReference, Problem
from tests.domains.twins import TWINS

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
