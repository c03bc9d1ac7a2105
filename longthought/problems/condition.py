"""One condition on a row, as `--where level=5` states it: a field, a comparison and a value.

Both sides are compared as numbers if both are numbers, and as text otherwise. A condition knows rows, not problems.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from longthought.errors import ConfigError
from longthought.problems.fields import MISSING, value
from longthought.problems.row import Row

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
            ConfigError: if the text is not a condition.

        """
        match = _WRITTEN.fullmatch(written)
        if match is None:
            raise ConfigError(f"`where` {written}: write FIELD=VALUE, such as level=5; there are also != < <= > >=")
        return cls(match["field"], match["sign"], match["value"])

    def __str__(self) -> str:
        """Write the condition as it was given."""
        return f"{self.field}{self.sign}{self.value}"

    def holds(self, row: Row) -> bool:
        """Say whether a row fulfils the condition; a row without the field does not."""
        held = value(row, self.field)
        if held is MISSING or held is None:
            return False
        written = str(held).lower() if isinstance(held, bool) else str(held)
        left, right = _number(written), _number(self.value)
        if left is None or right is None:
            return _SIGNS[self.sign](written, self.value)
        return _SIGNS[self.sign](left, right)


def _number(written: str) -> float | None:
    try:
        return float(written)
    except ValueError:
        return None
