"""`longthought check steps`: how well a critic finds the first error in solutions with labelled steps."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longthought.agents.model import BUNDLED_MODEL
from longthought.cli.options import BaseUrl, DialectName, Json, Seed, Tools, Veto, split_tools

if TYPE_CHECKING:
    from longthought.evaluation.steps import Solution, StepReport


def steps(
    solutions: Annotated[
        Path,
        typer.Argument(
            help="File of solutions with labelled steps (JSON lines, JSON or Parquet), or - for standard input."
        ),
    ],
    critic: Annotated[
        str,
        typer.Option(metavar="PROVIDER:MODEL", help="Model that judges steps, or tools to judge by the tools alone."),
    ] = BUNDLED_MODEL,
    base_url: BaseUrl = None,
    dialect: DialectName = None,
    tools: Tools = None,
    veto: Veto = True,
    seed: Seed = 0,
    out: Annotated[Path | None, typer.Option(help="Run folder of the debates (default: they are not kept).")] = None,
    concurrency: Annotated[int, typer.Option(help="Maximum number of solutions in flight.")] = 64,
    limit: Annotated[int | None, typer.Option(min=1, help="Maximum number of solutions (default: all).")] = None,
    json: Json = False,
) -> None:
    """Measure how well a critic finds the first error in solutions with labelled steps.

    Example: `longthought check steps labelled.jsonl --critic tools --tools algebra`

    A row holds a `problem`, its `steps` and `first_error`, the index of the first wrong step from 0, or null if all are
    right. The fields of ProcessBench and BIG-Bench Mistake are read too. F1 is that of ProcessBench.
    """
    import itertools

    from longthought.cli.render.job import Dashboard
    from longthought.evaluation.steps import load, recite, score
    from longthought.jobs.progress import Progress

    labelled = list(itertools.islice(load(solutions), limit))
    given: dict[str, Any] = {
        "base_url": base_url,
        "dialect": dialect,
        "tools": None if tools is None else split_tools(tools),
    }
    given = {name: value for name, value in given.items() if value is not None}
    with ExitStack() as stack:
        folder = out or Path(stack.enter_context(tempfile.TemporaryDirectory())) / "run"
        progress = Progress(limit=concurrency, expected=len(labelled))
        with Dashboard(progress, quiet=json) as board:
            judged = recite(
                labelled, folder, critic=critic, name=solutions.name, progress=progress, concurrency=concurrency,
                veto=veto, seed=seed, **given,
            )  # fmt: skip
            for _ in judged:
                pass
        report = score(labelled, folder)
    if json:
        typer.echo(report.model_dump_json())
    else:
        board.console.print(_panel(report, labelled, out))
    if progress.failed:
        typer.echo(f"longthought: {progress.failed} failed: {progress.last_failure}", err=True)
        raise typer.Exit(1)


def _panel(report: "StepReport", labelled: "list[Solution]", out: Path | None) -> Any:
    from rich.panel import Panel
    from rich.table import Table

    from longthought.cli.render.comparison import first_error_lines

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    table.add_row("solutions", f"{report.solutions:,} with {sum(len(s.steps) for s in labelled):,} steps")
    table.add_row("critic", report.critic)
    table.add_row("tools", ", ".join(report.tools) or "none")
    for title, value in first_error_lines(report.first_errors):
        table.add_row(title, value)
    table.add_row("named by the tools", str(report.by_tools))
    if report.undecided:
        table.add_row("undecided", f"{report.undecided:,}, counted as missed")
    if out is not None:
        table.add_row("run folder", str(out))
    return Panel(table, title="first errors", border_style="dim", expand=False)
