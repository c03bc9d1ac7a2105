"""The graphs by the names used on the command line."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final, get_type_hints

from pydantic import TypeAdapter, ValidationError

from longthought.errors import ConfigError
from longthought.graphs.context import Context
from longthought.graphs.debate import Debate
from longthought.graphs.decompose import Decompose
from longthought.graphs.machine import Machine
from longthought.graphs.sampling.graph import Sampling
from longthought.graphs.search.graph import TreeSearch
from longthought.graphs.self_critique import SelfCritique
from longthought.request import objection

GRAPHS: Final[Mapping[str, type[Machine[Any, Any]]]] = {
    machine.context.graph: machine for machine in (Debate, SelfCritique, Sampling, TreeSearch, Decompose)
}


def machine(name: str) -> type[Machine[Any, Any]]:
    """Return the machine of a graph.

    Raises:
        ConfigError: if no graph has that name.

    """
    if name not in GRAPHS:
        raise ConfigError(f"unknown graph {name!r}: choose from {', '.join(GRAPHS)}")
    return GRAPHS[name]


def read(graph: str, written: Iterable[str], field: str = "settings") -> dict[str, Any]:
    """Read settings of a graph from texts `name=value`; the items of a list are separated by semicolons.

    Args:
        graph: The graph's name.
        written: The settings.
        field: The name of the option or field that held them, for messages.

    Raises:
        ConfigError: if the graph or a setting is unknown, or a value has the wrong type.

    """
    kind = machine(graph).context
    types = get_type_hints(kind, include_extras=True)
    names = [f.name for f in fields(kind)]
    settings: dict[str, Any] = {}
    for text in written:
        given, equals, value = text.partition("=")
        name = kind.renamed.get(given, given)
        if not equals or name not in names:
            raise ConfigError(f"`{field}` {text}: write NAME=VALUE; the settings of {graph} are {', '.join(names)}")
        read_value = [item.strip() for item in value.split(";")] if types[name] == Sequence[str] else value
        try:
            settings[name] = None if value == "none" else TypeAdapter(types[name]).validate_python(read_value)
        except ValidationError as error:
            raise ConfigError(f"`{field}` {text}: {objection(error, name)}") from error
    return settings


def context(graph: str, settings: Mapping[str, Any]) -> Context:
    """Build the context of a graph from its settings.

    Raises:
        ConfigError: if the graph or a setting is unknown, or a value is invalid.

    """
    kind = machine(graph).context
    given, names = kind.current(settings), [f.name for f in fields(kind)]
    if unknown := sorted(set(given) - set(names)):
        raise ConfigError(f"unknown setting {', '.join(unknown)} of {graph}: choose from {', '.join(sorted(names))}")
    context = kind(**given)
    context.expect_readable()
    return context
