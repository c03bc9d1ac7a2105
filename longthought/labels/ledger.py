"""A file of records beside the log, each about one debate: append-only, one writer, read by offset.

It lies in the run folder and never changes the log. A line begins with the debate that it is about, so that it can be
found without being parsed; a line torn by a killed writer is cut off by the next writer. Nothing here knows what the
records say.
"""

import fcntl
import json
import os
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

from pydantic import ValidationError

from longthought.errors import RunError, RunFolderError
from longthought.record import Record
from longthought.schema import expect_readable, version_in
from longthought.trajectories.segment import NAME_HEAD, sound_length

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class LedgerFormat(Generic[R]):
    """The format of such a file. The record's first field is `trajectory`, and it has a `schema_version`."""

    file: str
    """Its name in the run folder."""
    record: type[R]
    schema: int
    """The newest version that can be read."""
    name: str
    """The name of a line, which is also the verb for making lines: `label`, `rewrite`."""


class Ledger(Generic[R]):
    """The reading end; it keeps the offsets of the records of each debate, not the records."""

    def __init__(self, run: str | Path, kind: LedgerFormat[R]) -> None:
        """Find the records of every debate; a run without the file has none.

        Raises:
            RunFolderError: if a line is not such a record, or was written by a newer longthought.

        """
        self.path = Path(run) / kind.file
        self._kind = kind
        self._offsets: dict[str, array[int]] = {}
        self._scan()

    def __len__(self) -> int:
        """Return the number of lines."""
        return sum(map(len, self._offsets.values()))

    def __contains__(self, trajectory: object) -> bool:
        """Say whether there is a record about a debate."""
        return trajectory in self._offsets

    def trajectories(self) -> list[str]:
        """Return the names of the debates that have records."""
        return list(self._offsets)

    def all_of(self, trajectory: str) -> Iterator[R]:
        """Yield every record of a debate, oldest first.

        Raises:
            RunFolderError: if one can't be read.

        """
        if trajectory not in self._offsets:
            return
        with self.path.open("rb") as file:
            for offset in self._offsets[trajectory]:
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
                head = NAME_HEAD.match(line)
                if head is None:
                    raise self._broken(line, "it names no debate")
                if (version := version_in(line)) is not None:
                    expect_readable(self.path, f"{self._kind.name}s", version, self._kind.schema, RunFolderError)
                try:
                    name = json.loads(head[1])
                except ValueError as error:
                    raise self._broken(line, str(error)) from error
                self._offsets.setdefault(name, array("Q")).append(offset)
                offset += len(line)

    def _read(self, line: bytes) -> R:
        try:
            return self._kind.record.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise self._broken(line, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error

    def _broken(self, line: bytes, reason: str) -> RunFolderError:
        return RunFolderError(
            f"{self.path}: {line[:60]!r} is not a {self._kind.name} ({reason}); restore the file, or remove it and "
            f"{self._kind.name} again"
        )


class LedgerWriter(Generic[R]):
    """The writing end, locked for one process; records are written to the file at once."""

    def __init__(self, run: str | Path, kind: LedgerFormat[R]) -> None:
        """Open or create the file, and cut off a line torn by a killed writer.

        Raises:
            RunFolderError: if another process writes it, or it can't be written.

        """
        self.path = Path(run) / kind.file
        self._kind = kind
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

    def append(self, records: Iterable[R]) -> None:
        """Write records.

        Raises:
            RunError: if they can't be written; none of them then stays in the file.

        """
        data = memoryview(b"".join(record.model_dump_json().encode() + b"\n" for record in records))
        end = os.fstat(self._file.fileno()).st_size
        try:
            while data:
                data = data[os.write(self._file.fileno(), data) :]
        except OSError as error:
            os.ftruncate(self._file.fileno(), end)
            raise RunError(
                f"{self.path}: can't be written ({error.strerror}); make room, then {self._kind.name} again"
            ) from error

    def __enter__(self) -> Self:
        """Hold the file for a `with` block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._file.close()
