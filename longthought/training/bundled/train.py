"""Train one bundled agent from nothing: a stream of exact examples, batched by length, through transformers' Trainer."""

import random
from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import IterableDataset
from transformers import Trainer, TrainerCallback, TrainingArguments

from longthought.agents import notation
from longthought.training.bundled import corpus
from longthought.training.bundled import model as architecture
from longthought.training.bundled.corpus import Example
from longthought.training.bundled.recipe import Mix, Recipe, Role

IGNORED = -100
Source = Callable[[random.Random, Mix], Iterator[Example]]
SOURCES: dict[Role, Source] = {"policy": corpus.policy_examples, "critic": corpus.critic_examples}


def encode(example: Example, ids: dict[str, int]) -> tuple[list[int], list[int]]:
    """Return token ids and labels; pieces that are not learned are ignored in the loss."""
    tokens: list[int] = []
    labels: list[int] = []
    for text, learned in example.pieces:
        piece = [ids[word] for word in text.split()]
        tokens += piece
        labels += piece if learned else [IGNORED] * len(piece)
    return tokens, labels


class Batches(IterableDataset[dict[str, torch.Tensor]]):
    """Ready batches of about `tokens` tokens, examples of like length together; endless, fixed by the seed."""

    def __init__(self, source: Source, mix: Mix, *, tokens: int, seed: int, pool: int = 4096) -> None:
        """Draw examples from `source` in pools of `pool`."""
        self.source, self.mix, self.tokens, self.seed, self.pool = source, mix, tokens, seed, pool
        self.ids = {word: i for i, word in enumerate(notation.VOCABULARY)}

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        """Yield batches."""
        rng = random.Random(self.seed)
        examples = self.source(rng, self.mix)
        while True:
            encoded = sorted((encode(e, self.ids) for e in islice(examples, self.pool)), key=lambda e: len(e[0]))
            batches: list[list[tuple[list[int], list[int]]]] = [[]]
            for item in encoded:
                if batches[-1] and (len(batches[-1]) + 1) * len(item[0]) > self.tokens:
                    batches.append([])
                batches[-1].append(item)
            rng.shuffle(batches)
            for batch in batches:
                yield collate(batch)


def collate(batch: list[tuple[list[int], list[int]]]) -> dict[str, torch.Tensor]:
    """Pad on the right to the longest; shapes (batch, length)."""
    width = max(len(tokens) for tokens, _ in batch)
    return {
        "input_ids": torch.tensor([t + [0] * (width - len(t)) for t, _ in batch]),
        "labels": torch.tensor([y + [IGNORED] * (width - len(y)) for _, y in batch]),
    }


def ready_made(rows: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Hand a batch that is already collated through."""
    return rows[0]


def train(recipe: Recipe, out: Path, *, callbacks: list[TrainerCallback] | None = None) -> dict[str, Any]:
    """Train one agent and save model and tokenizer to `out`; goes on from the last checkpoint there.

    Returns the recipe with the tokens seen and the final loss, as written to `training.json`.
    """
    if not torch.cuda.is_available():
        torch.set_num_threads(1)
    work = out / "checkpoints"
    model = architecture.model(hidden=recipe.hidden, layers=recipe.layers, seed=recipe.seed)
    batches = Batches(SOURCES[recipe.role], recipe.mix, tokens=recipe.tokens, seed=recipe.seed)
    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=str(work),
            max_steps=recipe.steps,
            per_device_train_batch_size=1,
            learning_rate=recipe.learning_rate,
            lr_scheduler_type="cosine",
            warmup_steps=recipe.warmup,
            weight_decay=0.05,
            adam_beta2=0.98,
            max_grad_norm=1.0,
            seed=recipe.seed,
            logging_steps=100,
            save_steps=1000,
            save_total_limit=1,
            report_to=[],
            disable_tqdm=True,
            remove_unused_columns=False,
        ),
        train_dataset=batches,
        data_collator=ready_made,
        callbacks=callbacks,
    )
    resumable = any(work.glob("checkpoint-*"))
    result = trainer.train(resume_from_checkpoint=resumable)
    model.save_pretrained(out)
    architecture.tokenizer().save_pretrained(out)
    return {"recipe": asdict(recipe), "loss": result.training_loss, "parameters": model.num_parameters()}
