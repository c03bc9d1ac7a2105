"""The requests that make training data: an export, a rewrite of journeys, thoughts that end in programs.

Compound values, such as shares or ranges, may be given as they are written on a command line. Whether a request fits
the runs at hand is checked later, by `longthought.training.data.preflight`.
"""

import math
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from longthought.request import Request, expect
from longthought.thoughts.walks import Walk

SPLIT: Final = "countdown"
"""The domain whose own test split is held out by default; it needs no file."""
FromTools = Literal["confirmed", "corrected"]
"""What a policy or a critic may learn from tools alone, whatever came of it."""
JOURNEY_WALKS: Final = (Walk.DEPTH_FIRST, Walk.CHRONOLOGICAL)


class Format(StrEnum):
    """A format of training data, by what its rows teach."""

    JOURNEY = "sft-journey"
    """To think a problem through alone, with wrong turns and corrections."""
    SHORTCUT = "sft-shortcut"
    """To think it through without any: the twin of a journey."""
    POLICY = "policy"
    """To propose steps that lead to a right answer."""
    CRITIC = "critic"
    """To judge steps rightly."""
    DPO_POLICY = "dpo-policy"
    """To prefer steps, or whole thoughts, that lead to a right answer."""
    DPO_CRITIC = "dpo-critic"
    """To prefer verdicts that were borne out."""
    STEP_LABELS = "step-labels"
    """To score steps."""
    STEP_VALUES = "step-values"
    """To value steps by temporal differences along the debate."""


# Fields as they are written on a command line.


def _formats(given: Any) -> Any:
    expect(f"one or more of {', '.join(Format)}", str, list, tuple, formats=given)
    names = [name.strip() for name in given.split(",") if name.strip()] if isinstance(given, str) else list(given)
    if unknown := [name for name in names if name not in list(Format)]:
        raise ValueError(f"`formats` must be one or more of {', '.join(Format)}, got {str(unknown[0])!r}")
    if not names:
        raise ValueError(f"`formats` must name at least one of {', '.join(Format)}")
    return tuple(dict.fromkeys(names))


def _range(given: Any) -> Any:
    """Read a number or a range of numbers: `2`, `1-8` or `1-`."""
    if isinstance(given, str):
        low, dash, high = (part.strip() for part in given.partition("-"))
        if not low.isdecimal() or (high and not high.isdecimal()):
            raise ValueError(f"`backtracks` must be a number or a range, such as 0, 1-8 or 1-, got {given!r}")
        given = (int(low), int(high) if high else None if dash else int(low))
    match given:
        case (int(low), int(high)) if high < low:
            raise ValueError(f"`backtracks` must have its lower limit first, such as {high}-{low}, got {low}-{high}")
        case _:
            return given


def _shares(given: Any) -> Any:
    """Read `sft-journey=0.7,sft-shortcut=0.3`."""
    example = "such as sft-journey=0.7,sft-shortcut=0.3"
    if isinstance(given, str):
        parts = [part.rpartition("=") for part in given.split(",") if part.strip()]
        try:
            given = {name.strip(): float(share) for name, _, share in parts}
        except ValueError:
            raise ValueError(f"`mix` must be written NAME=SHARE,…, {example}, got {given!r}") from None
    expect(f"shares by name, {example}", Mapping, mix=given)
    if given and (any(not share > 0 for share in given.values()) or not math.isclose(sum(given.values()), 1)):
        raise ValueError(f"`mix` must have shares above 0 that add up to 1, {example}, got {given}")
    return given


def _walk(given: Any) -> Any:
    if given not in JOURNEY_WALKS:
        hint = ", which is the format sft-shortcut" if given == Walk.SHORTCUT else ""
        raise ValueError(f"`walk` must be {' or '.join(JOURNEY_WALKS)}, got {str(given)!r}{hint}")
    return given


def _share_or_run(given: Any) -> Any:
    """Read a share of the problems; any other text names a run folder."""
    try:
        share = float(given)
    except (TypeError, ValueError):
        return given
    if not 0 <= share < 1:
        raise ValueError(f"`validation` must be a share from 0 to less than 1, such as 0.05, got {given}")
    return share


def _every(given: Any) -> Any:
    return None if given == -1 else given


JourneyWalk = Annotated[Walk, BeforeValidator(_walk)]
"""An order in which a journey can be told."""
MaxWrong = Annotated[Annotated[int, Field(ge=0)] | None, BeforeValidator(_every)]
"""A maximum number of wrong children; None, or -1, for all of them."""
Positive = Annotated[int, Field(ge=1)]


class ExportRequest(Request):
    """Everything that decides what is exported from the runs at hand."""

    formats: Annotated[tuple[Format, ...], BeforeValidator(_formats)] = (Format.JOURNEY,)
    """Formats of one shape, separated by commas: \
sft-journey, sft-shortcut, policy, critic, dpo-policy, dpo-critic, step-labels, step-values."""
    parquet: bool = False
    """Write Parquet instead of JSON lines."""
    dialect: str | None = None
    """Dialect of the rows: prose, compact, or yes-no for a critic (default: the dialect of the run's agents)."""
    tokenizer: str | None = None
    """Model whose tokenizer counts tokens; its chat template is checked too (default: count words)."""
    outcome: Literal["solved", "failed"] | None = None
    """Keep debates that are solved, or those that failed."""
    backtracks: Annotated[tuple[int, int | None] | None, BeforeValidator(_range)] = None
    """Keep debates with N (or N-M) backtracks."""
    agreement: Annotated[float, Field(ge=0, le=1)] | None = None
    """Keep debates in which at least this share of the verdicts fits where their steps lead."""
    from_tools: FromTools | None = None
    """Take also what tools confirmed, whatever came of it, or also what they can put right: steps for a policy, \
look-aheads for a critic."""
    max_length: Positive | None = None
    """Maximum length of a row, prompt included, in tokens (in words for prose without a tokenizer)."""
    against: tuple[str, ...] = (SPLIT,)
    """Test set whose problems are left out: a file, hf:NAME[:SPLIT], countdown or none; can be repeated."""
    mix: Annotated[Mapping[str, float], BeforeValidator(_shares)] = Field(default_factory=dict[str, float])
    """Shares of formats, of runs or of kinds of rows, which add up to 1."""
    match: Literal["examples", "tokens"] = "examples"
    """Unit in which journeys and shortcuts match: examples or tokens."""
    walk: JourneyWalk = Walk.DEPTH_FIRST
    """Order in which journeys are told: depth_first or chronological."""
    wrong: MaxWrong = 3
    """Maximum number of wrong children told at each node; -1 for all."""
    rewritten: bool = False
    """Take journeys in a chat model's words where `longthought rewrite` made some."""
    pair_by: Literal["siblings", "samples"] = "siblings"
    """What dpo-policy pairs: siblings (steps from one node) or samples (whole debates on one problem)."""
    pairs: Positive = 2
    """Maximum number of good, and of bad, replies to one prompt."""
    validation: Annotated[float | Path, BeforeValidator(_share_or_run)] = 0.05
    """Share of the problems put aside for validation, or a run folder with other problems."""
    seed: int = 0
    """Seed of the choice and the order of rows."""
    limit: Positive | None = None
    """Maximum number of debates read from each run (default: all)."""

    @property
    def validation_share(self) -> float:
        """The share of the problems to put aside; 0 where a run is the validation set."""
        return self.validation if isinstance(self.validation, float) else 0.0


class RewriteRequest(Request):
    """Which journeys of a run a chat model rewrites, and how it is asked."""

    model: str
    """Chat model that rewrites."""
    base_url: str | None = None
    """OpenAI-compatible server of the chat model."""
    walk: JourneyWalk = Walk.DEPTH_FIRST
    """Order in which journeys are told: depth_first or chronological."""
    wrong: MaxWrong = 3
    """Maximum number of wrong children told at each node; -1 for all."""
    seed: int = 0
    """Seed of the journeys; use the same for the export."""
    max_tokens: Positive = 4096
    """Maximum tokens of a reply, thinking included."""
    concurrency: Positive = 64
    """Maximum number of requests in flight."""
    limit: Positive | None = None
    """Maximum number of debates (default: all)."""

    def journeys(self) -> ExportRequest:
        """Return the request of an export that tells the same journeys."""
        return ExportRequest(
            formats=(Format.JOURNEY,), dialect="prose", walk=self.walk, wrong=self.wrong, seed=self.seed,
            limit=self.limit,
        )  # fmt: skip


class CodeThoughtRequest(Request):
    """How thoughts that end in programs are made."""

    writer: str | None = None
    """Chat model that tells the thoughts (default: they are told by rule)."""
    base_url: str | None = None
    """OpenAI-compatible server of the chat model."""
    validation: float = Field(default=0.05, ge=0, lt=1)
    """Share of the problems put aside for validation."""
