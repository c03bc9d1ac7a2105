"""The runs on view: they are followed in the background, and every request is answered from here.

Nothing is written but the index, which lies in the user's cache, and labels, if a review is asked for.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from longthought.errors import ConfigError
from longthought.thoughts.walks import Walk
from longthought.viewer import comparing, curving, debates, reviewing
from longthought.viewer.answers import (
    Debate,
    Neighbours,
    ReviewQueue,
    Runs,
    RunState,
    RunView,
    SetView,
    Summary,
    Table,
    Thought,
    Written,
)
from longthought.viewer.comparison_answers import Cell, Comparison, Curves, Rounds
from longthought.viewer.errors import UnknownError
from longthought.viewer.folders import Member, Set, is_live, opened
from longthought.viewer.index import RunIndex
from longthought.viewer.questions import Filter, Word
from longthought.viewer.rounds import rounds
from longthought.viewer.search import Search
from longthought.viewer.store import Store
from longthought.viewer.table import Selection, Tables

_PAUSE: Final = 1.0
"""Seconds between two looks at the folders."""
_PATIENCE: Final = 0.2
"""Seconds that a request waits for a search."""
_SEARCHES: Final = 4
"""Number of searches whose finds are kept."""


class Library:
    """The runs behind some paths, and their index."""

    def __init__(self, paths: Sequence[Path], *, review: bool = False, cache: Path | None = None) -> None:
        """Find the runs, and take up their index.

        Args:
            paths: Run folders, and folders that hold run folders.
            review: Whether labels may be written.
            cache: Where indexes are kept (default: the user's cache).

        Raises:
            RunFolderError: if a path is neither a run folder nor holds any.

        """
        self.review = review
        self._given = opened(paths)
        self._store = Store(paths, cache)
        self._tables = Tables(self._store)
        self._members: dict[str, tuple[Member, RunIndex]] = {}
        self._searches: OrderedDict[tuple[str, int], tuple[Search, threading.Thread | None]] = OrderedDict()
        self._version = int(time.time())
        self._counts: tuple[int, dict[int, Sequence[int]]] = 0, {}
        """A version, and the counts of each run then."""
        self._stop = threading.Event()
        self._refreshing, self._lock = threading.Lock(), threading.Lock()
        self._thread: threading.Thread | None = None
        self._find_members()

    def follow(self) -> None:
        """Begin to follow the folders in the background."""
        self._thread = threading.Thread(target=self._follow, name="longthought-viewer-index", daemon=True)
        self._thread.start()

    def refresh(self) -> None:
        """Read everything that was written since the last time."""
        with self._refreshing:
            self._find_members()
            for _, index in tuple(self._members.values()):
                before = index.error, index.settled
                for _ in index.refresh(self._stop.is_set):
                    self._version += 1
                if (index.error, index.settled) != before:
                    self._version += 1

    def close(self) -> None:
        """Stop following, and close the index."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        for _, thread in self._searches.values():
            if thread is not None:
                thread.join()
        self._store.close()

    def __enter__(self) -> Self:
        """Follow the folders for a `with` block."""
        self.follow()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the index."""
        self.close()

    def runs(self) -> Runs:
        """Return the runs and sets on view, with their counts."""
        members = tuple(self._members.values())
        counts = self._counted()
        sets = tuple(
            SetView(
                name=one.name, kind=one.kind, path=str(one.path),
                runs=tuple(member.name for member, _ in members if member.set == one.name),
            )
            for one in self._given
            if isinstance(one, Set)
        )  # fmt: skip
        views = tuple(self._view(member, index, counts.get(index.number, (0,) * 8)) for member, index in members)
        return Runs(version=self._version, review=self.review, runs=views, sets=sets)

    def table(self, filter: Filter, offset: int, limit: int) -> Table:
        """Return a window of the table of debates."""
        return self._tables.window(self._selection(filter), self._names(), offset, limit)

    def summary(self, filter: Filter) -> Summary:
        """Return figures of the debates that pass a filter."""
        return self._tables.summary(self._selection(filter))

    def neighbours(self, filter: Filter, run: str, id: str) -> Neighbours:
        """Return the debates before and after one in the table."""
        found = self._store.ask("SELECT key FROM debates WHERE run = ? AND id = ?", (self.index(run).number, id))
        return self._tables.neighbours(self._selection(filter), self._names(), found[0][0] if found else None)

    def debate(self, run: str, id: str) -> Debate:
        """Return one debate with all its events."""
        record = debates.located(self._store, self.index(run), id)
        rows = self._tables.rows((record.key,), self._names())
        if not rows:
            raise UnknownError(f"{run} has no debate {id!r}")
        return debates.whole(record, rows[0])

    def thought(self, run: str, id: str, walk: Walk) -> Thought:
        """Return a debate as one long thought."""
        return debates.told(debates.located(self._store, self.index(run), id), walk)

    def compare(self, a: str, b: str, cell: Cell | None, offset: int, limit: int) -> Comparison:
        """Compare two runs on the debates that both have."""
        pair = comparing.Pairing(self._store, self.index(a).number, self.index(b).number)
        return pair.comparison(a, b, cell, offset, limit, self._version)

    def curves(self, name: str) -> Curves:
        """Return the curves that the report of a set holds."""
        return curving.curves(self._set(name))

    def rounds(self, name: str) -> Rounds:
        """Return the decisions of an improvement loop."""
        return rounds(self._set(name), self._members)

    def _set(self, name: str) -> Set:
        found = next((one for one in self._given if isinstance(one, Set) and one.name == name), None)
        if found is None:
            raise UnknownError(f"there is no set {name!r} on view")
        return found

    def queue(self, runs: Sequence[str], after: str, limit: int) -> ReviewQueue:
        """Return the steps that a person should look at."""
        chosen = [(self._members[name][0].name, self._members[name][1]) for name in self._chosen(runs)]
        return reviewing.queue(self._store, chosen, after, limit)

    def write(self, word: Word) -> Written:
        """Write the word of a person on a step.

        Raises:
            ConfigError: if no review was asked for.

        """
        if not self.review:
            raise ConfigError("this server only reads: start it with --review to label steps")
        index = self.index(word.run)
        reviewing.write(debates.located(self._store, index, word.id), word)
        self.refresh()
        return Written(label=debates.located(self._store, index, word.id).labels.get(word.node))

    def index(self, name: str) -> RunIndex:
        """Return the index of a run.

        Raises:
            UnknownError: if there is no such run on view.

        """
        if name not in self._members:
            raise UnknownError(f"there is no run {name!r} on view")
        return self._members[name][1]

    def _follow(self) -> None:
        while not self._stop.is_set():
            self.refresh()
            self._stop.wait(_PAUSE)

    def _find_members(self) -> None:
        """Take up the runs that are there now; those of sets may have grown in number."""
        found = [member for one in self._given for member in (one.members() if isinstance(one, Set) else [one])]
        known = {member.name for member in found}
        if known == set(self._members):
            return
        with self._lock:
            self._members = {
                member.name: self._members.get(member.name) or (member, RunIndex(self._store, member.path))
                for member in found
            }
            self._version += 1

    def _names(self) -> dict[int, str]:
        return {index.number: name for name, (_, index) in self._members.items()}

    def _chosen(self, asked: Sequence[str]) -> list[str]:
        """Return the names of the runs that are meant by names of runs and of sets."""
        if not asked:
            return list(self._members)
        chosen: list[str] = []
        for name in asked:
            members = [own for own, (member, _) in self._members.items() if name in (own, member.set)]
            if not members:
                raise UnknownError(f"there is no run {name!r} on view")
            chosen.extend(members)
        return list(dict.fromkeys(chosen))

    def _selection(self, filter: Filter) -> Selection:
        runs = tuple(self._members[name][1].number for name in self._chosen(filter.run))
        return Selection(filter, runs, self._version, self._search(filter.q) if filter.q.strip() else None)

    def _search(self, text: str) -> Search:
        """Return a search, which goes on in the background; wait a moment for its first finds."""
        with self._lock:
            search, thread = self._searches.pop((text, self._store.epoch), (None, None))
            search = search or Search(text, self._store)
            if thread is None or not thread.is_alive():
                thread = threading.Thread(target=self._seek, args=(search,), daemon=True)
                thread.start()
            self._searches[text, self._store.epoch] = search, thread
            while len(self._searches) > _SEARCHES:
                self._searches.popitem(last=False)
        thread.join(_PATIENCE)
        return search

    def _seek(self, search: Search) -> None:
        numbers = {index.number: member.path for member, index in self._members.values()}
        segments = {
            (run, name): (numbers[run] / name, scanned)
            for run, name, scanned in self._store.ask("SELECT run, name, scanned FROM segments")
            if run in numbers
        }
        for _ in search.go_on(segments):
            if self._stop.is_set():
                break
        self._store.release()

    def _counted(self) -> dict[int, Sequence[int]]:
        """Return the counts of each run by its number."""
        version, counts = self._counts
        if version != self._version:
            version, counts = self._version, {row[0]: row[1:] for row in self._store.ask(_COUNTS)}
            self._counts = version, counts
        return counts

    def _view(self, member: Member, index: RunIndex, counts: Sequence[int]) -> RunView:
        count, finished, solved, graded, failed, tokens, labelled, doubtful = counts
        manifest, done = index.manifest, index.settled
        config = manifest.config if manifest else {}
        state = RunState.READY if done else RunState.INDEXING
        return RunView(
            name=member.name, path=str(member.path), group=member.set, strategy=member.strategy, seed=member.seed,
            state=RunState.UNREADABLE if index.error and not count else state, error=index.error,
            indexed=1.0 if done or not index.all_bytes else index.read_bytes / index.all_bytes,
            debates=count, finished=finished, solved=solved, graded=graded, failed=failed, tokens=tokens,
            labels=labelled > 0, doubtful=doubtful, live=is_live(member.path),
            created=manifest.created if manifest else "", kind=manifest.kind if manifest else "",
            **{name: str(config.get(name) or "") for name in ("graph", "policy", "critic")}, config=config,
        )  # fmt: skip


_COUNTS: Final = (
    "SELECT run, count(*), count(stop), sum(outcome = 'solved'), count(solved), "
    "sum(stop IS 'failed'), sum(tokens), sum(labelled), sum(doubtful) FROM debates WHERE root IS NULL GROUP BY run"
)
