"""`longthought train`: fine-tune agents on exported data, and rebuild the bundled agents."""

import json as jsons
import os
import shlex
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from longthought.cli.options import Json, Spelling, options
from longthought.training.request import OPTIMISER, ReinforcementRequest, TrainingRequest

train = typer.Typer(help="Fine-tune agents on exported data.", no_args_is_help=True)

Data = Annotated[Path, typer.Argument(help="Folder that `longthought export` wrote.")]
Out = Annotated[
    Path, typer.Option(help="Folder of the trained model; run the same command again to go on after a stop.")
]
BASE: Final = Spelling(metavar="MODEL")
TEMPLATE: Final = Spelling(metavar="FILE")


@train.callback()
def _group() -> None:  # pyright: ignore[reportUnusedFunction]
    """Fine-tune agents on exported data."""


@train.command()
@options(
    TrainingRequest,
    leave=("method", "beta", "labels"),
    build=partial(TrainingRequest, method="sft"),
    base=BASE,
    chat_template=TEMPLATE,
)
def sft(data: Data, out: Out, request: TrainingRequest, json: Json = False) -> None:
    """Fine-tune a policy, a critic or a thinker on examples.

    Example: `longthought train sft data/policy --base bundled:countdown --out models/policy`

    Run it again to go on after a stop. On several GPUs: `accelerate launch -m longthought train sft …`.
    """
    _fine_tune(data, out, request, json)


@train.command()
@options(
    TrainingRequest,
    leave=("method", "labels"),
    build=partial(TrainingRequest, method="dpo"),
    base=BASE,
    chat_template=TEMPLATE,
)
def dpo(data: Data, out: Out, request: TrainingRequest, json: Json = False) -> None:
    """Train on pairs of replies: the better one becomes likelier.

    Example: `longthought train dpo data/dpo-policy --base models/policy --out models/policy-dpo`

    Run it again to go on after a stop. On several GPUs: `accelerate launch -m longthought train dpo …`.
    """
    _fine_tune(data, out, request, json)


@train.command()
@options(
    TrainingRequest, leave=("method", "role", "beta", "chat_template"),
    build=partial(TrainingRequest, method="scorer", role="critic"), base=BASE,
)  # fmt: skip
def scorer(data: Data, out: Out, request: TrainingRequest, json: Json = False) -> None:
    """Train a critic that gives every step a score and writes nothing.

    Example: `longthought train scorer data/step-labels --base bundled:countdown --out models/scorer`

    The labels of steps may be exact, estimated or those of the outcome. Use the critic with
    `--critic scorer:models/scorer`.
    """
    _fine_tune(data, out, request, json)


@train.command()
@options(
    TrainingRequest,
    leave=("method", "role", "beta", "labels", *OPTIMISER),
    build=partial(TrainingRequest, method="probe", role="critic"), base=BASE, chat_template=TEMPLATE,
)  # fmt: skip
def probe(data: Data, out: Out, request: TrainingRequest, json: Json = False) -> None:
    """Teach a model to judge in one word, by one reading of the data.

    Example: `longthought train probe data/critic --base models/qwen --out models/judge`

    The data are of `longthought export --format critic --dialect yes-no`. A logistic regression on the frozen model's
    hidden states is written into one of its neurons, so the result is served like its base and can sit in both chairs.
    """
    _fine_tune(data, out, request, json)


@train.command()
@options(
    ReinforcementRequest,
    leave=("method", "labels"),
    base=BASE,
    chat_template=TEMPLATE,
    partner=Spelling(metavar="PROVIDER:MODEL"),
    rewards=Spelling(flags="--reward", metavar="NAME[=WEIGHT]"),
    judge=Spelling(metavar="PROVIDER:MODEL"),
    rubric=Spelling(metavar="FILE"),
    problems=Spelling(metavar="FILE"),
    against=Spelling(metavar="NAME,…", read=str, default="countdown"),
    trl=Spelling(flags="--set", metavar="NAME=VALUE"),
)
def grpo(
    source: Annotated[
        list[Path],
        typer.Argument(
            help="File of problems for thinkers and whole debates; run folders for single turns of debates."
        ),
    ],
    out: Out,
    request: ReinforcementRequest,
    json: Json = False,
) -> None:
    """Train by reinforcement (GRPO), from rewards on replies.

    Example: `longthought train grpo runs/train --role critic --base bundled:countdown --out models/critic-rl`

    Example: `longthought train grpo train.jsonl --role policy --base bundled:countdown --out models/policy-rl`

    Example: `longthought train grpo train.jsonl --base models/thinker --steps 100 --out models/thinker-rl`

    Run it again to go on after a stop. An agent that collapses is stopped, and its last good weights are kept.
    On several GPUs: `accelerate launch -m longthought train grpo … --vllm colocate`; docs/training.md has
    the commands for servers.
    """
    from longthought.training.reinforcement.reinforce import reinforce

    command = shlex.join(["longthought", *sys.argv[1:]])
    facts = reinforce(source, out, request, say=lambda line: typer.echo(line, err=True), command=command)
    _print_use(out, request, facts, json)


def _fine_tune(data: Path, out: Path, request: TrainingRequest, json: bool) -> None:
    """Train, and print how to use the result."""
    from longthought.training.train import train

    command = shlex.join(["longthought", *sys.argv[1:]])
    facts = train(data, out, request, say=lambda line: typer.echo(line, err=True), command=command)
    _print_use(out, request, facts, json)


def _print_use(out: Path, request: TrainingRequest, facts: Mapping[str, Any], json: bool) -> None:
    if os.environ.get("RANK", "0") != "0":  # only the first of several processes prints
        return
    if json:
        typer.echo(jsons.dumps(facts))
        return
    provider = "scorer" if request.method == "scorer" else "transformers"
    chair = {"policy": "--policy", "critic": "--critic", "thinker": "--graph sampling --policy"}[facts["role"]]
    typer.echo(f"{out}/README.md says what it learned; use it as {chair} {provider}:{out}")


@train.command()
def bundled(
    out: Annotated[Path, typer.Option(help="Folder of the trained agents.")] = Path("runs/bundled"),
    agents: Annotated[str, typer.Option(help="Agents to train: countdown or countdown-wide.")] = "countdown",
    seed: Annotated[int, typer.Option(help="Seed of the data and the weights.")] = 0,
    scale: Annotated[
        float, typer.Option(help="Share of the full number of training steps; lower it for a trial.")
    ] = 1.0,
    test_problems: Annotated[
        int, typer.Option(help="Number of held-out problems for the figures in the model card.")
    ] = 1000,
) -> None:
    """Train the bundled Countdown agents from nothing.

    Example: `longthought train bundled --out runs/bundled`

    Policy and critic train side by side, one core each, in about an hour; then the agent that sits in both chairs
    trains for nearly another hour, and the model card is written. Run it again to go on after a stop. Use them with
    `--policy bundled:runs/bundled --critic bundled:runs/bundled`.

    With `--agents countdown-wide`, the agents that taught themselves larger numbers go on to three to five numbers,
    in about 50 minutes. No card is written; `longthought evaluate` measures them.
    """
    from longthought.training.bundled.build import build

    build(out, agents=agents, seed=seed, scale=scale, test_problems=test_problems)
