"""Train the discriminative critic: a head that gives one number per token, learned at the last token of each step.

Each step has its own label, or that of the last step of its path. The loss is the binary cross entropy with the label
as probability. Only `longthought.labels` knows how labels are made.

Lightman et al., "Let's Verify Step by Step", 2023; Wang et al., "Math-Shepherd", 2024.
"""

# pyright: basic

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from torch.nn.functional import binary_cross_entropy_with_logits
from transformers import Trainer, TrainingArguments

from longthought.agents.in_process.classifier import encode
from longthought.agents.scorer import FILE, SCHEMA_VERSION, pieces
from longthought.errors import ProblemError
from longthought.statistics import auroc
from longthought.training.fine_tuning import TrainerInputs
from longthought.training.hyperparameters import Hyperparameters
from longthought.training.inspection import Lengths
from longthought.training.lora import lora

IGNORED: Final = -100.0
RECALL: Final = 0.95
"""Share of the steps that can still succeed which the threshold lets pass: giving up a good path costs more than
following a bad one for another step."""


class ScoreLearning:
    """See `longthought.training.fine_tuning.Learning`."""

    columns: tuple[str, ...] = ("prompt", "completions", "labels")
    formats = "step-labels or step-values"

    def inspect(self, rows: Any, inputs: TrainerInputs, where: str) -> Lengths:
        """Check every row, and that both kinds of labels occur."""
        sizes = []
        seen = set()
        for number, row in enumerate(rows, start=1):
            _expect_labels(row, f"{where}, example {number}")
            tokens, ends = encode(inputs.base.tokenizer, _pieces(row, inputs))
            inputs.base.expect_known_words(tokens, f"{where}, example {number}")
            sizes.append((len(tokens), sum(end < inputs.limit for end in ends)))
            seen |= {label >= 0.5 for label in _labels(row, inputs) if label is not None}
        if len(seen) < 2 and rows is inputs.train:
            raise ProblemError(
                f"{where}: every step in it is labelled {'good' if True in seen else 'bad'}, so there is nothing to "
                "tell apart; export from a run with right and wrong steps"
            )
        return Lengths(
            examples=len(sizes),
            tokens=sum(size for size, _ in sizes),
            longest=max(size for size, _ in sizes),
            learned=sum(steps for _, steps in sizes),
            cut=sum(size > inputs.limit for size, _ in sizes),
            dropped=sum(not steps for _, steps in sizes),
        )

    def model(self, inputs: TrainerInputs, dtype: Any) -> Any:
        """Load the base with a new head."""
        model = inputs.base.scoring_model(dtype)
        if (config := lora(inputs.request, "TOKEN_CLS")) is None:
            return model
        from peft import get_peft_model

        return get_peft_model(model, config)

    def trainer(
        self, inputs: TrainerInputs, fitted: Hyperparameters, model: Any, arguments: Mapping[str, Any]
    ) -> Trainer:
        """Make the trainer."""
        return _Trainer(
            model=model,
            args=TrainingArguments(**arguments, remove_unused_columns=False, train_sampling_strategy="group_by_length"),
            train_dataset=_encoded(inputs.train, inputs),
            eval_dataset=None if inputs.validation is None else _encoded(inputs.validation, inputs),
            processing_class=inputs.base.tokenizer,
            data_collator=collate,
        )

    def save(self, trainer: Trainer, inputs: TrainerInputs, out: Path) -> Mapping[str, Any]:
        """Write the whole model, with any adapter merged into it, and the threshold it should judge by."""
        threshold, measured = 0.5, {}
        if trainer.eval_dataset is not None:
            good, bad = held_out(trainer)
            threshold = threshold_of(good)
            measured = {"threshold": f"{threshold:.3f}"}
            if good and bad:
                measured["AUROC, validation"] = f"{auroc(good, bad):.3f}"
        if inputs.request.lora_rank is not None:
            trainer.model = trainer.accelerator.unwrap_model(trainer.model).merge_and_unload()
        trainer.save_model(str(out))
        if trainer.accelerator.is_main_process:
            (out / "training_args.bin").unlink(missing_ok=True)
            inputs.base.tokenizer.save_pretrained(str(out))
            fields = {"schema_version": SCHEMA_VERSION, "dialect": inputs.data.meta.dialect, "threshold": threshold}
            (out / FILE).write_text(json.dumps(fields))
        return {"measured": measured}


class _Trainer(Trainer):
    """A trainer whose labels are probabilities, on the tokens that have one."""

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        labels = inputs.pop("labels")
        outputs = model(**inputs)
        kept = labels != IGNORED
        logits = outputs.logits[..., 0][kept].float()
        total = binary_cross_entropy_with_logits(logits, labels[kept], reduction="sum")
        loss = total / (kept.sum() if num_items_in_batch is None else num_items_in_batch)
        return (loss, outputs) if return_outputs else loss

    def prediction_step(self, model: Any, inputs: Any, prediction_loss_only: bool, ignore_keys: Any = None) -> Any:
        inputs = self._prepare_inputs(inputs)
        labels = inputs["labels"].clone()
        with torch.no_grad():
            loss, outputs = self.compute_loss(model, inputs, return_outputs=True)
        return (loss, None, None) if prediction_loss_only else (loss, outputs.logits[..., 0].float(), labels)


def held_out(trainer: Trainer) -> tuple[list[float], list[float]]:
    """Return the scores of the good and of the bad steps of the validation split."""
    rows: Any = trainer.eval_dataset
    predicted: Any = trainer.predict(rows)
    scores, labels = torch.tensor(predicted.predictions).sigmoid(), torch.tensor(predicted.label_ids)
    kept = labels != IGNORED
    return scores[kept & (labels >= 0.5)].tolist(), scores[kept & (labels < 0.5)].tolist()


def threshold_of(good: list[float]) -> float:
    """Return the highest threshold up to one half that lets `RECALL` of the good steps pass."""
    return min(0.5, sorted(good)[int(len(good) * (1 - RECALL))]) if good else 0.5


def collate(rows: list[dict[str, list[Any]]]) -> dict[str, torch.Tensor]:
    """Pad on the right; shapes (batch, length)."""
    width = max(len(row["input_ids"]) for row in rows)

    def padded(values: list[Any], filler: Any) -> list[Any]:
        return values + [filler] * (width - len(values))

    return {
        "input_ids": torch.tensor([padded(row["input_ids"], 0) for row in rows]),
        "attention_mask": torch.tensor([padded([1] * len(row["input_ids"]), 0) for row in rows]),
        "labels": torch.tensor([padded(row["targets"], IGNORED) for row in rows]),
    }


def _encoded(rows: Any, inputs: TrainerInputs) -> Any:
    """Return the rows as tokens, with a label at the last token of each step; rows cut to no step are dropped."""

    def encoded(row: Mapping[str, Any]) -> dict[str, list[Any]]:
        tokens, ends = encode(inputs.base.tokenizer, _pieces(row, inputs))
        labels = [IGNORED] * len(tokens)
        for end, label in zip(ends, _labels(row, inputs), strict=True):
            labels[end] = IGNORED if label is None else float(label)
        return {"input_ids": tokens[: inputs.limit], "targets": labels[: inputs.limit]}

    labelled = rows.map(encoded, remove_columns=rows.column_names, load_from_cache_file=False)
    return labelled.filter(lambda row: any(label != IGNORED for label in row["targets"]), load_from_cache_file=False)


def _pieces(row: Mapping[str, Any], inputs: TrainerInputs) -> list[str]:
    return pieces(inputs.data.meta.dialect, row["prompt"], row["completions"])


def _labels(row: Mapping[str, Any], inputs: TrainerInputs) -> list[Any]:
    labels = row["labels"]
    return labels if inputs.request.labels == "process" else [labels[-1]] * len(labels)


def _expect_labels(row: Mapping[str, Any], place: str) -> None:
    labels, steps = row["labels"], row["completions"]
    if not isinstance(row["prompt"], str) or len(labels) != len(steps) or not steps:
        raise ProblemError(
            f"{place}: expected a prompt in words and as many labels as steps, found {len(steps)} steps and "
            f"{len(labels)} labels; export it again"
        )
    if bad := [label for label in labels if label is not None and not 0 <= label <= 1]:
        raise ProblemError(f"{place}: label {bad[0]}: expected true, false, or a probability; export it again")
