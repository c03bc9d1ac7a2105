"""`longthought evaluate`: strategies compared at equal cost, with tables, plots and reports on the critics."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longthought.cli.options import (
    AGENTS,
    DomainName,
    Json,
    Spelling,
    options,
    selection_options,
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
        ConfigError: if one of them is no whole number.

    """
    try:
        return [int(part) for part in split_names(written)]
    except ValueError:
        raise ConfigError(f"`budgets` {written}: write TOKENS or several, such as 1000,2000,4000") from None


@selection_options
@settings_options(*AGENTS, "tools", "veto")
@options(
    EvaluationRequest, into="how", build=dict, only=("budgets", "concurrency", "processes", "retry_failed"),
    budgets=Spelling("--budget", metavar="TOKENS,…", read=budgets, default="1000,2000,4000"),
)  # fmt: skip
def evaluate(
    problems: Annotated[
        str,
        typer.Argument(
            help="File of problems (JSON lines, JSON, CSV or Parquet), - for standard input, or hf:NAME[:SPLIT]."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the runs and figures; an evaluation begun there is resumed.")],
    *,
    strategies: Annotated[
        str | None,
        typer.Option(metavar="NAME,…", help="Names of strategies (default: nine common ones)."),
    ] = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=GRAPH:SETTING=VALUE,…", help="Your own strategy; can be repeated."),
    ] = None,
    how: dict[str, Any],
    settings: dict[str, Any],
    seeds: Annotated[int, typer.Option(min=1, help="Number of seeds, counted up from --seed.")] = 1,
    selection: dict[str, Any],
    domain: DomainName = None,
    json: Json = False,
) -> None:
    """Compare strategies at equal cost.

    Example: `longthought evaluate problems.jsonl --out runs/compared --strategies majority,debate --budget 1000,4000`

    Every strategy is played once at the largest budget and cut at the smaller ones. Budgets count the tokens of policy
    and critic together, without cached prompt tokens; the table also shows the result if those count. The folder
    receives a run folder for each strategy and seed, `table.csv`, `comparison.json`, `critic.json` and the plots. The
    strategies `oracle`, `random-critic` and `leaf-only` show what the critic adds.
    """
    from rich.console import Console

    from longthought import evaluate as compare
    from longthought.cli.stopping import stoppable
    from longthought.domains.loader import data_set
    from longthought.evaluation.saving import saved
    from longthought.evaluation.strategies import USUAL, chosen

    names = USUAL if strategies is None and not strategy else split_names(strategies or "")
    first = settings.pop("seed")
    request = EvaluationRequest(
        strategies=chosen(names, strategy or ()), seeds=tuple(range(first, first + seeds)), settings=settings, **how
    )
    data, before = data_set(problems, domain=domain, **selection), saved(out)
    status = Console(stderr=True, quiet=json).status("measuring")

    def note(what: str) -> None:
        status.start()
        status.update(f"measuring {what}")

    message = f"stopped; everything so far is in {out}. Run the same command again to go on."
    with stoppable(lambda: message), ExitStack() as stack:
        stack.callback(status.stop)
        result = compare(data, request, out=out, watch=_shown(quiet=json), note=note)
    _report(result, out, json=json)
    if before is not None and before.title != result.comparison.title:
        typer.echo(
            f"longthought: the figures in {out} were those of another comparison ({before.title}). Its runs are kept: "
            "the same command as then writes its figures again.",
            err=True,
        )


def _shown(*, quiet: bool) -> "Watch":
    """Return what shows the figures of each run while it is played."""
    from longthought.cli.render.job import Dashboard

    numbers = count(1)

    @contextmanager
    def watch(run: "StrategyRun", progress: "Progress") -> Generator[None]:
        total = len(list(run.evaluation.runs()))
        typer.echo(f"{next(numbers)} of {total}: {run.strategy.name}, seed {run.seed}", err=True)
        with Dashboard(progress, quiet=quiet):
            yield

    return watch


def _report(result: "EvaluationResult", out: Path, *, json: bool) -> None:
    """Draw the plots, and print the tables and the reports."""
    from rich.console import Console

    from longthought.cli.render.comparison import critic_panel, footnotes, table
    from longthought.evaluation.plots import EXTRA, available, draw

    comparison, critics = result
    if available():
        draw(comparison, critics, out)
    else:
        typer.echo(
            f"longthought: no plots: matplotlib is not installed; {EXTRA}, and run this again",
            err=True,
        )
    if json:
        typer.echo(comparison.model_dump_json())
        return
    console = Console(highlight=False)
    for tokens in reversed(comparison.budgets):
        console.print(table(comparison, tokens, console.width))
    console.print(footnotes(comparison, out))
    for name, report in critics.reports.items():
        console.print(critic_panel(name, report))
