"""Direct preference optimisation with TRL's DPOTrainer: the better of two replies to a prompt is made likelier.

Rafailov et al., "Direct Preference Optimization: Your Language Model is Secretly a Reward Model", 2023. The
reference model is the base as it was; for a new adapter, the base without it; for an adapter that is trained further,
the adapter as it was.
"""

# pyright: basic

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from transformers import Trainer
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer

from longthought.errors import ConfigError
from longthought.training import inspection
from longthought.training.fine_tuning import TrainerInputs
from longthought.training.hyperparameters import Hyperparameters
from longthought.training.inspection import Lengths
from longthought.training.lora import lora, save

_REPLIES: Final = ("chosen", "rejected")


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
        return inspection.inspect(rows, _REPLIES, inputs.base, inputs.limit, where)

    def model(self, inputs: TrainerInputs, dtype: Any) -> Any:
        """Load the base."""
        return inputs.base.language_model(dtype)

    def trainer(
        self, inputs: TrainerInputs, fitted: Hyperparameters, model: Any, arguments: Mapping[str, Any]
    ) -> Trainer:
        """Make the trainer."""
        examples = inspection.Examples(inputs.base, inputs.train, _REPLIES)
        return _Trainer(
            model=model,
            args=DPOConfig(**arguments, max_length=inputs.limit, beta=inputs.request.beta),
            train_dataset=_encoded(inputs.train, examples, inputs.limit),
            eval_dataset=None if inputs.validation is None else _encoded(inputs.validation, examples, inputs.limit),
            processing_class=inputs.base.tokenizer,
            peft_config=lora(inputs.request),
        )

    def save(self, trainer: Trainer, inputs: TrainerInputs, out: Path) -> Mapping[str, Any]:
        """Write the model or the adapter, with its tokenizer; return how well it tells the pairs apart."""
        save(trainer, inputs.base, out)
        return {"measured": _rewards(trainer.state.log_history)}


class _Trainer(DPOTrainer):
    """A trainer that takes pairs which are tokens already."""

    def _prepare_dataset(self, dataset: Any, processing_class: Any, args: DPOConfig, dataset_name: str) -> Any:
        if "prompt_ids" in dataset.column_names:
            return dataset
        return super()._prepare_dataset(dataset, processing_class, args, dataset_name)


def _encoded(rows: Any, examples: inspection.Examples, limit: int) -> Any:
    """Return the pairs as tokens, without those whose prompt leaves no room; conversations as they are."""
    if examples.talks:
        return rows

    def encoded(row: Mapping[str, Any], index: int) -> dict[str, list[int]]:
        (prompt, chosen), (_, rejected) = (examples.encode(row, reply, f"pair {index + 1}") for reply in _REPLIES)
        return {"prompt_ids": prompt, "chosen_ids": chosen, "rejected_ids": rejected}

    pairs = rows.map(encoded, with_indices=True, remove_columns=rows.column_names, load_from_cache_file=False)
    return pairs.filter(lambda pair: len(pair["prompt_ids"]) < limit, load_from_cache_file=False)


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
