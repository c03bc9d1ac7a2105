"""The report on an export, from which its card and `meta.json` are written."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from longthought.training.data.folder import DATA_SCHEMA
from longthought.training.data.request import ExportRequest


@dataclass
class ExportReport:
    """What an export has written and left out; it grows while the export works."""

    out: Path
    request: ExportRequest
    role: str
    shape: str
    dialect: str
    unit: str
    counts: dict[str, int] = field(default_factory=dict[str, int])
    """Rows by split."""
    debates: Counter[str] = field(default_factory=Counter[str])
    """Debates read, by run."""
    left_out: Counter[str] = field(default_factory=Counter[str])
    """Debates and rows left out, by reason."""
    rewritten: Counter[str] = field(default_factory=Counter[str])
    """Journeys in a model's words, by model."""
    test_sets: Mapping[str, int] = field(default_factory=dict[str, int])
    command: str = ""

    def meta(self) -> dict[str, Any]:
        """Return what `meta.json` holds."""
        return {
            "schema_version": DATA_SCHEMA, "format": "+".join(self.request.formats), "shape": self.shape,
            "dialect": self.dialect, "role": self.role, "counts": self.counts, "unit": self.unit,
            "runs": dict(self.debates), "left_out": dict(self.left_out), "rewritten": dict(self.rewritten),
            "command": self.command, "settings": self.request.model_dump(mode="json"),
        }  # fmt: skip
