"""One append-only file of events with one writer: a process killed at any byte can tear nothing but the end.

A line counts only with its newline, and only if it parses; `sound_length` says where such lines end, for writer and
reader alike. Segments know nothing of jobs or configurations.
"""

import fcntl
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final, cast

from pydantic_core import to_json

from longthought.errors import RunError, RunFolderError
from longthought.trajectories.events import AnyEvent

SYNC_SECONDS: Final = 5.0
"""Longest time between two fsyncs while events come in: what a power cut may cost. A killed process loses nothing."""
TORN_LIMIT: Final = 64 * 2**20
"""More bytes than this at the end of a file are never taken for a torn write."""
_WINDOW: Final = 64 * 2**10


def encode(event: AnyEvent) -> bytes:
    """Return an event as one line, `trajectory`, `seq` and `kind` first, so that it can be indexed without parsing."""
    head = f'{{"trajectory":{json.dumps(event.trajectory, ensure_ascii=False)},"seq":{event.seq},"kind":"{event.kind}",'
    rest = event.model_dump(exclude={"trajectory", "seq", "kind"})
    return head.encode() + to_json(rest, inf_nan_mode="strings")[1:] + b"\n"


def sound_length(file: BinaryIO, path: Path) -> int:
    """Return how many bytes stand before the torn end of a segment; reads no more of it than needed.

    Raises:
        RunFolderError: if so much of the end is unreadable that it can't be a torn write.

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
    """The writing end of one segment, held exclusively until it is closed; for one thread."""

    def __init__(self, path: Path, *, patience: float = 0.0) -> None:
        """Open or create the file and cut off a torn end; wait so many seconds for another process to let go of it.

        Raises:
            RunFolderError: if another process writes it, it can't be written at all, or its end is beyond repair.

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
        """Write events at the end, in one piece, and return the lines written.

        Raises:
            RunError: if they can't be written, as on a full disk; none of them then stays in the file.

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
            RunError: if the disk refuses.

        """
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._failure(error) from error
        self._synced = time.monotonic()

    def _failure(self, error: OSError) -> RunError:
        return RunError(f"{self.path}: can't be written ({error.strerror}); make room, then resume the job")

    def close(self) -> None:
        """Sync and let go of the file; closing twice is fine."""
        if not self._file.closed:
            try:
                self.sync()
            finally:
                self._file.close()
