"""The course of every training on a data folder: look first, then train, then leave a folder that can be used at once.

Whatever can be found wrong with data, base and settings is found before weights are loaded. What is learned, and by
which trainer, is the method's own affair: see `sft`, `dpo` and `scorer`.
"""

# pyright: basic

import importlib.util
import json
import math
import os
import platform
import shutil
from collections.abc import Callable, Mapping
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
from longthought.errors import ConfigError, ProblemError
from longthought.training import settings as sizes
from longthought.training.bases import Base, open_base
from longthought.training.data.folder import DataFolder, Role, Split, expect_apart
from longthought.training.inspection import Lengths
from longthought.training.model_card import card
from longthought.training.progress import Bar
from longthought.training.record import CHECKPOINTS, Clock, TrainingRecord
from longthought.training.settings import Method, TrainingPlan, TrainingSettings

COMPACT = "compact.json"
"""Marks a folder as speaking the compact notation; see `longthought.agents.catalogue`."""


@dataclass(frozen=True)
class TrainerInputs:
    """Everything a method needs to make its trainer."""

    settings: TrainingSettings
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
        return self.settings.lora_rank is not None or self.base.added is not None

    @property
    def train(self) -> Any:
        """The rows to learn."""
        return self.splits["train"]

    @property
    def validation(self) -> Any:
        """The rows to measure by; None if there are none."""
        return self.splits.get("validation")


class Learning(Protocol):
    """One way to learn from a data folder."""

    name: Method
    columns: tuple[str, ...]
    """Of the rows it learns from."""
    formats: str
    """The exports that hold such rows."""

    def inspect(self, rows: Any, task: TrainerInputs, where: str) -> Lengths:
        """Look at every row; raise at what can't be learned from."""
        ...

    def model(self, task: TrainerInputs, dtype: Any) -> Any:
        """Load what is trained."""
        ...

    def trainer(self, task: TrainerInputs, plan: TrainingPlan, model: Any, arguments: Mapping[str, Any]) -> Trainer:
        """Make the trainer."""
        ...

    def save(self, trainer: Trainer, task: TrainerInputs, out: Path) -> Mapping[str, Any]:
        """Write the result where it can be used, and say what else came of it."""
        ...


def fine_tune(
    learning: Learning, settings: TrainingSettings, *, say: Callable[[str], object] = lambda _: None, command: str = ""
) -> dict[str, Any]:
    """Train on a data folder into `settings.out`; on a folder already begun, go on from its last checkpoint.

    Args:
        learning: what is learned and how.
        settings: what was asked for.
        say: told in a line each what is done.
        command: what a person typed, for the model card.

    Returns:
        What came of it, as it stands in `training.json` under `facts`.

    Raises:
        UserError: if data, base or settings make no sense; nothing has been written then.

    """
    _expect_reporter(settings)
    if not _processes().is_main_process:
        say = _nothing
    datasets.disable_progress_bars()  # a line for each split is enough, and one bar
    transformers.utils.logging.disable_progress_bar()
    data = DataFolder.open(settings.data)
    role = data.expect_role(settings.role)
    record = TrainingRecord.open(settings.out, _identity(learning, settings, role, data))
    if record.finished:
        say(f"{settings.out} is trained already; it was done in {record.facts['steps']} steps")
        return record.facts
    task = look(learning, settings, data)
    lengths = {split: learning.inspect(rows, task, str(data.files[split])) for split, rows in task.splits.items()}
    for split, found in lengths.items():
        say(_told(split, found, task.limit))
    return _train(learning, task, record, lengths, say, command)


def look(learning: Learning, settings: TrainingSettings, data: DataFolder) -> TrainerInputs:
    """Find the base and open the rows of a training; refuse what doesn't go together.

    Raises:
        UserError: saying what.

    """
    role = data.expect_role(settings.role)
    base = open_base(settings, role, data.meta.dialect)
    splits: dict[Split, Any] = {split: data.rows(split) for split in data.files}
    for split, rows in splits.items():
        _expect_columns(learning, data, split, rows)
    expect_apart(data, splits)
    return TrainerInputs(settings, role, data, splits, base, settings.max_length or min(base.context, sizes.LONGEST))


def _train(
    learning: Learning,
    task: TrainerInputs,
    record: TrainingRecord,
    lengths: Mapping[str, Lengths],
    say: Callable[[str], object],
    command: str,
) -> dict[str, Any]:
    settings, state = task.settings, _processes()
    on_gpu = torch.cuda.is_available()
    bf16 = on_gpu and torch.cuda.is_bf16_supported()
    torch.manual_seed(settings.seed)
    model = learning.model(task, torch.bfloat16 if bf16 and task.adapted else torch.float32)
    if not on_gpu and "OMP_NUM_THREADS" not in os.environ and model.num_parameters() < TINY:
        torch.set_num_threads(1)
    plan = sizes.plan(
        settings, learning.name, model.num_parameters(), fresh=task.base.shape is not None, adapter=task.adapted,
        devices=state.num_processes, bf16=bf16,
    )  # fmt: skip
    resumed = record.checkpoint()
    clock = Clock(record, int(resumed.name.partition("-")[2]) if resumed else 0)
    state.wait_for_everyone()  # nobody opens the folder while it is written
    if state.is_main_process:
        record.write()
    say(
        f"{'going on from ' + resumed.name if resumed else 'training'}: {model.num_parameters():,} parameters, "
        f"learning rate {plan.learning_rate:g}, {plan.batch} examples a step"
    )
    with old_names_allowed():
        trainer = learning.trainer(task, plan, model, arguments(task, plan))
        trainer.remove_callback(PrinterCallback)
        trainer.remove_callback(ProgressCallback)
        trainer.add_callback(Bar(clock))
        outcome = trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)
    extra = learning.save(trainer, task, settings.out)
    clock.note()
    found = _facts(learning, task, plan, record, lengths, trainer, outcome.training_loss)
    record.facts = {**found, **extra, "command": command}
    if state.is_main_process:
        _finish(record, task)
    state.wait_for_everyone()
    return record.facts


def _finish(record: TrainingRecord, task: TrainerInputs) -> None:
    """Write what stands beside the weights; `training.json` last, since it says that all is there."""
    out = task.settings.out
    if task.data.meta.dialect == "compact":
        (out / COMPACT).write_text(json.dumps({"role": task.role, "recipe": dict(record.settings)}, indent=1))
    (out / "README.md").write_text(card(record.facts))
    record.write()
    shutil.rmtree(out / CHECKPOINTS, ignore_errors=True)  # there is nothing left to go on from


def _identity(learning: Learning, settings: TrainingSettings, role: Role, data: DataFolder) -> dict[str, Any]:
    """Return what makes a training this one and no other: everything but where it goes and what it reports to."""
    said = {k: v for k, v in asdict(settings).items() if k not in ("out", "report_to", "data", "chat_template")}
    template = settings.chat_template.name if settings.chat_template else None
    return {"method": learning.name, **said, "role": role, "data": data.fingerprint, "chat_template": template}


def arguments(task: TrainerInputs, plan: TrainingPlan) -> dict[str, Any]:
    """Return what is the same for every trainer of transformers; shares are shares of all steps."""
    settings = task.settings
    total = settings.steps or math.ceil(settings.epochs * math.ceil(len(task.train) / plan.batch))
    return {
        "output_dir": str(settings.out / CHECKPOINTS),
        "max_steps": settings.steps or -1,
        "num_train_epochs": settings.epochs,
        "per_device_train_batch_size": plan.micro_batch,
        "per_device_eval_batch_size": plan.micro_batch,
        "gradient_accumulation_steps": plan.accumulation,
        "learning_rate": plan.learning_rate,
        "lr_scheduler_type": settings.schedule,
        "warmup_steps": math.ceil(settings.warmup * total),
        "bf16": plan.bf16,
        "use_cpu": not torch.accelerator.is_available(),
        "activation_checkpointing": plan.checkpointing,
        "seed": settings.seed,
        "logging_steps": 0.01,
        "save_steps": 0.1,
        "save_total_limit": 1,
        "eval_strategy": "no" if task.validation is None else "steps",
        "eval_steps": 0.1,
        "eval_on_start": task.validation is not None,
        "report_to": settings.report_to,
        "disable_tqdm": True,  # ours is shown instead
        "dataloader_pin_memory": torch.cuda.is_available(),
    }


def _facts(
    learning: Learning,
    task: TrainerInputs,
    plan: TrainingPlan,
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
        "method": learning.name,
        "role": task.role,
        "base": task.base.name,
        "base_path": task.base.path,
        "adapter": task.adapted,
        "parameters": model.num_parameters(),
        "trained_parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "data": {
            "path": str(task.data.path),
            "fingerprint": task.data.fingerprint,
            **{k: v for k, v in task.data.meta.model_dump().items() if k in ("format", "dialect", "role")},
        },
        "lengths": {split: asdict(found) for split, found in lengths.items()},
        "max_length": task.limit,
        "plan": asdict(plan),
        "schedule": task.settings.schedule,
        "seed": task.settings.seed,
        "steps": trainer.state.global_step,
        "epochs": round(trainer.state.epoch or 0.0, 3),
        "loss": {"first": losses[0], "last": losses[-1], "mean": loss} if losses else {},
        "validation_loss": {"first": held_out[0], "last": held_out[-1]} if held_out else {},
        "starts": len(record.attempts),
        "seconds": round(sum(a["seconds"] for a in record.attempts), 1),
        "cpu_seconds": round(sum(a["cpu_seconds"] for a in record.attempts), 1),
        "devices": f"{_processes().num_processes} × {_device()}",
        "versions": {"python": platform.python_version(), "torch": torch.__version__}
        | {"transformers": transformers.__version__, "trl": trl.__version__},
    }


def _processes() -> PartialState:
    """Return the state that all processes of a launch share; without an accelerator, they meet on the CPU."""
    return PartialState() if torch.accelerator.is_available() else PartialState(cpu=True)


def _nothing(line: str) -> None:
    pass


def _device() -> str:
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"


def _told(split: str, found: Lengths, limit: int) -> str:
    said = f"{split}: {found.examples:,} examples, {found.tokens:,} tokens, {found.learned:,} of them learned"
    if found.cut:
        said += f"; {found.cut:,} are longer than {limit} tokens and are cut (the longest has {found.longest:,})"
    if found.dropped:
        said += f"; {found.dropped:,} of these have no room for their reply and are left out"
    return said


def _expect_columns(learning: Learning, data: DataFolder, split: str, rows: Any) -> None:
    if "messages" in rows.column_names and learning.name == "sft":
        return
    if missing := [c for c in learning.columns if c not in rows.column_names]:
        raise ProblemError(
            f"{data.path}: its {split} split ({data.meta.format}) has the columns {', '.join(rows.column_names)}, and "
            f"{learning.name} needs {', '.join(missing)} too; export with --format {learning.formats}"
        )


def _expect_reporter(settings: TrainingSettings) -> None:
    wanted = settings.report_to
    if wanted not in (known := ("none", "all", *sorted(INTEGRATION_TO_CALLBACK))):
        raise ConfigError(f"--report-to {wanted}: unknown; choose from {', '.join(known)}")
    if wanted not in ("none", "all") and importlib.util.find_spec(wanted) is None:
        raise ConfigError(f"--report-to {wanted}: it isn't installed; run `pip install {wanted}`")
    if settings.schedule not in {kind.value for kind in SchedulerType}:
        known = ", ".join(kind.value for kind in SchedulerType)
        raise ConfigError(f"--schedule {settings.schedule}: unknown; choose from {known}")
