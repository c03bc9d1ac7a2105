"""The request of a training, for every method and all data: from examples, or by reinforcement from rewards.

Fields that are left open are set to suit the base model and the machine: see `longthought.training.hyperparameters`.
Nothing here imports torch.
"""

import math
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, model_validator

from longthought.request import Request

Method = Literal["sft", "dpo", "scorer", "probe"]
Role = Literal["policy", "critic", "thinker"]
LONGEST: Final = 8192
"""Maximum tokens of an example unless the request says otherwise; the model's context may be shorter."""
OPTIMISER: Final = (
    "lora_rank", "epochs", "steps", "learning_rate", "schedule", "warmup", "batch", "micro_batch", "report_to",
)  # fmt: skip
"""Fields of trainings that take steps, as all but a probe's do."""
_METHODS_OF: Final[dict[str, tuple[str, ...]]] = {
    "beta": ("dpo", "grpo"),
    "labels": ("scorer",),
    **dict.fromkeys(OPTIMISER, ("sft", "dpo", "scorer", "grpo")),
}
"""Fields that only some methods read."""

Positive = Annotated[int, Field(ge=1)]


class TrainingRequest(Request):
    """Settings of a training, apart from the data it learns from and the folder it writes."""

    method: Method = "sft"
    """Training method: sft (examples), dpo (pairs of replies), scorer (labels of steps) or probe (yes-no verdicts)."""
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
    seed: int = Field(default=0, ge=0, lt=2**32)
    """Seed of the order of examples and of new weights."""

    @model_validator(mode="after")
    def _refuse_fields_of_other_methods(self) -> "TrainingRequest":
        for name, methods in _METHODS_OF.items():
            if name in self.model_fields_set and self.method not in methods:
                raise ValueError(
                    f"`{name}` is a setting of the method {methods[0]}, not of {self.method}; leave it out"
                )
        return self

    def steps_per_epoch(self, rows: int, batch: int) -> int:
        """Return the number of optimiser steps in which every row is learned once."""
        return math.ceil(rows / batch)

    def identity(self) -> dict[str, Any]:
        """Return the settings by which a training is recognised, in the form that `training.json` has them."""
        settings = self.model_dump(mode="json", exclude={"report_to"})
        return {**settings, "chat_template": self.chat_template.name if self.chat_template else None}


def _names(given: Any) -> Any:
    return tuple(part.strip() for part in given.split(",") if part.strip()) if isinstance(given, str) else given


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


class ReinforcementRequest(TrainingRequest):
    """Settings of a training by reinforcement (GRPO), apart from its source and the folder it writes."""

    method: Literal["grpo"] = "grpo"  # pyright: ignore[reportIncompatibleVariableOverride]
    """Training method: grpo."""
    role: Role | None = None
    """Role to train: thinker on problems, policy or critic in whole debates on problems, or on single turns of a run \
(default: thinker)."""
    rewards: Names = ()
    """Reward, by name or as module:function, with a weight if it isn't 1: format=0.2; can be repeated (default: \
depends on the role)."""
    judge: str | None = None
    """Model that the rewards advantage, critic-score and rubric ask, as PROVIDER:MODEL."""
    rubric: Path | None = None
    """File of criteria for the reward rubric, one a line."""
    group: int = Field(default=8, ge=2)
    """Replies to each prompt, or debates on each problem, which are compared with each other; at least 2."""
    batch: Positive = 128
    """Replies or whole debates per optimiser step, over all devices; a multiple of the group."""
    partner: str | None = None
    """In whole debates, the other agent, which doesn't learn, as PROVIDER:MODEL (default: the base; for compact \
weights in a folder, which know one chair alone, bundled:countdown). For a policy also oracle, leaf-only, or \
random:RUN, whose verdicts are drawn as often as those in a run."""
    rounds: Positive = 32
    """Maximum number of proposals in a whole debate."""
    computed: Positive | None = None
    """Maximum number of tokens of both agents in a whole debate, without cached prompt tokens."""
    label: Literal["outcome", "exact"] = "outcome"
    """In whole debates, what tells which steps lead to a right answer: outcome (how the debate ended), or exact (the \
solver of Countdown, which a training without a solver must not ask)."""
    credit: Literal["reply", "choice", "step"] = "reply"
    """Tokens that the reward credits: those of the whole reply; those that choose the move of a policy or a critic \
(choice); or those that choose each step of a thinker, where the reward novelty credits every step by itself (step)."""
    temperature: float = Field(default=1.0, gt=0)
    """Temperature at which replies are sampled."""
    max_tokens: Positive | None = None
    """Maximum number of tokens in a reply (default: 64 for compact policies and critics, else up to 1024)."""
    budget: Positive | None = None
    """Tokens of a reply that the reward length allows (default: three quarters of the maximum)."""
    beta: float = Field(default=0.0, ge=0)
    """Strength of the pull towards the base model (TRL's beta)."""
    loss: Literal["dr_grpo", "dapo", "grpo", "bnpo", "cispo", "sapo", "luspo", "vespo"] = "dr_grpo"
    """Loss, by its name in TRL: dr_grpo and dapo don't normalise by the length of a reply; grpo does."""
    reuse: Positive = 1
    """Optimiser steps on each batch of replies (TRL's num_iterations)."""
    dialect: Literal["compact", "prose"] | None = None
    """Dialect in which the agent is asked (default: depends on the base)."""
    unknown: bool = False
    """Take also the states of a run of which it is not known where they lead; such replies earn only rewards that can \
tell, such as reason."""
    problems: Path | None = None
    """File of the run's problems, to grade answers of which the run itself holds no reference."""
    against: Names = ("countdown",)
    """Test sets whose problems are left out, separated by commas: files, hf:NAME, countdown, or none."""
    vllm: Literal["colocate", "server", "async"] | None = None
    """Let vLLM write the replies on GPUs: colocate (in the processes that train), server, or async (a server that \
goes on writing while a step is learned) (default: in process, without vLLM)."""
    trl: Names = ()
    """Any other setting of TRL's GRPOConfig (with vllm async, AsyncGRPOConfig), as NAME=VALUE; can be repeated."""

    @model_validator(mode="after")
    def _whole_groups(self) -> "ReinforcementRequest":
        if self.batch % self.group:
            raise ValueError(
                f"`batch` must be a multiple of `group`, {self.group}, so that each step has whole groups; "
                f"got {self.batch}"
            )
        return self

    def steps_per_epoch(self, rows: int, batch: int) -> int:
        """Return the number of optimiser steps in which every prompt is answered once."""
        return rows * self.group // batch * self.reuse
