"""Whether two answers to one problem say the same, decided at once: what a vote counts as one answer.

It reads the problem and never a reference. What can't be decided exactly and fast is taken as different, so a vote may
be split, but never joins what differs.
"""

from collections.abc import Callable
from functools import lru_cache

from longthought.problems import code
from longthought.problems.countdown.puzzle import Puzzle
from longthought.problems.problem import Problem
from longthought.tools import countdown
from longthought.tools.answer.compare import Equivalence, decide
from longthought.tools.lean import script

Alike = Callable[[str, str], bool]


def alike(problem: Problem) -> Alike:
    """Return the comparison that suits a problem.

    Countdown: the same expression, whatever the order and the bracketing within a sum or a product. Two expressions of
    the same value are two answers, for whether an expression makes the target is what a checker would say. Programs and
    proofs: the same words. Anything else: what the `answer` tool can decide exactly.
    """
    if Puzzle.read(problem.statement) is not None:
        return _same_expression
    return _same_words if problem.domain in (code.DOMAIN, script.DOMAIN) else _same_answer


def _same_expression(one: str, other: str) -> bool:
    return _normal_form(one) == _normal_form(other)


@lru_cache(maxsize=4096)
def _normal_form(answer: str) -> str:
    return countdown.normal_form(answer)


def _same_words(one: str, other: str) -> bool:
    return one.split() == other.split()


@lru_cache(maxsize=4096)
def _same_answer(one: str, other: str) -> bool:
    if _same_words(one, other):
        return True
    found = decide(one, other)
    return isinstance(found, Equivalence) and found.equal is True
