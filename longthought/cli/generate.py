"""`longthought generate`: a batch of debates, resumed when it is run again."""

import shlex
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longthought.cli.options import (
    AGENTS,
    BUDGETS,
    DomainName,
    Graph,
    Json,
    Set,
    Spelling,
    options,
    selection_options,
    settings_options,
)
from longthought.errors import ConfigError, RunError
from longthought.jobs.request import JobRequest, expect_served

if TYPE_CHECKING:
    from longthought.jobs.progress import Progress


def resources(written: str) -> dict[str, float]:
    """Read `CPU=1,GPU=0.5`.

    Raises:
        ConfigError: if an amount is no number.

    """
    try:
        pairs = [part.partition("=") for part in written.split(",") if part.strip()]
        return {name.strip(): float(amount) for name, _, amount in pairs}
    except ValueError:
        raise ConfigError(f"`ray_resources` {written}: write NAME=NUMBER,…, such as CPU=1,GPU=0.5") from None


@selection_options
@settings_options(*AGENTS, "tools", *BUDGETS, "veto")
@options(
    JobRequest, into="job", build=dict, leave=("context", "machine"), upload=Spelling(metavar="URL"),
    ray_address=Spelling(metavar="ADDRESS"), ray_resources=Spelling(metavar="NAME=N,…", read=resources),
    serve_vllm=Spelling(metavar="'MODEL …'"),
)  # fmt: skip
def generate(
    problems: Annotated[
        str,
        typer.Argument(
            help="File of problems (JSON lines, JSON, CSV or Parquet), - for standard input, or hf:NAME[:SPLIT]."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Run folder; a batch begun there is resumed.")],
    *,
    graph: Graph = "debate",
    settings: dict[str, Any],
    job: dict[str, Any],
    more: Set = None,
    selection: dict[str, Any],
    domain: DomainName = None,
    metrics_port: Annotated[
        int | None,
        typer.Option(metavar="PORT", help="Serve the figures as OpenMetrics under /metrics at this port of 127.0.0.1."),
    ] = None,
    json: Json = False,
) -> None:
    """Play a batch of debates, many at once, into a run folder.

    Example: `longthought generate problems.jsonl --out runs/first --concurrency 64`

    Run the same command again to go on after a stop, whatever stopped it. The same seed gives the same debates at
    --concurrency 1; with more debates in flight, batching changes the order in which floating-point numbers are added.
    Rows of GSM8K, MATH, HumanEval and MBPP and questions with short answers are read as they are, and others with
    --statement-field and --answer-field.
    """
    from rich.text import Text

    from longthought import generate as run
    from longthought.cli.render.debate import is_sampling
    from longthought.cli.render.job import Dashboard, summary_table, unheard
    from longthought.cli.stopping import stoppable
    from longthought.domains.loader import data_set
    from longthought.graphs import catalogue
    from longthought.jobs.metrics import MetricsServer
    from longthought.jobs.progress import Progress

    context = catalogue.context(graph, {**settings, **catalogue.read(graph, more or (), "more")})
    request = JobRequest(context=context, **job)
    expect_served(request.context)
    data = data_set(problems, domain=domain, **selection)
    progress = Progress(limit=request.concurrency)
    with stoppable(lambda: _stopped(progress, out)), ExitStack() as stack:
        if metrics_port is not None:
            server = stack.enter_context(MetricsServer(progress, metrics_port))
            typer.echo(f"figures at {server.url}", err=True)
        dashboard = stack.enter_context(Dashboard(progress, quiet=json))
        debates = stack.enter_context(closing(run(data, request, out=out, progress=progress)))
        if (count := data.count()) is not None:
            progress.expected = count * request.samples
        try:
            for _ in debates:
                pass
        except RunError as error:
            if not progress.total:
                raise
            raise RunError(f"{error}; {_stopped(progress, out)}") from error
    summary = progress.summary()
    summary.write(out)
    if json:
        typer.echo(summary.model_dump_json())
    else:
        dashboard.console.print(summary_table(summary, progress, sampled=is_sampling(context.written())))
        following = Text(f"next: {shlex.join(['longthought', 'show', str(out)])}")
        dashboard.console.print(following, soft_wrap=True)  # so that it can be copied
    if progress.failed:
        raise RunError(
            f"{progress.failed} debates failed: {progress.last_failure}; mend the cause, and run the same command with "
            "--retry-failed to play them on"
        )
    if nothing := unheard(progress):
        raise RunError(nothing)


def _stopped(progress: "Progress", out: Path) -> str:
    """Write the summary of a job that stopped, and return the line that says how to resume it."""
    from longthought.cli.render.job import stopped

    if progress.total:
        with suppress(RunError):  # a full disk has no room for it either
            progress.summary().write(out)
    return stopped(progress, out)
