"""Writing rows: JSON lines or Parquet, one at a time."""

# pyright: basic

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

from longthought.errors import ConfigError

_GROUP: Final = 2_000
"""Rows of a Parquet file written at once."""
Body = Mapping[str, Any]


def write_lines(path: Path, rows: Iterable[Body]) -> int:
    """Write JSON lines; return how many."""
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


def write_parquet(path: Path, rows: Iterable[Body]) -> int:
    """Write a Parquet file, some rows at a time, by the schema of the first ones; return how many."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    count, found = 0, iter(rows)
    writer: Any = None
    try:
        for batch in iter(lambda: list(islice(found, _GROUP)), []):
            table = pa.Table.from_pylist(batch, schema=writer.schema if writer else None)
            writer = writer or pq.ParquetWriter(path, table.schema)
            writer.write_table(table)
            count += len(batch)
    finally:
        if writer:
            writer.close()
    return count


def expect_parquet() -> None:
    """Raise unless Parquet can be written here.

    Raises:
        ConfigError: if the library is missing.

    """
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            "`parquet` needs a package: run `pip install 'longthought[data]'`, or leave it out"
        ) from error


def write_rows(folder: Path, split: str, rows: Iterator[Body], *, parquet: bool) -> int:
    """Write one split."""
    if parquet:
        return write_parquet(folder / f"{split}.parquet", rows)
    return write_lines(folder / f"{split}.jsonl", rows)
