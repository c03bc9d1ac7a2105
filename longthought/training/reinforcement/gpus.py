"""GRPO with vLLM on GPUs: what it needs, and TRL's asynchronous trainer.

TRL writes the replies with vLLM in three ways: in the processes that train (colocate), on a server that waits for each
step (server), or on a server that goes on writing while a step is learned (async). In the last, an adapter is sent to
the server after each step, or all weights without one. What can't work is refused here, before anything is loaded.
"""

# pyright: basic

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from transformers import AutoConfig, AutoModelForCausalLM, Trainer

from longthought.errors import ConfigError
from longthought.extras import installed
from longthought.training.fine_tuning import TrainerInputs
from longthought.training.hyperparameters import Hyperparameters
from longthought.training.lora import lora
from longthought.training.reinforcement.rewards.table import JUDGED, CheckedReward, split_weight
from longthought.training.request import ReinforcementRequest

_PACKAGES: Final = {
    "colocate": ("vllm",),
    "server": ("vllm", "requests"),
    "async": ("vllm", "requests", "aiohttp", "kernels"),
}
"""What TRL imports in each way; `kernels` brings the attention of its asynchronous trainer."""
_NOT_ASYNC: Final = ("beta", "credit", "loss", "reuse")
"""Settings that TRL's asynchronous trainer doesn't have."""


def expect_possible(request: ReinforcementRequest, inputs: TrainerInputs) -> None:
    """Raise unless this machine and these settings allow the way in which vLLM is to write the replies.

    Raises:
        ConfigError: naming what is missing.

    """
    if request.vllm is None:
        return
    way = f"`vllm` {request.vllm}"
    if not torch.cuda.is_available():
        raise ConfigError(f"{way}: there is no CUDA GPU here; leave it out to write the replies in process")
    if missing := [package for package in _PACKAGES[request.vllm] if not installed(package)]:
        raise ConfigError(f"{way} needs {', '.join(missing)}; run `pip install {' '.join(missing)}`")
    if request.vllm == "async":
        _expect_asynchronous(request, inputs)


def _expect_asynchronous(request: ReinforcementRequest, inputs: TrainerInputs) -> None:
    usual = ReinforcementRequest()  # the command line gives every setting
    if changed := [name for name in _NOT_ASYNC if getattr(request, name) != getattr(usual, name)]:
        raise ConfigError(f"`{changed[0]}`: TRL's asynchronous trainer doesn't have it; leave it out, or `vllm` async")
    judged = [name for name, _ in map(split_weight, request.rewards) if name in JUDGED]
    if judged:
        raise ConfigError(
            f"`rewards` {judged[0]} holds a model, and `vllm` async computes rewards in another process; leave it out"
        )
    if inputs.base.added is not None:
        raise ConfigError(
            f"`base` {inputs.base.name} is an adapter, and TRL's asynchronous trainer starts a new one; name its base "
            "with `lora_rank`"
        )


@dataclass(frozen=True)
class WeightedReward:
    """A reward times its weight, since TRL's asynchronous trainer only adds rewards up.

    It travels to another process as a pickle.
    """

    reward: CheckedReward
    weight: float

    @property
    def __name__(self) -> str:
        """The name under which TRL logs it."""
        return self.reward.name

    def __call__(self, **given: Any) -> list[float | None]:
        """Return the rewards times the weight."""
        return [None if value is None else self.weight * value for value in self.reward(**given)]


def skeleton(path: str) -> Any:
    """Return a model without weights, to count its parameters; TRL's asynchronous trainer loads the weights itself."""
    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(path))


def async_config(
    given: Mapping[str, Any],
    request: ReinforcementRequest,
    fitted: Hyperparameters,
    settings: Mapping[str, Any],
) -> Any:
    """Return the configuration of TRL's asynchronous trainer.

    Args:
        given: The arguments that every trainer gets, with the schedule of steps and checkpoints.
        request: The settings of the training.
        fitted: The hyperparameters; a step has `batch` replies, as TRL counts them without a budget of tokens.
        settings: The request's settings for TRL, which override the others.

    Raises:
        ConfigError: if TRL refuses the settings.

    """
    kind, _ = async_grpo()
    usual = {
        "num_generations": request.group,
        "temperature": request.temperature,
        "gradient_checkpointing": fitted.checkpointing,
        "token_budget": -1,
    }
    try:
        return kind(**{**given, **usual, **settings})
    except (ValueError, TypeError) as error:
        raise ConfigError(f"TRL refuses the settings: {error}") from error


def async_trainer(
    inputs: TrainerInputs,
    config: Any,
    rewards: Sequence[tuple[CheckedReward, float]],
    rows: Any,
    callbacks: Sequence[Any],
) -> Trainer:
    """Make TRL's asynchronous trainer; with a LoRA rank, vLLM is sent the adapter alone."""
    _, kind = async_grpo()
    return kind(
        model=inputs.base.path,
        reward_funcs=[WeightedReward(reward, weight) for reward, weight in rewards],
        args=config,
        train_dataset=rows,
        processing_class=inputs.base.tokenizer,
        callbacks=list(callbacks),
        peft_config=lora(inputs.request),
    )


def async_grpo() -> tuple[Any, Any]:
    """Import TRL's asynchronous trainer, which warns on import that it is experimental."""
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    from trl.experimental.async_grpo import (
        AsyncGRPOConfig,  # pyright: ignore[reportPrivateImportUsage]
        AsyncGRPOTrainer,  # pyright: ignore[reportPrivateImportUsage]
    )

    return AsyncGRPOConfig, AsyncGRPOTrainer
