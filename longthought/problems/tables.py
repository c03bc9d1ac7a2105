"""Rows of tables: CSV and Parquet files, read a part at a time.

The separator of a CSV file is the comma, semicolon, tab or bar that divides its header into the most columns. An empty
cell holds nothing.
"""

import csv
import itertools
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from longthought.errors import ProblemError
from longthought.problems.row import Row, show
from longthought.problems.stored import MAX_LINE, FileRows, first_line

BATCH: Final = 256
"""Number of rows of a Parquet file that are converted at once."""
EXTRA: Final = "pip install 'longthought[data]'"
PARQUET: Final = b"PAR1"
"""The first bytes of a Parquet file."""
_SEPARATORS: Final = ",;\t|"


@dataclass(frozen=True, slots=True)
class Csv(FileRows):
    """A CSV file with a header."""

    def count(self) -> int | None:
        """Read the file and count its rows."""
        return sum(1 for _ in self.rows())

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Read a row at a time; rows without any value are skipped."""
        records = self._records()
        header = [name.strip() for name in next(records, (0, list[str]()))[1]]
        if twice := next((name for name in header if name and header.count(name) > 1), None):
            raise ProblemError(f"{self.file.label}: expected columns of different names, found {show(twice)} twice")
        for number, (line, cells) in enumerate(records, start=1):
            if len(cells) != len(header):
                raise ProblemError(
                    f"{self.file.label}:{line}: expected {len(header)} values as in the header, found {len(cells)}; "
                    "quote a value that holds a separator or a line break"
                )
            yield number, {name: cell or None for name, cell in zip(header, cells, strict=True)}

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the header and the rows as cells, each with the number of its first line."""
        lines = self.file.lines()
        opening = list(itertools.islice(lines, 1))
        separator = separator_of(opening[0][1]) if opening else ","
        csv.field_size_limit(MAX_LINE)
        reader = csv.reader((line for _, line in itertools.chain(opening, lines)), delimiter=separator, strict=True)
        line = 1
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            raise ProblemError(
                f'{self.file.label}:{line}: expected a row of CSV, found {error}; quote values as "…", and double a '
                "quote inside"
            ) from error


def separator_of(header: str) -> str:
    """Return the separator that divides a header into the most columns."""
    return max(_SEPARATORS, key=lambda sign: len(next(csv.reader([header], delimiter=sign))))


@dataclass(frozen=True, slots=True)
class Parquet(FileRows):
    """A Parquet file, read a batch of rows at a time."""

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
        label = self.file.label
        parquet, arrow = library("pyarrow.parquet", label), library("pyarrow", label)
        try:
            with parquet.ParquetFile(self.file.path) as file:
                yield file
        except (OSError, arrow.ArrowException) as error:
            raise ProblemError(
                f"{label}: can't be read as Parquet ({first_line(error)}); is it whole, and is it Parquet?"
            ) from error
        except (ValueError, OverflowError) as error:  # a value that Python can't hold, such as a date of the year 10000
            raise ProblemError(
                f"{label}: holds a value that can't be read ({first_line(error)}); leave its column out"
            ) from error


def library(name: str, wanted_by: str) -> Any:
    """Import a library of the extra `data`.

    Raises:
        ProblemError: if it is not installed, with what to install.

    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise ProblemError(f"{wanted_by}: {error.name} is not installed; {EXTRA}") from error
