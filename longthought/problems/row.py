"""A row of a data set, and how a message shows a value of it."""

import json
from collections.abc import Mapping
from typing import Any, Final

_SHOWN: Final = 60
_MOST: Final = 30
"""Number of field names that a message lists."""

Row = Mapping[str, Any]


def show(value: object) -> str:
    """Quote a value for a message, cut to a short length."""
    text = value.decode(errors="replace").strip() if isinstance(value, bytes) else json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def names(row: Row) -> str:
    """List a row's fields."""
    listed = list(map(str, row))
    more = f" and {len(listed) - _MOST:,} more" if len(listed) > _MOST else ""
    return ", ".join(listed[:_MOST]) + more or "none"
