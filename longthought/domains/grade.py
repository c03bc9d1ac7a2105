"""Grade an answer after its debate: the only place where a problem, its reference and an answer meet."""

import logging

from longthought.domains.catalogue import BUNDLED, MissingDomain, domain_of
from longthought.domains.domain import Domain, Grade
from longthought.errors import LongthoughtError, ProblemError
from longthought.problems.problem import Problem, Reference

log = logging.getLogger(__name__)


async def grade(problem: Problem, reference: Reference, answer: str | None) -> Grade:
    """Say whether an answer is right, and why not; None if that is unknown.

    The problem's domain grades by a reference of its own class; for any other class, the bundled domain of that class
    does. If the checker fails, the answer stays ungraded, with the reason. Details are logged, so they quote nothing of
    the reference.
    """
    if answer is None:
        return False, "no answer was given"
    domain, kind = _grader(problem, reference), type(reference).__name__
    if domain is None:
        return None, f"no grader for a {kind} ({problem.domain})"
    if not (isinstance(reference, domain.reference) or isinstance(domain, MissingDomain)):
        return None, f"the domain {domain.name} grades by a {domain.reference.__name__}, and the reference is a {kind}"
    try:
        right, detail = await domain.grade(problem, reference, answer)
    except LongthoughtError:
        raise
    except Exception as error:
        log.exception("the checker of the domain %s failed on %s", domain.name, problem.id)
        return None, f"the checker of the domain {domain.name} failed: {type(error).__name__}"
    return right, detail


def expect_gradable(problem: Problem) -> None:
    """Raise if grading is asked for and the problem's domain has no checker.

    Raises:
        ProblemError: naming the problem and the domain.

    """
    domain = domain_of(problem)
    if not domain.has_checker:
        raise ProblemError(
            f"the problem {problem.id!r} can't be graded: its domain {domain.name} has no checker; give the domain a "
            "`grade`, or leave the reference out"
        )


def reference_of(problem: Problem, answer: str | None) -> Reference | None:
    """Return the reference from a typed answer, or the one that the statement holds; None without either.

    Raises:
        ProblemError: if the domain can't be imported, has no checker, or can't make a reference from the answer.

    """
    if answer is not None:
        expect_gradable(problem)
    return domain_of(problem).reference_of(problem, answer)


def _grader(problem: Problem, reference: Reference) -> Domain | None:
    own, kind = domain_of(problem), type(reference)
    if ":" in problem.domain or kind is own.reference:
        return own
    return next((domain for domain in BUNDLED.values() if domain.reference is kind), None)
