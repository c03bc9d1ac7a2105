"""The record of a training folder: `training.json`, written when a training begins and when it ends.

The same command on the same folder resumes from the last whole checkpoint, any number of times; a command with other
settings is refused. Nothing here knows what is trained.
"""

import json
import os
import re
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from longthought.errors import ConfigError, RunError, RunFolderError
from longthought.files import disk_full, locked, write_whole
from longthought.schema import expect_readable
from longthought.training.destination import expect_new, expect_writable

SCHEMA_VERSION: Final = 1
FILE: Final = "training.json"
CHECKPOINTS: Final = "checkpoints"
_LOCK: Final = "training.lock"
"""Held while a training is at work; a finished training has none."""
_CHECKPOINT: Final = re.compile(r"checkpoint-(\d+)")
_LAST_WRITTEN: Final = "trainer_state.json"
"""The file that transformers writes last into a checkpoint."""


@dataclass
class TrainingRecord:
    """The settings, the attempts and the outcome of one training folder."""

    path: Path
    settings: Mapping[str, Any]
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    """The outcome, such as losses and versions; empty until the training has ended."""
    attempts: list[dict[str, float]] = field(default_factory=list[dict[str, float]])
    """For each start: its seconds, its CPU seconds, and the step it began at."""

    @classmethod
    def open(cls, path: Path, settings: Mapping[str, Any]) -> "TrainingRecord":
        """Open a training folder, or prepare to begin one.

        Raises:
            ConfigError: if it holds something else, or a training with other settings or from a newer longthought, or
                can't be written.

        """
        file = path / FILE
        if not file.is_file():
            expect_new(path, but=_LOCK)  # which is all that a full disk may have left
            return cls(path, settings)
        try:
            found = cast("dict[str, Any]", json.loads(file.read_text()))
            version: int = found["schema_version"]
            written: dict[str, Any] = found["settings"]
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{file}: can't be read ({error}); remove {path} and train again") from error
        expect_readable(file, "a training", version, SCHEMA_VERSION, ConfigError)
        given = cast("dict[str, Any]", json.loads(json.dumps(settings)))
        if written != given:
            names = [n for n in {**written, **given} if written.get(n) != given.get(n)]
            changes = "; ".join(f"{n} {written.get(n)}, now {given.get(n)}" for n in names)
            raise ConfigError(f"`out` {path} holds a training with other settings ({changes}); name another folder")
        record = cls(path, settings, found.get("facts") or {}, found.get("attempts") or [])
        if not record.finished:
            expect_writable(path)
        return record

    @property
    def finished(self) -> bool:
        """Whether the training has ended."""
        return bool(self.facts)

    def checkpoint(self) -> Path | None:
        """Return the last checkpoint that is complete; None if there is none."""
        complete: dict[int, Path] = {}
        for folder in (self.path / CHECKPOINTS).glob("checkpoint-*"):
            if (name := _CHECKPOINT.fullmatch(folder.name)) and _readable(folder / _LAST_WRITTEN):
                complete[int(name[1])] = folder
        return complete[max(complete)] if complete else None

    @contextmanager
    def held(self) -> Generator[None]:
        """Hold the folder alone, from the first line of the record to the last.

        Raises:
            RunFolderError: if another training is at work there.
            RunError: if the disk is full.

        """
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            lock = locked(self.path / _LOCK)
        except BlockingIOError as error:
            raise RunFolderError(
                f"{self.path}: another training is at work there; wait for it, or name another folder"
            ) from error
        try:
            self.write()
            yield
        except Exception as error:
            if reason := disk_full(error):
                raise RunError(
                    f"{self.path}: the disk is full ({reason}); make room, then run the same command again"
                ) from error
            raise
        finally:
            if self.finished:
                (self.path / _LOCK).unlink(missing_ok=True)
            os.close(lock)

    def write(self) -> None:
        """Write the file in one piece."""
        self.path.mkdir(parents=True, exist_ok=True)
        fields = {
            "schema_version": SCHEMA_VERSION,
            "settings": self.settings,
            "attempts": self.attempts,
            "facts": self.facts,
        }
        write_whole(self.path / FILE, json.dumps(fields, indent=1))


@dataclass
class Clock:
    """Counts the seconds of one attempt into its record."""

    record: TrainingRecord
    step: int
    """The optimiser step at which the attempt begins."""
    _began: tuple[float, float] = field(default_factory=lambda: (time.perf_counter(), time.process_time()))

    def __post_init__(self) -> None:
        """Add the attempt to the record."""
        self.record.attempts.append({"from_step": self.step, "seconds": 0.0, "cpu_seconds": 0.0})

    def note(self) -> None:
        """Write the seconds until now into the record."""
        wall, cpu = time.perf_counter() - self._began[0], time.process_time() - self._began[1]
        self.record.attempts[-1] |= {"seconds": round(wall, 1), "cpu_seconds": round(cpu, 1)}


def _readable(file: Path) -> bool:
    try:
        return isinstance(json.loads(file.read_text()), dict)
    except (OSError, ValueError):
        return False
