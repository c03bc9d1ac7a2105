"""`longthought check steps`: how well a critic finds the first error of solutions whose steps are labelled."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longthought.cli.options import BUNDLED, BaseUrl, DialectName, Json, Seed, Tools, Veto, split_tools

if TYPE_CHECKING:
    from longthought.evaluation.steps import Solution, StepReport


def steps(
    solutions: Annotated[Path, typer.Argument(help="JSONL or Parquet of problem, steps and first_error.")],
    critic: Annotated[
        str, typer.Option(metavar="PROVIDER:MODEL", help="Model that judges; 'tools' for the tools alone.")
    ] = BUNDLED,
    base_url: BaseUrl = None,
    dialect: DialectName = None,
    tools: Tools = None,
    veto: Veto = True,
    seed: Seed = 0,
    out: Annotated[
        Path | None, typer.Option(help="Run folder, to resume and to look at; else nothing is kept.")
    ] = None,
    concurrency: Annotated[int, typer.Option(help="Solutions judged at once.")] = 64,
    limit: Annotated[int | None, typer.Option(min=1, help="Solutions at most.")] = None,
    json: Json = False,
) -> None:
    """Let a critic judge solutions whose first wrong step is known.

    Example: `longthought check steps labelled.jsonl --critic tools --tools algebra`

    A row holds a `problem`, its `steps`, and `first_error`: the first wrong step from 0, null if all are right. The
    fields of ProcessBench and BIG-Bench Mistake are read as well. F1 is that of ProcessBench.
    """
    import itertools

    from longthought.cli.render.job import Dashboard
    from longthought.evaluation.steps import load, recite, score
    from longthought.jobs.progress import Progress

    known = list(itertools.islice(load(solutions), limit))
    given: dict[str, Any] = {
        "base_url": base_url,
        "dialect": dialect,
        "tools": None if tools is None else split_tools(tools),
    }
    given = {name: value for name, value in given.items() if value is not None}
    with ExitStack() as stack:
        folder = out or Path(stack.enter_context(tempfile.TemporaryDirectory())) / "run"
        progress = Progress(limit=concurrency, expected=len(known))
        with Dashboard(progress, quiet=json) as board:
            judged = recite(
                known, folder, critic=critic, name=solutions.name, progress=progress, concurrency=concurrency,
                veto=veto, seed=seed, **given,
            )  # fmt: skip
            for _ in judged:
                pass
        report = score(known, folder)
    if json:
        typer.echo(report.model_dump_json())
    else:
        board.console.print(_panel(report, known, out))
    if progress.failed:
        typer.echo(f"longthought: {progress.failed} failed: {progress.last_failure}", err=True)
        raise typer.Exit(1)


def _panel(report: "StepReport", known: "list[Solution]", out: Path | None) -> Any:
    from rich.panel import Panel
    from rich.table import Table

    from longthought.cli.render.comparison import first_error_lines

    drawn = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    drawn.add_column(style="dim")
    drawn.add_column(overflow="fold")
    drawn.add_row("solutions", f"{report.solutions:,} with {sum(len(s.steps) for s in known):,} steps")
    drawn.add_row("critic", report.critic)
    drawn.add_row("tools", ", ".join(report.tools) or "none")
    for title, value in first_error_lines(report.first_errors):
        drawn.add_row(title, value)
    drawn.add_row("named by the tools", str(report.by_tools))
    if report.undecided:
        drawn.add_row("undecided", f"{report.undecided:,}, counted as missed")
    if out is not None:
        drawn.add_row("run folder", str(out))
    return Panel(drawn, title="first errors", border_style="dim", expand=False)
