"""Answers in words or formulas, compared as values; also the domain of problems of unknown subjects."""

from functools import lru_cache
from typing import Final

from longthought.domains.domain import Domain, Grade
from longthought.problems.problem import AnswerReference, Problem, Reference
from longthought.tools.answer.compare import compare, decide
from longthought.tools.answer.equivalence import Equivalence


class Math(Domain):
    """The domain of answers that are compared exactly if possible."""

    def __init__(self, name: str = "math") -> None:
        """Keep the name; data sets may name subjects that have no domain of their own."""
        self.name = name

    def same_answer(self, problem: Problem, one: str, other: str) -> bool:
        """Count two answers as one if the tool `answer` decides exactly that they are equal."""
        return _same(one, other)

    async def grade(self, problem: Problem, reference: Reference, answer: str) -> Grade:
        """Compare with the reference: exactly if possible, else in a worker process."""
        assert isinstance(reference, AnswerReference)
        comparison = await compare(reference.answer, answer)
        return comparison.equal, comparison.detail


@lru_cache(maxsize=4096)
def _same(one: str, other: str) -> bool:
    if one.split() == other.split():
        return True
    decision = decide(one, other)
    return isinstance(decision, Equivalence) and decision.equal is True


MATH: Final = Math()
