"""Write a folder of training data, as `folder` reads it: rows one at a time, `meta.json` and a card.

The folder is made under a temporary name and renamed when it is complete, so a stopped export leaves no folder that
looks complete.
"""

# pyright: basic

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

from longthought.errors import ConfigError, RunError
from longthought.extras import expect_installed
from longthought.files import disk_full
from longthought.training.data.folder import META, Split

_GROUP: Final = 2_000
"""Rows of one group of a Parquet file."""
Body = Mapping[str, Any]


def write_lines(path: Path, rows: Iterable[Body]) -> int:
    """Write JSON lines; return their number."""
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


def write_parquet(path: Path, rows: Iterable[Body]) -> int:
    """Write a Parquet file group by group, with the schema of the first group; return the number of rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    count, remaining = 0, iter(rows)
    writer: Any = None
    try:
        for batch in iter(lambda: list(islice(remaining, _GROUP)), []):
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
    expect_installed(("pyarrow",), "data", "`parquet`", ConfigError)


@contextmanager
def new_folder(out: Path) -> Generator[Path]:
    """Yield a folder to write into, which is moved to `out` when the block ends and removed when it fails.

    `out` must not exist, or be an empty folder.

    Raises:
        RunError: if the disk is full.

    """
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        yield draft
        draft.chmod(0o755)
        if out.exists():
            out.rmdir()
        draft.rename(out)
    except BaseException as error:
        shutil.rmtree(draft, ignore_errors=True)
        if reason := disk_full(error) or _staging_full(error):
            raise RunError(f"{out}: can't be written ({reason}); make room, or choose another `out`") from error
        raise


def _staging_full(error: BaseException) -> str | None:
    """Return the reason if SQLite, in which rows are staged, had no room; None otherwise."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return str(error) if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR) else None


def write_split(folder: Path, split: Split, rows: Iterable[Body], *, parquet: bool = False) -> int:
    """Write the rows of one split; return their number."""
    if parquet:
        return write_parquet(folder / f"{split}.parquet", rows)
    return write_lines(folder / f"{split}.jsonl", rows)


def write_description(folder: Path, meta: Mapping[str, Any], card: str) -> None:
    """Write `meta.json` and the card."""
    (folder / META).write_text(json.dumps(meta, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(card, encoding="utf-8")
