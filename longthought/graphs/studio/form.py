"""The settings of a graph as a form: descriptions, defaults and choices, and how a filled-in form is read."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Annotated, Any, Final, Literal, get_type_hints

from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from longthought.agents.catalogue import DIALECT_NAMES
from longthought.agents.program import Program
from longthought.errors import ConfigError
from longthought.graphs.context import Context, described
from longthought.request import objection
from longthought.tools.catalogue import TOOLS

_PAUSE = Annotated[
    Literal["never", "verdicts"],
    Field(description="When to stop and ask a person: never, or before each of the critic's verdicts is applied."),
]
_OUT = Annotated[
    str | None,
    Field(description="Run folder that keeps each debate when it ends, such as runs/edited (default: not kept)."),
]
CHOICES: Final[Mapping[str, Any]] = {"pause": "never", "out": None}
"""Settings of a thread that are no settings of the debate, with their defaults."""
_CHOICE_TYPES: Final[Mapping[str, Any]] = {"pause": _PAUSE, "out": _OUT}


def form(kind: type[Context], *, pauses: bool) -> Any:
    """Return the form of a graph's settings: a TypedDict, so that what is filled in reaches `read` as it is."""
    types = get_type_hints(kind, include_extras=True)
    shown: dict[str, Any] = {}
    for field in fields(kind):
        default = None if field.default is MISSING else field.default
        said = Field(default=default, description=described(kind, field.name))
        shown[field.name] = Annotated[_chosen_from(field.name) or types[field.name], said]
    for name, type_ in _CHOICE_TYPES.items():
        if pauses or name != "pause":
            shown[name] = Annotated[type_, Field(default=CHOICES[name])]
    return TypedDict("Settings", shown, total=False)  # type: ignore[misc]


def _chosen_from(name: str) -> Any:
    """Return the type of a setting as a choice between names, which its own type doesn't list."""
    match name:
        case "dialect" | "critic_dialect":
            choice: Any = Literal[DIALECT_NAMES]
            return choice | None
        case "tools":
            choice = Literal[(*TOOLS, Program.name)]
            return Sequence[choice] | None
        case _:
            return None


def read(kind: type[Context], given: Mapping[str, Any], *, pauses: bool) -> tuple[Context | None, dict[str, Any]]:
    """Return the settings and the choices of a filled-in form; no settings if none is filled in.

    A field that was cleared counts as not filled in.

    Raises:
        ConfigError: if there is no such setting, a value makes no sense, or the graph never pauses and is to.

    """
    filled = {
        name: value for name, value in given.items() if value != "" and not (value is None and _needed(kind, name))
    }
    choices = {name: filled.pop(name, default) for name, default in CHOICES.items()}
    for name, type_ in _CHOICE_TYPES.items():
        try:
            TypeAdapter[Any](type_).validate_python(choices[name])
        except ValidationError as error:
            raise ConfigError(objection(error, f"`{name}`")) from error
    if choices["pause"] != CHOICES["pause"] and not pauses:
        raise ConfigError(f"`pause`: {kind.graph} has no verdicts that move it, so it never stops to ask")
    return (kind.of(filled) if filled else None), choices


def _needed(kind: type[Context], name: str) -> bool:
    """Say whether a setting can't be None."""
    default = next((f.default for f in fields(kind) if f.name == name), None)
    return default is not None and type(None) not in getattr(get_type_hints(kind)[name], "__args__", ())
