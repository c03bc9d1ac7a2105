"""The database of the index: a row for each debate, and where its lines stand.

It can be deleted at any time and is built again from the logs. One connection writes; others read what it committed.
"""

import hashlib
import os
import sqlite3
import tempfile
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from longthought.files import locked
from longthought.trajectories.ids import root_debate
from longthought.viewer.tally import COLUMNS, Tally

VERSION: Final = 2
"""Grows with every change of the tables; a database of another version is built anew."""
OFFSET_BITS: Final = 44
_NARROW: Final = tuple(column for column in COLUMNS if column not in ("statement", "answer", "moves"))
_TABLES: Final = f"""
CREATE TABLE runs (run INTEGER PRIMARY KEY, path TEXT UNIQUE, identity TEXT, labels INTEGER DEFAULT 0);
CREATE TABLE segments (run INTEGER, number INTEGER, name TEXT, scanned INTEGER, PRIMARY KEY (run, number));
CREATE TABLE debates (
    key INTEGER PRIMARY KEY, run INTEGER, id TEXT, root TEXT, outcome TEXT,
    {", ".join(_NARROW)},
    tokens INTEGER AS (policy_tokens + critic_tokens), broken INTEGER DEFAULT 0, stamp INTEGER,
    labelled INTEGER DEFAULT 0, doubtful INTEGER DEFAULT 0,
    wrong_rejections INTEGER DEFAULT 0, wrong_approvals INTEGER DEFAULT 0
);
CREATE UNIQUE INDEX by_id ON debates (run, id);
CREATE INDEX by_stamp ON debates (stamp);
CREATE INDEX by_root ON debates (run, root) WHERE root IS NOT NULL;
CREATE TABLE texts (key INTEGER PRIMARY KEY, statement TEXT, answer TEXT);
CREATE TABLE places (
    key INTEGER PRIMARY KEY, lines BLOB, labels BLOB DEFAULT x'', moves BLOB, regular INTEGER DEFAULT 1
);
"""
"""Texts and places stand apart, so that reading the figures of all debates reads little."""
_FETCH: Final = (
    f"SELECT d.key, d.{', d.'.join(_NARROW)}, t.statement, t.answer, p.moves, p.regular, p.lines "
    "FROM debates d JOIN texts t USING (key) JOIN places p USING (key) WHERE run = ? AND id = ?"
)


def position(segment: int, offset: int) -> int:
    """Pack the number of a segment and the offset of a line into one integer."""
    return segment << OFFSET_BITS | offset


def unpacked(position: int) -> tuple[int, int]:
    """Return the number of the segment and the offset of the line."""
    return position >> OFFSET_BITS, position & ((1 << OFFSET_BITS) - 1)


def cache_folder() -> Path:
    """Return where indexes are kept between two starts of the viewer."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "longthought" / "viewer"


class _Held:
    """The connection of a thread, closed when the thread ends and what is its own goes."""

    def __init__(self, connection: sqlite3.Connection, all_: set[sqlite3.Connection]) -> None:
        self.connection, self._all = connection, all_
        all_.add(connection)

    def close(self) -> None:
        """Close it."""
        self._all.discard(self.connection)
        self.connection.close()

    __del__ = close


class Store:
    """The database for the runs on view, which this process alone writes."""

    def __init__(self, paths: Sequence[Path], folder: Path | None = None) -> None:
        """Open the database that an earlier viewer of the same paths left, or begin a new one.

        If another viewer has it open, or the folder can't be written, this one works in a temporary folder.

        Args:
            paths: What is on view.
            folder: Where databases are kept (default: the user's cache).

        """
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._threads = threading.local()
        self._connections = set[sqlite3.Connection]()
        """Those of the threads that live."""
        names = "\n".join(str(path.resolve()) for path in paths)
        name = hashlib.blake2b(names.encode(errors="surrogateescape"), digest_size=10).hexdigest()
        self._lock = _claimed((folder or cache_folder()) / f"{name}.lock")
        if self._lock is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="longthought-viewer-")
            self.path = Path(self._temporary.name) / "index.sqlite"
        else:
            self.path = (folder or cache_folder()) / f"{name}.sqlite"
        try:
            self._prepare()
        except sqlite3.DatabaseError:  # torn by a power cut, or no database
            self._remove()
            self._prepare()
        self.stamp: int = self.ask("SELECT coalesce(max(stamp), 0) FROM debates")[0][0]
        """The stamp of the newest rows that are committed; rows of one change have the same."""
        self.epoch = 0
        """Grows when rows are removed."""

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """Commit what is written within the context, or nothing of it; it is stamped as one change."""
        ask = self.connection()
        ask.execute("BEGIN")
        try:
            yield ask
        except BaseException:
            with suppress(sqlite3.Error):  # a full disk may have rolled back already
                ask.execute("ROLLBACK")
            raise
        ask.execute("COMMIT")
        self.stamp += 1

    def release(self) -> None:
        """Close the connection of the thread that asks, which has done its work."""
        held: _Held | None = getattr(self._threads, "held", None)
        if held is not None:
            held.close()
            del self._threads.held

    def _prepare(self) -> None:
        writer = self.connection()
        if writer.execute("PRAGMA user_version").fetchone()[0] != VERSION:
            self._remove()
            writer = self.connection()
            writer.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {VERSION}; COMMIT;")

    def _remove(self) -> None:
        self._disconnect()
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def connection(self) -> sqlite3.Connection:
        """Return the connection of the thread that asks."""
        held: _Held | None = getattr(self._threads, "held", None)
        if held is None:
            made = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None, timeout=30)
            made.executescript(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -4000; "
                "PRAGMA temp_store = MEMORY;"
            )
            held = self._threads.held = _Held(made, self._connections)
        return held.connection

    def ask(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        """Return all rows of a query."""
        return self.connection().execute(sql, values).fetchall()

    def fetch(self, run: int, name: str) -> Tally | None:
        """Return the tally of a debate, to be gone on with; None if the index doesn't have it."""
        row = self.connection().execute(_FETCH, (run, name)).fetchone()
        if row is None:
            return None
        tally = Tally()
        for column, value in zip(("key", *_NARROW, "statement", "answer", "moves"), row, strict=False):
            setattr(tally, column, value)
        tally.regular = bool(row[-2])
        tally.positions.frombytes(row[-1])
        return tally

    def put(self, run: int, tallies: Mapping[str, Tally]) -> None:
        """Write tallies under the names of their debates, within a transaction; new ones get their keys."""
        ask, stamp = self.connection(), self.stamp + 1
        key = ask.execute("SELECT coalesce(max(key), 0) FROM debates").fetchone()[0]
        new, known = list[tuple[str, Tally]](), list[Tally]()
        for name, tally in tallies.items():
            if tally.key is None:
                key += 1
                tally.key = key
                new.append((name, tally))
            else:
                known.append(tally)
        ask.executemany(
            f"INSERT INTO debates (key, run, id, root, stamp, outcome, broken, {', '.join(_NARROW)}) "
            f"VALUES (?, ?, ?, ?, ?, ?, ?{', ?' * len(_NARROW)})",
            ((t.key, run, name, root_debate(name), stamp, *_written(t)) for name, t in new),
        )
        ask.executemany(
            f"UPDATE debates SET stamp = ?, outcome = ?, broken = ?, {' = ?, '.join(_NARROW)} = ? WHERE key = ?",
            ((stamp, *_written(t), t.key) for t in known),
        )
        ask.executemany(
            "INSERT OR REPLACE INTO texts VALUES (?, ?, ?)",
            ((t.key, t.statement, t.answer) for t in tallies.values()),
        )
        ask.executemany(
            "INSERT INTO places (key, lines, moves, regular) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (key) DO UPDATE SET lines = excluded.lines, moves = excluded.moves, "
            "regular = excluded.regular",
            ((t.key, t.positions.tobytes(), t.moves, t.regular) for t in tallies.values()),
        )

    def _disconnect(self) -> None:
        for connection in list(self._connections):
            connection.close()
        self._connections.clear()
        self._threads = threading.local()

    def close(self) -> None:
        """Close every connection; what is temporary is removed."""
        self._disconnect()
        if self._lock is not None:
            os.close(self._lock)
        if self._temporary is not None:
            self._temporary.cleanup()


def _written(tally: Tally) -> tuple[Any, ...]:
    return (tally.outcome, tally.broken, *map(tally.__getattribute__, _NARROW))


def _claimed(path: Path) -> int | None:
    """Lock a file for this process; None if another process holds it, or it can't be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return locked(path)
    except OSError:
        return None
