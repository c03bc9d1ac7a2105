"""Train one bundled agent with transformers' Trainer, on an endless stream of exact examples."""

# pyright: basic

import random
from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import IterableDataset
from transformers import (
    LlamaForCausalLM,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.trainer_utils import get_last_checkpoint

from longthought.agents.catalogue import bundled_folder
from longthought.problems.countdown import notation
from longthought.training.bundled import corpus
from longthought.training.bundled import model as architecture
from longthought.training.bundled.corpus import Example
from longthought.training.bundled.recipe import Mix, Recipe, Role
from longthought.training.record import Clock, TrainingRecord

IGNORED = -100
Source = Callable[[random.Random, Mix], Iterator[Example]]
SOURCES: dict[Role, Source] = {
    "policy": corpus.policy_examples,
    "critic": corpus.critic_examples,
    "solo": corpus.solo_examples,
}


def encode(example: Example, ids: dict[str, int]) -> tuple[list[int], list[int]]:
    """Return token ids and labels; pieces that are not learned get the label `IGNORED`."""
    tokens: list[int] = []
    labels: list[int] = []
    for text, learned in example.pieces:
        piece = [ids[word] for word in text.split()]
        tokens += piece
        labels += piece if learned else [IGNORED] * len(piece)
    return tokens, labels


class Batches(IterableDataset[dict[str, torch.Tensor]]):
    """An endless stream of batches of up to `tokens` tokens, fixed by the seed, with examples of similar length."""

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
    """Return the batch that the data set has collated already."""
    return rows[0]


def train(recipe: Recipe, record: TrainingRecord) -> dict[str, Any]:
    """Train one agent, stage by stage, and save model and tokenizer to its folder; resume from the last checkpoint.

    An agent that starts from another's weights finds them in the sibling folder named after that agent's role.

    Returns:
        The recipe, the final loss and the number of parameters.

    """
    if not torch.cuda.is_available():
        torch.set_num_threads(1)
    out = record.path
    model = _untrained(recipe, out)
    loss, clock = 0.0, Clock(record, _steps_done(recipe, out))
    record.write()
    for number in range(len(recipe.stages)):
        done = out / f"stage-{number}"
        if (done / "config.json").exists():
            model = LlamaForCausalLM.from_pretrained(done)
            continue
        loss = _train_stage(model, recipe, number, out, clock)
        model.save_pretrained(done)
    model.save_pretrained(out)
    clock.note()
    architecture.tokenizer().save_pretrained(out)
    return {"recipe": asdict(recipe), "steps": recipe.steps, "loss": loss, "parameters": model.num_parameters()}


def _steps_done(recipe: Recipe, out: Path) -> int:
    done = 0
    for number, stage in enumerate(recipe.stages):
        if not (out / f"stage-{number}").exists():
            last = get_last_checkpoint(work) if (work := out / f"checkpoints-{number}").exists() else None
            return done + (int(last.rpartition("-")[2]) if last else 0)
        done += stage.steps
    return done


def _untrained(recipe: Recipe, out: Path) -> LlamaForCausalLM:
    if recipe.start is None:
        return architecture.model(hidden=recipe.hidden, layers=recipe.layers, seed=recipe.seed)
    provider, _, name = recipe.start.partition(":")
    start = bundled_folder(name, recipe.role) if provider == "bundled" else out.parent / recipe.start
    return LlamaForCausalLM.from_pretrained(start, dtype=torch.float32)


def _train_stage(model: LlamaForCausalLM, recipe: Recipe, number: int, out: Path, clock: Clock) -> float:
    """Train a model in place and return the loss over the stage."""
    stage, work = recipe.stages[number], out / f"checkpoints-{number}"
    seed = recipe.seed + 1_000 * number
    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=str(work),
            max_steps=stage.steps,
            per_device_train_batch_size=1,
            learning_rate=stage.learning_rate,
            lr_scheduler_type="cosine",
            warmup_steps=stage.warmup,
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
            dataloader_pin_memory=False,
        ),
        train_dataset=Batches(SOURCES[recipe.role], stage.mix, tokens=recipe.tokens, seed=seed),
        data_collator=ready_made,
        callbacks=[Report(recipe.role, stage.steps, clock)],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer.train(resume_from_checkpoint=any(work.glob("checkpoint-*"))).training_loss


class Report(TrainerCallback):
    """Prints one line every 500 steps, readable with two trainings side by side; keeps the time with checkpoints."""

    def __init__(self, role: Role, steps: int, clock: Clock) -> None:
        """Take the role, the number of steps and the clock."""
        self.role, self.steps, self.clock = role, steps, clock

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Keep the seconds with the checkpoint."""
        self.clock.note()
        self.clock.record.write()

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Print step and loss."""
        if logs and "loss" in logs and state.global_step % 500 == 0:
            print(
                f"{self.role:<7} step {state.global_step:>6} of {self.steps}  loss {float(logs['loss']):.3f}",
                flush=True,
            )
