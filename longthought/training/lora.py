"""LoRA adapters on the training side: what is adapted, and how the result is written."""

# pyright: basic

from pathlib import Path
from typing import Any

from transformers import Trainer

from longthought.training.bases import Base
from longthought.training.request import TrainingRequest


def lora(request: TrainingRequest, task_type: str = "CAUSAL_LM") -> Any:
    """Return peft's configuration of an adapter on every linear layer but the last; None if every weight is trained.

    All layers are adapted, with twice the rank as scale: Hu et al., "LoRA", 2021; Dettmers et al., "QLoRA", 2023.
    Nothing else is saved with the adapter, since servers take no more.
    """
    if request.lora_rank is None:
        return None
    from peft import LoraConfig

    return LoraConfig(
        r=request.lora_rank, lora_alpha=2 * request.lora_rank, target_modules="all-linear", task_type=task_type
    )


def save(trainer: Trainer, base: Base, out: Path) -> None:
    """Write the model, or the adapter alone, and the tokenizer it was trained with."""
    trainer.save_model(str(out))
    if trainer.accelerator.is_main_process:
        base.tokenizer.save_pretrained(str(out))
        (out / "training_args.bin").unlink(missing_ok=True)  # a pickle, which readers would have to trust
