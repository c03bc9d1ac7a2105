"""What a training says where nobody watches a terminal: some ten lines, whatever the number of steps."""

from pathlib import Path

import pytest
from transformers import TrainerControl, TrainerState, TrainingArguments

from longthought.training.progress import Bar
from longthought.training.record import Clock, TrainingRecord


@pytest.mark.parametrize("steps", [7, 100, 785])
@pytest.mark.parametrize("evaluated", [True, False])
def test_plain_lines_come_at_every_tenth(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], steps: int, evaluated: bool
) -> None:
    bar, every = Bar(Clock(TrainingRecord.open(tmp_path / "out", {}), 0)), max(1, round(steps * 0.1 + 0.5))
    args = TrainingArguments(output_dir=str(tmp_path), eval_strategy="steps" if evaluated else "no", report_to=[])
    for step in range(1, steps + 1):
        state = TrainerState(global_step=step, max_steps=steps)
        bar.on_log(args, state, TrainerControl(), {"loss": 1.0})
        if evaluated and step % every == 0:
            bar.on_log(args, state, TrainerControl(), {"eval_loss": 2.0})
    lines = capsys.readouterr().err.splitlines()
    assert min(steps, 9) <= len(lines) <= 11
    assert all(f"of {steps}" in line and ("validation 2.000" in line) is evaluated for line in lines)
