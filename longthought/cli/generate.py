"""`longthought generate`: a batch of debates, resumed when run again."""

import signal
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from longthought.cli.options import (
    AGENTS,
    BUDGETS,
    AnswerField,
    DomainName,
    Graph,
    IdField,
    Json,
    Limit,
    Preset,
    Set,
    Spelling,
    StatementField,
    Where,
    options,
    settings_options,
)
from longthought.errors import ConfigError, RunError
from longthought.jobs.request import JobRequest


def on_terminate() -> list[int]:
    """Let SIGTERM stop a command as Ctrl-C does; return a list that it then writes itself into."""
    asked: list[int] = []

    def stop(number: int, frame: object) -> None:
        asked.append(number)
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, stop)
    return asked


def resources(written: str) -> dict[str, float]:
    """Read `CPU=1,GPU=0.5`."""
    try:
        pairs = [part.partition("=") for part in written.split(",") if part.strip()]
        return {name.strip(): float(amount) for name, _, amount in pairs}
    except ValueError:
        raise ConfigError(f"`ray_resources` {written}: write NAME=NUMBER,…, such as CPU=1,GPU=0.5") from None


@settings_options(*AGENTS, "tools", *BUDGETS, "veto")
@options(
    JobRequest, into="job", build=dict, leave=("context",), upload=Spelling(metavar="URL"),
    ray_address=Spelling(metavar="ADDRESS"), ray_resources=Spelling(metavar="NAME=N,…", read=resources),
    serve_vllm=Spelling(metavar="'MODEL …'"),
)  # fmt: skip
def generate(
    problems: Annotated[str, typer.Argument(help="JSONL or Parquet file of problems, or hf:NAME[:SPLIT].")],
    out: Annotated[Path, typer.Option(help="Run folder; one already begun goes on where it stopped.")],
    *,
    graph: Graph = "debate",
    settings: dict[str, Any],
    job: dict[str, Any],
    more: Set = None,
    preset: Preset = None,
    statement_field: StatementField = None,
    answer_field: AnswerField = None,
    id_field: IdField = None,
    where: Where = None,
    domain: DomainName = None,
    limit: Limit = None,
    metrics_port: Annotated[
        int | None, typer.Option(metavar="PORT", help="Serve the figures as OpenMetrics on 127.0.0.1:PORT/metrics.")
    ] = None,
    json: Json = False,
) -> None:
    """Run a debate on every problem, many at once, into a run folder.

    Example: `longthought generate problems.jsonl --out runs/first --concurrency 64`

    Run the same command again to go on after a stop, whatever stopped it. The same seed gives the same debates at
    --concurrency 1; with more in flight, batching changes the sums. Rows of GSM8K, MATH, HumanEval and MBPP are read as
    they are, and others with --statement-field and --answer-field.
    """
    from longthought import generate as run
    from longthought.cli.render.job import Dashboard, stopped, summary_table, unheard
    from longthought.domains.loader import data_set
    from longthought.graphs import catalogue
    from longthought.jobs.metrics import MetricsServer
    from longthought.jobs.progress import Progress

    context = catalogue.context(graph, {**settings, **catalogue.read(graph, more or (), "more")})
    request = JobRequest(context=context, **job)
    data = data_set(
        problems, preset=preset, statement_field=statement_field, answer_field=answer_field, id_field=id_field,
        where=where or (), limit=limit, domain=domain,
    )  # fmt: skip
    progress = Progress(limit=request.concurrency)
    running = run(data, request, out=out, progress=progress)
    terminated = on_terminate()
    with ExitStack() as shown:
        if metrics_port is not None:
            server = shown.enter_context(MetricsServer(progress, metrics_port))
            typer.echo(f"figures at {server.url}", err=True)
        board = shown.enter_context(Dashboard(progress, quiet=json))
        try:
            if (count := data.count()) is not None:
                progress.expected = count * request.samples
            for _ in running:
                pass
        except KeyboardInterrupt:
            running.close()
            board.stop()
            if progress.total:
                progress.summary().write(out)
            typer.echo(f"longthought: {stopped(progress, out)}", err=True)
            raise typer.Exit(128 + (signal.SIGTERM if terminated else signal.SIGINT)) from None
        except RunError as error:
            board.stop()
            if not progress.total:
                raise
            with suppress(RunError):  # a full disk has no room for it either
                progress.summary().write(out)
            raise RunError(f"{error}; {stopped(progress, out)}") from error
    summary = progress.summary()
    summary.write(out)
    if json:
        typer.echo(summary.model_dump_json())
    else:
        board.console.print(summary_table(summary, progress, out))
    if progress.failed:
        raise RunError(f"{progress.failed} debates failed: {progress.last_failure}")
    if nothing := unheard(progress):
        raise RunError(nothing)
