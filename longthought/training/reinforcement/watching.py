"""Write the figures of each step of a reinforcement to a file, and stop the training when an agent collapses.

    figures.jsonl    in the training folder: a line is one optimiser step, with TRL's metrics and ours

A training that resumes drops the lines after its checkpoint, so that the file never holds a step twice.
"""

# pyright: basic

import json
from pathlib import Path
from typing import Any, Final

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from longthought.training.record import CHECKPOINTS
from longthought.training.reinforcement.collapse import RULES, WINDOW, Watch

FILE: Final = "figures.jsonl"


class Figures(TrainerCallback):
    """Keeps `figures.jsonl` and watches it."""

    def __init__(self, out: Path) -> None:
        """Take the folder of the training."""
        self._file = out / FILE
        self._checkpoints = out / CHECKPOINTS
        self._watch = Watch()
        self._at: list[int] = []
        """The steps that have figures; with replies that are used again, not every step has."""
        self.stopped: str | None = None
        """Why the training was stopped; None if it wasn't."""
        self.stopped_at = 0
        """The step at which it was stopped."""

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Take up the figures of the steps up to the checkpoint that the training resumes from."""
        lines = self._file.read_text().splitlines() if self._file.is_file() else []
        kept = [entry for line in lines if (entry := _entry(line)) and entry["step"] <= state.global_step]
        self._watch.steps = [_known(entry) for entry in kept]
        self._at = [entry["step"] for entry in kept]
        if state.is_world_process_zero:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text("".join(json.dumps(entry) + "\n" for entry in kept))

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Write the figures of a step, and stop the training if something has collapsed; nothing is saved then."""
        if not logs or "reward" not in logs or self.stopped is not None:
            return
        entry = {"step": state.global_step, **logs}
        if state.is_world_process_zero:
            with self._file.open("a") as stream:
                stream.write(json.dumps(entry) + "\n")
        self._at.append(state.global_step)
        self.stopped = self._watch.add(_known(entry))
        if self.stopped is not None:
            self.stopped_at = state.global_step
            control.should_training_stop, control.should_save = True, False

    def last_good(self) -> tuple[int, Path] | None:
        """Return the step and the folder of the last checkpoint from before the collapse showed; None without one."""
        found = {int(folder.name.partition("-")[2]): folder for folder in self._checkpoints.glob("checkpoint-*")}
        good = [step for step in found if step < self._at[-WINDOW]]
        return (max(good), found[max(good)]) if good else None


def _known(entry: dict[str, Any]) -> dict[str, float]:
    names = {name for rule in RULES for name in (rule.figure, rule.unless)}
    return {name: entry[name] for name in names if isinstance(entry.get(name), int | float)}


def _entry(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:  # torn by a kill
        return None
    return found if isinstance(found, dict) and isinstance(found.get("step"), int) else None
