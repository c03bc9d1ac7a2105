"""Supervised fine-tuning: policies, critics and thinkers learn replies word for word, through TRL's SFTTrainer.

Only replies are learned, never prompts. Where other messages stand between the replies, the chat template marks the
assistant's words; otherwise the reply begins where the prompt ends.
"""

# pyright: basic

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformers import Trainer
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from longthought.training import inspection
from longthought.training.fine_tuning import TrainerInputs
from longthought.training.hyperparameters import Hyperparameters
from longthought.training.inspection import Lengths
from longthought.training.lora import lora, save


class SupervisedLearning:
    """See `longthought.training.fine_tuning.Learning`."""

    columns: tuple[str, ...] = ("prompt", "completion")
    formats = "policy, critic, sft-journey or sft-shortcut"

    def inspect(self, rows: Any, inputs: TrainerInputs, where: str) -> Lengths:
        """Check every example."""
        return inspection.inspect(rows, ("completion",), inputs.base, inputs.limit, where)

    def model(self, inputs: TrainerInputs, dtype: Any) -> Any:
        """Load the base."""
        return inputs.base.language_model(dtype)

    def trainer(
        self, inputs: TrainerInputs, fitted: Hyperparameters, model: Any, arguments: Mapping[str, Any]
    ) -> Trainer:
        """Make the trainer; a batch holds examples of similar length, and none are packed together."""
        config = SFTConfig(
            **arguments,
            max_length=inputs.limit,
            packing=False,
            assistant_only_loss=inspection.has_turns_between(inputs.train, ("completion",)),
            train_sampling_strategy="group_by_length",
        )
        return SFTTrainer(
            model=model,
            args=config,
            train_dataset=inputs.train,
            eval_dataset=inputs.validation,
            processing_class=inputs.base.tokenizer,
            peft_config=lora(inputs.request),
        )

    def save(self, trainer: Trainer, inputs: TrainerInputs, out: Path) -> Mapping[str, Any]:
        """Write the model or the adapter, with its tokenizer."""
        save(trainer, inputs.base, out)
        return {}
