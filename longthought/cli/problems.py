"""`longthought problems`: write problems to try things on."""

import filecmp
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from longthought.errors import ProblemError

if TYPE_CHECKING:
    from longthought.problems.problem import Task

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
    """Write solvable Countdown problems with their references; a file of other problems is never overwritten."""
    from longthought.domains.countdown import countdown_task
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
    _write([countdown_task(puzzle) for puzzle in puzzles], out)
    typer.echo(f"wrote {count} problems to {out}")


def _write(tasks: "Sequence[Task]", out: Path) -> None:
    """Write tasks whole into a file that is new, empty, or holds the same tasks already.

    Raises:
        ProblemError: if the file holds something else, or can't be written.

    """
    from longthought.domains.loader import write
    from longthought.files import draft_of

    if out.exists() and not out.is_file():  # such as /dev/stdout
        write(tasks, out)
        return
    draft = draft_of(out)
    try:
        write(tasks, draft)
        if out.exists() and out.stat().st_size and not filecmp.cmp(draft, out, shallow=False):
            raise ProblemError(f"`out` {out}: there is something else in it already; name a new file, or remove it")
        draft.replace(out)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
