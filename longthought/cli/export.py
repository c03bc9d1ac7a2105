"""`longthought export`: training data sets from run folders."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from longthought.cli.options import Json, Spelling, options
from longthought.training.data.request import ExportRequest


@options(
    ExportRequest, formats=Spelling("--format", read=str, default="sft-journey"), parquet=Spelling("--parquet"),
    tokenizer=Spelling(metavar="MODEL"), backtracks=Spelling(metavar="N[-M]", read=str),
    mix=Spelling(metavar="NAME=SHARE,…", read=str), rewritten=Spelling("--rewritten"),
    validation=Spelling(metavar="SHARE|RUN", read=str, default="0.05"),
)  # fmt: skip
def export(
    runs: Annotated[list[Path], typer.Argument(help="One run folder or several.")],
    out: Annotated[Path, typer.Option(help="Folder of the data set; it must be new or empty.")],
    request: ExportRequest,
    json: Json = False,
) -> None:
    """Make a training data set from the debates of run folders.

    Example: `longthought export runs/first --format sft-journey --out data/journeys`

    `datasets.load_dataset` loads the folder as it is, with the columns that TRL expects. Journeys and shortcuts of the
    same runs and seed are twins, example by example. Labels made with `longthought label` are used where they exist.
    """
    from longthought.training.data.export import export as make

    data_set = make(runs, out, request, command=shlex.join(["longthought", *sys.argv[1:]]))
    if json:
        import json as jsonlib

        typer.echo(jsonlib.dumps(data_set.meta(), ensure_ascii=False))
        return
    train, *validation = data_set.counts.values()
    put_aside = f", {validation[0]:,} for validation" if validation else ""
    rows = "row" if train == 1 else "rows"
    typer.echo(f"{out}: {train:,} {rows} for training{put_aside}; for the role {data_set.role}")
    for model, count in data_set.rewritten.most_common():
        typer.echo(f"  rewritten: {count:,} by {model}")
    for reason, count in data_set.left_out.most_common():
        typer.echo(f"  left out: {count:,} {reason}")
