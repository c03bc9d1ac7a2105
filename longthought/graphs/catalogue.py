"""The graphs by the names used on the command line."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from enum import Enum
from typing import Any, Final, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from longthought.agents.model import Model
from longthought.errors import ConfigError
from longthought.graphs.context import OWN, Chair, Context, described, setting_of
from longthought.graphs.debate import Debate
from longthought.graphs.decompose import Decompose
from longthought.graphs.machine import Machine
from longthought.graphs.sampling.graph import Sampling
from longthought.graphs.search.graph import TreeSearch
from longthought.graphs.self_critique import SelfCritique
from longthought.request import expect, objection, suggestion

GRAPHS: Final[Mapping[str, type[Machine[Any, Any]]]] = {
    machine.context.graph: machine for machine in (Debate, SelfCritique, Sampling, TreeSearch, Decompose)
}


def machine(name: str | type[Machine[Any, Any]]) -> type[Machine[Any, Any]]:
    """Return the machine of a graph by its name, or a machine of one's own as it is.

    Raises:
        ConfigError: if no graph has that name.

    """
    if isinstance(name, type) and issubclass(name, Machine):  # pyright: ignore[reportUnnecessaryIsInstance]
        return name
    expect("the name of a graph", str, graph=name)
    if name not in GRAPHS:
        raise ConfigError(f"unknown graph {name!r}: choose from {', '.join(GRAPHS)}")
    return GRAPHS[name]


def read(graph: str, written: Iterable[str], field: str = "settings") -> dict[str, Any]:
    """Read settings of a graph from texts `name=value`; the items of a list are separated by semicolons.

    Settings of a model are written with its chair, as in `policy.top_p=0.9`; a mapping such as `extra_body` is JSON.

    Args:
        graph: The graph's name.
        written: The settings.
        field: The name of the option or field that held them, for messages.

    Raises:
        ConfigError: if the graph or a setting is unknown, or a value has the wrong type.

    """
    kind = machine(graph).context
    types = get_type_hints(kind, include_extras=True)
    names = [f.name for f in fields(kind) if f.name not in _OF_MODELS.values()]
    settings: dict[str, Any] = {}
    for text in written:
        given, equals, value = text.partition("=")
        chair, _, of_model = given.partition(".")
        name = kind.renamed.get(given, given)
        where = f"`{field}` {text}: "
        if equals and (chair == "policy" or chair == "critic") and of_model in _MODEL_TYPES:
            model_value = _value(_MODEL_TYPES[of_model], value, where, of_model)
            if of_model in OWN:
                settings[setting_of(chair, of_model)] = model_value
            else:
                settings.setdefault(_OF_MODELS[chair], {})[of_model] = model_value
        elif equals and (name, value) == ("tools", "none"):
            settings[name] = []
        elif equals and name in names:
            settings[name] = _value(types[name], value, where, name)
        elif equals:
            known = [*names, *(f"{one}.{model}" for one in ("policy", "critic") for model in _MODEL_TYPES)]
            hint = suggestion(given, known, f"there are {', '.join(names)}, policy.NAME and critic.NAME")
            raise ConfigError(f"{where}{graph} has no setting {given}: {hint}")
        else:
            raise ConfigError(
                f"{where}write NAME=VALUE; the settings of {graph} are {', '.join(names)}, and those of its "
                f"models policy.NAME and critic.NAME, with {', '.join(_MODEL_TYPES)}"
            )
    return settings


_OF_MODELS: Final[Mapping[Chair, str]] = {"policy": "policy_settings", "critic": "critic_settings"}
_MODEL_TYPES: Final = {
    name: kind
    for name, kind in get_type_hints(Model, include_extras=True).items()
    if name in Model.model_fields and name != "name"
}


def _value(kind: Any, written: str, where: str, name: str) -> Any:
    """Read one value as a type."""
    if written == "none":
        return None
    origins = {get_origin(part) or part for part in (get_args(kind) or (kind,))} | {get_origin(kind)}
    value: Any = written
    if Mapping in origins:
        try:
            value = json.loads(written)
        except ValueError as error:
            raise ConfigError(f"{where}{name} must be a JSON object ({error})") from error
    elif Sequence in origins:
        value = [item.strip() for item in written.split(";")]
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise ConfigError(f"{where}{objection(error, name)}") from error


def settings_help() -> str:
    """Return a table of all settings with their defaults: the shared ones, then those that each graph adds."""
    parts = [f"Settings of every graph:\n{_rows(Context, [f.name for f in fields(Context) if f.name not in _NAMED])}"]
    for name, made in GRAPHS.items():
        kind, base = made.context, next(base for base in made.context.__mro__[1:] if issubclass(base, Context))
        common = {f.name: f.default for f in fields(base)}
        own = [f.name for f in fields(kind) if f.name not in _NAMED and common.get(f.name, f) != f.default]
        beside = f" beside those of {base.graph}" if base.graph else ""
        rows = _rows(kind, own) if own else "    none"
        parts.append(f"Settings of {name}{beside}:\n{rows}")
    return "\n\n".join(parts)


_NAMED: Final = ("policy", "critic", "tools")
"""Settings that are parameters of `lt.solve`."""


def _rows(kind: type[Context], names: Sequence[str]) -> str:
    defaults = {f.name: f.default for f in fields(kind)}
    rows = ((f"{name} = {_plain(defaults[name])}", " ".join(described(kind, name).split())) for name in names)
    return "\n".join(f"    {left:<26} {text}" for left, text in rows)


def _plain(value: Any) -> str:
    return repr(value.value if isinstance(value, Enum) else value)


def context(graph: str | type[Machine[Any, Any]], settings: Mapping[str, Any]) -> Context:
    """Build the context of a graph from its settings.

    Raises:
        ConfigError: if the graph or a setting is unknown, or a value is invalid.

    """
    context: Context = machine(graph).context.of(settings)
    context.expect_readable()
    return context
