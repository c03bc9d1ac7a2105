"""Answers in words or formulas, compared as values; what any problem is whose domain nobody knows."""

from functools import lru_cache
from typing import Final

from longthought.domains.domain import Domain, Grade
from longthought.problems.problem import AnswerReference, Problem, Reference
from longthought.tools.answer.compare import compare, decide
from longthought.tools.answer.equivalence import Equivalence


class Math(Domain):
    """Answers that are compared exactly where that is possible."""

    def __init__(self, name: str = "math") -> None:
        """Bear a name; data sets may name subjects of which nothing more is known."""
        self.name = name

    def same_answer(self, problem: Problem, one: str, other: str) -> bool:
        """Join what the tool `answer` can decide exactly."""
        return _same(one, other)

    async def grade(self, problem: Problem, reference: Reference, answer: str) -> Grade:
        """Compare with the reference: exactly where that is possible, else in a worker process."""
        assert isinstance(reference, AnswerReference)
        found = await compare(reference.answer, answer)
        return found.equal, found.detail


@lru_cache(maxsize=4096)
def _same(one: str, other: str) -> bool:
    if one.split() == other.split():
        return True
    found = decide(one, other)
    return isinstance(found, Equivalence) and found.equal is True


MATH: Final = Math()
