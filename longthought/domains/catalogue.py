"""Domains by name, by `module:NAME`, by statement, and by problem."""

from importlib import import_module
from typing import Final

from longthought.domains.code import CODE
from longthought.domains.countdown import COUNTDOWN
from longthought.domains.domain import Domain, Grade
from longthought.domains.lean import LEAN
from longthought.domains.math import MATH, Math
from longthought.errors import ProblemError
from longthought.problems.problem import Problem, Reference
from longthought.request import expect

BUNDLED: Final[dict[str, Domain]] = {domain.name: domain for domain in (COUNTDOWN, MATH, CODE, LEAN)}
_imported: Final[dict[str, Domain]] = {}
"""Domains from outside by their `module:NAME`, so that no two share a name."""


class MissingDomain(Domain):
    """Stands in for a domain that can no longer be imported: its debates can be read but not graded."""

    def __init__(self, address: str, reason: str) -> None:
        """Keep the address, and the reason why it is missing."""
        self.name, self.reason = address, reason

    def reference_of(self, problem: Problem, answer: str | None) -> Reference | None:
        """Raise, since a missing domain has no references.

        Raises:
            ProblemError: always.

        """
        raise ProblemError(self.reason)

    async def grade(self, problem: Problem, reference: Reference, answer: str) -> Grade:
        """Return no grade, with the reason."""
        return None, self.reason


def named(written: str) -> Domain:
    """Return the domain with a name, or import `module:NAME`.

    Raises:
        ProblemError: if the name is unknown, the import fails, the object is no domain, or its name is taken.

    """
    if written in BUNDLED:
        return BUNDLED[written]
    if ":" in written:
        return _import(written)
    raise ProblemError(f"domain {written!r}: choose from {', '.join(BUNDLED)}, or name your own as module:NAME")


def address(domain: str | Domain | None) -> str | None:
    """Return the address, which problems keep, of a domain given as an object or by name.

    Raises:
        ConfigError: if it is neither.
        ProblemError: if the domain is unknown or can't be imported.

    """
    if domain is None:
        return None
    expect("a name, module:NAME or a Domain", str, Domain, domain=domain)
    written = domain if isinstance(domain, str) else domain.address
    named(written)
    return written


def expect_known(domain: str, *, elsewhere: bool = False) -> None:
    """Raise if a problem's domain is from outside and can't be imported, here or in other processes.

    An unknown plain name is a subject of a data set; its answers are compared like those of `math`.

    Raises:
        ProblemError: with the reason.

    """
    if ":" not in domain:
        return
    named(domain)
    if elsewhere and domain.startswith("__main__:"):
        raise ProblemError(
            f"domain {domain!r}: it belongs to the program that runs, and other processes can't import it from there; "
            "put it into a module of its own"
        )


def domain_of(problem: Problem) -> Domain:
    """Return a problem's domain; a stand-in if it can't be imported, so that old debates can still be read.

    A data set may not say that its problems are Countdown puzzles, so a problem of the default domain `math` gets the
    domain that recognises its statement.
    """
    if problem.domain == MATH.name:
        return recognised(problem.statement)
    if problem.domain in BUNDLED:
        return BUNDLED[problem.domain]
    if ":" not in problem.domain:
        return Math(problem.domain)
    try:
        return _import(problem.domain)
    except ProblemError as error:
        return MissingDomain(problem.domain, str(error))


def recognised(statement: str) -> Domain:
    """Return the bundled domain that recognises a statement; `math` if none does."""
    return next((domain for domain in BUNDLED.values() if domain.problem_id(statement)), MATH)


def _import(address: str) -> Domain:
    if address in _imported:
        return _imported[address]
    module, _, name = address.partition(":")
    try:
        found: object = getattr(import_module(module), name)
    except Exception as error:  # a module from outside may raise anything
        raise ProblemError(
            f"domain {address!r}: it can't be imported ({type(error).__name__}: {error}); write module:NAME, and run "
            "in the folder that holds the module, or put that on PYTHONPATH"
        ) from error
    if not isinstance(found, Domain):
        raise ProblemError(
            f"domain {address!r}: it is no domain but a {type(found).__name__}; name an instance of a subclass of "
            "longthought.Domain"
        )
    taken = BUNDLED | {domain.name: domain for domain in _imported.values()}
    if taken.get(found.name, found) is not found:
        raise ProblemError(
            f"domain {address!r}: its name {found.name!r} is taken by {taken[found.name].address!r}; give it another"
        )
    _imported[address] = found
    return found
