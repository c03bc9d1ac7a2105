"""The index of one run: its logs, read once from front to back and followed while a job writes them.

Whole segments are never held in memory: they are read in blocks, and each block is added to the store in one
transaction. A debate is read by the positions of its lines.
"""

import hashlib
import json
import sqlite3
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO, Final

from msgspec import DecodeError

from longthought.errors import RunFolderError
from longthought.labels.label import FILE as LABELS
from longthought.labels.label import LABEL_SCHEMA, Label, in_force
from longthought.labels.review import doubtful_steps
from longthought.schema import expect_readable, version_in
from longthought.trajectories.events import SCHEMA_VERSION, AnyEvent, Finished, Graded
from longthought.trajectories.folder import Manifest, read_manifest, segments
from longthought.trajectories.run import read_event, sound_events
from longthought.trajectories.segment import NAME_HEAD, encode, sound_length
from longthought.trajectories.trajectory import Trajectory
from longthought.viewer.store import Store, position, unpacked
from longthought.viewer.tally import COLUMNS, Tally, approved_and_rejected, decode

BLOCK: Final = 8 * 2**20
"""Bytes that are read at once; a longer line is read whole."""


class RunIndex:
    """The index of one run folder; one thread refreshes it, and any thread may read."""

    def __init__(self, store: Store, path: Path) -> None:
        """Take up the index that the store has of the folder, if it still belongs to the same run."""
        self.path, self._store = path, store
        self.manifest: Manifest | None = None
        self.error = ""
        """Why the run can't be read, or not to its end; empty if all is well."""
        self.read_bytes = self.all_bytes = 0
        self.number = self._number()
        self._active: dict[str, Tally] = {}
        """The debates that have not ended, by their names."""
        begun = store.ask("SELECT 1 FROM debates WHERE run = ? LIMIT 1", (self.number,))
        self._ended: set[str] | None = None if begun else set()
        """All others, by their names; None if the store had some before, and must be asked."""
        self.settled = False
        """Whether everything was read that stood in the folder when the viewer was started."""

    def _number(self) -> int:
        name = str(self.path.resolve())
        ask = self._store.connection()
        ask.execute("INSERT OR IGNORE INTO runs (path) VALUES (?)", (name,))
        return int(ask.execute("SELECT run FROM runs WHERE path = ?", (name,)).fetchone()[0])

    def refresh(self, stop: Callable[[], bool] = lambda: False) -> Iterator[None]:
        """Read what was written since the last time; yield after every block that changed the index."""
        try:
            self.manifest = read_manifest(self.path)
            self._expect_same_run()
            changed = set[str]()
            for number, file in self._segments():
                for names in self._scan(number, file):
                    changed |= names
                    yield
                    if stop():
                        return
            yield from self._scan_labels(changed)
            self.error = ""
        except RunFolderError as error:
            self.error = str(error)
        except OSError as error:
            self.error = f"{self.path}: can't be read ({error.strerror}); check its permissions"
        except ValueError as error:  # a damaged line, or a log that contradicts itself
            self.error = f"{self.path}: can't be read ({error}); restore the files, or take it from the view"
        except sqlite3.Error as error:
            self._active.clear()  # what was not committed is read again
            self._ended = None
            self.error = f"{self._store.path}: the index can't be written ({error}); make room, or remove the file"
        self.settled = True

    def _expect_same_run(self) -> None:
        """Forget everything if another run lies in the folder now, or a log was cut."""
        manifest = (self.path / "run.json").read_bytes()
        identity = hashlib.blake2b(manifest, digest_size=16).hexdigest()
        ask = self._store.connection()
        known = ask.execute("SELECT identity, labels FROM runs WHERE run = ?", (self.number,)).fetchone()
        cut = any(
            (self.path / name).stat().st_size < scanned if (self.path / name).exists() else scanned
            for name, scanned in ask.execute("SELECT name, scanned FROM segments WHERE run = ?", (self.number,))
        )
        if known[0] == identity and not cut:
            return
        with self._store.transaction():
            for table in ("texts", "places"):
                ask.execute(f"DELETE FROM {table} WHERE key IN (SELECT key FROM debates WHERE run = ?)", (self.number,))
            for table in ("debates", "segments"):
                ask.execute(f"DELETE FROM {table} WHERE run = ?", (self.number,))
            ask.execute("UPDATE runs SET identity = ?, labels = 0 WHERE run = ?", (identity, self.number))
        self._store.epoch += 1
        self._active.clear()
        self._ended = set()

    def _segments(self) -> list[tuple[int, Path]]:
        """Return the segments with their numbers, which they keep; count their bytes."""
        ask = self._store.connection()
        known = {name: (number, scanned) for name, number, scanned in ask.execute(
            "SELECT name, number, scanned FROM segments WHERE run = ?", (self.number,)
        )}  # fmt: skip
        found: list[tuple[int, Path]] = []
        for file in segments(self.path):
            if file.name not in known:
                known[file.name] = (len(known), 0)
                ask.execute("INSERT INTO segments VALUES (?, ?, ?, 0)", (self.number, known[file.name][0], file.name))
            found.append((known[file.name][0], file))
        self.read_bytes = sum(scanned for _, scanned in known.values())
        self.all_bytes = sum(file.stat().st_size for _, file in found)
        return found

    def _scan(self, number: int, path: Path) -> Iterator[set[str]]:
        """Read the new lines of a segment block by block; yield the names of the debates that changed."""
        ask, key = self._store.connection(), (self.number, number)
        start = ask.execute("SELECT scanned FROM segments WHERE run = ? AND number = ?", key).fetchone()[0]
        if path.stat().st_size <= start:
            return
        with path.open("rb") as file:
            end = sound_length(file, path)
            for offset, block in blocks(file, start, end):
                taken, broken = self._take(number, offset, block)
                yield self._commit(key, offset + taken)
                self.read_bytes += taken
                if broken is not None:
                    raise RunFolderError(
                        f"{path}: at byte {offset + taken} stands no event ({broken!r}); restore the file, or remove "
                        "the line"
                    )

    def _take(self, number: int, offset: int, block: bytes) -> tuple[int, bytes | None]:
        """Add the lines of a block to their tallies, up to a line that is no event.

        Returns:
            The number of bytes that were taken, and the start of the line that is no event.

        """
        active, at, base = self._active, 0, position(number, offset)
        for text in block.split(b"\n")[:-1]:
            try:
                line = decode(text)
            except (DecodeError, UnicodeDecodeError, RecursionError):
                self._expect_known(version_in(text))
                return at, text[:40]
            name = line.trajectory
            self._expect_known(line.schema_version)
            tally = active.get(name)
            if tally is None:
                tally = active[name] = self._stored(name) or Tally()
                tally.stored = len(tally.positions)
            tally.add(line)
            tally.positions.append(base + at)
            at += len(text) + 1
        return at, None

    def _expect_known(self, version: int | None) -> None:
        if version is not None:
            expect_readable(self.path, "events", version, SCHEMA_VERSION, RunFolderError)

    def _stored(self, name: str) -> Tally | None:
        """Return the tally that the index has of a debate, which is not active."""
        if self._ended is not None and name not in self._ended:
            return None
        return self._store.fetch(self.number, name)

    def _commit(self, segment: tuple[int, int], scanned: int) -> set[str]:
        """Store what was taken from a segment; return the names of the debates that changed."""
        written = {name: t for name, t in self._active.items() if t.stored != len(t.positions)}
        for tally in written.values():
            if not tally.regular:
                self._mend(tally)
        with self._store.transaction() as ask:
            self._store.put(self.number, written)
            ask.execute("UPDATE segments SET scanned = ? WHERE run = ? AND number = ?", (scanned, *segment))
        for name, tally in written.items():
            tally.stored = len(tally.positions)
            if tally.stop is not None:
                del self._active[name]
                if self._ended is not None:
                    self._ended.add(name)
        return set(written)

    def _mend(self, tally: Tally) -> None:
        """Count a debate anew whose lines didn't come in their order: up to its hole, if it has one."""
        events = self._events(tally.positions)
        fresh = Tally()
        for event in events:
            fresh.add(decode(encode(event)))
        last = max(event.seq for _, event in self._lines(tally.positions))
        ended = bool(events) and isinstance(events[-1], Finished | Graded)
        for column in COLUMNS:
            setattr(tally, column, getattr(fresh, column))
        tally.regular, tally.broken = False, not ended and len(events) <= last

    def trajectory(self, name: str, events: bytes) -> Trajectory:
        """Read a debate.

        Args:
            name: Its name.
            events: The positions of its lines, as the store has them.

        Raises:
            RunFolderError: if a line can't be read.

        """
        return Trajectory(name, self._events(array("Q", events)))

    def _events(self, positions: Iterable[int]) -> tuple[AnyEvent, ...]:
        return sound_events(self._lines(positions))

    def _lines(self, positions: Iterable[int]) -> Iterator[tuple[int, AnyEvent]]:
        """Yield the number of the segment and the event at each position, in the order of the files."""
        names: dict[int, str] = dict(self._store.ask("SELECT number, name FROM segments WHERE run = ?", (self.number,)))
        schema = self.manifest.schema_version if self.manifest else SCHEMA_VERSION
        with ExitStack() as stack:
            files: dict[int, BinaryIO] = {}
            for number, offset in map(unpacked, sorted(positions)):
                path = self.path / names[number]
                if number not in files:
                    files[number] = stack.enter_context(path.open("rb"))
                files[number].seek(offset)
                try:
                    yield number, read_event(files[number].readline(), schema)
                except ValueError as error:
                    raise RunFolderError(
                        f"{path}: at byte {offset} stands no event; restore the file, or start the viewer again"
                    ) from error

    def _scan_labels(self, changed: set[str]) -> Iterator[None]:
        """Read new labels, and count anew the debates that they or new events are about."""
        ask, path = self._store.connection(), self.path / LABELS
        start = ask.execute("SELECT labels FROM runs WHERE run = ?", (self.number,)).fetchone()[0]
        size = path.stat().st_size if path.exists() else 0
        if size == start and not (size and changed):
            return
        cut = size < start
        with self._store.transaction():
            if cut:
                self._forget_labels()
                start = 0
            about = self._new_labels(path, start) if size > start else {}
            for name in {*about, *changed}:
                self._count_labels(name, about.get(name, array("Q")))
        if about or cut:
            yield

    def _forget_labels(self) -> None:
        ask, run = self._store.connection(), self.number
        ask.execute("UPDATE runs SET labels = 0 WHERE run = ?", (run,))
        ask.execute("UPDATE places SET labels = x'' WHERE key IN (SELECT key FROM debates WHERE run = ?)", (run,))
        ask.execute(
            "UPDATE debates SET labelled = 0, doubtful = 0, wrong_rejections = 0, wrong_approvals = 0, stamp = ? "
            "WHERE run = ?", (self._store.stamp + 1, run),
        )  # fmt: skip

    def _new_labels(self, path: Path, start: int) -> "dict[str, array[int]]":
        """Return the offsets of the labels from a byte on, by debate, and remember how far the file was read."""
        found: dict[str, array[int]] = {}
        with path.open("rb") as file:
            end = sound_length(file, path)
            for begin, block in blocks(file, start, end):
                offset = begin
                for line in block.split(b"\n")[:-1]:
                    head = NAME_HEAD.match(line)
                    if head is None:
                        raise RunFolderError(f"{path}: at byte {offset} stands no label; restore the file")
                    if (version := version_in(line)) is not None:
                        expect_readable(path, "labels", version, LABEL_SCHEMA, RunFolderError)
                    found.setdefault(json.loads(head[1]), array("Q")).append(offset)
                    offset += len(line) + 1
        self._store.connection().execute("UPDATE runs SET labels = ? WHERE run = ?", (max(start, end), self.number))
        return found

    def _count_labels(self, name: str, new: "array[int]") -> None:
        ask = self._store.connection()
        row = ask.execute(
            "SELECT key, lines, labels, moves FROM debates JOIN places USING (key) WHERE run = ? AND id = ?",
            (self.number, name),
        ).fetchone()
        if row is None or not (row[2] or new):
            return
        key, events, known, moves = row
        offsets = known + new.tobytes()
        labels = in_force(self.labels(offsets))
        approved, rejected = approved_and_rejected(moves)
        doubtful = doubtful_steps(labels, lambda: self.trajectory(name, events))
        sure = {node: label.live for node, label in labels.items() if not label.doubtful}
        ask.execute("UPDATE places SET labels = ? WHERE key = ?", (offsets, key))
        ask.execute(
            "UPDATE debates SET stamp = ?, labelled = ?, doubtful = ?, wrong_rejections = ?, wrong_approvals = ? "
            "WHERE key = ?",
            (
                self._store.stamp + 1, len(labels), len(doubtful), sum(sure.get(node) is True for node in rejected),
                sum(sure.get(node) is False for node in approved), key,
            ),
        )  # fmt: skip

    def labels(self, offsets: bytes) -> Iterator[Label]:
        """Yield the labels at offsets, oldest first.

        Raises:
            RunFolderError: if one can't be read.

        """
        path = self.path / LABELS
        with suppress(FileNotFoundError), path.open("rb") as file:
            for offset in array("Q", offsets):
                file.seek(offset)
                try:
                    yield Label.model_validate_json(file.readline())
                except ValueError as error:
                    raise RunFolderError(f"{path}: at byte {offset} stands no label; restore the file") from error


def blocks(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield blocks of whole lines between two bytes of a file, each with its offset."""
    while start < end:
        file.seek(start)
        block = file.read(min(BLOCK, end - start))
        cut = block.rfind(b"\n") + 1
        block = block[:cut] if cut else block + file.readline()
        yield start, block
        start += len(block)
