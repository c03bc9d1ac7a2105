"""`longthought export`: training data out of run folders."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from longthought.cli.options import DialectName, Json
from longthought.errors import ConfigError

if TYPE_CHECKING:
    from longthought.thoughts.walks import Walk
    from longthought.training.data.formats import Format

FORMATS = "sft-journey, sft-shortcut, policy, critic, dpo-policy, dpo-critic, step-labels"


def export(
    runs: Annotated[list[Path], typer.Argument(help="Run folders.")],
    out: Annotated[Path, typer.Option(help="Folder of the data set; new or empty.")],
    format: Annotated[str, typer.Option(help=f"{FORMATS}; several of one shape, separated by commas.")] = "sft-journey",
    parquet: Annotated[bool, typer.Option("--parquet", help="Parquet instead of JSON lines.")] = False,
    dialect: DialectName = None,
    tokenizer: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Model to count tokens by; its chat template is looked at.")
    ] = None,
    outcome: Annotated[str | None, typer.Option(help="Only debates that are solved, or failed.")] = None,
    backtracks: Annotated[str | None, typer.Option(metavar="N[-M]", help="Only debates with so many.")] = None,
    agreement: Annotated[
        float | None, typer.Option(help="Share of verdicts that must fit where their steps lead.")
    ] = None,
    max_length: Annotated[int | None, typer.Option(help="Longest row, prompt included.")] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(help="Test set to keep out: a file, hf:NAME[:SPLIT], countdown (the default), none."),
    ] = None,
    mix: Annotated[
        str | None, typer.Option(metavar="NAME=SHARE,…", help="Shares of formats, of runs or of kinds of rows.")
    ] = None,
    match: Annotated[str, typer.Option(help="Journeys and shortcuts match on examples or tokens.")] = "examples",
    walk: Annotated[str, typer.Option(help="Journeys are depth_first or chronological.")] = "depth_first",
    wrong: Annotated[int, typer.Option(min=-1, help="Wrong children told at each node at most; -1 for all.")] = 3,
    rewritten: Annotated[
        bool, typer.Option("--rewritten", help="Journeys in a model's words, where `longthought rewrite` made some.")
    ] = False,
    pair_by: Annotated[str, typer.Option(help="dpo-policy pairs siblings or samples.")] = "siblings",
    pairs: Annotated[int, typer.Option(help="Good and bad replies to one prompt at most.")] = 2,
    validation: Annotated[
        str, typer.Option(metavar="SHARE|RUN", help="Share of problems put aside, or a run on others.")
    ] = "0.05",
    seed: Annotated[int, typer.Option(help="Decides which rows, in which order.")] = 0,
    limit: Annotated[int | None, typer.Option(min=1, help="Debates of each run at most.")] = None,
    json: Json = False,
) -> None:
    """Make a data set to train on out of the debates of run folders.

    Example: `longthought export runs/first --format sft-journey --out data/journeys`

    Loads with `datasets.load_dataset` as it is, in the columns that TRL expects. Journeys and shortcuts of the same
    runs and seed are twins, example by example. Labels made with `longthought label` are used where there are any.
    """
    from longthought.training.data.contamination import SPLIT
    from longthought.training.data.export import export as make
    from longthought.training.data.filters import Filters
    from longthought.training.data.settings import ExportSettings

    share, aside = _validation(validation)
    settings = ExportSettings(
        formats=_formats(format), dialect=dialect, tokenizer=tokenizer,
        filters=Filters.read(outcome=outcome, backtracks=backtracks, agreement=agreement, max_length=max_length),
        against=tuple(against or (SPLIT,)), mix=_shares(mix), match=match, walk=walk_called(walk),
        wrong=None if wrong < 0 else wrong, samples=_one_of("--pair-by", pair_by, "siblings", "samples") == "samples",
        pairs=pairs, validation=share, validation_run=aside, seed=seed, limit=limit, parquet=parquet,
        rewritten=rewritten,
    )  # fmt: skip
    made = make(runs, out, settings, command=shlex.join(["longthought", *sys.argv[1:]]))
    if json:
        import json as jsonlib

        typer.echo(jsonlib.dumps(made.meta(), ensure_ascii=False))
        return
    train, *aside = made.counts.values()
    put_aside = f", {aside[0]:,} for validation" if aside else ""
    typer.echo(f"{out}: {train:,} {'row' if train == 1 else 'rows'} for training{put_aside}; for the role {made.role}")
    for model, count in made.rewritten.most_common():
        typer.echo(f"  rewritten: {count:,} by {model}")
    for reason, count in made.left_out.most_common():
        typer.echo(f"  left out: {count:,} {reason}")


def _formats(written: str) -> "tuple[Format, ...]":
    from longthought.training.data.formats import Format

    names = [name.strip() for name in written.split(",") if name.strip()]
    if unknown := [name for name in names if name not in list(Format)]:
        raise ConfigError(f"--format {unknown[0]}: choose from {FORMATS}")
    return tuple(Format(name) for name in dict.fromkeys(names))


def walk_called(written: str) -> "Walk":
    """Return a walk that journeys can take.

    Raises:
        ConfigError: if there is none of that name.

    """
    from longthought.thoughts.walks import Walk

    return Walk(_one_of("--walk", written, *(walk for walk in Walk if walk is not Walk.SHORTCUT)))


def _one_of(option: str, given: str, *choices: str) -> str:
    if given not in choices:
        raise ConfigError(f"{option} {given}: choose {' or '.join(choices)}")
    return given


def _shares(written: str | None) -> dict[str, float]:
    """Read `sft-journey=0.7,sft-shortcut=0.3`."""
    if not written:
        return {}
    try:
        pairs = [part.rpartition("=") for part in written.split(",") if part.strip()]
        return {name.strip(): float(share) for name, _, share in pairs}
    except ValueError:
        raise ConfigError(f"--mix {written}: write NAME=SHARE,…, such as sft-journey=0.7,sft-shortcut=0.3") from None


def _validation(written: str) -> tuple[float, str | None]:
    """Read a share, or else take it for a run folder."""
    try:
        return float(written), None
    except ValueError:
        return 0.0, written
