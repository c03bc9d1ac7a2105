"""`longthought rewrite`: journeys in the words of a chat model, kept beside the log of a run."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from longthought.cli.options import Json

if TYPE_CHECKING:
    from longthought.training.data.editing_job import RewriteCounts


def rewrite(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    model: Annotated[str, typer.Option(metavar="PROVIDER:MODEL", help="Chat model that rewrites.")],
    base_url: Annotated[str | None, typer.Option(metavar="URL", help="Its OpenAI-compatible server.")] = None,
    walk: Annotated[str, typer.Option(help="Journeys are depth_first or chronological.")] = "depth_first",
    wrong: Annotated[int, typer.Option(min=-1, help="Wrong children told at each node at most; -1 for all.")] = 3,
    seed: Annotated[int, typer.Option(help="What journeys are told by; the same as for the export.")] = 0,
    max_tokens: Annotated[int, typer.Option(min=1, help="Tokens of a reply at most, thinking included.")] = 4096,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests in flight at once.")] = 64,
    limit: Annotated[int | None, typer.Option(min=1, help="Debates at most.")] = None,
    json: Json = False,
) -> None:
    """Have a chat model make the journeys of a run fluent, for `longthought export --rewritten`.

    Example: `longthought rewrite runs/first --model openai:Qwen/Qwen3-8B --base-url http://localhost:8000/v1`

    A rewrite is taken if every number, every equation, every wrong turn and the answer survive; else the journey stays
    plain. Rewrites are kept in the run folder, in rewrites.jsonl. Run the same command again to go on after a stop.
    Journeys are those that `export` tells with the same --walk, --wrong and --seed, by rule and in prose.
    """
    import json as jsonlib

    from longthought.agents.catalogue import chat_model
    from longthought.cli.export import walk_called
    from longthought.cli.generate import on_terminate
    from longthought.cli.render.job import Count
    from longthought.errors import RunError
    from longthought.training.data.editing_job import RewriteCounts
    from longthought.training.data.editing_job import rewrite as make

    tally = RewriteCounts()
    writer = chat_model(model, "policy", base_url=base_url, temperature=0.7, max_tokens=max_tokens)
    job = make(
        run, writer, name=model, walk=walk_called(walk), wrong=None if wrong < 0 else wrong, seed=seed, limit=limit,
        concurrency=concurrency, tally=tally,
    )  # fmt: skip
    terminated = on_terminate()
    with Count(lambda: (tally.done, tally.debates or None, _progress(tally)), quiet=json) as shown:
        try:
            for _ in job:
                pass
        except KeyboardInterrupt:
            job.close()
            shown.stop()
            typer.echo(f"longthought: {_stopped(tally, run)}", err=True)
            raise typer.Exit(128 + (signal.SIGTERM if terminated else signal.SIGINT)) from None
        except RunError as error:
            raise RunError(f"{error}; {_stopped(tally, run)}") from error
    typer.echo(jsonlib.dumps(tally.meta(), ensure_ascii=False) if json else _report(tally))
    if tally.failed:
        raise RunError(
            f"{tally.failed:,} journeys could not be asked for, lately: {tally.last_failure}; run the same command "
            "again to try them again"
        )


def _progress(tally: "RewriteCounts") -> str:
    return f"{tally.done:,} of {tally.debates:,} debates: {_counts(tally)}" if tally.debates else "getting ready"


def _counts(tally: "RewriteCounts", why: str = "") -> str:
    return f"{tally.rewritten:,} rewritten, {tally.kept:,} kept plain{why}, {tally.failed:,} could not be asked"


def _report(tally: "RewriteCounts") -> str:
    from longthought.cli.render.debate import usage_text

    reasons = ", ".join(f"{count:,} {reason}" for reason, count in tally.objections.most_common())
    known = f"; {tally.known:,} were known" if tally.known else ""
    lines = [f"{_counts(tally, f' ({reasons})' if reasons else '')}{known}", usage_text(tally.usage)]
    lines += [f"  left out: {count:,} {reason}" for reason, count in tally.left_out.most_common()]
    return "\n".join(lines)


def _stopped(tally: "RewriteCounts", run: Path) -> str:
    done = f"{_counts(tally)}, all in {run}" if tally.asked else "before the first was rewritten"
    return f"stopped {'with ' if tally.asked else ''}{done}. Run the same command again to go on."
