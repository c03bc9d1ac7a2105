"""`longthought train`: rebuild the bundled agents."""

from pathlib import Path
from typing import Annotated

import typer

train = typer.Typer(help="Train agents.", no_args_is_help=True)


@train.callback()
def _group() -> None:  # pyright: ignore[reportUnusedFunction]
    """Train agents."""


@train.command()
def bundled(
    out: Annotated[Path, typer.Option(help="Where the trained agents go.")] = Path("runs/bundled"),
    seed: Annotated[int, typer.Option(help="Seed of data and weights.")] = 0,
    scale: Annotated[float, typer.Option(help="Share of the full number of steps; small for a trial.")] = 1.0,
    test_problems: Annotated[int, typer.Option(help="Held-out problems that the model card reports on.")] = 1000,
) -> None:
    """Rebuild the bundled Countdown agents from nothing, and write their model card.

    Example: `longthought train bundled --out runs/bundled`

    Policy and critic train side by side, one core each, in about an hour on two cores; then, in three quarters of one,
    the agent that sits in both chairs. Run it again to go on after a stop. Use them with
    `--policy transformers:runs/bundled/policy --critic transformers:runs/bundled/critic`, and the third with
    `--graph self_critique --policy transformers:runs/bundled/solo`.
    """
    from longthought.training.bundled.build import build

    build(out, seed=seed, scale=scale, test_problems=test_problems)
