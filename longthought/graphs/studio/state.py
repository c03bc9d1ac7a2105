"""The state of a LangGraph thread: what a person types, the log, and the views of it that Studio shows."""

from typing import Annotated, Any, TypeAlias

from langchain_core.messages import AnyMessage
from langgraph.channels import EphemeralValue  # pyright: ignore[reportMissingTypeStubs]
from langgraph.graph.message import add_messages  # pyright: ignore[reportMissingTypeStubs]
from pydantic import Field, JsonValue
from pydantic.json_schema import SkipJsonSchema
from typing_extensions import TypedDict  # pydantic, and so Studio, needs this one before Python 3.12

from longthought.errors import ConfigError
from longthought.graphs.studio import by_hand

_DOMAINS: list[JsonValue] = ["countdown", "math", "code", "lean"]
Statement = Annotated[str, Field(description="The problem in words."), EphemeralValue]
DomainField = Annotated[
    str,
    Field(
        description="Kind of problem (default: recognised from the statement). In the API also module:NAME.",
        json_schema_extra={"enum": _DOMAINS},
    ),
    EphemeralValue,
]
Events: TypeAlias = list[dict[str, Any]]


def logged(old: Events, new: Events) -> Events:
    """Return a log with events appended, or as a person edited it; see `by_hand.logged`.

    Raises:
        ValueError: if an event can't be read or doesn't fit; LangGraph's server shows the words of no other error.

    """
    try:
        return by_hand.logged(old, new)
    except ConfigError as error:
        raise ValueError(str(error)) from error


class Typed(TypedDict, total=False):
    """What a person types to begin a debate; the form shows the statement and the domain alone."""

    statement: Statement
    domain: DomainField
    events: SkipJsonSchema[Annotated[Events, logged]]
    """A log to go on from, or events to append to it."""
    messages: SkipJsonSchema[Annotated[list[AnyMessage], add_messages]]
    """The chat pane's way to send a statement."""


class Outcome(TypedDict, total=False):
    """What a debate comes to, and what its stream shows of each turn: LangGraph's server streams nothing else."""

    answer: Annotated[str | None, Field(description="The final answer; null if there is none.")]
    solved: Annotated[bool | None, Field(description="Whether the answer is right; null if nobody can tell.")]
    path: Annotated[list[str], Field(description="The accepted steps, from the first to the answer.")]
    narration: SkipJsonSchema[str]
    messages: SkipJsonSchema[Annotated[list[AnyMessage], add_messages]]


class State(TypedDict, total=False):
    """The state of a thread."""

    statement: Statement
    domain: DomainField
    events: Annotated[Events, logged]
    """The log; append to it or edit it to step in."""
    narration: str
    """The last turn in words."""
    messages: Annotated[list[AnyMessage], add_messages]
    """The debate as a dialogue."""
    answer: str | None
    """The final answer; null if there is none."""
    solved: bool | None
    """Whether the answer is right; null if nobody can tell."""
    path: list[str]
    """The accepted steps, from the first to the answer or to where the debate stands."""
    choices: dict[str, Any]
    """Settings of the thread that are no settings of the debate: pause and out."""
