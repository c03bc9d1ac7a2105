"""`longthought problems`: write problems to try things on."""

from pathlib import Path
from typing import Annotated

import typer

from longthought.errors import ProblemError

problems = typer.Typer(help="Write problems as JSONL.", no_args_is_help=True)


@problems.callback()
def _group() -> None:  # pyright: ignore[reportUnusedFunction]
    """Write problems as JSONL."""


@problems.command(epilog="Example: `longthought problems countdown --count 100 --split test --out problems.jsonl`")
def countdown(
    out: Annotated[Path, typer.Option(help="JSONL file to write.")],
    count: Annotated[int, typer.Option(help="Number of problems.")] = 100,
    numbers: Annotated[int, typer.Option(help="Number of numbers in each problem.")] = 4,
    max_number: Annotated[int, typer.Option(help="Largest number in a problem.")] = 20,
    targets: Annotated[str, typer.Option(help="Range of targets, LOW-HIGH.")] = "10-100",
    split: Annotated[
        str, typer.Option(help="Split: train, validation or test, chosen by a hash of the numbers.")
    ] = "test",
    seed: Annotated[int, typer.Option(help="Seed of the problems; the same seed writes the same problems.")] = 0,
) -> None:
    """Write solvable Countdown problems with their references."""
    from longthought.domains.countdown import countdown_task
    from longthought.domains.loader import write
    from longthought.problems.countdown.game import generate

    if split not in ("train", "validation", "test"):
        raise ProblemError(f"--split {split}: choose train, validation or test")
    low, dash, high = targets.partition("-")
    if not (dash and low.isdecimal() and high.isdecimal()):
        raise ProblemError(f"--targets {targets}: write LOW-HIGH, such as 10-100")
    puzzles = generate(
        count=count, numbers=numbers, max_number=max_number, targets=(int(low), int(high)),
        split=split, seed=seed,
    )  # fmt: skip
    write((countdown_task(puzzle) for puzzle in puzzles), out)
    typer.echo(f"wrote {count} problems to {out}")
