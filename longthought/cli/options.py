"""Options made of the fields of a request, so that a field's name, type, default and help are written once.

    @options(LabelRequest, samples=Spelling("--samples -k"))
    def label(run: …, request: LabelRequest, json: Json = False) -> None:

The parameter `request` is replaced by an option for each field of the class, and the command is handed the request that
is built of them. The text under a field (`use_attribute_docstrings`) is the option's help. Beside that, the options
that several commands share and that are no field of a request.
"""

import inspect
import types
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import wraps
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

import typer
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

Graph = Annotated[str, typer.Option(help="State machine, such as debate, sampling or tree_search.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Any other setting of the graph; can be repeated."),
]
Temperature = Annotated[float | None, typer.Option(help="Of the policy; by default what suits the model.")]
PolicyModel = Annotated[str, typer.Option("--policy", metavar="PROVIDER:MODEL", help="Model that proposes steps.")]
CriticModel = Annotated[str, typer.Option("--critic", metavar="PROVIDER:MODEL", help="Model that judges them.")]
BaseUrl = Annotated[str | None, typer.Option(metavar="URL", help="OpenAI-compatible server of both agents.")]
CriticBaseUrl = Annotated[str | None, typer.Option(metavar="URL", help="Server of the critic, if another.")]
DialectName = Annotated[
    str | None,
    typer.Option(
        "--dialect",
        help="prose or compact, for thinkers prose-thought or compact-thought; by default what suits the model.",
    ),
]
Tools = Annotated[
    str | None, typer.Option(help="Verifiers, separated by commas, or 'none'; by default what suits the graph.")
]
Rounds = Annotated[int | None, typer.Option(help="Proposals at most; by default what suits the graph.")]
Tokens = Annotated[int | None, typer.Option(help="Tokens of both agents at most in a debate, prompts included.")]
Seconds = Annotated[float | None, typer.Option(help="Seconds at most in a debate, in models and tools.")]
Veto = Annotated[bool, typer.Option(help="Refuted evidence rejects a step without asking the critic.")]
Seed = Annotated[int, typer.Option(help="Seed of in-process models; servers sample by themselves.")]

# Data sets.
Preset = Annotated[str | None, typer.Option(help="Fields of a well-known data set: gsm8k or math.")]
StatementField = Annotated[str | None, typer.Option(metavar="FIELD", help="Field that holds the problem in words.")]
AnswerField = Annotated[str | None, typer.Option(metavar="FIELD", help="Field of the answer, or of a solution.")]
IdField = Annotated[str | None, typer.Option(metavar="FIELD", help="Field of the id; made of file and row otherwise.")]
Where = Annotated[list[str] | None, typer.Option(metavar="FIELD=VALUE", help="Only such rows; also != < <= > >=.")]
Limit = Annotated[int | None, typer.Option(help="Problems at most.")]

Json = Annotated[bool, typer.Option("--json", help="Report as JSON.")]

BUNDLED = "bundled:countdown"


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a field is written on the command line, where its name and type don't say it."""

    flags: str = ""
    """The option's names, such as `--samples -k`, if not `--` and the field's name; messages use the first."""
    metavar: str | None = None
    """What stands for the value in the help."""
    read: Callable[[str], Any] | None = None
    """Reads the field's value from one text, such as `1000,2000`; it raises ConfigError."""
    default: Any = PydanticUndefined
    """The option's default, a text where there is `read`; by default the field's own."""
    argument: bool = False
    """Whether it is an argument instead of an option."""


def options(
    fields_of: type[Any],
    *,
    into: str = "request",
    build: Callable[..., Any] | None = None,
    only: Collection[str] | None = None,
    leave: Collection[str] = (),
    **spelled: Spelling,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Replace one parameter of a command by an option for each field of a request.

    Args:
        fields_of: The request's class, or a pydantic dataclass.
        into: The parameter that is replaced.
        build: What makes the parameter's value of the fields given; by default the class. With `dict`, the command
            gets them by name and builds the request itself. A field whose option is None is left to the class.
        only: The fields that have an option, in the order of the class; by default all.
        leave: Fields that have none.
        spelled: How a field is written, where its name and type don't say it.

    """
    declared: Mapping[str, FieldInfo] = fields_of.__pydantic_fields__
    chosen = [name for name in declared if (only is None or name in only) and name not in leave]
    if unknown := {*(only or ()), *leave, *spelled} - set(declared):
        raise TypeError(f"{fields_of.__name__} has no field {', '.join(sorted(unknown))}")

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def run(**given: Any) -> Any:
            own = {name: given.pop(name) for name in chosen}
            values = {name: _value(value, spelled.get(name)) for name, value in own.items() if value is not None}
            return command(**given, **{into: (build or fields_of)(**values)})

        run.__signature__ = _signature(  # type: ignore[attr-defined]
            command, into, {name: _parameter(name, declared[name], spelled.get(name) or Spelling()) for name in chosen}
        )
        run.__annotations__ = {name: p.annotation for name, p in inspect.signature(run).parameters.items()}
        return run

    return decorate


def _value(given: Any, spelling: Spelling | None) -> Any:
    return spelling.read(given) if spelling and spelling.read else given


def _signature(command: Callable[..., Any], into: str, instead: Mapping[str, inspect.Parameter]) -> inspect.Signature:
    """Return the signature of a command with one of its parameters replaced by others, in its place."""
    signature = inspect.signature(command)
    parameters: list[inspect.Parameter] = []
    for name, parameter in signature.parameters.items():
        parameters += instead.values() if name == into else [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)]
    return signature.replace(parameters=parameters)


def _parameter(name: str, field: FieldInfo, spelling: Spelling) -> inspect.Parameter:
    """Return the option, or the argument, of one field as typer reads it."""
    default = spelling.default
    if default is PydanticUndefined:
        default = None if spelling.read and not field.is_required() else field.get_default(call_default_factory=True)
    kind: Any = str if spelling.read else _plain(field.annotation)
    required = default is PydanticUndefined
    if not required and (default is None or get_origin(kind) is list):
        kind = kind | None
        default = default or None
    shown: Any = {"help": " ".join((field.description or "").split()), "metavar": spelling.metavar}
    asked = typer.Argument(**shown) if spelling.argument else typer.Option(*spelling.flags.split(), **shown)
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if required else default,
        annotation=Annotated[kind, asked],
    )


def _plain(annotation: Any) -> Any:
    """Return the type that typer reads a field's value as; the request itself checks names and limits."""
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
    """Read `algebra,countdown`; `none` and the empty string are no tools."""
    return [name.strip() for name in tools.split(",") if name.strip() not in ("", "none")]


def settings(*, graph: str, more: Sequence[str] | None = None, **given: Any) -> dict[str, Any]:
    """Collect the options that go into a graph's context; those not given are left to it."""
    from longthought.graphs import catalogue

    chosen = {name: value for name, value in given.items() if value is not None}
    if "tools" in chosen:
        chosen["tools"] = split_tools(chosen["tools"])
    return {"graph": graph, **chosen, **catalogue.read(graph, more or ())}
