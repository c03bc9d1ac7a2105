"""The graphs by the names used on the command line."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from longthought.errors import ConfigError
from longthought.graphs.context import Context
from longthought.graphs.debate import Debate
from longthought.graphs.machine import Machine

GRAPHS: Final[Mapping[str, type[Machine[Any, Any]]]] = {machine.context.graph: machine for machine in (Debate,)}


def machine(name: str) -> type[Machine[Any, Any]]:
    """Return the machine of a graph.

    Raises:
        ConfigError: if there is none of that name.

    """
    if name not in GRAPHS:
        raise ConfigError(f"unknown graph {name!r}: there {'is' if len(GRAPHS) == 1 else 'are'} {', '.join(GRAPHS)}")
    return GRAPHS[name]


def context(graph: str, settings: Mapping[str, Any]) -> Context:
    """Put settings into the context of a graph.

    Raises:
        ConfigError: if there is no such graph, or it has no such setting, or the value makes no sense.

    """
    kind = machine(graph).context
    known = [f.name for f in fields(kind)]
    if unknown := sorted(set(settings) - set(known)):
        raise ConfigError(f"unknown setting {', '.join(unknown)} of {graph}: there are {', '.join(sorted(known))}")
    made = kind(**settings)
    made.expect_sound()
    return made
