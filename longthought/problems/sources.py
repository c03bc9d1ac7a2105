"""The sources of rows: a JSONL or Parquet file, or a data set that the `datasets` library can load.

A source yields its rows one by one, numbered from 1, and never holds more than a part of the data set in memory. It
knows how a row is stored and how to name its place, but not what a row means.

`hf:NAME[:SPLIT]` is a folder on this machine (made with `save_to_disk`, or of Parquet, JSONL or CSV files) or a name
on the Hugging Face Hub, whose optional third part is the configuration: `hf:openai/gsm8k/main:test`.
"""

import itertools
import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Protocol, cast

from longthought.errors import ProblemError

MAX_LINE: Final = 16 * 2**20
"""Longest line read, in bytes."""
BATCH: Final = 256
"""Number of rows of a Parquet file that are converted at once."""
HUB: Final = "hf:"
EXTRA: Final = "pip install 'longthought[data]'"
_SHOWN: Final = 60

Row = Mapping[str, Any]


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
    """Return the source of a path or of `hf:NAME[:SPLIT]`.

    Raises:
        ProblemError: if there is no such file, or the rows can't be opened.

    """
    text = str(given)
    if text.startswith(HUB):
        return Hub(text)
    path = Path(given)
    if path.is_dir():
        raise ProblemError(f"{path}: expected a file of problems, found a folder; name the file in it, or {HUB}{path}")
    if not path.exists():
        raise ProblemError(
            f"{path}: no such file; give a JSONL or Parquet file with one problem a line, or {HUB}NAME[:SPLIT]"
        )
    return Parquet(path) if path.suffix == ".parquet" else Lines(path)


@dataclass(frozen=True, slots=True)
class Lines:
    """A file of JSON lines."""

    path: Path

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.path.stem

    def place(self, number: int) -> str:
        """Name the file and the line."""
        return f"{self.path}:{number}"

    def count(self) -> int | None:
        """Count the lines that aren't blank; None for a pipe, which can be read only once."""
        return sum(1 for _ in self._lines()) if self.path.is_file() else None

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Read a line at a time; blank ones are skipped."""
        for number, line in self._lines():
            try:
                yield number, _object(line)
            except ProblemError as error:
                raise ProblemError(f"{self.place(number)}: {error}") from error

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        try:
            with self.path.open("rb") as file:
                number = 0
                while line := file.readline(MAX_LINE + 1):
                    number += 1
                    if len(line) > MAX_LINE:
                        raise ProblemError(
                            f"{self.place(number)}: expected at most {MAX_LINE:,} bytes a line, found more"
                        )
                    if number == 1:
                        line = line.removeprefix(b"\xef\xbb\xbf")
                    if line.strip():
                        yield number, line
        except OSError as error:
            raise ProblemError(
                f"{self.path}: can't be read ({error.strerror}); check the path and its permissions"
            ) from error


@dataclass(frozen=True, slots=True)
class Parquet:
    """A Parquet file, read a batch of rows at a time."""

    path: Path

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.path.stem

    def place(self, number: int) -> str:
        """Name the file and the row."""
        return f"{self.path}, row {number}"

    def count(self) -> int | None:
        """Read the number from the file's footer."""
        with self._reading() as file:
            return int(file.metadata.num_rows)

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Read a batch of rows at a time."""
        with self._reading() as file:
            batches = (batch.to_pylist() for batch in file.iter_batches(batch_size=BATCH))
            yield from enumerate(itertools.chain.from_iterable(batches), start=1)

    @contextmanager
    def _reading(self) -> Generator[Any]:
        parquet, arrow = _library("pyarrow.parquet", str(self.path)), _library("pyarrow", str(self.path))
        try:
            with parquet.ParquetFile(self.path) as file:
                yield file
        except (OSError, arrow.ArrowException) as error:
            raise ProblemError(
                f"{self.path}: can't be read as Parquet ({_first_line(error)}); is it whole, and is it Parquet?"
            ) from error


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
        datasets = _library("datasets", self.given)
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
                f"{self.given}: can't be loaded ({_first_line(error)}); check the name, and write "
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


def _library(name: str, wanted_by: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise ProblemError(f"{wanted_by}: {error.name} is not installed; {EXTRA}") from error


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _object(line: bytes) -> Row:
    try:
        found: object = json.loads(line.decode())
    except UnicodeDecodeError as error:
        where = f"byte 0x{line[error.start]:02x} at column {error.start + 1}"
        raise ProblemError(f"expected UTF-8 text, found {where}") from error
    except (ValueError, RecursionError) as error:
        raise ProblemError(f"expected one JSON object, found {show(line)} ({error})".replace("\n", " ")) from error
    if not isinstance(found, dict):
        raise ProblemError(f"expected one JSON object, found {show(found)}")
    return cast(Row, found)


def show(value: object) -> str:
    """Quote a value for a message, cut to a short length."""
    text = value.decode(errors="replace").strip() if isinstance(value, bytes) else json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
