"""`longthought import-thread`: the debates of a thread as a run folder."""

from pathlib import Path
from typing import Annotated

import typer


def import_thread(
    thread: Annotated[
        str, typer.Argument(help="Thread: its id in Studio, or NAME, FILE#NAME or postgresql://…#NAME of `solve`.")
    ],
    *,
    out: Annotated[Path, typer.Option(help="Run folder that keeps the debates.")],
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="LangGraph server of a thread in Studio, such as make studio's.")
    ] = None,
) -> None:
    """Keep the debates of a thread in a run folder.

    Example: `longthought import-thread THREAD --url http://127.0.0.1:2024 --out runs/edited`

    Of a thread in Studio, the end of every fork is kept, as samples of one problem. What a person wrote is kept as
    `by: human`, and can be exported like everything else.
    """
    import asyncio

    from longthought.domains.grade import reference_of
    from longthought.graphs.studio.fetching import from_server, from_store
    from longthought.jobs.grading import graded
    from longthought.trajectories.keeping import expect_keeps, keep
    from longthought.trajectories.trajectory import Trajectory

    async def fetched() -> list[Trajectory]:
        debates = await (from_store(thread) if url is None else from_server(url, thread))
        ungraded = [debate.finished and debate.solved is None for debate in debates]
        return [
            await graded(debate, reference_of(debate.problem, None), lambda _: None) if due else debate
            for debate, due in zip(debates, ungraded, strict=True)
        ]

    expect_keeps(out)
    for debate in asyncio.run(fetched()):
        state = debate.stop_reason.value if debate.stop_reason else "unfinished"
        typer.echo(f"{keep(debate, out)}: {state}, {len(debate.events)} events, in {out}")
