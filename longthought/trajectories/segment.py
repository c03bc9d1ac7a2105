"""One append-only file of events with one writer: killing the process can damage nothing but the end of the file.

A line counts only if it ends in a newline and parses; writer and reader both ask `sound_length` where such lines end.
Segments know nothing of jobs or configurations.
"""

import fcntl
import json
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final, cast

from pydantic_core import to_json

from longthought.errors import LogError, RunFolderError
from longthought.trajectories.events import AnyEvent

SYNC_SECONDS: Final = 5.0
"""Longest time between two fsyncs while events come in, which a power cut may lose; a killed process loses nothing."""
TORN_LIMIT: Final = 64 * 2**20
"""Unreadable bytes at the end of a file beyond which they are no torn write but damage."""
NAME_HEAD: Final = re.compile(rb'\{"trajectory":("[^"\\]*(?:\\.[^"\\]*)*")')
"""The beginning of every line of a run folder, up to the name of the debate that it is about, as JSON."""
_WINDOW: Final = 64 * 2**10


def encode(event: AnyEvent) -> bytes:
    """Return an event as one line with `trajectory`, `seq` and `kind` first, so that it is indexed without parsing."""
    head = f'{{"trajectory":{json.dumps(event.trajectory, ensure_ascii=False)},"seq":{event.seq},"kind":"{event.kind}",'
    rest = event.model_dump(exclude={"trajectory", "seq", "kind"})
    return head.encode() + to_json(rest, inf_nan_mode="strings")[1:] + b"\n"


def sound_length(file: BinaryIO, path: Path) -> int:
    """Return the number of bytes before the torn end of a segment; read no more of the file than needed.

    Raises:
        RunFolderError: if more than `TORN_LIMIT` bytes at the end are unreadable.

    """
    size = os.fstat(file.fileno()).st_size
    window = _WINDOW
    while True:
        start = max(0, size - window)
        data = os.pread(file.fileno(), size - start, start)
        end = data.rfind(b"\n") + 1
        while end:
            begin = data.rfind(b"\n", 0, end - 1) + 1
            if begin == 0 and start > 0:
                break
            if _parses(data[begin:end]):
                return start + end
            end = begin
        if start == 0:
            return 0
        if window >= TORN_LIMIT:
            raise RunFolderError(
                f"{path}: the last {window:,} bytes hold no event, which is more than a killed job can have torn; "
                "restore the file, or choose another `out`"
            )
        window *= 4


def _parses(line: bytes) -> bool:
    try:
        record: object = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(record, dict) and "trajectory" in cast(dict[str, object], record)


class Segment:
    """The writer of one segment, which it holds exclusively until it is closed; for one thread."""

    def __init__(self, path: Path, *, patience: float = 0.0) -> None:
        """Open or create the file and cut off a torn end; wait up to `patience` seconds for another writer.

        Raises:
            RunFolderError: if another process writes the file, it can't be written, or its end is beyond repair.

        """
        self.path = path
        try:
            self._file = path.open("ab+", buffering=0)
        except OSError as error:
            raise RunFolderError(f"{path}: can't be written ({error.strerror}); choose another `out`") from error
        try:
            self._lock(patience)
            self._end = sound_length(self._file, path)
            os.ftruncate(self._file.fileno(), self._end)
        except BlockingIOError:
            self._file.close()
            raise RunFolderError(f"{path} is being written by another process; wait for it to end") from None
        except BaseException:
            self._file.close()
            raise
        self._synced = time.monotonic()

    def _lock(self, patience: float) -> None:
        end = time.monotonic() + patience
        while True:
            try:
                return fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise
                time.sleep(0.05)

    def append(self, events: Sequence[AnyEvent]) -> bytes:
        """Append events in one write, and return the lines written.

        Raises:
            LogError: if they can't be written, as on a full disk; none of them then stays in the file.

        """
        lines = b"".join(encode(event) for event in events)
        data, end = memoryview(lines), self._end + len(lines)
        try:
            while data:
                data = data[os.write(self._file.fileno(), data) :]
        except OSError as error:
            os.ftruncate(self._file.fileno(), self._end)
            raise self._failure(error) from error
        self._end = end
        if time.monotonic() - self._synced >= SYNC_SECONDS:
            self.sync()
        return lines

    def sync(self) -> None:
        """Wait until everything is on the disk.

        Raises:
            LogError: if the disk refuses.

        """
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._failure(error) from error
        self._synced = time.monotonic()

    def _failure(self, error: OSError) -> LogError:
        return LogError(f"{self.path}: can't be written ({error.strerror}); make room, then resume the job")

    def close(self) -> None:
        """Sync and release the file; closing twice is fine."""
        if not self._file.closed:
            try:
                self.sync()
            finally:
                self._file.close()
