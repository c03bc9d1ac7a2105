"""`longthought rewrite`: journeys in the words of a chat model, kept in the run folder."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from longthought.cli.options import Json, Spelling, options
from longthought.training.data.request import RewriteRequest

if TYPE_CHECKING:
    from longthought.training.data.editing_job import RewriteCounts


@options(RewriteRequest, model=Spelling(metavar="PROVIDER:MODEL"), base_url=Spelling(metavar="URL"))
def rewrite(
    run: Annotated[Path, typer.Argument(help="Run folder.")], request: RewriteRequest, json: Json = False
) -> None:
    """Make the journeys of a run fluent with a chat model.

    Example: `longthought rewrite runs/first --model openai:Qwen/Qwen3-8B --base-url http://localhost:8000/v1`

    A rewrite is accepted if it keeps every number, every equation, every wrong turn and the answer; otherwise the
    journey stays plain. Rewrites are kept in rewrites.jsonl in the run folder, where `longthought export --rewritten`
    reads them. Run the same command again to go on after a stop. The journeys are those that `longthought export`
    tells in prose with the same --walk, --wrong and --seed.
    """
    import json as jsonlib

    from longthought.cli.render.job import CountDisplay
    from longthought.cli.stopping import stoppable
    from longthought.errors import RunError
    from longthought.training.data.editing_job import RewriteCounts
    from longthought.training.data.editing_job import rewrite as make

    tally = RewriteCounts()
    display = CountDisplay(lambda: (tally.done, tally.debates or None, _progress(tally)), quiet=json)
    with stoppable(lambda: _stopped(tally, run)), display, closing(make(run, request, tally=tally)) as job:
        try:
            for _ in job:
                pass
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
    lines = [f"{_counts(tally, f' ({reasons})' if reasons else '')}{known}"]
    lines += [usage_text(tally.usage)] if tally.asked else []
    lines += [f"  left out: {count:,} {reason}" for reason, count in tally.left_out.most_common()]
    return "\n".join(lines)


def _stopped(tally: "RewriteCounts", run: Path) -> str:
    done = f"{_counts(tally)}, all in {run}" if tally.asked else "before the first was rewritten"
    return f"stopped {'with ' if tally.asked else ''}{done}. Run the same command again to go on."
