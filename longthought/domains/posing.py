"""Problems made of statements that a person types in."""

import hashlib

from longthought.domains.catalogue import domain_of, named, recognised
from longthought.errors import ProblemError
from longthought.problems.problem import Problem


def posed(statement: str, domain: str | None = None) -> Problem:
    """Make a problem of a typed statement, with an id made of what it says.

    Args:
        statement: The problem in words.
        domain: A domain's name or `module:NAME`; recognised by the statement if left out.

    Raises:
        ProblemError: if the statement is empty, or there is no such domain.

    """
    if not statement.strip():
        raise ProblemError("the statement is empty: write one, such as 'Use 3, 7, 16 and 20, each once, to make 46.'")
    if domain is not None:
        named(domain)
    typed = f"typed-{hashlib.sha256(statement.encode()).hexdigest()[:8]}"
    problem = Problem(id=typed, statement=statement.strip(), domain=domain or recognised(statement).name)
    found = domain_of(problem).problem_id(problem.statement)
    return problem.model_copy(update={"id": found}) if found else problem
