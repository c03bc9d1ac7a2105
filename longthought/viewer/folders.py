"""The run folders behind the paths that were given, and whether a job writes them now."""

import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast

from longthought.errors import RunFolderError
from longthought.trajectories.folder import segments

REPORT: Final = "comparison.json"
"""What `longthought evaluate` leaves in its folder."""
LEDGER: Final = "ledger.jsonl"
"""What `longthought improve` writes into its folder."""
_DEPTH: Final = 3
"""How far below a set its runs may lie."""
_FRESH: Final = 10.0
"""Seconds for which a log that has grown counts as being written."""


@dataclass(frozen=True, slots=True)
class Member:
    """A run folder on view."""

    name: str
    path: Path
    set: str | None
    """The name of the set that it belongs to."""

    @property
    def strategy(self) -> str | None:
        """The strategy or the round, in a set."""
        return self.name.split("/")[1] if self.set else None

    @property
    def seed(self) -> str | None:
        """The folder below the strategy, in a set."""
        return "/".join(self.name.split("/")[2:]) or None if self.set else None


@dataclass(frozen=True, slots=True)
class Set:
    """A folder that holds run folders."""

    name: str
    path: Path

    @property
    def kind(self) -> Literal["evaluate", "improve"]:
        """The command that made it."""
        return "improve" if (self.path / LEDGER).exists() else "evaluate"

    def members(self) -> list[Member]:
        """Return its runs, those of one strategy together."""
        found = sorted(_run_folders(self.path, _DEPTH))
        return [Member(f"{self.name}/{path.relative_to(self.path)}", path, self.name) for path in found]


def opened(paths: Sequence[Path]) -> list[Member | Set]:
    """Return what stands behind paths, each with a name of its own.

    Raises:
        RunFolderError: if a path is neither a run folder nor holds any.

    """
    found: list[Member | Set] = []
    for path in dict.fromkeys(paths):
        if (path / "run.json").exists():
            found.append(Member(_named(path, paths), path, None))
        elif next(_run_folders(path, _DEPTH), None) is not None:
            found.append(Set(_named(path, paths), path))
        else:
            what = "is not a run folder, and holds none" if path.exists() else "does not exist"
            raise RunFolderError(
                f"{path} {what}: give the run folder that a job wrote, or the folder of `evaluate` or `improve`"
            )
    return found


def _named(path: Path, paths: Sequence[Path]) -> str:
    """Return the shortest end of a path that none of the others has."""
    parts = path.resolve().parts
    others = [other.resolve().parts for other in paths if other != path]
    lengths = (count for count in range(1, len(parts)) if all(parts[-count:] != other[-count:] for other in others))
    return "-".join(parts[-next(lengths, len(parts)) :])


def _run_folders(path: Path, depth: int) -> Iterator[Path]:
    try:
        below = sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.is_symlink())
    except OSError:
        return
    for folder in below:
        if (folder / "run.json").exists():
            yield folder
        elif depth > 1:
            yield from _run_folders(folder, depth - 1)


def is_live(path: Path) -> bool:
    """Say whether a job holds a run folder, or its log grew just now."""
    return _held(path / "run.lock") or any(
        time.time() - file.stat().st_mtime < _FRESH for file in segments(path) if file.exists()
    )


def _held(lock: Path) -> bool:
    """Say whether the process that a lock file names is alive and holds it; the lock itself is not touched."""
    try:
        os.kill(int(lock.read_text()), 0)
        inode = lock.stat().st_ino
    except PermissionError:
        return True  # alive, and another user's
    except (OSError, ValueError):
        return False
    try:
        held = Path("/proc/locks").read_text()
    except OSError:
        return True  # no such file but on Linux: the process is alive
    return f":{inode} " in held


def report(folder: Path) -> dict[str, Any] | None:
    """Return the report of an evaluation as data; None if there is none that can be read."""
    try:
        found: object = json.loads((folder / REPORT).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return cast(dict[str, Any], found) if isinstance(found, dict) else None
