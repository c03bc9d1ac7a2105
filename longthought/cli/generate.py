"""`longthought generate`: a batch of debates, resumed when run again."""

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from longthought.cli.options import (
    BUNDLED,
    TOOLS,
    BaseUrl,
    CriticBaseUrl,
    CriticModel,
    DialectName,
    Graph,
    Json,
    PolicyModel,
    Rounds,
    Seconds,
    Seed,
    Tokens,
    Tools,
    Veto,
    settings,
)
from longthought.errors import ConfigError


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
    problems: Annotated[Path, typer.Argument(help="JSONL of problems.")],
    out: Annotated[Path, typer.Option(help="Run folder; one already begun goes on where it stopped.")],
    graph: Graph = "debate",
    policy: PolicyModel = BUNDLED,
    critic: CriticModel = BUNDLED,
    base_url: BaseUrl = None,
    critic_base_url: CriticBaseUrl = None,
    dialect: DialectName = None,
    tools: Tools = TOOLS,
    samples: Annotated[int, typer.Option(help="Debates per problem.")] = 1,
    concurrency: Annotated[int, typer.Option(help="Debates in flight at once.")] = 64,
    processes: Annotated[int | None, typer.Option(help="Processes or actors that share the job.")] = None,
    executor: Annotated[str, typer.Option(help="Where debates run: local or ray.")] = "local",
    ray_address: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Ray cluster; else a new one.")] = None,
    ray_resources: Annotated[
        str, typer.Option(metavar="NAME=N,…", help="What every actor asks the cluster for.")
    ] = "CPU=1",
    serve_vllm: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Serve a model with vLLM while the job runs.")
    ] = None,
    tensor_parallel_size: Annotated[int, typer.Option(help="GPUs that the served model is spread over.")] = 1,
    upload: Annotated[
        str | None, typer.Option(metavar="URL", help="Keep a copy of the run there, such as s3://bucket/run.")
    ] = None,
    rounds: Rounds = 32,
    tokens: Tokens = None,
    seconds: Seconds = None,
    veto: Veto = True,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Run a debate on every problem, many at once, into a run folder.

    Example: `longthought generate problems.jsonl --out runs/first --concurrency 64`

    Run the same command again to go on after a stop, whatever stopped it. The same seed gives the same debates at
    --concurrency 1; with more in flight, batching changes the sums.
    """
    from longthought import generate as run
    from longthought.cli.display import JobDisplay, stopped, summary_table
    from longthought.jobs.progress import Progress

    given = settings(
        graph=graph, policy=policy, critic=critic, base_url=base_url, critic_base_url=critic_base_url, dialect=dialect,
        tools=tools, rounds=rounds, tokens=tokens, seconds=seconds, veto=veto, seed=seed,
    )  # fmt: skip
    progress = Progress()
    ended = run(
        problems,
        out=out,
        samples=samples,
        concurrency=concurrency,
        processes=processes,
        executor=executor,
        ray_address=ray_address,
        ray_resources=resources(ray_resources) if executor == "ray" else None,
        upload=upload,
        serve_vllm=serve_vllm,
        tensor_parallel_size=tensor_parallel_size,
        progress=progress,
        **given,
    )
    terminated = on_terminate()
    with JobDisplay(progress, quiet=json) as display:
        try:
            for trajectory in ended:
                display.saw(trajectory)
        except KeyboardInterrupt:
            ended.close()
            display.stop()
            typer.echo(stopped(progress, out), err=True)
            raise typer.Exit(128 + (signal.SIGTERM if terminated else signal.SIGINT)) from None
    summary = progress.summary()
    if json:
        typer.echo(summary.model_dump_json())
    else:
        display.console.print(summary_table(summary, progress, out))
    if progress.failed:
        typer.echo(f"longthought: {progress.failed} debates failed: {display.last_failure}", err=True)
        raise typer.Exit(1)
