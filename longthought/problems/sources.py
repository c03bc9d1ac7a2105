"""The sources of rows: a file, standard input, or a data set that the `datasets` library can load.

A source yields its rows one by one, numbered from 1. It knows how a row is stored and how to name its place, but not
what a row means. The format of a file is read from its content; its name decides only where the content can't. What
can be read only once, as standard input and pipes, is copied to a temporary file first.

`hf:NAME[:SPLIT]` is a folder on this machine (made with `save_to_disk`, or of Parquet, JSONL or CSV files) or a name
on the Hugging Face Hub, whose optional third part is the configuration: `hf:openai/gsm8k/main:test`.
"""

import atexit
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol, cast

from longthought.errors import ProblemError
from longthought.problems import stored
from longthought.problems.json_rows import Document, Lines, is_document
from longthought.problems.row import Row
from longthought.problems.stored import StoredFile, first_line
from longthought.problems.tables import PARQUET, Csv, Parquet, library, separator_of

HUB: Final = "hf:"
STANDARD_INPUT: Final = "-"


class Source(Protocol):
    """Rows that can be read any number of times."""

    @property
    def name(self) -> str:
        """A short name, for the ids of problems that have none."""
        ...

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Yield every row with its number.

        Raises:
            ProblemError: at a row that can't be read.

        """
        ...

    def count(self) -> int | None:
        """Return the number of rows; None if counting would be expensive."""
        ...

    def place(self, number: int) -> str:
        """Return the place of a row, for messages."""
        ...


def source_of(given: str | Path) -> Source:
    """Return the source of a path, of `-` for standard input, or of `hf:NAME[:SPLIT]`.

    Raises:
        ProblemError: if there is no such file, or the rows can't be opened.

    """
    text = str(given)
    if text.startswith(HUB):
        return Hub(text)
    if text == STANDARD_INPUT:
        return _source_in(_standard_input(sys.stdin))
    path = Path(given)
    if path.is_dir():
        raise ProblemError(f"{path}: expected a file of problems, found a folder; name the file in it, or {HUB}{path}")
    if not path.exists():
        raise ProblemError(
            f"{path}: no such file; give a file of problems as JSON lines, JSON, CSV or Parquet, {STANDARD_INPUT} for "
            f"standard input, or {HUB}NAME[:SPLIT]"
        )
    if path.is_file():
        return _source_in(StoredFile(path, text))
    about = path.stat()
    return _source_in(_pipe(path, about.st_dev, about.st_ino))


def _source_in(file: StoredFile) -> Source:
    """Return the source for the format of a file."""
    if file.suffix == ".parquet" or file.head(len(PARQUET)) == PARQUET:
        return Parquet(file)
    first = file.first_line()
    if first.lstrip().startswith(("{", "[")):
        return Document(file) if is_document(file, first) else Lines(file)
    if file.suffix in {".csv", ".tsv"}:
        return Csv(file)
    json = file.suffix in {".jsonl", ".json", ".ndjson"} or len(first) > stored.MAX_LINE
    return Csv(file) if not json and separator_of(first) in first else Lines(file)


@lru_cache(maxsize=1)
def _standard_input(stream: Any) -> StoredFile:
    if (buffer := getattr(stream, "buffer", None)) is None:
        raise ProblemError(f"standard input can't be read here; name a file instead of {STANDARD_INPUT}")
    return _copied(buffer, "stdin")


@lru_cache(maxsize=8)
def _pipe(path: Path, device: int, inode: int) -> StoredFile:
    with path.open("rb") as stream:
        return _copied(stream, str(path))


def _copied(stream: BinaryIO, label: str) -> StoredFile:
    """Copy a stream into a temporary file, which is removed when the process ends."""
    with tempfile.NamedTemporaryFile(prefix="longthought-", delete=False) as copy:
        path = Path(copy.name)
        atexit.register(path.unlink, missing_ok=True)
        try:
            shutil.copyfileobj(stream, copy)
        except OSError as error:
            raise ProblemError(f"{label}: can't be read ({error.strerror}); name a file instead") from error
    return StoredFile(path, label)


@dataclass(frozen=True, slots=True)
class Hub:
    """A data set of the `datasets` library, by name or from a folder; rows are streamed."""

    given: str
    """As written: `hf:NAME[:SPLIT]`."""

    @property
    def name(self) -> str:
        """The data set's own name and the split's."""
        target, split = self._name_and_split()
        parts = target.rstrip("/").split("/")
        own = parts[1] if len(parts) == 3 and not Path(target).exists() else parts[-1]
        return f"{own}-{split}" if split else own

    def place(self, number: int) -> str:
        """Name the data set and the row."""
        return f"{self.given}, row {number}"

    def count(self) -> int | None:
        """Ask the data set for the number; None if it does not know."""
        rows = self._open()
        if hasattr(rows, "__len__"):
            return len(rows)
        splits = rows.info.splits
        info = splits.get(str(rows.split)) if splits else None
        return int(info.num_examples) if info and info.num_examples else None

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Stream the split."""
        with self._naming_errors():
            for number, row in enumerate(self._open(), start=1):
                yield number, cast(Row, row)

    def _open(self) -> Any:
        datasets = library("datasets", self.given)
        target, split = self._name_and_split()
        with self._naming_errors():
            opened = _load(datasets, target)
        if not hasattr(opened, "keys"):
            if split:
                raise ProblemError(f"{self.given}: it has no splits; write {HUB}{target}")
            return opened
        splits = [str(name) for name in opened]
        if split is None and len(splits) == 1:
            split = splits[0]
        if split not in splits:
            reason = f"there is no split {split!r}" if split else "it has several splits"
            raise ProblemError(f"{self.given}: {reason}; choose from {', '.join(f'{HUB}{target}:{s}' for s in splits)}")
        return opened[split]

    def _name_and_split(self) -> tuple[str, str | None]:
        written = self.given.removeprefix(HUB)
        if Path(written).is_dir():
            return written, None
        target, colon, split = written.rpartition(":")
        return (target, split) if colon and target and split else (written, None)

    @contextmanager
    def _naming_errors(self) -> Generator[None]:
        try:
            yield
        except ProblemError:
            raise
        except Exception as error:  # the library's readers raise many kinds
            raise ProblemError(
                f"{self.given}: can't be loaded ({first_line(error)}); check the name, and write "
                f"{HUB}NAME/CONFIGURATION:SPLIT where a data set has several configurations"
            ) from error


def _load(datasets: Any, target: str) -> Any:
    """Load a folder saved by the library, any other folder, or a name on the hub."""
    datasets.disable_progress_bars()
    folder = Path(target)
    if (folder / "dataset_dict.json").exists() or (folder / "state.json").exists():
        return datasets.load_from_disk(target)
    owner_name = target.split("/")
    if not folder.exists() and len(owner_name) == 3:
        return datasets.load_dataset("/".join(owner_name[:2]), owner_name[2], streaming=True)
    return datasets.load_dataset(target, streaming=True)
