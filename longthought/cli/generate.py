"""`longthought generate`: a batch of debates, resumed when run again."""

import signal
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Annotated

import typer

from longthought.cli.options import (
    BUNDLED,
    AnswerField,
    BaseUrl,
    CriticBaseUrl,
    CriticModel,
    DialectName,
    DomainName,
    Graph,
    IdField,
    Json,
    Limit,
    PolicyModel,
    Preset,
    Rounds,
    Seconds,
    Seed,
    Set,
    StatementField,
    Temperature,
    Tokens,
    Tools,
    Veto,
    Where,
    settings,
)
from longthought.errors import ConfigError, RunError


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
        raise ConfigError(f"--ray-resources {written}: write NAME=NUMBER,…, such as CPU=1,GPU=0.5") from None


def generate(
    problems: Annotated[str, typer.Argument(help="JSONL or Parquet file of problems, or hf:NAME[:SPLIT].")],
    out: Annotated[Path, typer.Option(help="Run folder; one already begun goes on where it stopped.")],
    graph: Graph = "debate",
    policy: PolicyModel = BUNDLED,
    critic: CriticModel = BUNDLED,
    base_url: BaseUrl = None,
    critic_base_url: CriticBaseUrl = None,
    dialect: DialectName = None,
    tools: Tools = None,
    samples: Annotated[int, typer.Option(help="Debates per problem.")] = 1,
    concurrency: Annotated[int, typer.Option(help="Debates in flight at once.")] = 64,
    requests: Annotated[int | None, typer.Option(help="Requests at once to a server; old debates go first.")] = None,
    deadline: Annotated[
        float | None, typer.Option(help="Seconds until a debate is ended, whatever it waits for.")
    ] = None,
    processes: Annotated[int | None, typer.Option(help="Processes or actors that share the job.")] = None,
    executor: Annotated[str, typer.Option(help="Where debates run: local or ray.")] = "local",
    ray_address: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Ray cluster; else a new one.")] = None,
    ray_resources: Annotated[
        str, typer.Option(metavar="NAME=N,…", help="What every actor asks the cluster for.")
    ] = "CPU=1",
    serve_vllm: Annotated[
        str | None,
        typer.Option(
            metavar="'MODEL …'", help="Serve a model with vLLM while the job runs; vLLM's options may follow."
        ),
    ] = None,
    tensor_parallel_size: Annotated[int, typer.Option(help="GPUs that the served model is spread over.")] = 1,
    upload: Annotated[
        str | None, typer.Option(metavar="URL", help="Keep a copy of the run there, such as s3://bucket/run.")
    ] = None,
    rounds: Rounds = None,
    tokens: Tokens = None,
    seconds: Seconds = None,
    veto: Veto = True,
    temperature: Temperature = None,
    seed: Seed = 0,
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

    given = settings(
        graph=graph, policy=policy, critic=critic, base_url=base_url, critic_base_url=critic_base_url, dialect=dialect,
        tools=tools, rounds=rounds, tokens=tokens, seconds=seconds, veto=veto, temperature=temperature, seed=seed,
    )  # fmt: skip
    data = data_set(
        problems, preset=preset, statement_field=statement_field, answer_field=answer_field, id_field=id_field,
        where=where or (), limit=limit, domain=domain,
    )  # fmt: skip
    progress = Progress(limit=concurrency)
    job = run(
        data, out=out, samples=samples, concurrency=concurrency, requests=requests, deadline=deadline,
        processes=processes, executor=executor, ray_address=ray_address,
        ray_resources=resources(ray_resources) if executor == "ray" else None, upload=upload,
        serve_vllm=serve_vllm, tensor_parallel_size=tensor_parallel_size, progress=progress,
        graph_settings=catalogue.read(graph, more or ()), **given,
    )  # fmt: skip
    terminated = on_terminate()
    with ExitStack() as shown:
        if metrics_port is not None:
            server = shown.enter_context(MetricsServer(progress, metrics_port))
            typer.echo(f"figures at {server.url}", err=True)
        board = shown.enter_context(Dashboard(progress, quiet=json))
        try:
            if (count := data.count()) is not None:
                progress.expected = count * samples
            for _ in job:
                pass
        except KeyboardInterrupt:
            job.close()
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
