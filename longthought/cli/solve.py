"""`longthought solve`: one debate, shown live."""

from pathlib import Path
from typing import Annotated, Any

import typer

from longthought.cli.options import AGENTS, BUDGETS, DomainName, Graph, Json, Set, settings_options


@settings_options(*AGENTS, "tools", *BUDGETS, "veto")
def solve(
    statement: Annotated[str, typer.Argument(help="The problem in words.")],
    *,
    graph: Graph = "debate",
    settings: dict[str, Any],
    domain: DomainName = None,
    more: Set = None,
    thread: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Thread that keeps each turn, so that the same command goes on after a stop: NAME, FILE#NAME or "
            "postgresql://…#NAME.",
        ),
    ] = None,
    interactive: Annotated[bool, typer.Option(help="Ask you before each of the critic's verdicts is applied.")] = False,
    out: Annotated[Path | None, typer.Option(help="Run folder that keeps the debate when it ends.")] = None,
    answer: Annotated[str | None, typer.Option(help="Reference answer to grade the debate by.")] = None,
    json: Json = False,
) -> None:
    """Play one debate and show it live.

    Example: `longthought solve "Use 3, 7, 16 and 20, each once, to make 46."`

    With --interactive you approve each verdict with Enter, or write your own: `backtrack 0 try 20 first`, `because the
    sum is wrong`, `step 20 + 16 = 36 left 36 7 3`.
    """
    import asyncio

    from rich.console import Console

    import longthought as lt
    from longthought.cli.render.debate import bill, legend, live_lines, opening
    from longthought.cli.render.question import asking
    from longthought.cli.stopping import stoppable
    from longthought.domains.posing import expect_possible, posed
    from longthought.graphs import catalogue
    from longthought.trajectories.events import AnyEvent, Started
    from longthought.trajectories.keeping import expect_keeps, keep

    console = Console(highlight=False)
    before: list[AnyEvent] = []
    given = {**settings, **catalogue.read(graph, more or (), "more")}

    def show(event: AnyEvent) -> None:
        if isinstance(event, Started):
            console.print(opening(event.problem.statement, given["policy"], given["critic"], event.config["tools"]))
        for line in live_lines(event, *before):
            console.print(line)
        before[:] = [event]

    problem = posed(statement, domain)
    expect_possible(problem)
    if out is not None:
        expect_keeps(out)
    kept = f"the thread {thread} keeps its turns: run the same command to go on"
    with stoppable(lambda: f"stopped; {kept if thread else 'nothing was kept: give it a --thread'}"):
        playing = lt.asolve(
            problem, answer=answer, graph=graph, on_event=None if json else show, thread=thread,
            ask=asking(console) if interactive else None, **given,
        )  # fmt: skip
        trajectory = asyncio.run(playing)
    if out is not None:
        name = keep(trajectory, out)
        typer.echo(f"kept in {out} as {name}", err=json)
    if json:
        typer.echo(trajectory.to_json())
    else:
        for panel in (*legend(trajectory), bill(trajectory)):
            console.print(panel)
    if trajectory.failure:
        raise typer.Exit(1)
