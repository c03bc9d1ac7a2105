"""A problem as agents may see it, and its reference as only graders may.

The two are different types on purpose: an agent, a prompt or a graph takes a `Problem`, and no code path leads from it
to the answer. Only `longthought.tools.grade` takes both.
"""

from typing import Self

from pydantic import Field, PositiveInt, model_validator

from longthought.record import Record


class Problem(Record):
    """What agents may see."""

    id: str = Field(min_length=1)
    """Unique within a data set."""
    statement: str = Field(min_length=1)
    """The problem in words."""
    domain: str = "math"
    """`math`, `countdown`, `code`, `lean`, …: which checkers apply."""
    context: str = ""
    """Anything given beside the statement, such as a passage to read."""


class Reference(Record):
    """What only graders may see; one subclass a domain."""


class AnswerReference(Reference):
    """A final answer in words or LaTeX."""

    answer: str


class CountdownReference(Reference):
    """The puzzle itself: any correct expression is an answer."""

    numbers: tuple[PositiveInt, ...] = Field(min_length=2)
    target: int = Field(ge=1)


class Case(Record):
    """What a program reads and what it must print."""

    input: str = ""
    output: str


class CodeReference(Reference):
    """Hidden tests: a program that calls the candidate's functions, cases of input and output, or both."""

    tests: str = ""
    """Ends without an exception if the candidate is right."""
    names: tuple[str, ...] = ()
    """What the tests may see of the candidate; all it defines where none are given."""
    cases: tuple[Case, ...] = ()

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.tests.strip() and not self.cases:
            raise ValueError("needs tests or cases")
        return self


class LeanReference(Reference):
    """A theorem of Lean 4 without its proof: any proof of it that Lean accepts is an answer."""

    statement: str = Field(min_length=1)


class Task(Record):
    """One line of a data set: a problem and, where it is known, its reference."""

    problem: Problem
    reference: AnswerReference | CountdownReference | CodeReference | LeanReference | None = None
