"""`longthought code-thoughts`: turn working programs into thoughts that end in them."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from longthought.cli.options import Json, Spelling, options
from longthought.training.data.request import CodeThoughtRequest


@options(CodeThoughtRequest, writer=Spelling(metavar="PROVIDER:MODEL"), base_url=Spelling(metavar="URL"))
def code_thoughts(
    programs: Annotated[
        Path, typer.Argument(help="File of problems with a `program` each, or HumanEval or MBPP as they are.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the data set, for `longthought train sft`.")],
    request: CodeThoughtRequest,
    json: Json = False,
) -> None:
    """Turn working programs into thoughts that end in them.

    Example: `longthought code-thoughts mbpp.jsonl --out data/code-thoughts`

    Each program must pass its tests before and after it becomes a thought. The chat model's replies are kept in
    OUT.replies.jsonl until the data set is written: run the same command again to go on after a stop.
    """
    import json as jsons

    from longthought.cli.render.job import CountDisplay
    from longthought.training.code_thoughts.folder import write_thoughts

    done, total = 0, 0

    def watch(*counts: int) -> None:
        nonlocal done, total
        done, total = counts

    def state() -> tuple[int, int | None, str]:
        return done, total or None, f"{done:,} of {total:,} programs" if total else "getting ready"

    with CountDisplay(state, quiet=json):
        meta = write_thoughts(programs, out, request, watch=watch, command=shlex.join(["longthought", *sys.argv[1:]]))
    if json:
        typer.echo(jsons.dumps(meta))
        return
    counts, left_out = meta["counts"], meta["left_out"]
    typer.echo(f"{counts['train']} thoughts to train on and {counts['validation']} for validation, in {out}")
    for line in left_out[:5]:
        typer.echo(f"left out: {line}")
    if len(left_out) > 5:
        typer.echo(f"… and {len(left_out) - 5} more; {out}/meta.json names all")
