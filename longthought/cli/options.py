"""Options made from the fields of a request, so that a field's name, type, default and help are written once.

    @options(LabelRequest, trials=Spelling("--samples -k"))
    def label(run: …, request: LabelRequest, json: Json = False) -> None:

The parameter `request` is replaced by an option for each field of the class, and the command gets the request that is
built from their values. The text under a field (`use_attribute_docstrings`) is the option's help. This module also
holds options that several commands share and that are no field of a request.
"""

import inspect
import types
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import wraps
from typing import Annotated, Any, Final, Literal, Union, cast, get_args, get_origin

import typer
from pydantic import ConfigDict
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from longthought.graphs.context import Context
from longthought.record import Record

Graph = Annotated[str, typer.Option(help="State machine, such as debate, sampling or tree_search.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Any other setting of the graph, or of a model: policy.top_p=0.9; can be repeated.",
    ),
]
BaseUrl = Annotated[str | None, typer.Option(metavar="URL", help="OpenAI-compatible server of the model.")]
DialectName = Annotated[
    str | None,
    typer.Option(
        "--dialect",
        help="Language of prompts: prose or compact, for thinkers prose-thought or compact-thought (default: depends "
        "on the model).",
    ),
]
Tools = Annotated[str | None, typer.Option(help="Verifiers, separated by commas, or none (default: all that suit).")]
Veto = Annotated[bool, typer.Option(help="Let refuted evidence reject a step without asking the critic.")]
Seed = Annotated[int, typer.Option(help="Seed of in-process models; servers sample by themselves.")]

DomainName = Annotated[
    str | None,
    typer.Option(
        "--domain",
        metavar="NAME",
        help="Domain of problems that don't name one: countdown, math, code, lean, or your own as module:NAME.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a field is written on the command line, where its name and type don't say it."""

    flags: str = ""
    """The option's names, such as `--samples -k` (default: `--` and the field's name); messages use the first."""
    metavar: str | None = None
    """The placeholder for the value in the help."""
    read: Callable[[str], Any] | None = None
    """Reads the field's value from a text, such as `1000,2000`, or raises ConfigError."""
    default: Any = PydanticUndefined
    """The option's default (default: the field's own); a text if `read` is given."""
    argument: bool = False
    """Whether the field is an argument instead of an option."""


def options(
    fields_of: type[Any],
    *,
    into: str = "request",
    build: Callable[..., Any] | None = None,
    only: Collection[str] | None = None,
    leave: Collection[str] = (),
    **spelled: Spelling,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that replaces one parameter of a command by an option for each field of a request.

    Args:
        fields_of: The request's class, or a pydantic dataclass.
        into: The parameter that is replaced.
        build: Makes the parameter's value from the fields given (default: the class). With `dict`, the command gets
            them by name and builds the request itself. A field whose option is None is left to the class.
        only: The fields that have an option, in the order of the class (default: all).
        leave: Fields that have no option.
        spelled: How a field is written, where its name and type don't say it.

    Raises:
        TypeError: if the class has no field of a name given.

    """
    declared: Mapping[str, FieldInfo] = fields_of.__pydantic_fields__
    chosen = [name for name in declared if (only is None or name in only) and name not in leave]
    if unknown := {*(only or ()), *leave, *spelled} - set(declared):
        raise TypeError(f"{fields_of.__name__} has no field {', '.join(sorted(unknown))}")

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def run(**given: Any) -> Any:
            fields = {name: given.pop(name) for name in chosen}
            values = {name: _value(value, spelled.get(name)) for name, value in fields.items() if value is not None}
            return command(**given, **{into: (build or fields_of)(**values)})

        run.__signature__ = _signature(  # type: ignore[attr-defined]
            command, into, {name: _parameter(name, declared[name], spelled.get(name) or Spelling()) for name in chosen}
        )
        run.__annotations__ = {name: p.annotation for name, p in inspect.signature(run).parameters.items()}
        return run

    return decorate


def _value(given: Any, spelling: Spelling | None) -> Any:
    return spelling.read(given) if spelling and spelling.read else given


def _signature(
    command: Callable[..., Any], into: str, replacements: Mapping[str, inspect.Parameter]
) -> inspect.Signature:
    """Return the signature of a command with the parameter `into` replaced by others, in its place."""
    signature = inspect.signature(command)
    parameters: list[inspect.Parameter] = []
    for name, parameter in signature.parameters.items():
        parameters += (
            replacements.values() if name == into else [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)]
        )
    return signature.replace(parameters=parameters)


def _parameter(name: str, field: FieldInfo, spelling: Spelling) -> inspect.Parameter:
    """Return the option or the argument of one field, as typer reads it."""
    default = spelling.default
    if default is PydanticUndefined:
        default = None if spelling.read and not field.is_required() else field.get_default(call_default_factory=True)
    value_type: Any = str if spelling.read else _plain(field.annotation)
    required = default is PydanticUndefined
    if not required and (default is None or get_origin(value_type) is list):
        value_type = value_type | None
        default = default or None
    shown: Any = {"help": " ".join((field.description or "").split()), "metavar": spelling.metavar}
    declaration = typer.Argument(**shown) if spelling.argument else typer.Option(*spelling.flags.split(), **shown)
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if required else default,
        annotation=Annotated[value_type, declaration],
    )


def _plain(annotation: Any) -> Any:
    """Return the type as which typer reads a field's value; the request itself checks names and limits."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _plain(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return _plain(next(part for part in get_args(annotation) if part is not type(None)))
    if origin is Literal or (isinstance(annotation, type) and issubclass(annotation, Enum)):
        return str
    if origin in (tuple, list, Sequence):
        return list[_plain(get_args(annotation)[0])]
    return cast(Any, annotation)


def split_tools(tools: str) -> list[str]:
    """Read `algebra,countdown`; `none` and the empty string mean no tools."""
    return [name.strip() for name in tools.split(",") if name.strip() not in ("", "none")]


def settings_options(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Replace the parameter `settings` of a command by options for the named settings of a graph."""
    return options(
        Context, into="settings", build=dict, only=names,
        policy=Spelling(metavar="PROVIDER:MODEL"), critic=Spelling(metavar="PROVIDER:MODEL"),
        base_url=Spelling(metavar="URL"), critic_base_url=Spelling(metavar="URL"),
        tools=Spelling(read=split_tools), rounds=Spelling(default=None),
    )  # fmt: skip


class ProblemSelection(Record):
    """Which rows of a data set are problems, and which of their fields hold what; see `loader.data_set`."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    preset: str | None = None
    """Fields of a well-known data set: gsm8k or math."""
    statement_field: str | None = None
    """Field that holds the problem in words."""
    answer_field: str | None = None
    """Field that holds the answer, or a solution that ends in it."""
    id_field: str | None = None
    """Field that holds the id (default: made from file and row)."""
    where: tuple[str, ...] = ()
    """Keep rows that satisfy the condition, with = != < <= > or >=; can be repeated."""
    limit: int | None = None
    """Maximum number of problems (default: all)."""


selection_options = options(
    ProblemSelection, into="selection", build=dict, where=Spelling(metavar="FIELD=VALUE"),
    statement_field=Spelling(metavar="FIELD"), answer_field=Spelling(metavar="FIELD"),
    id_field=Spelling(metavar="FIELD"),
)  # fmt: skip
"""Replaces the parameter `selection` of a command by options for the rows and fields of a data set."""


AGENTS: Final = ("policy", "critic", "base_url", "critic_base_url", "dialect", "temperature", "seed")
"""Settings of the agents."""
BUDGETS: Final = ("rounds", "tokens", "seconds")
"""Settings that end a debate."""
