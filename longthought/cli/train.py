"""`longthought train`: fine-tune agents on exported data, and rebuild the bundled ones."""

import json as jsons
import os
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from longthought.cli.options import Json

train = typer.Typer(help="Train agents.", no_args_is_help=True)

Data = Annotated[Path, typer.Argument(help="Folder that `longthought export` wrote.")]
Out = Annotated[Path, typer.Option(help="Where the trained model goes; the same command goes on there after a stop.")]
Role = Annotated[str | None, typer.Option(help="policy, critic or thinker; checked against the data.")]
BaseModel = Annotated[
    str | None,
    typer.Option(
        "--base",
        metavar="MODEL",
        help="Folder, OWNER/NAME on the hub, bundled:countdown, or new:d192x4 (a new model that speaks compact).",
    ),
]
LoraRank = Annotated[int | None, typer.Option(help="Train an adapter of this rank instead of every weight.")]
Epochs = Annotated[float, typer.Option(help="Passes over the data.")]
Steps = Annotated[int | None, typer.Option(help="Optimiser steps, instead of epochs.")]
Rate = Annotated[float | None, typer.Option(help="By default what suits a model of that size.")]
Schedule = Annotated[str, typer.Option(help="Of the learning rate: cosine, linear, constant_with_warmup, …")]
Warmup = Annotated[float, typer.Option(help="Share of the steps in which the learning rate rises.")]
Batch = Annotated[int, typer.Option(help="Examples a step, over all devices.")]
MicroBatch = Annotated[int | None, typer.Option(help="Of these, how many at once on a device, if memory is short.")]
MaxLength = Annotated[
    int | None,
    typer.Option(
        help="Tokens at which examples are cut; by default what the model takes. Training all of a model with "
        "rotary positions can make that more."
    ),
]
Template = Annotated[Path | None, typer.Option(metavar="FILE", help="Chat template for a base that has none.")]
ReportTo = Annotated[str, typer.Option(help="tensorboard, wandb, trackio, …")]
Seed = Annotated[int, typer.Option(help="Of the order of examples, and of new weights.")]


@train.callback()
def _group() -> None:  # pyright: ignore[reportUnusedFunction]
    """Train agents."""


@train.command()
def sft(
    data: Data,
    out: Out,
    base: BaseModel = None,
    role: Role = None,
    lora_rank: LoraRank = None,
    epochs: Epochs = 1.0,
    steps: Steps = None,
    learning_rate: Rate = None,
    schedule: Schedule = "cosine",
    warmup: Warmup = 0.05,
    batch: Batch = 32,
    micro_batch: MicroBatch = None,
    max_length: MaxLength = None,
    chat_template: Template = None,
    report_to: ReportTo = "none",
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Fine-tune a policy, a critic or a thinker on examples.

    Example: `longthought train sft data/policy --base bundled:countdown --out models/policy`

    Run it again to go on after a stop. On several GPUs: `accelerate launch -m longthought train sft …`.
    """
    _fine_tune(
        "sft", json, data=data, out=out, base=base, role=role, lora_rank=lora_rank, epochs=epochs, steps=steps,
        learning_rate=learning_rate, schedule=schedule, warmup=warmup, batch=batch, micro_batch=micro_batch,
        max_length=max_length, chat_template=chat_template, report_to=report_to, seed=seed,
    )  # fmt: skip


@train.command()
def dpo(
    data: Data,
    out: Out,
    base: BaseModel = None,
    role: Role = None,
    lora_rank: LoraRank = None,
    beta: Annotated[float, typer.Option(help="How dear it is to leave the base.")] = 0.1,
    epochs: Epochs = 1.0,
    steps: Steps = None,
    learning_rate: Rate = None,
    schedule: Schedule = "cosine",
    warmup: Warmup = 0.05,
    batch: Batch = 32,
    micro_batch: MicroBatch = None,
    max_length: MaxLength = None,
    chat_template: Template = None,
    report_to: ReportTo = "none",
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Make better replies likelier than worse ones, from pairs of them.

    Example: `longthought train dpo data/dpo-policy --base models/policy --out models/policy-dpo`

    Run it again to go on after a stop. On several GPUs: `accelerate launch -m longthought train dpo …`.
    """
    _fine_tune(
        "dpo", json, data=data, out=out, base=base, role=role, lora_rank=lora_rank, beta=beta, epochs=epochs,
        steps=steps, learning_rate=learning_rate, schedule=schedule, warmup=warmup, batch=batch,
        micro_batch=micro_batch, max_length=max_length, chat_template=chat_template, report_to=report_to, seed=seed,
    )  # fmt: skip


@train.command()
def scorer(
    data: Data,
    out: Out,
    base: BaseModel = None,
    labels: Annotated[
        str, typer.Option(help="process: each step's own; outcome: that of its path's last step.")
    ] = "process",
    lora_rank: LoraRank = None,
    epochs: Epochs = 1.0,
    steps: Steps = None,
    learning_rate: Rate = None,
    schedule: Schedule = "cosine",
    warmup: Warmup = 0.05,
    batch: Batch = 32,
    micro_batch: MicroBatch = None,
    max_length: MaxLength = None,
    report_to: ReportTo = "none",
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Train a critic that gives every step a score and writes nothing.

    Example: `longthought train scorer data/step-labels --base bundled:countdown --out models/scorer`

    It learns from labels of steps, exact, estimated or of the outcome, and judges with `--critic scorer:models/scorer`.
    """
    _fine_tune(
        "scorer", json, data=data, out=out, base=base, role="critic", labels=labels, lora_rank=lora_rank, epochs=epochs,
        steps=steps, learning_rate=learning_rate, schedule=schedule, warmup=warmup, batch=batch,
        micro_batch=micro_batch, max_length=max_length, report_to=report_to, seed=seed,
    )  # fmt: skip


def _fine_tune(method: Literal["sft", "dpo", "scorer"], json: bool, data: Path, out: Path, **given: Any) -> None:
    """Train, and say in the end how the result is used."""
    from longthought.training.train import train

    command = shlex.join(["longthought", *sys.argv[1:]])
    facts = train(data, out, say=lambda line: typer.echo(line, err=True), command=command, method=method, **given)
    if os.environ.get("RANK", "0") != "0":  # one of several processes, of which the first speaks
        return
    if json:
        typer.echo(jsons.dumps(facts))
        return
    provider = "scorer" if method == "scorer" else "transformers"
    chair = {"policy": "--policy", "critic": "--critic", "thinker": "--graph sampling --policy"}[facts["role"]]
    typer.echo(f"{out}/README.md says what it learned; use it as {chair} {provider}:{out}")


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
    `--policy bundled:runs/bundled --critic bundled:runs/bundled`.
    """
    from longthought.training.bundled.build import build

    build(out, seed=seed, scale=scale, test_problems=test_problems)
