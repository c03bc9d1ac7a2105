"""Tools by the names used on the command line."""

from collections.abc import Callable, Iterable
from typing import Final

from longthought.errors import ConfigError
from longthought.tools.algebra import Algebra
from longthought.tools.countdown import Legality
from longthought.tools.verifier import Verifier

TOOLS: Final[dict[str, Callable[[], Verifier]]] = {"algebra": Algebra, "countdown": Legality}


def verifiers(names: Iterable[str]) -> list[Verifier]:
    """Make the named verifiers.

    Raises:
        ConfigError: if there is no such tool.

    """
    made: list[Verifier] = []
    for name in dict.fromkeys(names):
        if name not in TOOLS:
            raise ConfigError(f"unknown tool {name!r}: choose from {', '.join(TOOLS)}, separated by commas")
        made.append(TOOLS[name]())
    return made
