"""Problems from typed statements."""

import hashlib

from longthought.domains.catalogue import domain_of, named, recognised
from longthought.errors import ProblemError
from longthought.problems.problem import Problem


def posed(statement: str, domain: str | None = None) -> Problem:
    """Return a typed statement as a problem, with an id derived from its text.

    Args:
        statement: The statement.
        domain: A domain's name or `module:NAME` (default: recognised from the statement).

    Raises:
        ProblemError: if the statement is empty or the domain is unknown.

    """
    if not statement.strip():
        raise ProblemError("the statement is empty: write one, such as 'Use 3, 7, 16 and 20, each once, to make 46.'")
    if domain is not None:
        named(domain)
    typed = f"typed-{hashlib.sha256(statement.encode()).hexdigest()[:8]}"
    problem = Problem(id=typed, statement=statement.strip(), domain=domain or recognised(statement).name)
    own_id = domain_of(problem).problem_id(problem.statement)
    return problem.model_copy(update={"id": own_id}) if own_id else problem


def expect_possible(problem: Problem) -> None:
    """Raise if a problem is known to have no solution.

    Raises:
        ProblemError: with what to change.

    """
    domain_of(problem).expect_possible(problem)
