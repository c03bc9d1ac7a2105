"""The run folder as the job writes it; `run` reads it.

    run.json             the request: the resolved configuration, versions, seed
    events-NNNN.jsonl    the log: append-only segments, each with one writer
    run.lock             held by the job while it runs

The log is the truth; everything else about a run can be rebuilt from these files.
"""

import json
import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, cast

from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from longthought.errors import RunFolderError
from longthought.files import draft_of, locked, write_whole
from longthought.record import Record
from longthought.schema import expect_readable
from longthought.trajectories.events import SCHEMA_VERSION, AnyEvent
from longthought.trajectories.segment import Segment

_MANIFEST: Final = "run.json"
_LOCK: Final = "run.lock"
_PACKAGES: Final = ("longthought", "pydantic", "langgraph", "langchain-core", "transformers", "torch", "trl")


ORPHAN_SECONDS: Final = 10.0
"""How long the helping processes of a killed job may take to notice and end."""


class Manifest(Record):
    """The content of `run.json`."""

    schema_version: int = SCHEMA_VERSION
    """The schema of this file and of every event in the folder."""
    kind: str
    """The kind of job: `generate`, `evaluate`, …"""
    created: str
    """When the run was started, in ISO 8601 and UTC."""
    seed: int | None = None
    config: dict[str, Any]
    """Every setting, fully resolved; a run resumes with it."""
    versions: dict[str, str]
    """Versions of Python and of the main packages when the run was started."""


def read_manifest(path: Path) -> Manifest:
    """Read the manifest of a run folder.

    Raises:
        RunFolderError: if it is not a run folder, is damaged, or comes from a newer longthought.

    """
    file = path / _MANIFEST
    try:
        record: object = json.loads(file.read_bytes())
        if not isinstance(record, dict):
            raise ValueError("expected a JSON object")
        record = cast(dict[str, Any], record)
        schema = record.get("schema_version")
        if isinstance(schema, int):
            expect_readable(path, "a run", schema, SCHEMA_VERSION, RunFolderError)
        return Manifest.model_validate(record)
    except (FileNotFoundError, NotADirectoryError) as error:
        what = "is not a run folder (it has no run.json)" if path.exists() else "does not exist"
        raise RunFolderError(f"{path} {what}: give the run folder that a job wrote") from error
    except OSError as error:
        raise RunFolderError(f"{file}: can't be read ({error.strerror}); check its permissions") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise RunFolderError(f"{file}: {where}: {first['msg']}; restore the file, or choose another folder") from error
    except (ValueError, RecursionError) as error:
        raise RunFolderError(f"{file}: damaged ({error}); restore the file, or choose another folder") from error


def segments(path: Path) -> list[Path]:
    """Return the segments of a run folder, in order."""
    return sorted(path.glob("events-*.jsonl"))


def kept_setting(path: Path, name: str) -> Any:
    """Return a setting of the run that a folder holds, for a job that resumes it; None without one."""
    return read_manifest(path).config.get(name) if (path / _MANIFEST).exists() else None


class RunFolder:
    """The run folder of one job, which holds it exclusively until it is closed."""

    def __init__(self, path: Path, lock: int, manifest: Manifest, *, resumed: bool) -> None:
        """Take over a locked folder; use `create_or_resume` or `open`."""
        self.path = path
        self.manifest = manifest
        self.resumed = resumed
        """Whether the folder already held this run."""
        self._lock = lock
        for segment in segments(path):  # of a killed job: wait for its helping processes, and cut off torn ends
            Segment(segment, patience=ORPHAN_SECONDS).close()
        self._segment = Segment(self.segment(0))
        _sync_folder(path)

    @classmethod
    def create_or_resume(
        cls,
        path: str | Path,
        config: Mapping[str, Any],
        *,
        kind: str = "generate",
        current: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict,
    ) -> Self:
        """Start a run in a new or empty folder, or resume the run that the folder holds.

        Args:
            path: The folder.
            config: What must be the same when the run is resumed.
            kind: The job that writes it.
            current: Turns a configuration that an earlier version wrote into what would be written now.

        Raises:
            RunFolderError: if the folder holds anything but a run, its run has another configuration or schema, or
                another job uses it.

        """
        path = Path(path)
        wanted = _manifest(kind, config)
        if not (path / _MANIFEST).exists():
            _make_folder(path)
        lock = _acquire(path)
        try:
            resumed = (path / _MANIFEST).exists()
            if resumed:
                stored = read_manifest(path)
                _expect_same(path, stored, wanted, current)
                wanted = stored
            else:
                _write_manifest(path, wanted)
            return cls(path, lock, wanted, resumed=resumed)
        except BaseException:
            os.close(lock)
            raise

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Resume a run with the configuration in its own `run.json`.

        Raises:
            RunFolderError: if there is no run, its schema is not the current one, or another job uses it.

        """
        path = Path(path)
        read_manifest(path)
        lock = _acquire(path)
        try:
            manifest = read_manifest(path)
            _expect_schema(path, manifest)
            return cls(path, lock, manifest, resumed=True)
        except BaseException:
            os.close(lock)
            raise

    @property
    def config(self) -> dict[str, Any]:
        """The configuration the run was started with."""
        return self.manifest.config

    def segment(self, number: int) -> Path:
        """Return the path of a segment: 0 belongs to this job, higher numbers to its helping processes."""
        return self.path / f"events-{number:04d}.jsonl"

    def append(self, events: Sequence[AnyEvent]) -> None:
        """Append events to the log in one write.

        Raises:
            LogError: if they can't be written; none of them is then in the log.

        """
        self._segment.append(events)

    def sync(self) -> None:
        """Wait until everything is on the disk."""
        self._segment.sync()

    def close(self) -> None:
        """Sync and release the folder; closing twice is fine."""
        if self._lock >= 0:
            try:
                self._segment.close()
            finally:
                os.close(self._lock)
                self._lock = -1

    def __enter__(self) -> Self:
        """Hold the folder for a `with` block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the folder."""
        self.close()


def _manifest(kind: str, config: Mapping[str, Any]) -> Manifest:
    plain = cast(dict[str, Any], json.loads(json.dumps(to_jsonable_python(dict(config)))))
    seed = plain.get("seed")
    return Manifest(
        kind=kind,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=seed if isinstance(seed, int) else None,
        config=plain,
        versions={"python": platform.python_version(), **dict(_versions())},
    )


def _versions() -> Iterator[tuple[str, str]]:
    for package in _PACKAGES:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            continue


def _write_manifest(path: Path, manifest: Manifest) -> None:
    try:
        write_whole(path / _MANIFEST, json.dumps(manifest.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n")
        _sync_folder(path)
    except OSError as error:
        raise _unwritable(path, error) from error


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _make_folder(path: Path) -> None:
    """Make the folder of a new run, if need be, and raise if it holds anything that is no part of one."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        own = {_LOCK, _MANIFEST, draft_of(path / _MANIFEST).name}
        foreign = sorted(entry.name for entry in path.iterdir() if entry.name not in own)
    except OSError as error:
        raise RunFolderError(f"{path}: can't be a run folder ({error.strerror}); choose another `out`") from error
    if foreign:
        raise RunFolderError(
            f"{path} is not a run folder: it has no run.json but holds {_listing(foreign)}; choose another `out`"
        )


def _acquire(path: Path) -> int:
    try:
        lock = locked(path / _LOCK)
    except BlockingIOError:
        holder = (path / _LOCK).read_bytes()[:20].decode(errors="replace").strip() or "unknown"
        raise RunFolderError(
            f"{path} is in use by process {holder}: wait for that job to end, or choose another `out`"
        ) from None
    except OSError as error:
        raise RunFolderError(f"{path}: can't be written ({error.strerror}); choose another `out`") from error
    try:
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        os.close(lock)
        raise _unwritable(path, error) from error
    return lock


def _unwritable(path: Path, error: OSError) -> RunFolderError:
    return RunFolderError(f"{path}: can't be written ({error.strerror}); make room, or choose another `out`")


def _expect_schema(path: Path, stored: Manifest) -> None:
    if stored.schema_version != SCHEMA_VERSION:
        raise RunFolderError(
            f"{path} was written with schema {stored.schema_version}, and this longthought writes {SCHEMA_VERSION}: "
            "it can be read, but not resumed; choose another `out`"
        )


def _expect_same(
    path: Path, stored: Manifest, wanted: Manifest, current: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> None:
    _expect_schema(path, stored)
    old = dict(_flat({"job": stored.kind, **_manifest(stored.kind, current(stored.config)).config}))
    new = dict(_flat({"job": wanted.kind, **wanted.config}))
    changes = [
        f"{key} {_show(old, key)} -> {_show(new, key)}"
        for key in dict.fromkeys((*old, *new))
        if key not in old or key not in new or old[key] != new[key]
    ]
    if changes:
        raise RunFolderError(
            f"{path} was started with another configuration ({'; '.join(changes)}): "
            "choose another `out`, or resume with the settings it was started with"
        )


def _flat(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in config.items():
        if isinstance(value, dict) and value:
            yield from _flat(cast(dict[str, Any], value), f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _show(config: Mapping[str, Any], key: str) -> str:
    return json.dumps(config[key], ensure_ascii=False) if key in config else "(absent)"


def _listing(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
