"""One condition on a row, as `--where level=5` states it: a field, a comparison and a value.

Both sides are compared as numbers where both are numbers, and as text otherwise. It reads one row at a time and knows
nothing of problems.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from longthought.errors import ConfigError
from longthought.problems.fields import MISSING, value
from longthought.problems.sources import Row

_WRITTEN: Final = re.compile(r"\s*(?P<field>[^=!<>]+?)\s*(?P<sign>!=|<=|>=|=|<|>)=?\s*(?P<value>.*?)\s*", re.DOTALL)
_SIGNS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """`field sign value`."""

    field: str
    sign: str
    value: str

    @classmethod
    def read(cls, written: str) -> "Condition":
        """Read `level=5`, `year>=2020` or `subject!=Geometry`.

        Raises:
            ConfigError: if it is not written so.

        """
        match = _WRITTEN.fullmatch(written)
        if match is None:
            raise ConfigError(f"`where` {written}: write FIELD=VALUE, such as level=5; there are also != < <= > >=")
        return cls(match["field"], match["sign"], match["value"])

    def __str__(self) -> str:
        """Write it as it was given."""
        return f"{self.field}{self.sign}{self.value}"

    def holds(self, row: Row) -> bool:
        """Say whether a row is meant; one without the field is not."""
        found = value(row, self.field)
        if found is MISSING or found is None:
            return False
        written = str(found).lower() if isinstance(found, bool) else str(found)
        left, right = _number(written), _number(self.value)
        if left is None or right is None:
            return _SIGNS[self.sign](written, self.value)
        return _SIGNS[self.sign](left, right)


def _number(written: str) -> float | None:
    try:
        return float(written)
    except ValueError:
        return None
