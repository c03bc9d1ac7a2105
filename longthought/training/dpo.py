"""Direct preference optimisation with TRL's DPOTrainer: the better of two replies to a prompt is made likelier.

Rafailov et al., "Direct Preference Optimization: Your Language Model is Secretly a Reward Model", 2023. The
reference model is the base as it was; for a new adapter, the base without it; for an adapter that is trained further,
the adapter as it was.
"""

# pyright: basic

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformers import Trainer
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer

from longthought.errors import ConfigError
from longthought.training import inspection
from longthought.training.fine_tuning import TrainerInputs
from longthought.training.hyperparameters import Hyperparameters
from longthought.training.inspection import Lengths
from longthought.training.lora import lora, save


class PreferenceLearning:
    """See `longthought.training.fine_tuning.Learning`."""

    columns: tuple[str, ...] = ("prompt", "chosen", "rejected")
    formats = "dpo-policy or dpo-critic"

    def inspect(self, rows: Any, inputs: TrainerInputs, where: str) -> Lengths:
        """Check every pair."""
        if inputs.base.shape is not None:
            raise ConfigError(
                f"{inputs.base.name}: preferences are learned on top of a trained model; train it with sft first"
            )
        return inspection.inspect(rows, ("chosen", "rejected"), inputs.base, inputs.limit, where)

    def model(self, inputs: TrainerInputs, dtype: Any) -> Any:
        """Load the base."""
        return inputs.base.language_model(dtype)

    def trainer(
        self, inputs: TrainerInputs, fitted: Hyperparameters, model: Any, arguments: Mapping[str, Any]
    ) -> Trainer:
        """Make the trainer."""
        return DPOTrainer(
            model=model,
            args=DPOConfig(**arguments, max_length=inputs.limit, beta=inputs.request.beta),
            train_dataset=inputs.train,
            eval_dataset=inputs.validation,
            processing_class=inputs.base.tokenizer,
            peft_config=lora(inputs.request),
        )

    def save(self, trainer: Trainer, inputs: TrainerInputs, out: Path) -> Mapping[str, Any]:
        """Write the model or the adapter, with its tokenizer; return how well it tells the pairs apart."""
        save(trainer, inputs.base, out)
        return {"measured": _rewards(trainer.state.log_history)}


def _rewards(history: list[dict[str, float]]) -> dict[str, str]:
    """Return how often the better reply had the higher reward, in training and on the validation split."""
    measured = {}
    for name, key in (
        ("pairs told apart", "rewards/accuracies"),
        ("pairs told apart, validation", "eval_rewards/accuracies"),
    ):
        accuracies = [entry[key] for entry in history if key in entry]
        if accuracies:
            measured[name] = f"{accuracies[0]:.1%} at first, {accuracies[-1]:.1%} at last"
    return measured
