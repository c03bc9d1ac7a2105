"""`longthought improve`: rounds in which both agents learn from their own debates."""

import json as jsons
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longthought.cli.options import Json
from longthought.errors import ConfigError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from longthought.jobs.progress import Progress
    from longthought.training.improve.ledger import Ledger


def improve(
    recipe: Annotated[str, typer.Argument(help="Name of a recipe, or a TOML file.")],
    out: Annotated[Path, typer.Option(help="Folder of the loop; run the same command again to go on after a stop.")],
    *,
    rounds: Annotated[int | None, typer.Option(min=1, help="Number of rounds (default: the recipe's).")] = None,
    policy: Annotated[str | None, typer.Option(metavar="PROVIDER:MODEL", help="Policy to begin with.")] = None,
    critic: Annotated[str | None, typer.Option(metavar="PROVIDER:MODEL", help="Critic to begin with.")] = None,
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="OpenAI-compatible server of both agents.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of problems, debates and trainings.")] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Any other value of the recipe, such as problems.count=100 or lesson.journey.train.epochs=2; can be "
            "repeated.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Let both agents learn from their own debates, in rounds.

    Example: `longthought improve expert-iteration --out runs/improve --rounds 3`

    Each round plays debates, labels them, exports data, trains a candidate and compares it with the agent in its chair
    on validation problems. The candidate takes the chair only if it is surely better. `ledger.jsonl` tells all rounds,
    and `rounds.png` shows them. A name that is no recipe lists those there are.
    """
    from longthought.cli.stopping import stoppable
    from longthought.training.improve.improve import improve as run

    given = {
        "rounds": rounds,
        "agents.policy": policy,
        "agents.critic": critic,
        "agents.base_url": base_url,
        "seed": seed,
    }
    named = {name: value for name, value in given.items() if value is not None} | _read(changes or [])
    message = f"stopped; everything so far is in {out}. Run the same command again to go on."
    with stoppable(lambda: message):
        ledger = run(recipe, out, say=lambda line: typer.echo(line, err=True), watch=_shown(quiet=json), **named)
    if json:
        typer.echo(jsons.dumps([line.model_dump(mode="json") for line in ledger.decisions]))
        return
    _report(ledger, out)


def _read(changes: list[str]) -> dict[str, Any]:
    """Read `NAME=VALUE`, where a value is JSON or a text.

    Raises:
        ConfigError: if one of them has another form.

    """
    read: dict[str, Any] = {}
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals or not name:
            raise ConfigError(f"`set` {change}: write NAME=VALUE, such as problems.count=100")
        try:
            read[name] = jsons.loads(value)
        except ValueError:
            read[name] = value
    return read


def _shown(*, quiet: bool) -> Any:
    from longthought.cli.render.job import Dashboard

    def watch(name: str, progress: "Progress") -> "AbstractContextManager[object]":
        if not quiet:
            typer.echo(name, err=True)
        return Dashboard(progress, quiet=quiet)

    return watch


def _report(ledger: "Ledger", out: Path) -> None:
    """Print the decisions as a table, and draw them."""
    from rich.console import Console

    from longthought.cli.render.improvement import table
    from longthought.evaluation.plots import EXTRA, available
    from longthought.training.improve.plots import draw

    Console(highlight=False).print(table(ledger, out))
    if available():
        draw(ledger, out)
    else:
        typer.echo(f"longthought: no plot: matplotlib is not installed; {EXTRA}, and run this again", err=True)
