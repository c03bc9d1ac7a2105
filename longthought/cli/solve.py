"""`longthought solve`: one debate, shown live."""

from typing import Annotated

import typer

from longthought.cli.options import (
    BUNDLED,
    BaseUrl,
    CriticBaseUrl,
    CriticModel,
    DialectName,
    DomainName,
    Graph,
    Json,
    PolicyModel,
    Rounds,
    Seconds,
    Seed,
    Set,
    Temperature,
    Tokens,
    Tools,
    Veto,
    settings,
)


def solve(
    statement: Annotated[str, typer.Argument(help="The problem in words.")],
    graph: Graph = "debate",
    policy: PolicyModel = BUNDLED,
    critic: CriticModel = BUNDLED,
    base_url: BaseUrl = None,
    critic_base_url: CriticBaseUrl = None,
    dialect: DialectName = None,
    domain: DomainName = None,
    tools: Tools = None,
    rounds: Rounds = None,
    tokens: Tokens = None,
    seconds: Seconds = None,
    veto: Veto = True,
    temperature: Temperature = None,
    seed: Seed = 0,
    more: Set = None,
    answer: Annotated[str | None, typer.Option(help="The reference answer, to grade by.")] = None,
    json: Json = False,
) -> None:
    """Run one debate and show it as it happens.

    Example: `longthought solve "Use 3, 7, 16 and 20, each once, to make 46."`
    """
    import asyncio

    from rich.console import Console

    import longthought as lt
    from longthought.cli.render.debate import bill, live_lines, opening
    from longthought.domains.catalogue import domain_of
    from longthought.domains.posing import posed
    from longthought.trajectories.events import AnyEvent, Started

    console = Console(highlight=False)
    before: list[AnyEvent] = []
    given = settings(
        graph=graph, policy=policy, critic=critic, base_url=base_url, critic_base_url=critic_base_url, dialect=dialect,
        tools=tools, rounds=rounds, tokens=tokens, seconds=seconds, veto=veto, temperature=temperature, seed=seed,
        more=more,
    )  # fmt: skip

    def show(event: AnyEvent) -> None:
        if isinstance(event, Started):
            console.print(opening(event.problem.statement, policy, critic, event.config["tools"]))
        for line in live_lines(event, *before):
            console.print(line)
        before[:] = [event]

    problem = posed(statement, domain)
    domain_of(problem).expect_possible(problem)
    try:
        trajectory = asyncio.run(lt.asolve(problem, answer=answer, on_event=None if json else show, **given))
    except KeyboardInterrupt:
        typer.echo("longthought: stopped; nothing was kept, for only `longthought generate` keeps a log", err=True)
        raise typer.Exit(130) from None
    if json:
        typer.echo(trajectory.to_json())
    else:
        console.print(bill(trajectory))
    if trajectory.failure:
        raise typer.Exit(1)
