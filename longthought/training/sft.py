"""Supervised fine-tuning: policies, critics and thinkers learn replies word for word, through TRL's SFTTrainer.

Only replies are learned, never prompts. A reply follows the prompt as an agent is asked; where other messages stand
between replies, the chat template marks the assistant's words.
"""

# pyright: basic

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from transformers import Trainer
from trl.trainer import utils
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from longthought.training import inspection
from longthought.training.fine_tuning import TrainerInputs
from longthought.training.hyperparameters import Hyperparameters
from longthought.training.inspection import Lengths
from longthought.training.lora import lora, save

IGNORED: Final = -100
"""The label of a token that isn't learned."""

# TRL's language-model head leaves prompts out on GPUs alone, though nothing there needs one. On a CPU they are more
# than half of the work of training a critic with a large vocabulary, which learns one word below a long prompt.
if hasattr(utils, "_use_triton"):
    utils._use_triton = lambda device: True  # pyright: ignore[reportPrivateImportUsage]  # there it decides nothing else


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
        examples = inspection.Examples(inputs.base, inputs.train, ("completion",))
        config = SFTConfig(
            **arguments,
            max_length=inputs.limit,
            packing=False,
            assistant_only_loss=examples.talks,
            train_sampling_strategy="group_by_length",
        )
        return SFTTrainer(
            model=model,
            args=config,
            train_dataset=_encoded(inputs.train, examples),
            eval_dataset=None if inputs.validation is None else _encoded(inputs.validation, examples),
            processing_class=inputs.base.tokenizer,
            peft_config=lora(inputs.request),
        )

    def save(self, trainer: Trainer, inputs: TrainerInputs, out: Path) -> Mapping[str, Any]:
        """Write the model or the adapter, with its tokenizer; return how much of held-out replies it gets right."""
        save(trainer, inputs.base, out)
        return {"measured": _tokens_right(trainer.state.log_history)}


def _tokens_right(history: list[dict[str, float]]) -> dict[str, str]:
    """Return the share of the tokens of validation replies that the model holds for likeliest, given those before."""
    shares = [entry["eval_mean_token_accuracy"] for entry in history if "eval_mean_token_accuracy" in entry]
    return {"tokens right, validation": f"{shares[0]:.1%} at first, {shares[-1]:.1%} at last"} if shares else {}


def _encoded(rows: Any, examples: inspection.Examples) -> Any:
    """Return the rows as tokens with their labels; conversations as they are, since TRL renders those."""
    if examples.talks:
        return rows

    def encoded(row: Mapping[str, Any], index: int) -> dict[str, list[int]]:
        prompt, reply = examples.encode(row, "completion", f"example {index + 1}")
        return {"input_ids": prompt + reply, "labels": [IGNORED] * len(prompt) + reply}

    return rows.map(encoded, with_indices=True, remove_columns=rows.column_names, load_from_cache_file=False)
