"""Verifiers by their names on the command line."""

from collections.abc import Callable, Iterable
from typing import Final

from longthought.errors import ConfigError
from longthought.tools.algebra import Algebra
from longthought.tools.cache import Cache, cached
from longthought.tools.countdown import Legality
from longthought.tools.examples import Examples
from longthought.tools.lean.verifier import Lean
from longthought.tools.python import Python
from longthought.tools.verifier import Verifier

TOOLS: Final[dict[str, Callable[[], Verifier]]] = {
    "algebra": Algebra,
    "countdown": Legality,
    "examples": Examples,
    "lean": Lean,
    "python": lambda: Python(session=True),
}
_CACHE: Final = Cache()


def verifiers(names: Iterable[str]) -> list[Verifier]:
    """Create the named verifiers, with one cache before all of them.

    Raises:
        ConfigError: if there is no such tool.

    """
    created: list[Verifier] = []
    for name in dict.fromkeys(names):
        if name not in TOOLS:
            raise ConfigError(f"`tools`: unknown tool {name!r}: choose from {', '.join(TOOLS)}, separated by commas")
        created.append(cached(TOOLS[name](), _CACHE))
    return created
