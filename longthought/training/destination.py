"""Check an output folder before the work begins, not after it."""

import tempfile
from pathlib import Path

from longthought.errors import ConfigError


def expect_new(out: Path, *, but: str | None = None) -> None:
    """Raise unless a folder is new or empty, apart from a file called `but`, and can be written.

    Raises:
        ConfigError: if there is something in it, or it can't be made.

    """
    expect_writable(out)
    if out.exists() and (not out.is_dir() or any(file.name != but for file in out.iterdir())):
        raise ConfigError(f"`out` {out}: there is something else in it already; name a new folder")


def expect_writable(out: Path) -> None:
    """Raise unless files can be written into a folder, or into the one it will be made in; the check leaves no file.

    Raises:
        ConfigError: naming what stands in the way.

    """
    nearest = out.absolute()
    try:
        while not nearest.exists():
            nearest = nearest.parent
        if nearest != out.absolute() or nearest.is_dir():
            tempfile.TemporaryFile(dir=nearest).close()
    except OSError as error:
        raise ConfigError(
            f"`out` {out}: nothing can be written into {nearest} ({error.strerror}); name another folder"
        ) from error
