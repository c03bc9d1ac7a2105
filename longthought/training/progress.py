"""Show the progress of a training on standard error, and keep its seconds with each checkpoint."""

# pyright: basic

from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from longthought.training.record import Clock


class Bar(TrainerCallback):
    """Shows steps, losses and the time that is left; without a terminal, writes plain lines."""

    def __init__(self, clock: Clock) -> None:
        """Take the clock of this attempt."""
        self._clock = clock
        self._console = Console(stderr=True, highlight=False)
        self._progress: Progress | None = None
        self._losses: dict[str, str] = {}
        self._tenths = -1

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Show the bar."""
        if not state.is_world_process_zero or not self._console.is_terminal:
            return
        columns = (TextColumn("training"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
        self._progress = Progress(*columns, TimeRemainingColumn(), console=self._console)
        self._progress.start()
        self._task = self._progress.add_task("", total=state.max_steps, completed=state.global_step)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Advance the bar."""
        if self._progress:
            self._progress.update(self._task, completed=state.global_step)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Show the losses; without a bar, at most ten lines in all."""
        names = {"loss": "loss", "eval_loss": "validation", "reward": "reward"}
        new = {names[k]: f"{float(v):.3f}" for k, v in (logs or {}).items() if k in names and v is not None}
        self._losses |= new
        last_logged = "loss" if args.eval_strategy == "no" else "validation"  # the last loss that a step logs
        if not new or not state.is_world_process_zero:
            return
        line = "  ".join(f"{name} {value}" for name, value in self._losses.items())
        if self._progress:
            self._progress.update(self._task, description=line)
        elif last_logged in new and (tenths := 10 * state.global_step // state.max_steps) > self._tenths:
            self._tenths = tenths
            self._console.print(f"step {state.global_step} of {state.max_steps}  {line}")

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Keep the seconds with the checkpoint."""
        self._clock.note()
        if state.is_world_process_zero:
            self._clock.record.write()

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Take the bar down."""
        if self._progress:
            self._progress.stop()
