"""Files that are there whole or not at all, locks on files, and disks without room for them."""

import errno
import fcntl
import os
import re
from pathlib import Path
from typing import Final

_FULL: Final = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_IN_WORDS: Final = re.compile(r"\(os error (\d+)\)")
"""How libraries in Rust, such as safetensors, tell the number of an error."""
_TORCH: Final = "PytorchStreamWriter failed writing"
"""What torch says of a file that it can't write whole; it doesn't tell why."""


def write_whole(path: Path, text: str) -> None:
    """Write a text so that a reader finds what was there before or all of the new text, even after a power cut.

    The text is written beside its place, and moved there when it is on the disk.

    Raises:
        OSError: if it can't be written; what was there before stays.

    """
    draft = draft_of(path)
    try:
        with draft.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def draft_of(path: Path) -> Path:
    """Return where a file is drafted; the holder of a folder may find one there that a kill has left."""
    return path.with_name(f"{path.name}.new")


def locked(path: Path) -> int:
    """Lock a file for this process, made if need be.

    Returns:
        The descriptor that holds the lock until it is closed.

    Raises:
        BlockingIOError: if another process holds the lock.
        OSError: if the file can't be written or locked.

    """
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise
    return lock


def disk_full(error: BaseException) -> str | None:
    """Return the reason in words if an error says that a file has no room to grow; None if it says anything else."""
    if isinstance(error, OSError):
        return error.strerror if error.errno in _FULL else None
    if (told := _IN_WORDS.search(str(error))) and (number := int(told[1])) in _FULL:
        return os.strerror(number)
    return "a checkpoint can't be written whole" if _TORCH in str(error) else None
