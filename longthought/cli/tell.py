"""`longthought tell`: a debate as one long thought, in any of its forms, or figures of all thoughts of a run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from longthought.cli.options import Json
from longthought.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from langchain_core.language_models import BaseChatModel

    from longthought.thoughts.thought import LongThought

T = TypeVar("T")
FORMS = ("prose", "compact", "tagged", "summary")


def tell(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    id: Annotated[
        str | None, typer.Argument(help="Id of a debate or of a problem (default: statistics of all thoughts).")
    ] = None,
    walk: Annotated[
        str, typer.Option(help="Order of the thought: chronological, depth_first or shortcut.")
    ] = "chronological",
    wrong: Annotated[
        int, typer.Option(min=-1, help="Maximum number of wrong steps told at each node by depth_first; -1 for all.")
    ] = 3,
    form: Annotated[str, typer.Option(help=f"Form of the thought: {', '.join(FORMS[:-1])} or {FORMS[-1]}.")] = FORMS[0],
    seed: Annotated[int, typer.Option(help="Seed of the wording and of the choice of wrong steps.")] = 0,
    model: Annotated[
        str | None,
        typer.Option(metavar="PROVIDER:MODEL", help="Chat model that makes the prose fluent, or writes the summary."),
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="OpenAI-compatible server of the chat model.")
    ] = None,
    json: Json = False,
) -> None:
    """Tell a debate as a long thought, or count a run's thoughts.

    Example: `longthought tell runs/first countdown-2-9-11-20-83 --walk depth_first` and `longthought tell runs/first`

    `tagged` puts each sentence inside a tag that says what it does; `summary` says what was tried and what worked. The
    words of a model are accepted only if they keep every number, every wrong turn and the answer, and add none. Labels
    of the run are used where they exist.
    """
    from rich.console import Console

    from longthought.cli.render.thought import ThoughtTeller, figures, thought_panels
    from longthought.trajectories.run import Run

    if form not in FORMS:
        raise ConfigError(f"--form {form}: choose {', '.join(FORMS[:-1])} or {FORMS[-1]}")
    if model is not None and (id is None or form not in ("prose", "summary")):
        raise ConfigError(f"--model {model}: it writes the prose or the summary of one debate; name the debate")
    console, opened = Console(highlight=False), Run(run)
    teller = ThoughtTeller(
        opened, walk, None if wrong < 0 else wrong, seed, "compact" if form == "compact" else "prose"
    )
    if id is None:
        if form in ("tagged", "summary"):
            raise ConfigError(f"--form {form}: name a debate; without one there are figures of all thoughts")
        table, records = figures(teller)
        if json:
            for record in records:
                typer.echo(_line(record))
        else:
            console.print(table)
        return
    trajectory = opened.trajectory(id if "#" in id else f"{id}#0")
    thought, objections = teller(trajectory), ()
    if model is not None and form == "prose":
        thought, objections = _fluent(thought, model, base_url)
    if form == "summary":
        text, objections = _summary(thought, model, base_url)
        typer.echo(_line({"id": thought.id, "summary": text}) if json else text)
    elif form == "tagged":
        typer.echo(_line({"id": thought.id, "tagged": thought.tagged()}) if json else thought.tagged())
    elif json:
        typer.echo(thought.to_json())
    else:
        for panel in thought_panels(thought, trajectory):
            console.print(panel)
    if objections:
        typer.echo(f"longthought: not in the words of {model}, since {'; '.join(objections)}", err=True)


def _line(record: object) -> str:
    import json

    return json.dumps(record, ensure_ascii=False)


def _with_model(work: "Callable[[BaseChatModel], Coroutine[Any, Any, T]]", model: str, base_url: str | None) -> "T":
    """Run work with a chat model after a first request has shown that it answers."""
    import asyncio

    from langchain_core.messages import HumanMessage

    from longthought.agents.catalogue import chat_model
    from longthought.jobs.preflight import expect_model

    async def ask() -> "T":
        writer = chat_model(model, "policy", base_url=base_url, temperature=0.0)
        await expect_model(writer, [HumanMessage("Say yes.")])
        return await work(writer)

    return asyncio.run(ask())


def _fluent(thought: "LongThought", model: str, base_url: str | None) -> "tuple[LongThought, tuple[str, ...]]":
    from longthought.agents.editor import rewrite

    rewritten = _with_model(lambda writer: rewrite(thought, writer, name=model), model, base_url)
    return rewritten.thought, rewritten.objections


def _summary(thought: "LongThought", model: str | None, base_url: str | None) -> tuple[str, tuple[str, ...]]:
    from longthought.agents.summaries import summarise, summary

    if model is None:
        return summary(thought).text, ()
    summarised = _with_model(lambda writer: summarise(thought, writer, name=model), model, base_url)
    return summarised.text, summarised.objections
