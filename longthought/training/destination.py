"""The folder that something new goes into: refused before the work begins, not after it."""

import tempfile
from pathlib import Path

from longthought.errors import ConfigError


def expect_new(out: Path) -> None:
    """Raise unless a folder is new or empty, and can be written.

    Raises:
        ConfigError: if there is something in it, or it can't be made.

    """
    expect_writable(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"`out` {out}: there is something else in it already; name a new folder")


def expect_writable(out: Path) -> None:
    """Raise unless something can be written into a folder, or where it is to be made; nothing is left there.

    Raises:
        ConfigError: naming what stands in the way.

    """
    near = out.absolute()
    try:
        while not near.exists():
            near = near.parent
        if near != out.absolute() or near.is_dir():
            tempfile.TemporaryFile(dir=near).close()
    except OSError as error:
        raise ConfigError(
            f"`out` {out}: nothing can be written into {near} ({error.strerror}); name another folder"
        ) from error
