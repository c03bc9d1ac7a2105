"""The hyperparameters of a training on a given model and machine.

What a request leaves open is set by the size of the model, so that the same command trains a model of a million
parameters on a laptop and one of billions on a GPU. Nothing here imports torch.
"""

from dataclasses import dataclass
from typing import Final

from longthought.agents.in_process.load import TINY
from longthought.training.request import ReinforcementRequest, TrainingRequest

LARGE: Final = 1_000_000_000
"""Number of parameters above which memory is scarce."""

_LEARNING_RATES: Final[dict[str, tuple[float, float]]] = {
    "sft": (2e-5, 3e-4),
    "dpo": (1e-6, 5e-5),
    "scorer": (2e-5, 1e-3),
    "grpo": (1e-6, 1e-4),
}
"""Learning rate of a model of common size (TRL's default), and of a tiny one."""
_TINY_REPLIES: Final = 16
"""Replies of a tiny model in one pass of reinforcement, where all are padded to the longest."""
_NEW_MODEL_RATE: Final = 1e-3
_TINY_THINKER_RATE: Final = 2e-3
"""Learning rate of a tiny model that learns whole thoughts, which are unlike all that it wrote before."""
FEW_STEPS: Final = 300
"""Number of steps below which a tiny model that learns whole thoughts has learned next to nothing."""
_LORA_FACTOR: Final = 10
"""Adapters want about ten times the learning rate: Schulman et al., "LoRA Without Regret", 2025."""


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """The hyperparameters of one model on one machine."""

    learning_rate: float
    micro_batch: int
    """Examples per device in one pass."""
    accumulation: int
    """Micro-batches per optimiser step."""
    batch: int
    """Examples per optimiser step, over all devices: the requested number, or the next lower that they can share."""
    bf16: bool
    checkpointing: bool
    """Whether activations are computed twice to save memory."""

    @classmethod
    def suited(
        cls,
        request: TrainingRequest,
        parameters: int,
        *,
        fresh: bool = False,
        thinker: bool = False,
        adapter: bool = False,
        devices: int = 1,
        bf16: bool = False,
    ) -> "Hyperparameters":
        """Set what the request leaves open to suit a model and a machine.

        Args:
            request: The settings of the training.
            parameters: Number of parameters of the whole model.
            fresh: Whether the model is new.
            thinker: Whether it learns whole thoughts with their wrong turns.
            adapter: Whether only an adapter is trained.
            devices: Number of processes that share an optimiser step.
            bf16: Whether the device computes in bfloat16.

        """
        usual, tiny = _LEARNING_RATES[request.method]
        if request.method == "sft" and thinker:
            tiny = _TINY_THINKER_RATE
        rate = _NEW_MODEL_RATE if fresh else tiny if parameters < TINY else usual
        if adapter:
            rate *= _LORA_FACTOR
        share = max(1, request.batch // devices)
        tiny_fits = min(share, _TINY_REPLIES) if isinstance(request, ReinforcementRequest) else share
        fits = tiny_fits if parameters < TINY else 8 if parameters < LARGE else 2
        most = min(share, request.micro_batch or fits)
        micro = next(size for size in range(most, 0, -1) if share % size == 0)
        accumulation = share // micro
        return cls(
            learning_rate=request.learning_rate or rate,
            micro_batch=micro,
            accumulation=accumulation,
            batch=micro * accumulation * devices,
            bf16=bf16,
            checkpointing=parameters >= LARGE,
        )
