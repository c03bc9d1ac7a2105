"""What a training is asked for, and what that comes to on a given model and machine.

`Settings` is what a person says. `Plan` is what is done: where a person says nothing, it takes what suits a model of
that size, so that the same command trains a model of a million parameters on a laptop and one of billions on a GPU.
Nothing here imports torch.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final, Literal, get_args

from longthought.agents.in_process.load import TINY
from longthought.errors import ConfigError

Method = Literal["sft", "dpo", "scorer"]
Labels = Literal["process", "outcome"]
"""Each step's own label, or for all steps of a path the label of its last."""
LARGE: Final = 1_000_000_000
"""Parameters above which memory is what is scarce."""
LONGEST: Final = 8192
"""Tokens of an example at most, unless told otherwise; the model's context may be shorter."""

_LEARNING_RATES: Final[dict[Method, tuple[float, float]]] = {
    "sft": (2e-5, 3e-4),
    "dpo": (1e-6, 5e-5),
    "scorer": (2e-5, 1e-3),
}
"""Of a model as people use them, which is TRL's default, and of a tiny one."""
_FROM_NOTHING: Final = 1e-3
_LORA_FACTOR: Final = 10
"""Adapters want about ten times the learning rate: Schulman et al., "LoRA Without Regret", 2025."""


_SUITED: Final = "for what suits the model"
_OPEN: Final = {
    "steps": "to count epochs",
    "learning_rate": _SUITED,
    "micro_batch": _SUITED,
    "max_length": _SUITED,
    "lora_rank": "to train every weight",
}
"""What it means to leave out a setting that has no number of its own."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """What a person says of a training."""

    data: Path
    out: Path
    base: str | None = None
    """`bundled:countdown`, `new:d192x4`, a folder, or a name on the hub; by default the bundled agent of the role."""
    role: str | None = None
    """Checked against the data's."""
    lora_rank: int | None = None
    """Train an adapter of this rank; every weight otherwise."""
    epochs: float = 1.0
    steps: int | None = None
    """Optimiser steps, instead of epochs."""
    learning_rate: float | None = None
    schedule: str = "cosine"
    """As transformers names them: cosine, linear, constant_with_warmup, …"""
    warmup: float = 0.05
    """Share of the steps in which the learning rate rises."""
    batch: int = 32
    """Examples an optimiser step, over all devices."""
    micro_batch: int | None = None
    """Examples at once on one device; the rest of the batch is accumulated."""
    max_length: int | None = None
    """Tokens at which an example is cut; by default what the model can take."""
    beta: float = 0.1
    """DPO alone: how dear it is to leave the base."""
    labels: Labels = "process"
    """Scorers alone: what stands for a step."""
    chat_template: Path | None = None
    """A Jinja file for bases that have none, or a wrong one."""
    report_to: str = "none"
    """tensorboard, wandb, trackio, …: whatever transformers reports to."""
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            ConfigError: naming the setting.

        """
        usual = {field.name: field.default for field in fields(self)}
        for name in ("epochs", "steps", "learning_rate", "batch", "micro_batch", "max_length", "lora_rank", "beta"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                instead = _OPEN.get(name) or f"for {usual[name]:g}"
                raise ConfigError(f"{name} {value}: has to be more than 0; leave it out {instead}")
        if self.labels not in (known := get_args(Labels)):
            raise ConfigError(f"labels {self.labels!r}: choose from {', '.join(known)}")
        if not 0 <= self.warmup < 1:
            raise ConfigError(f"warmup {self.warmup}: a share of the steps, from 0 to less than 1")


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What is done with one model on one machine."""

    learning_rate: float
    micro_batch: int
    """Examples at once on each device."""
    accumulation: int
    """Micro-batches an optimiser step."""
    batch: int
    """Examples an optimiser step, over all devices: what was asked for, or the nearest that can be had."""
    bf16: bool
    checkpointing: bool
    """Whether activations are computed twice to save memory."""


def plan(
    settings: TrainingSettings,
    method: Method,
    parameters: int,
    *,
    fresh: bool = False,
    adapter: bool = False,
    devices: int = 1,
    bf16: bool = False,
) -> TrainingPlan:
    """Choose what was left open.

    Args:
        settings: what was asked for.
        method: what is learned.
        parameters: of the whole model.
        fresh: whether the model is new.
        adapter: whether only an adapter is trained.
        devices: processes that share a step.
        bf16: whether the device has it.

    """
    usual, tiny = _LEARNING_RATES[method]
    rate = _FROM_NOTHING if fresh else tiny if parameters < TINY else usual
    if adapter:
        rate *= _LORA_FACTOR
    share = max(1, settings.batch // devices)
    fits = share if parameters < TINY else 8 if parameters < LARGE else 2
    micro = min(share, settings.micro_batch or fits)
    accumulation = max(1, round(share / micro))
    return TrainingPlan(
        learning_rate=settings.learning_rate or rate,
        micro_batch=micro,
        accumulation=accumulation,
        batch=micro * accumulation * devices,
        bf16=bf16,
        checkpointing=parameters >= LARGE,
    )
