"""The request of a training, for every method and all data.

Fields that are left open are set to suit the base model and the machine: see `longthought.training.hyperparameters`.
Nothing here imports torch.
"""

from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, model_validator

from longthought.request import Request

Method = Literal["sft", "dpo", "scorer"]
Role = Literal["policy", "critic", "thinker"]
LONGEST: Final = 8192
"""Maximum tokens of an example unless the request says otherwise; the model's context may be shorter."""
_METHOD_OF: Final[dict[str, Method]] = {"beta": "dpo", "labels": "scorer"}
"""Fields that only one method reads."""

Positive = Annotated[int, Field(ge=1)]


class TrainingRequest(Request):
    """Settings of a training, apart from the data it learns from and the folder it writes."""

    method: Method = "sft"
    """Training method: sft (examples), dpo (pairs of replies) or scorer (labels of steps)."""
    base: str | None = None
    """Model to train: a folder, OWNER/NAME on the hub, bundled:countdown, or new:d192x4 for a new compact model."""
    role: Role | None = None
    """Role that the data must be for: policy, critic or thinker (default: any)."""
    lora_rank: Positive | None = None
    """Rank of a LoRA adapter (default: train every weight)."""
    beta: float = Field(default=0.1, gt=0)
    """Strength of the pull towards the base model (TRL's beta)."""
    labels: Literal["process", "outcome"] = "process"
    """Label of a step: process (its own) or outcome (that of the last step of its path)."""
    epochs: float = Field(default=1.0, gt=0)
    """Passes over the data."""
    steps: Positive | None = None
    """Number of optimiser steps; replaces epochs."""
    learning_rate: float | None = Field(default=None, gt=0)
    """Peak learning rate (default: depends on the method and the size of the model)."""
    schedule: str = "cosine"
    """Learning rate schedule, by its name in transformers: cosine, linear, constant_with_warmup, …"""
    warmup: float = Field(default=0.05, ge=0, lt=1)
    """Share of the steps in which the learning rate rises, from 0 to less than 1."""
    batch: Positive = 32
    """Examples per optimiser step, over all devices."""
    micro_batch: Positive | None = None
    """Per-device batch size; lower it if memory runs out."""
    max_length: Positive | None = None
    """Tokens at which an example is cut (default: what the model takes). \
A full fine-tuning of a model with rotary positions may exceed it."""
    chat_template: Path | None = None
    """Jinja chat template for a base that has none, or a wrong one."""
    report_to: str = "none"
    """Tracker that receives the metrics: tensorboard, wandb, trackio, …"""
    seed: int = 0
    """Seed of the order of examples and of new weights."""

    @model_validator(mode="after")
    def _refuse_fields_of_other_methods(self) -> "TrainingRequest":
        for name, method in _METHOD_OF.items():
            if name in self.model_fields_set and self.method != method:
                raise ValueError(f"`{name}` is a setting of the method {method}, not of {self.method}; leave it out")
        return self

    def identity(self) -> dict[str, Any]:
        """Return the settings by which a training is recognised, in the form that `training.json` has them."""
        settings = self.model_dump(mode="json", exclude={"report_to"})
        return {**settings, "chat_template": self.chat_template.name if self.chat_template else None}
