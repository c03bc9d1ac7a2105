"""Find the values that earlier steps give to variables: `x = 5`, stated once, plainly and without a condition.

A value counts only if nothing on the path contradicts it: another value, a case, a supposition, a chain that does not
hold. No equation is solved here.
"""

import re
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Final

from longthought.tools.algebra.expression import Name, UnreadableError
from longthought.tools.algebra.lexicon import CASES
from longthought.tools.algebra.links import Link, read
from longthought.tools.algebra.statements import MAX_LENGTH, statements
from longthought.tools.algebra.values import IrrationalError, number

MAX_STEPS: Final = 200
_MORE: Final = re.compile(r"[\s$]{0,4}(?:,|and\b)[\s$]{0,4}[-−]?[0-9\\]")
"""Text that follows the first of several values: `x = 2, -3`."""


def assigned(path: Sequence[str], names: frozenset[str]) -> tuple[tuple[str, Fraction], ...]:
    """Return the values of these variables, for those that have exactly one on the path."""
    values: dict[str, set[Fraction | None]] = {name: set() for name in names}
    for step in path[-MAX_STEPS:]:
        for name, value in _assignments(step[:MAX_LENGTH]):
            if name in values:
                values[name].add(value)
    unique_values: list[tuple[str, Fraction]] = []
    for name in sorted(names):
        only = next(iter(values[name])) if len(values[name]) == 1 else None
        if only is not None:
            unique_values.append((name, only))
    return tuple(unique_values)


def assigns(step: str, name: str) -> bool:
    """Say whether a step itself gives a variable a value or distinguishes cases."""
    return bool(CASES.search(step)) or any(name == given for given, _ in _assignments(step[:MAX_LENGTH]))


@lru_cache(maxsize=256)
def _assignments(step: str) -> tuple[tuple[str, Fraction | None], ...]:
    """List what a step assigns; None stands for a value that can't be relied on."""
    assignments: list[tuple[str, Fraction | None]] = []
    unsure = bool(CASES.search(step))
    name, end = "", -1
    for statement in statements(step):
        link = read(statement.text)
        if link is None or link.relation not in "=≈":
            continue
        if isinstance(link.left.tree, Name):
            name, end = link.left.tree.text, statement.end
            loose = unsure or statement.hedged or link.relation == "≈" or _MORE.match(step, end)
            assignments.append((name, None if loose else _value(link)))
        elif statement.start < end:
            end = statement.end
            assignments.append((name, _value(link)))
    return tuple(assignments)


def _value(link: Link) -> Fraction | None:
    try:
        return number(link.right.tree, {})
    except (IrrationalError, UnreadableError, ZeroDivisionError):
        return None
