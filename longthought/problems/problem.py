"""A problem, which agents may see, and its reference, which only graders may see.

They are different types on purpose: agents, prompts and graphs take a `Problem`, and no code path leads from it to the
answer. Only `longthought.domains.grade` takes both.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final, Protocol, Self, cast, get_args, runtime_checkable

from pydantic import (
    Field,
    PositiveInt,
    SerializeAsAny,
    TypeAdapter,
    field_serializer,
    field_validator,
    model_validator,
)

from longthought.errors import ProblemError
from longthought.record import Record


@runtime_checkable
class Addressed(Protocol):
    """An object with an address to import it by, such as a domain; this layer does not know domains."""

    @property
    def address(self) -> str:
        """The name of a bundled object, or `module:NAME`."""
        ...


class Problem(Record):
    """What agents may see.

    >>> lt.Problem(id="shirt", statement="A shirt costs 20 and is 15 % off. What does it cost?").domain
    'math'
    """

    id: str = Field(min_length=1)
    """Unique within a data set."""
    statement: str = Field(min_length=1)
    """The problem in words."""
    domain: str = "math"
    """`math`, `countdown`, `code`, `lean`, or the `module:NAME` of a domain from outside: which checkers apply."""
    context: str = ""
    """Anything given beside the statement, such as a passage to read."""

    @field_validator("domain", mode="before")
    @classmethod
    def _by_address(cls, given: object) -> object:
        """Accept a domain object, and keep its address."""
        return given if isinstance(given, str) or not isinstance(given, Addressed) else given.address


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
    setup: str = ""
    """Imports, functions and classes that stand before any program and before the tests; no secret."""
    cases: tuple[Case, ...] = ()

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.tests.strip() and not self.cases:
            raise ValueError("needs tests or cases")
        return self


class LeanReference(Reference):
    """A theorem of Lean 4 without its proof: any proof of it that Lean accepts is an answer."""

    statement: str = Field(min_length=1)


_BundledReference = AnswerReference | CountdownReference | CodeReference | LeanReference
_BUNDLED: Final[TypeAdapter[_BundledReference]] = TypeAdapter(_BundledReference)


class Task(Record):
    """One line of a data set: a problem and, where it is known, its reference.

    >>> problem = lt.Problem(id="sum", statement="What is 2 + 3?")
    >>> lt.Task(problem=problem, reference=lt.AnswerReference(answer="5")).reference.answer
    '5'

    As JSON, a reference from outside is written with its class, `{"class": "module:Name", "fields": {…}}`, so that
    another process can make it again.
    """

    problem: Problem
    reference: SerializeAsAny[Reference] | None = None

    @field_validator("reference", mode="before")
    @classmethod
    def _of_its_class(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            return given
        fields = cast(Mapping[str, Any], given)
        if set(fields) != {"class", "fields"}:
            return _BUNDLED.validate_python(fields)
        module, _, name = str(fields["class"]).partition(":")
        try:
            found: object = getattr(import_module(module), name)
        except Exception as error:  # a module from outside raises what it likes
            raise ProblemError(f"reference: its class {fields['class']} can't be imported ({error})") from error
        if not (isinstance(found, type) and issubclass(found, Reference)):
            raise ValueError(f"{fields['class']} is no Reference")
        return found.model_validate(fields["fields"])

    @field_serializer("reference")
    def _with_its_class(self, held: Reference | None) -> dict[str, Any] | None:
        if held is None:
            return None
        kind = type(held)
        if kind in get_args(_BundledReference):
            return held.model_dump()
        return {"class": f"{kind.__module__}:{kind.__qualname__}", "fields": held.model_dump(mode="json")}
