"""Files that are there whole or not at all."""

import os
from pathlib import Path


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
