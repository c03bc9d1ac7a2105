"""The part of a domain that agents, thoughts and graphs may use: where answers stand, and when two are the same.

It leads to no reference, solver or checker. Code that plays a debate imports no module of domains that does.
"""

from collections.abc import Sequence
from typing import Protocol

from longthought.domains.catalogue import domain_of
from longthought.problems.problem import Problem


class Conventions(Protocol):
    """The conventions of a domain; `longthought.domains.domain.Domain` documents each of them."""

    @property
    def answer_form(self) -> str:
        """A sentence that says how and where to write the final answer."""
        ...

    @property
    def computes(self) -> bool:
        """Whether steps may compute in Python."""
        ...

    def step_answer(self, path: Sequence[str], step: str) -> str | None:
        """Return the final answer that a step gives.

        Raises:
            ValueError: if the step has to be written again, with the reason.

        """
        ...

    def solution_answer(self, text: str) -> str | None:
        """Return the final answer of a whole solution."""
        ...

    def thought_answer(self, text: str) -> str | None:
        """Return the final answer of a long thought."""
        ...

    def written_answer(self, answer: str) -> str:
        """Write the final answer as a long thought ends with it."""
        ...

    def same_answer(self, problem: Problem, one: str, other: str) -> bool:
        """Say whether a vote counts two answers as one."""
        ...


def conventions(problem: Problem) -> Conventions:
    """Return the conventions of a problem's domain."""
    return domain_of(problem)
