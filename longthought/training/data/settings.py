"""What is asked of an export, and what came of it: all that the card and `meta.json` tell."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from longthought.record import Record
from longthought.thoughts.walks import Walk
from longthought.training.data.contamination import SPLIT
from longthought.training.data.filters import Filters
from longthought.training.data.folder import DATA_SCHEMA
from longthought.training.data.formats import Format


class ExportSettings(Record):
    """Everything that decides what is exported."""

    formats: tuple[Format, ...]
    dialect: str | None = None
    """`prose` or `compact`; by default what the run's agents spoke."""
    tokenizer: str | None = None
    """A model to measure lengths by, whose chat template is looked at; by default compact words, or words of prose."""
    filters: Filters = Filters()
    against: tuple[str, ...] = (SPLIT,)
    """Test sets whose problems are left out."""
    mix: Mapping[str, float] = Field(default_factory=dict[str, float])
    """Shares of formats, of runs or of kinds of rows, which add up to 1."""
    match: str = "examples"
    """How twins match: `examples` or `tokens`."""
    walk: Walk = Walk.DEPTH_FIRST
    wrong: int | None = 3
    samples: bool = False
    """Whether `dpo-policy` pairs whole debates instead of steps."""
    pairs: int = 2
    """Good and bad replies to one prompt at most."""
    validation: float = 0.05
    """Share of the problems that is put aside."""
    validation_run: str | None = None
    """A run that is the validation set, instead."""
    seed: int = 0
    limit: int | None = None
    """Debates of a run at most."""
    rewritten: bool = False
    """Whether journeys are in a chat model's words, where `longthought rewrite` made some."""
    parquet: bool = False


@dataclass
class Exported:
    """What was made, for the card and for whoever asked."""

    out: Path
    settings: ExportSettings
    role: str
    shape: str
    dialect: str
    unit: str
    counts: dict[str, int] = field(default_factory=dict[str, int])
    """Rows by side."""
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
            "schema_version": DATA_SCHEMA, "format": "+".join(self.settings.formats), "shape": self.shape,
            "dialect": self.dialect, "role": self.role, "counts": self.counts, "unit": self.unit,
            "runs": dict(self.debates), "left_out": dict(self.left_out), "rewritten": dict(self.rewritten),
            "command": self.command, "settings": self.settings.model_dump(mode="json"),
        }  # fmt: skip
