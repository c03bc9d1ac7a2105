"""`longthought solve`: one debate, shown live."""

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
    answer: Annotated[str | None, typer.Option(help="Reference answer to grade the debate by.")] = None,
    json: Json = False,
) -> None:
    """Play one debate and show it live.

    Example: `longthought solve "Use 3, 7, 16 and 20, each once, to make 46."`
    """
    import asyncio

    from rich.console import Console

    import longthought as lt
    from longthought.cli.render.debate import bill, legend, live_lines, opening
    from longthought.cli.stopping import stoppable
    from longthought.domains.catalogue import domain_of
    from longthought.domains.posing import posed
    from longthought.graphs import catalogue
    from longthought.trajectories.events import AnyEvent, Started

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
    domain_of(problem).expect_possible(problem)
    with stoppable(lambda: "stopped; nothing was kept: only `longthought generate` keeps a log"):
        playing = lt.asolve(problem, answer=answer, graph=graph, on_event=None if json else show, **given)
        trajectory = asyncio.run(playing)
    if json:
        typer.echo(trajectory.to_json())
    else:
        for panel in (*legend(trajectory), bill(trajectory)):
            console.print(panel)
    if trajectory.failure:
        raise typer.Exit(1)
