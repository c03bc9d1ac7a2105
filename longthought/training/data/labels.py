"""What is known of each step of a run: whether a right answer can still be reached from it, and who says so.

    labels.jsonl    in the run folder, append-only: a line is a label

Labels stand beside the log and never change it. A newer label replaces an older one of the same authority, and a
higher authority any lower: a person's word, then an exact solver's, then what continuations and searches found, then
a model's guess. A line can also withdraw the last label of its method, and what stood before holds again. Where labels
come from is for other modules.
"""

import fcntl
import json
import os
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pydantic import Field, ValidationError

from longthought.errors import RunError, RunFolderError
from longthought.problems.problem import Record
from longthought.trajectories.segment import sound_length

LABEL_SCHEMA: Final = 1
FILE: Final = "labels.jsonl"
_HEAD: Final = re.compile(rb'\{"trajectory":("[^"\\]*(?:\\.[^"\\]*)*")')
_SCHEMA: Final = re.compile(rb',"schema_version":(\d+)')  # inside a string the quotes would be escaped


class Method(StrEnum):
    """How a label was made, from the least to the most trusted."""

    MODEL = "model"
    """A critic was asked, a few times."""
    TREE = "tree"
    """The answers found below the node in its own tree were graded."""
    MONTE_CARLO = "monte-carlo"
    """The policy went on from the node, some times, and its answers were graded."""
    EXACT = "exact"
    """A solver knows."""
    HUMAN = "human"
    """A person said so."""


class Label(Record):
    """What one method says of one node."""

    trajectory: str
    """The debate."""
    node: int = Field(ge=1)
    method: Method
    live: bool | None
    """Whether a right answer can still be reached; for a node with an answer, whether it is right. None: can't tell."""
    value: float | None = Field(default=None, ge=0, le=1)
    """How likely a right answer is from here, for whoever went on in the label's making."""
    low: float | None = None
    high: float | None = None
    """95 % interval of the value, where it is an estimate."""
    trials: int = 0
    """Continuations, answers or opinions that it rests on."""
    doubtful: bool = False
    """Whether a person should look at it."""
    reason: str = ""
    """Why, in the words of a critic's look-ahead or of a person."""
    by: str = ""
    """The model or the person."""
    withdrawn: bool = False
    """Whether this takes back the last label of the method on the node, and says nothing else."""
    at: float = 0.0
    """Unix time in seconds."""
    schema_version: int = LABEL_SCHEMA


def _authority(label: Label) -> int:
    return list(Method).index(label.method)


class LabelBook:
    """The labels of a run folder; holds where they stand, not what they say."""

    def __init__(self, run: str | Path) -> None:
        """Find the labels of every debate.

        Raises:
            RunFolderError: if a line is no label, or was written by a newer longthought.

        """
        self.path = Path(run) / FILE
        self._places: dict[str, array[int]] = {}
        self._scan()

    def __len__(self) -> int:
        """Return how many lines there are."""
        return sum(map(len, self._places.values()))

    def __contains__(self, trajectory: object) -> bool:
        """Say whether a debate has labels."""
        return trajectory in self._places

    def trajectories(self) -> list[str]:
        """Return the names of the debates that have labels."""
        return list(self._places)

    def of(self, trajectory: str) -> Mapping[int, Label]:
        """Return the best label of each node of a debate, of those that were not withdrawn.

        Raises:
            RunFolderError: if a label can't be read.

        """
        standing: dict[int, list[Label]] = {}
        for label in self.all_of(trajectory):
            labels = standing.setdefault(label.node, [])
            if not label.withdrawn:
                labels.append(label)
            elif last := [at for at, old in enumerate(labels) if old.method is label.method][-1:]:
                del labels[last[0]]
        return {node: max(reversed(labels), key=_authority) for node, labels in standing.items() if labels}

    def all_of(self, trajectory: str) -> Iterator[Label]:
        """Yield every label of a debate, oldest first; a model's guess that a person settled is still there."""
        if trajectory not in self._places:
            return
        with self.path.open("rb") as file:
            for offset in self._places[trajectory]:
                file.seek(offset)
                yield self._read(file.readline())

    def _scan(self) -> None:
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            end = sound_length(file, self.path)
            offset = 0
            while offset < end:
                line = file.readline()
                head = _HEAD.match(line)
                if head is None:
                    raise self._broken(line, "it names no debate")
                schema = _SCHEMA.search(line)
                if schema and int(schema[1]) > LABEL_SCHEMA:
                    raise RunFolderError(
                        f"{self.path} holds labels of schema {int(schema[1])}, this longthought reads up to "
                        f"{LABEL_SCHEMA}: upgrade longthought"
                    )
                self._places.setdefault(json.loads(head[1]), array("Q")).append(offset)
                offset += len(line)

    def _read(self, line: bytes) -> Label:
        try:
            return Label.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise self._broken(line, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error

    def _broken(self, line: bytes, reason: str) -> RunFolderError:
        return RunFolderError(
            f"{self.path}: {line[:60]!r} is not a label ({reason}); restore the file, or remove it and label again"
        )


class LabelWriter:
    """The writing end of a run's labels, held exclusively; what is appended is on the disk at once."""

    def __init__(self, run: str | Path) -> None:
        """Open or create the file, and cut off what a killed writer tore.

        Raises:
            RunFolderError: if another process labels the run, or it can't be written.

        """
        self.path = Path(run) / FILE
        try:
            self._file = self.path.open("ab+", buffering=0)
        except OSError as error:
            raise RunFolderError(f"{self.path}: can't be written ({error.strerror}); check its permissions") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._file.fileno(), sound_length(self._file, self.path))
        except BlockingIOError:
            self._file.close()
            raise RunFolderError(f"{self.path} is being written by another process; wait for it to end") from None
        except BaseException:
            self._file.close()
            raise

    def append(self, labels: Iterable[Label]) -> int:
        """Write labels; return how many.

        Raises:
            RunError: if the disk refuses.

        """
        lines = [label.model_dump_json().encode() + b"\n" for label in labels]
        data = memoryview(b"".join(lines))
        try:
            while data:
                data = data[os.write(self._file.fileno(), data) :]
        except OSError as error:
            raise RunError(f"{self.path}: can't be written ({error.strerror}); make room, then label again") from error
        return len(lines)

    def __enter__(self) -> Self:
        """Hold the file for a `with` block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of it."""
        self._file.close()
