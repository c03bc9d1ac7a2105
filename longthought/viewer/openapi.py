"""Write the description of the API from which the page's TypeScript types are made.

python -m longthought.viewer.openapi
"""

import json
from pathlib import Path
from typing import Any, Final
from unittest.mock import sentinel

from longthought.record import Record
from longthought.trajectories import events
from longthought.viewer.app import application
from longthought.viewer.questions import Word

FILE: Final = Path(__file__).parent / "page" / "openapi.json"


def description() -> str:
    """Return the description, as JSON."""
    library = sentinel.library
    library.review = True
    found = application(library).openapi()
    for name, schema in found["components"]["schemas"].items():
        if name != Word.__name__ and "properties" in schema:
            schema["required"] = [field for field in schema["properties"] if field not in _left_out(name)]
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _left_out(name: str) -> set[str]:
    """Return the fields of a stored record that an answer leaves out where they say nothing."""
    model: Any = getattr(events, name, Record)
    fields: dict[str, Any] = getattr(model, "model_fields", {})
    return {field for field, info in fields.items() if info.exclude_if is not None}


if __name__ == "__main__":
    FILE.write_text(description(), encoding="utf-8")
