"""`longthought evaluate`: strategies compared at equal cost, with a table, a plot and a report on the critic."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longthought.cli.options import (
    AGENTS,
    AnswerField,
    DomainName,
    IdField,
    Json,
    Limit,
    Preset,
    Spelling,
    StatementField,
    Where,
    options,
    settings_options,
)
from longthought.errors import ConfigError
from longthought.evaluation.request import EvaluationRequest

if TYPE_CHECKING:
    from longthought.evaluation.evaluation import EvaluationResult, Watch
    from longthought.evaluation.runs import StrategyRun
    from longthought.jobs.progress import Progress


def split_names(names: str) -> list[str]:
    """Read `majority,debate`."""
    return [name.strip() for name in names.split(",") if name.strip()]


def budgets(written: str) -> list[int]:
    """Read `1000,4000`.

    Raises:
        ConfigError: if these are no numbers.

    """
    try:
        return [int(part) for part in split_names(written)]
    except ValueError:
        raise ConfigError(f"`budgets` {written}: write TOKENS or several, such as 1000,2000,4000") from None


@settings_options(*AGENTS, "tools", "veto")
@options(
    EvaluationRequest, into="how", build=dict, only=("budgets", "concurrency", "processes"),
    budgets=Spelling("--budget", metavar="TOKENS,…", read=budgets, default="1000,2000,4000"),
)  # fmt: skip
def evaluate(
    problems: Annotated[str, typer.Argument(help="JSONL or Parquet file of problems, or hf:NAME[:SPLIT].")],
    out: Annotated[Path, typer.Option(help="Folder of the runs, the table and the plots; one begun goes on.")],
    *,
    strategies: Annotated[
        str | None, typer.Option(metavar="NAME,…", help="Strategies by name (default: the usual ones).")
    ] = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=GRAPH:SETTING=VALUE,…", help="A strategy of your own; can be repeated."),
    ] = None,
    how: dict[str, Any],
    settings: dict[str, Any],
    seeds: Annotated[int, typer.Option(min=1, help="Number of seeds, counted from --seed.")] = 1,
    preset: Preset = None,
    statement_field: StatementField = None,
    answer_field: AnswerField = None,
    id_field: IdField = None,
    where: Where = None,
    domain: DomainName = None,
    limit: Limit = None,
    json: Json = False,
) -> None:
    """Compare strategies at equal cost, and say which one to pay for.

    Example: `longthought evaluate problems.jsonl --out runs/compared --strategies majority,debate --budget 1000,4000`

    Every strategy is played once at the largest budget and cut at the smaller ones. Budgets count the tokens of policy
    and critic together, cached prompts left out; the table tells beside it what comes out when they count. The folder
    gets a run folder for each strategy and seed, `table.csv`, `comparison.json`, `critic.json` and the plots. The
    strategies `oracle`, `random-critic` and `leaf-only` show what the critic is worth.
    """
    from rich.console import Console

    from longthought import evaluate as compare
    from longthought.cli.generate import on_terminate
    from longthought.domains.loader import data_set
    from longthought.evaluation.strategies import USUAL, chosen

    names = USUAL if strategies is None and not strategy else split_names(strategies or "")
    first = settings.pop("seed")
    request = EvaluationRequest(
        strategies=chosen(names, strategy or ()), seeds=tuple(range(first, first + seeds)), settings=settings, **how
    )
    data = data_set(
        problems, preset=preset, statement_field=statement_field, answer_field=answer_field, id_field=id_field,
        where=where or (), limit=limit, domain=domain,
    )  # fmt: skip
    status = Console(stderr=True, quiet=json).status("measuring what was played")

    def note(what: str) -> None:
        status.start()
        status.update(f"measuring {what}")

    terminated = on_terminate()
    try:
        found = compare(data, request, out=out, watch=_shown(quiet=json), note=note)
    except KeyboardInterrupt:
        typer.echo(
            f"longthought: stopped; everything so far is in {out}. Run the same command again to go on.", err=True
        )
        raise typer.Exit(128 + (signal.SIGTERM if terminated else signal.SIGINT)) from None
    finally:
        status.stop()
    _report(found, out, json=json)


def _shown(*, quiet: bool) -> "Watch":
    """Show the figures of each run while it is played."""
    from longthought.cli.render.job import Dashboard

    numbers = count(1)

    @contextmanager
    def watch(run: "StrategyRun", progress: "Progress") -> Generator[None]:
        of = len(list(run.evaluation.runs()))
        typer.echo(f"{next(numbers)} of {of}: {run.strategy.name}, seed {run.seed}", err=True)
        with Dashboard(progress, quiet=quiet):
            yield

    return watch


def _report(result: "EvaluationResult", out: Path, *, json: bool) -> None:
    """Draw and show what came out."""
    from rich.console import Console

    from longthought.cli.render.comparison import critic_panel, footnotes, table
    from longthought.evaluation.plots import EXTRA, available, draw

    found, critics = result
    if available():
        draw(found, critics, out)
    else:
        typer.echo(f"longthought: no plots, for matplotlib is not installed: {EXTRA}, and run this again", err=True)
    if json:
        typer.echo(found.model_dump_json())
        return
    console = Console(highlight=False)
    for tokens in reversed(found.budgets):
        console.print(table(found, tokens, console.width))
    console.print(footnotes(found, out))
    for name, report in critics.reports.items():
        console.print(critic_panel(name, report))
