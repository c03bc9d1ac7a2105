"""`longthought evaluate`: strategies compared at equal cost, with a table, a plot and a report on the critic."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from longthought.cli.options import (
    BUNDLED,
    AnswerField,
    BaseUrl,
    CriticBaseUrl,
    CriticModel,
    DialectName,
    DomainName,
    IdField,
    Json,
    Limit,
    PolicyModel,
    Preset,
    Seed,
    StatementField,
    Temperature,
    Tools,
    Veto,
    Where,
    split_tools,
)
from longthought.errors import ConfigError

if TYPE_CHECKING:
    from longthought.evaluation.plays import EvaluationPlan


def evaluate(
    problems: Annotated[str, typer.Argument(help="JSONL or Parquet file of problems, or hf:NAME[:SPLIT].")],
    out: Annotated[Path, typer.Option(help="Folder of the runs, the table and the plots; one begun goes on.")],
    strategies: Annotated[
        str | None, typer.Option(metavar="NAME,…", help="Strategies by name; by default the usual ones.")
    ] = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=GRAPH:SETTING=VALUE,…", help="A strategy of your own; can be repeated."),
    ] = None,
    budget: Annotated[
        str, typer.Option(metavar="TOKENS,…", help="Tokens of both agents that a problem may cost, one or several.")
    ] = "1000,2000,4000",
    seeds: Annotated[int, typer.Option(help="How many seeds, counted from --seed.")] = 1,
    policy: PolicyModel = BUNDLED,
    critic: CriticModel = BUNDLED,
    base_url: BaseUrl = None,
    critic_base_url: CriticBaseUrl = None,
    dialect: DialectName = None,
    tools: Tools = None,
    veto: Veto = True,
    temperature: Temperature = None,
    seed: Seed = 0,
    concurrency: Annotated[int, typer.Option(help="Runs in flight at once.")] = 64,
    processes: Annotated[int | None, typer.Option(help="Processes that share a job.")] = None,
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
    from longthought.domains.loader import data_set
    from longthought.evaluation.plays import EvaluationPlan, graded
    from longthought.evaluation.strategies import USUAL, chosen

    names = USUAL if strategies is None and not strategy else _split(strategies or "")
    given = {
        "policy": policy, "critic": critic, "base_url": base_url, "critic_base_url": critic_base_url,
        "dialect": dialect, "veto": veto, "temperature": temperature,
        "tools": None if tools is None else split_tools(tools),
    }  # fmt: skip
    data = data_set(
        problems, preset=preset, statement_field=statement_field, answer_field=answer_field, id_field=id_field,
        where=where or (), limit=limit, domain=domain,
    )  # fmt: skip
    plan = EvaluationPlan(
        chosen(names, strategy or ()),
        graded(list(data)),
        out,
        _budgets(budget),
        range(seed, seed + seeds),
        {name: value for name, value in given.items() if value is not None},
    )
    _play(plan, concurrency, processes, quiet=json)
    _report(plan, json=json)


def _split(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


def _budgets(written: str) -> list[int]:
    try:
        return [int(part) for part in _split(written)]
    except ValueError:
        raise ConfigError(f"--budget {written}: write TOKENS or several, such as 1000,2000,4000") from None


def _play(plan: "EvaluationPlan", concurrency: int, processes: int | None, *, quiet: bool) -> None:
    """Play what isn't yet, with the figures of each job while it runs."""
    from longthought.cli.generate import on_terminate
    from longthought.cli.render.job import Dashboard
    from longthought.jobs.progress import Progress

    terminated, plays = on_terminate(), list(plan.plays())
    for number, play in enumerate(plays, 1):
        progress = Progress(limit=concurrency * (processes or 1), expected=len(plan.tasks))
        typer.echo(f"{number} of {len(plays)}: {play.strategy.name}, seed {play.seed}", err=True)
        running = play.run(progress=progress, concurrency=concurrency, processes=processes)
        with Dashboard(progress, quiet=quiet) as board:
            try:
                for _ in running:
                    pass
            except KeyboardInterrupt:
                running.close()
                board.stop()
                typer.echo(
                    f"longthought: stopped; everything so far is in {plan.out}. Run the same command again to go on.",
                    err=True,
                )
                raise typer.Exit(128 + (signal.SIGTERM if terminated else signal.SIGINT)) from None
        progress.summary().write(play.folder)
        play.expect_affordable()


def _report(plan: "EvaluationPlan", *, json: bool) -> None:
    """Measure, save, draw and show."""
    import asyncio

    from rich.console import Console

    from longthought.cli.render.comparison import critic_panel, footnotes, table
    from longthought.evaluation.evaluation import measure
    from longthought.evaluation.plots import EXTRA, available, draw
    from longthought.evaluation.saving import save

    with Console(stderr=True, quiet=json).status("measuring what was played") as status:
        found, critics = asyncio.run(measure(plan, lambda what: status.update(f"measuring {what}")))
    save(found, critics, plan.out)
    if available():
        draw(found, critics, plan.out)
    else:
        typer.echo(f"longthought: no plots, for matplotlib is not installed: {EXTRA}, and run this again", err=True)
    if json:
        typer.echo(found.model_dump_json())
        return
    console = Console(highlight=False)
    for tokens in reversed(found.budgets):
        console.print(table(found, tokens, console.width))
    console.print(footnotes(found, plan.out))
    for name, report in critics.reports.items():
        console.print(critic_panel(name, report))
