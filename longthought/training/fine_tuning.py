"""Fine-tune on a data folder: check everything, train, and leave a folder that can be used at once.

Mistakes in data, base and settings are found before weights are loaded. The method decides what is learned, and by
which trainer: see `sft`, `dpo` and `scorer`.
"""

# pyright: basic

import json
import math
import os
import platform
import shutil
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import datasets
import torch
import transformers
import trl
from accelerate import PartialState
from transformers import SchedulerType, Trainer
from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK
from transformers.trainer_callback import PrinterCallback, ProgressCallback

from longthought.agents.in_process.load import TINY
from longthought.agents.in_process.lora import old_names_allowed
from longthought.agents.model import COMPACT_FILE
from longthought.errors import ConfigError, ProblemError
from longthought.extras import installed
from longthought.training.bases import Base, open_base
from longthought.training.data.folder import DataFolder, Split, expect_apart
from longthought.training.hyperparameters import FEW_STEPS, Hyperparameters
from longthought.training.inspection import Lengths
from longthought.training.model_card import card
from longthought.training.progress import Bar
from longthought.training.record import CHECKPOINTS, Clock, TrainingRecord
from longthought.training.request import LONGEST, Role, TrainingRequest


@dataclass(frozen=True)
class TrainerInputs:
    """Everything a method needs to make its trainer."""

    request: TrainingRequest
    role: Role
    data: DataFolder
    splits: Mapping[Split, Any]
    """The rows, as `datasets.Dataset`s."""
    base: Base
    limit: int
    """Tokens at which an example is cut."""

    @property
    def adapted(self) -> bool:
        """Whether an adapter is trained, and the base left as it is."""
        return self.request.lora_rank is not None or self.base.added is not None

    @property
    def tells_journeys(self) -> bool:
        """Whether whole thoughts with their wrong turns are learned."""
        return "sft-journey" in self.data.meta.format

    def steps(self, fitted: Hyperparameters) -> int:
        """Return the number of optimiser steps."""
        per_epoch = self.request.steps_per_epoch(len(self.train), fitted.batch)
        return self.request.steps or math.ceil(self.request.epochs * per_epoch)

    @property
    def train(self) -> Any:
        """The rows to learn."""
        return self.splits["train"]

    @property
    def validation(self) -> Any:
        """The rows that the loss is measured on; None if there are none."""
        return self.splits.get("validation")


class Rows(Protocol):
    """The rows that a way to learn needs."""

    columns: tuple[str, ...]
    """Columns of the rows it learns from."""
    formats: str
    """Names of the export formats that hold such rows."""


class Learning(Rows, Protocol):
    """One way to learn from a data folder."""

    def inspect(self, rows: Any, inputs: TrainerInputs, where: str) -> Lengths:
        """Measure every row; raise at one that can't be learned from."""
        ...

    def model(self, inputs: TrainerInputs, dtype: Any) -> Any:
        """Load the model to train."""
        ...

    def trainer(
        self, inputs: TrainerInputs, fitted: Hyperparameters, model: Any, arguments: Mapping[str, Any]
    ) -> Trainer:
        """Make the trainer."""
        ...

    def save(self, trainer: Trainer, inputs: TrainerInputs, out: Path) -> Mapping[str, Any]:
        """Write the result where it can be used, and return further facts for the record."""
        ...


def fine_tune(
    learning: Learning,
    request: TrainingRequest,
    data: Path | DataFolder,
    out: Path,
    *,
    say: Callable[[str], object] = lambda _: None,
    command: str = "",
) -> dict[str, Any]:
    """Train on a data folder; on a training already begun, resume from its last checkpoint.

    Args:
        learning: The method that the request names.
        request: The settings of the training.
        data: The folder that `longthought export` wrote, or prompts that are not kept in a folder.
        out: The folder that the trained model is written into.
        say: Called with one line for each thing that is done.
        command: The command line, for the model card.

    Returns:
        The facts of the training, as they stand in `training.json`.

    Raises:
        UserError: if data, base or settings make no sense; nothing has been written then.

    """
    expect_known_names(request)
    if not _processes().is_main_process:
        say = _nothing
    folder, record = begin(request, data, out)
    if record.finished:
        say(f"{out} is trained already; it was done in {record.facts['steps']} steps")
        return record.facts
    inputs = prepare(learning, request, folder)
    lengths = {split: learning.inspect(rows, inputs, str(folder.files[split])) for split, rows in inputs.splits.items()}
    for split, measured in lengths.items():
        say(_lengths(split, measured, inputs.limit))
    if remark := lengths["train"].remark:
        say(remark)
    return _train(learning, inputs, record, lengths, say, command)


def begin(request: TrainingRequest, data: Path | DataFolder, out: Path) -> tuple[DataFolder, TrainingRecord]:
    """Open the data of a training and its record, with the libraries' own progress bars off.

    Raises:
        UserError: if the data can't be read or are for another role, or the folder holds another training.

    """
    datasets.disable_progress_bars()  # a line for each split is enough, and one bar
    transformers.utils.logging.disable_progress_bar()
    folder = data if isinstance(data, DataFolder) else DataFolder.open(data)
    identity = {**request.identity(), "role": folder.expect_role(request.role), "data": folder.fingerprint}
    return folder, TrainingRecord.open(out, identity)


def prepare(needed: Rows, request: TrainingRequest, data: DataFolder) -> TrainerInputs:
    """Find the base and open the rows of a training.

    Raises:
        UserError: if the base and the rows don't go together.

    """
    role = data.expect_role(request.role)
    base = open_base(request, role, data.meta.dialect)
    splits: dict[Split, Any] = {split: data.rows(split) for split in data.files}
    for split, rows in splits.items():
        _expect_columns(needed, request, data, split, rows)
    expect_apart(data, splits)
    return TrainerInputs(request, role, data, splits, base, request.max_length or min(base.context, LONGEST))


def _train(
    learning: Learning,
    inputs: TrainerInputs,
    record: TrainingRecord,
    lengths: Mapping[str, Lengths],
    say: Callable[[str], object],
    command: str,
) -> dict[str, Any]:
    request, state = inputs.request, _processes()
    on_gpu = torch.cuda.is_available()
    bf16 = torch.cuda.is_bf16_supported() if on_gpu else inputs.adapted and _cpu_computes_in_bf16()
    torch.manual_seed(request.seed)
    model = learning.model(inputs, torch.bfloat16 if bf16 and inputs.adapted else torch.float32)
    if not on_gpu and "OMP_NUM_THREADS" not in os.environ and model.num_parameters() < TINY:
        torch.set_num_threads(1)
    fitted = Hyperparameters.suited(
        request, model.num_parameters(), fresh=inputs.base.shape is not None, adapter=inputs.adapted,
        thinker=inputs.tells_journeys,
        devices=state.num_processes, bf16=bf16,
    )  # fmt: skip
    resumed = record.checkpoint()
    clock = Clock(record, int(resumed.name.partition("-")[2]) if resumed else 0)
    state.wait_for_everyone()  # no process opens the folder while it is written
    with record.held() if state.is_main_process else nullcontext():
        say(
            f"{'going on from ' + resumed.name if resumed else 'training'}: {model.num_parameters():,} parameters, "
            f"learning rate {fitted.learning_rate:g}, {inputs.steps(fitted):,} steps of {fitted.batch} examples"
        )
        if inputs.tells_journeys and model.num_parameters() < TINY and inputs.steps(fitted) < FEW_STEPS:
            say(
                f"this training is short: below about {FEW_STEPS} steps, few thoughts of so small a model are right; "
                "train for more epochs, with smaller batches or on more problems"
            )
        with old_names_allowed():
            trainer = learning.trainer(inputs, fitted, model, arguments(inputs, fitted, record.path))
            trainer.remove_callback(PrinterCallback)
            trainer.remove_callback(ProgressCallback)
            trainer.add_callback(Bar(clock))
            outcome = trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)
        extra = learning.save(trainer, inputs, record.path)
        clock.note()
        facts = _facts(inputs, fitted, record, lengths, trainer, outcome.training_loss)
        record.facts = {**facts, **extra, "command": command}
        for name, value in extra.get("measured", {}).items():
            say(f"{name}: {value}")
        if state.is_main_process:
            finish(record, inputs)
        state.wait_for_everyone()
        return record.facts


def finish(record: TrainingRecord, inputs: TrainerInputs) -> None:
    """Write the files beside the weights; `training.json` comes last, since it marks the folder as complete."""
    out = record.path
    if inputs.data.meta.dialect == "compact":
        (out / COMPACT_FILE).write_text(json.dumps({"role": inputs.role, "recipe": dict(record.settings)}, indent=1))
    (out / "README.md").write_text(card(record.facts))
    record.write()
    shutil.rmtree(out / CHECKPOINTS, ignore_errors=True)  # a finished training is not resumed


def arguments(inputs: TrainerInputs, fitted: Hyperparameters, out: Path) -> dict[str, Any]:
    """Return the arguments that every trainer of transformers gets; values below 1 are shares of all steps."""
    request = inputs.request
    return {
        "output_dir": str(out / CHECKPOINTS),
        "max_steps": request.steps or -1,
        "num_train_epochs": request.epochs,
        "per_device_train_batch_size": fitted.micro_batch,
        "per_device_eval_batch_size": fitted.micro_batch,
        "gradient_accumulation_steps": fitted.accumulation,
        "learning_rate": fitted.learning_rate,
        "lr_scheduler_type": request.schedule,
        "warmup_steps": math.ceil(request.warmup * inputs.steps(fitted)),
        "bf16": fitted.bf16,
        "use_cpu": not torch.accelerator.is_available(),
        "activation_checkpointing": fitted.checkpointing,
        "seed": request.seed,
        "logging_steps": 0.01,
        "save_steps": 0.1,
        "save_total_limit": 1,
        "eval_strategy": "no" if inputs.validation is None else "steps",
        "eval_steps": 0.1,
        "eval_on_start": inputs.validation is not None,
        "report_to": request.report_to,
        "disable_tqdm": True,  # `Bar` is shown instead
        "dataloader_pin_memory": torch.cuda.is_available(),
    }


def _facts(
    inputs: TrainerInputs,
    fitted: Hyperparameters,
    record: TrainingRecord,
    lengths: Mapping[str, Lengths],
    trainer: Trainer,
    loss: float,
) -> dict[str, Any]:
    history = trainer.state.log_history
    losses = [entry["loss"] for entry in history if "loss" in entry]
    held_out = [entry["eval_loss"] for entry in history if "eval_loss" in entry]
    model = trainer.accelerator.unwrap_model(trainer.model)
    return {
        **origin(inputs, record, lengths, model),
        "trained_parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "plan": asdict(fitted),
        "schedule": inputs.request.schedule,
        "steps": trainer.state.global_step,
        "epochs": round(trainer.state.epoch or 0.0, 3),
        "loss": {"first": losses[0], "last": losses[-1], "mean": loss} if losses else {},
        "validation_loss": {"first": held_out[0], "last": held_out[-1]} if held_out else {},
    }


def origin(inputs: TrainerInputs, record: TrainingRecord, lengths: Mapping[str, Lengths], model: Any) -> dict[str, Any]:
    """Return the facts that every training has: what was trained, on which data, where, and how long it took."""
    return {
        "method": inputs.request.method,
        "role": inputs.role,
        "base": inputs.base.name,
        "base_path": inputs.base.path,
        "adapter": inputs.adapted,
        "parameters": model.num_parameters(),
        "data": {
            "path": str(inputs.data.path),
            "fingerprint": inputs.data.fingerprint,
            **{k: v for k, v in inputs.data.meta.model_dump().items() if k in ("format", "dialect", "role")},
        },
        "lengths": {split: asdict(measured) for split, measured in lengths.items()},
        "max_length": inputs.limit,
        "seed": inputs.request.seed,
        "starts": len(record.attempts),
        "seconds": round(sum(a["seconds"] for a in record.attempts), 1),
        "cpu_seconds": round(sum(a["cpu_seconds"] for a in record.attempts), 1),
        "devices": f"{_processes().num_processes} × {_device()}",
        "versions": {"python": platform.python_version(), "torch": torch.__version__}
        | {"transformers": transformers.__version__, "trl": trl.__version__},
    }


def _processes() -> PartialState:
    """Return the state that all processes of a launch share, on the CPU if there is no accelerator."""
    return PartialState() if torch.accelerator.is_available() else PartialState(cpu=True)


def _cpu_computes_in_bf16() -> bool:
    """Say whether the CPU multiplies in bfloat16, which halves the hours of an adapter; all weights want float32."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def _nothing(line: str) -> None:
    pass


def _device() -> str:
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"


def _lengths(split: str, lengths: Lengths, limit: int) -> str:
    if not lengths.learned:
        line = f"{split}: {lengths.examples:,} prompts, {lengths.tokens:,} tokens"
        return line + (f"; {lengths.dropped:,} leave no room for a reply and are left out" if lengths.dropped else "")
    line = f"{split}: {lengths.examples:,} examples, {lengths.tokens:,} tokens, {lengths.learned:,} of them learned"
    if lengths.cut:
        line += f"; {lengths.cut:,} are longer than {limit} tokens and are cut (the longest has {lengths.longest:,})"
    if lengths.dropped:
        line += f"; {lengths.dropped:,} of these have no room for their reply and are left out"
    return line


def _expect_columns(needed: Rows, request: TrainingRequest, data: DataFolder, split: str, rows: Any) -> None:
    if "messages" in rows.column_names and request.method == "sft":
        return
    if missing := [c for c in needed.columns if c not in rows.column_names]:
        raise ProblemError(
            f"{data.path}: its {split} split ({data.meta.format}) has the columns {', '.join(rows.column_names)}, and "
            f"{request.method} needs {', '.join(missing)} too; export {needed.formats}"
        )


def expect_known_names(request: TrainingRequest) -> None:
    """Raise unless the tracker and the schedule that a request names can be had.

    Raises:
        ConfigError: naming the setting.

    """
    wanted = request.report_to
    if wanted not in (known := ("none", "all", *sorted(INTEGRATION_TO_CALLBACK))):
        raise ConfigError(f"`report_to` must be one of {', '.join(known)}, got {wanted!r}")
    if wanted not in ("none", "all") and not installed(wanted):
        raise ConfigError(f"`report_to` {wanted} isn't installed: run `pip install {wanted}`")
    if request.schedule not in {kind.value for kind in SchedulerType}:
        known = ", ".join(kind.value for kind in SchedulerType)
        raise ConfigError(f"`schedule` must be one of {known}, got {request.schedule!r}")
