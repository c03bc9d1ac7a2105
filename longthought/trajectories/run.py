"""A run folder as its readers see it, also while a job is still writing.

One scan reads the first bytes of every line and so finds where the events of each debate stand; a debate is parsed only
on request. The index lives in memory and can be rebuilt at any time. Debates are counted and listed without their
sub-debates, which are read by name.
"""

import difflib
import itertools
import json
import logging
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, Final

from pydantic import ValidationError

from longthought.errors import RunFolderError
from longthought.problems.problem import Problem
from longthought.request import expect
from longthought.schema import expect_readable, version_in
from longthought.trajectories.events import EVENT, SCHEMA_VERSION, AnyEvent, Finished, Graded, Started, StopReason
from longthought.trajectories.folder import Manifest, read_manifest, segments
from longthought.trajectories.ids import root_debate
from longthought.trajectories.segment import sound_length
from longthought.trajectories.trajectory import Trajectory

log = logging.getLogger(__name__)

_HEAD: Final = re.compile(rb'\{"trajectory":("[^"\\]*(?:\\.[^"\\]*)*"),"seq":(\d+),"kind":"([a-z_]+)"')
_OFFSET_BITS: Final = 44
_MAX_COMPARED: Final = 20_000
"""Names that an unknown one is compared with, to suggest close ones."""

UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""By schema version: how a stored event of that version becomes one of the next."""


def upgrade(record: dict[str, Any], version: int) -> dict[str, Any]:
    """Bring a stored event of an older schema version up to date.

    Raises:
        RunFolderError: if there is no upgrade from that version.

    """
    for step in range(version, SCHEMA_VERSION):
        if step not in UPGRADES:
            raise RunFolderError(f"events of schema {step} can't be read any more: use an older longthought")
        record = UPGRADES[step](record)
    return record


def read_event(line: bytes, version: int) -> AnyEvent:
    """Read a line of a segment that was written with a schema version.

    Raises:
        ValueError: if it is no event.
        RunFolderError: if there is no upgrade from that version.

    """
    if version == SCHEMA_VERSION:
        return EVENT.validate_json(line)
    return EVENT.validate_python(upgrade(json.loads(line), version))


def sound_events(found: Iterable[tuple[int, AnyEvent]]) -> tuple[AnyEvent, ...]:
    """Return the events of a debate in order, up to the first hole.

    Args:
        found: The number of the segment and the event of each line, in the order of the segments and of their lines.

    """
    entry, events = _Entry(), list[AnyEvent]()
    for segment, event in found:
        entry.add(segment, 0, event.seq, event.kind.encode())
        events.append(event)
    events.sort(key=lambda event: event.seq)
    return tuple(events if entry.whole else _unbroken(events, entry.suspect))


@dataclass(slots=True)
class _Entry:
    """Where the events of one debate stand, and which kinds there are."""

    positions: "array[int]" = field(default_factory=lambda: array("Q"))
    """Segment number and byte offset of each line, packed into one integer."""
    kinds: set[bytes] = field(default_factory=set[bytes])
    last: int = -1
    """The highest sequence number."""
    tail: tuple[int, int] = (-1, -1)
    """Segment and sequence number of the line read last."""
    suspect: int | None = None
    """The first sequence number that doesn't follow the one read before it."""
    begun: bool = False
    """Whether its first event is there, without which nothing of it can be read."""

    @property
    def complete(self) -> bool:
        """Whether there are as many lines as sequence numbers."""
        return len(self.positions) == self.last + 1

    @property
    def whole(self) -> bool:
        """Whether every sequence number stands once, and in its order."""
        return self.suspect is None and self.complete

    def add(self, segment: int, offset: int, seq: int, kind: bytes) -> None:
        """Take one more line, in the order of the file."""
        self.positions.append(segment << _OFFSET_BITS | offset)
        self.kinds.add(kind)
        if self.tail[0] >= 0 and seq != self.tail[1] + 1:
            self.suspect = seq if self.suspect is None else min(self.suspect, seq)
        self.tail, self.last, self.begun = (segment, seq), max(self.last, seq), self.begun or seq == 0


class Run:
    """The debates of a run folder, in the order in which they started.

    >>> for debate in lt.generate(["Use 3, 5 and 8, each once, to make 29."], out="runs/one"):
    ...     pass
    >>> [debate.id for debate in lt.Run("runs/one").trajectories()]
    ['countdown-3-5-8-29#0']
    """

    def __init__(self, path: str | Path) -> None:
        """Read `run.json` and index every debate.

        Raises:
            ConfigError: if it is no path.
            RunFolderError: if it is not a run folder, comes from a newer longthought, or a line before the end of a
                segment is broken.

        """
        expect("the path of a run folder", str, Path, path=path)
        self.path = Path(path)
        self.manifest: Manifest = read_manifest(self.path)
        self._segments: list[Path] = []
        self._scanned: list[int] = []
        self._entries: dict[str, _Entry] = {}
        self._subdebates: dict[str, list[str]] = {}
        """The sub-debates of each debate, at any depth."""
        self.refresh()
        if holes := self.holes():
            _tell_of_holes(self.path, len(holes), *next(iter(holes.items())))

    @property
    def config(self) -> dict[str, Any]:
        """The configuration the run was started with."""
        return self.manifest.config

    def __len__(self) -> int:
        """Return the number of debates."""
        return len(self.ids())

    def ids(self) -> list[str]:
        """Return the names of the debates."""
        return [name for name in self._roots() if self._entries[name].begun]

    def _roots(self) -> Iterator[str]:
        return (name for name in self._entries if root_debate(name) is None)

    def parts(self, name: str) -> list[str]:
        """Return the names of the sub-debates of a debate, in the order in which they started."""
        return [part for part in self._subdebates.get(name, ()) if self._entries[part].begun]

    def finished_ids(self) -> list[str]:
        """Return the names of the debates that have ended."""
        return [name for name in self.ids() if self._holds(name, b"finished")]

    def graded_ids(self) -> list[str]:
        """Return the names of the debates that have been graded."""
        return [name for name in self.ids() if self._holds(name, b"graded")]

    def failed_ids(self) -> list[str]:
        """Return the names of the debates that a failure ended."""
        candidates = (name for name in self.finished_ids() if b"failed" in self._entries[name].kinds)
        return [name for name in candidates if self.trajectory(name).stop_reason is StopReason.FAILED]

    def holes(self) -> dict[str, int]:
        """Return the debates whose log has a hole, each with the sequence number of the first event that is missing.

        Such a debate is read up to its hole, and a job goes on with it from there.
        """
        found: dict[str, int] = {}
        for name in self._roots():
            if not self._entries[name].complete:
                events = self.trajectory(name).events
                ended = events and isinstance(events[-1], Finished | Graded)
                if not ended and len(events) <= self._entries[name].last:
                    found[name] = len(events)
        return found

    def trajectories(self) -> Iterator[Trajectory]:
        """Yield every debate; each is read when it is yielded."""
        for name in self.ids():
            yield self.trajectory(name)

    def unfinished(self) -> Iterator[Trajectory]:
        """Yield the debates that have not ended; each is read when it is yielded."""
        for name in [n for n in self.ids() if not self._holds(n, b"finished")]:
            yield self.trajectory(name)

    def trajectory(self, name: str) -> Trajectory:
        """Read one debate.

        Raises:
            RunFolderError: if there is no debate of that name, or one of its lines can't be read.

        """
        entry = self._entries.get(name)
        if entry is None:
            raise RunFolderError(f"{self.path} has no debate {name!r}{self._suggestion(name)}")
        with ExitStack() as stack:
            files: dict[int, BinaryIO] = {}
            events: list[AnyEvent] = []
            for position in entry.positions:
                number, offset = _unpacked(position)
                if number not in files:
                    files[number] = stack.enter_context(self._segments[number].open("rb"))
                files[number].seek(offset)
                events.append(self._event(files[number].readline(), number, offset))
        events.sort(key=lambda event: event.seq)
        return Trajectory(name, tuple(events if entry.whole else _unbroken(events, entry.suspect)))

    def problem(self, name: str) -> Problem:
        """Read the problem of one debate, and nothing else of it.

        Raises:
            RunFolderError: if there is no debate of that name, or its first event can't be read.

        """
        for position in self._entries[name].positions if name in self._entries else ():
            number, offset = _unpacked(position)
            with self._segments[number].open("rb") as file:
                file.seek(offset)
                line = file.readline()
            head = _HEAD.match(line)
            if head and head[3] == b"started" and isinstance(event := self._event(line, number, offset), Started):
                return event.problem
        return self.trajectory(name).problem

    def _repr_html_(self) -> str:
        """Show the first debates in a notebook."""
        from longthought.trajectories import html

        return html.table(self)

    def refresh(self) -> int:
        """Index the events written since the last call; return how many there are."""
        indexed = set(self._segments)
        for path in segments(self.path):
            if path not in indexed:
                self._segments.append(path)
                self._scanned.append(0)
        return sum(self._scan(number) for number in range(len(self._segments)))

    def _scan(self, number: int) -> int:
        count, path = 0, self._segments[number]
        with path.open("rb") as file:
            end, offset = sound_length(file, path), self._scanned[number]
            file.seek(offset)
            while offset < end:
                line = file.readline()
                head = _HEAD.match(line)
                if head is None:
                    raise self._broken(number, offset, f"it starts with {line[:40]!r}")
                if head[3] == b"started" and (version := version_in(line)) is not None:  # no other event tells it
                    expect_readable(path, "events", version, SCHEMA_VERSION, RunFolderError)
                try:
                    name: str = json.loads(head[1])
                except ValueError as error:
                    raise self._broken(number, offset, f"its name can't be read: {error}") from error
                entry = self._entries.get(name)
                if entry is None:
                    entry = self._entries[name] = _Entry()
                    if (root := root_debate(name)) is not None:
                        self._subdebates.setdefault(root, []).append(name)
                entry.add(number, offset, int(head[2]), head[3])
                offset += len(line)
                self._scanned[number] = offset
                count += 1
        return count

    def _event(self, line: bytes, number: int, offset: int) -> AnyEvent:
        try:
            return read_event(line, self.manifest.schema_version)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise self._broken(number, offset, f"{where}: {first['msg']}".removeprefix(": ")) from error
        except ValueError as error:
            raise self._broken(number, offset, str(error)) from error

    def _broken(self, number: int, offset: int, reason: str) -> RunFolderError:
        path, line = self._segments[number], 1
        with path.open("rb") as file:
            while offset > 0 and (block := file.read(min(offset, 2**20))):
                line += block.count(b"\n")
                offset -= len(block)
        return RunFolderError(f"{path}:{line}: this line is not an event ({reason}); restore the file, or remove it")

    def _holds(self, name: str, kind: bytes) -> bool:
        """Say whether a debate has an event of a kind; what stands behind a hole or was lifted does not count."""
        entry = self._entries[name]
        if kind not in entry.kinds or (entry.whole and b"reopened" not in entry.kinds):
            return kind in entry.kinds
        return any(event.kind.encode() == kind for event in self.trajectory(name).standing)

    def _suggestion(self, name: str) -> str:
        if not self._entries:
            return ": it holds no debates yet"
        samples = itertools.islice((n for n in self._entries if n.rpartition("#")[0] == name), 3)
        close = list(samples) or difflib.get_close_matches(
            name, itertools.islice(self._entries, _MAX_COMPARED), cutoff=0.5
        )
        if close:
            return f"; did you mean {', '.join(map(repr, close))}?"
        return f"; its {len(self)} debates begin with {next(iter(self._entries))!r}"


def _unpacked(position: int) -> tuple[int, int]:
    """Return the segment number and the byte offset that a position packs."""
    return position >> _OFFSET_BITS, position & ((1 << _OFFSET_BITS) - 1)


@lru_cache(maxsize=64)
def _tell_of_holes(path: Path, count: int, name: str, missing: int) -> None:
    """Log one line, and the same line only once: a command may open a run several times."""
    debates = "the log of a debate has a hole" if count == 1 else f"the logs of {count} debates have holes"
    log.warning(
        "%s: %s: event %d of %r is missing. Debates are read up to their holes, and the command that generated the run "
        "plays them on from there.", path, debates, missing, name,
    )  # fmt: skip


def _unbroken(events: Sequence[AnyEvent], suspect: int | None) -> list[AnyEvent]:
    """Return the events of a debate up to its first hole.

    A debate that was played on from a hole has sequence numbers twice: from before, behind the hole, and from then on.
    The later event counts; from the first suspect number on, an event that is older than the one before it is left over
    from behind a hole, and so is all that follows.

    Args:
        events: What stands in the log, in the order of the sequence numbers.
        suspect: The first sequence number that doesn't follow the one read before it.

    """
    kept: list[AnyEvent] = []
    for seq, same in itertools.groupby(events, key=lambda event: event.seq):
        newest = max(same, key=lambda event: event.at)
        stale = suspect is not None and seq >= suspect and kept and newest.at < kept[-1].at
        if seq != len(kept) or stale:
            break
        kept.append(newest)
    return kept
