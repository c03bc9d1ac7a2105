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

GRAPHS: Final[Mapping[str, type[Machine[Any, Any]]]] = {
    machine.context.graph: machine for machine in (Debate, SelfCritique, Sampling, TreeSearch, Decompose)
}


def machine(name: str) -> type[Machine[Any, Any]]:
    """Return the machine of a graph.

    Raises:
        ConfigError: if there is none of that name.

    """
    if name not in GRAPHS:
        raise ConfigError(f"unknown graph {name!r}: there {'is' if len(GRAPHS) == 1 else 'are'} {', '.join(GRAPHS)}")
    return GRAPHS[name]


def read(graph: str, written: Iterable[str], field: str = "settings") -> dict[str, Any]:
    """Read settings of a graph as `name=value`, as they are given on a command line; a list is parted by semicolons.

    Args:
        graph: The graph's name.
        written: The settings.
        field: What they were given as, for messages.

    Raises:
        ConfigError: if there is no such graph or setting, or the value is of another type.

    """
    kind = machine(graph).context
    types = get_type_hints(kind, include_extras=True)
    names = [f.name for f in fields(kind)]
    found: dict[str, Any] = {}
    for text in written:
        given, equals, value = text.partition("=")
        name = kind.renamed.get(given, given)
        if not equals or name not in names:
            raise ConfigError(f"`{field}` {text}: write NAME=VALUE; the settings of {graph} are {', '.join(names)}")
        parts = [part.strip() for part in value.split(";")] if types[name] == Sequence[str] else value
        try:
            found[name] = None if value == "none" else TypeAdapter(types[name]).validate_python(parts)
        except ValidationError as error:
            said = error.errors(include_url=False)[0]["msg"]
            raise ConfigError(f"`{field}` {text}: {said[:1].lower()}{said[1:]}") from error
    return found


def context(graph: str, settings: Mapping[str, Any]) -> Context:
    """Put settings into the context of a graph.

    Raises:
        ConfigError: if there is no such graph, or it has no such setting, or the value makes no sense.

    """
    kind = machine(graph).context
    given, known = kind.current(settings), [f.name for f in fields(kind)]
    if unknown := sorted(set(given) - set(known)):
        raise ConfigError(f"unknown setting {', '.join(unknown)} of {graph}: there are {', '.join(sorted(known))}")
    made = kind(**given)
    made.expect_readable()
    return made
