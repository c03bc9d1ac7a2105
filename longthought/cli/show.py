"""`longthought show`: a run as a table, or one debate as a tree and a transcript, or as one long thought."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from longthought.cli.options import Json
from longthought.errors import ConfigError, RunFolderError

if TYPE_CHECKING:
    from longthought.trajectories.run import Run
    from longthought.trajectories.trajectory import Trajectory


def show(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    id: Annotated[
        str | None, typer.Argument(help="Id of a debate or of a problem (default: a table of the run).")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Maximum number of rows in the table.")] = 50,
    example: Annotated[bool, typer.Option("--example", help="Show a solved debate of medium length.")] = False,
    thought: Annotated[
        bool, typer.Option("--thought", help="Show the debate as one long thought, as `longthought tell` does.")
    ] = False,
    json: Json = False,
) -> None:
    """Show a run as a table, or one of its debates in full.

    Example: `longthought show runs/first` and then `longthought show runs/first countdown-2-9-11-20-83 --thought`
    """
    from rich.console import Console

    from longthought.cli.render.debate import debate_panels, run_table
    from longthought.trajectories.run import Run

    console = Console(highlight=False)
    opened = Run(run)
    if id is None and not example:
        if thought:
            raise ConfigError("--thought shows one debate: name it, or let --example choose one")
        if json:
            for trajectory in opened.trajectories():
                typer.echo(trajectory.to_json())
        else:
            console.print(run_table(opened, limit))
        return
    trajectory = _example(opened) if id is None else opened.trajectory(id if "#" in id else f"{id}#0")
    if thought:
        long_thought = trajectory.long_thought()
        if json:
            typer.echo(long_thought.to_json())
            return
        from longthought.cli.render.thought import thought_panels

        panels = thought_panels(long_thought, trajectory)
    elif json:
        typer.echo(trajectory.to_json())
        return
    else:
        panels = debate_panels(trajectory)
    for panel in panels:
        console.print(panel)


def _example(run: "Run") -> "Trajectory":
    """Choose a debate of medium length, and a solved one if there is any."""
    candidates = sorted(run.trajectories(), key=lambda t: (t.solved is not True, abs(t.rounds - _MEDIUM_ROUNDS)))
    if not candidates:
        raise RunFolderError(f"{run.path}: the run holds no debate yet; run `longthought generate`")
    return candidates[0]


_MEDIUM_ROUNDS = 8
"""Rounds of a debate that shows a few steps back and fits on a screen."""
