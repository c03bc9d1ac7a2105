"""The table of debates: filters, orders and windows."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from longthought.viewer import figures
from longthought.viewer.answers import DebateName, Neighbours, Row, Summary, Table
from longthought.viewer.columns import Columns, Numbers, chosen, ordered
from longthought.viewer.questions import Filter, Sort
from longthought.viewer.search import Search
from longthought.viewer.store import Store

_KEPT: Final = 8
"""Number of orders that are kept."""
_ROW: Final = (
    "d.key, d.run, d.id, d.problem, d.sample, t.statement, d.domain, d.outcome, t.answer, d.solved, d.stop, d.rounds, "
    "d.backtracks, d.reflections, d.refutations, d.tokens, d.policy_tokens, d.critic_tokens, d.score, d.nodes, "
    "d.events, d.seconds, d.started, d.labelled, d.doubtful, d.wrong_rejections, d.wrong_approvals, d.broken"
)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a table is asked for, with the runs that are meant and the state of the index."""

    filter: Filter
    runs: tuple[int, ...]
    """The numbers of the runs."""
    version: int
    search: Search | None

    @property
    def searched(self) -> float:
        """The share of the logs in which the text was looked for."""
        return 1.0 if self.search is None else self.search.share


class Tables:
    """Answers about the table; any thread may ask."""

    def __init__(self, store: Store) -> None:
        """Answer from a store."""
        self._store, self._columns = store, Columns(store)
        self._orders: OrderedDict[Any, Numbers] = OrderedDict()
        self._lock = threading.Lock()

    def window(self, asked: Selection, names: Mapping[int, str], offset: int, limit: int) -> Table:
        """Return some rows of the table.

        Args:
            asked: The filter.
            names: The names of the runs by their numbers.
            offset: Number of rows to leave out.
            limit: Maximum number of rows.

        """
        searched, keys = asked.searched, self._keys(asked)
        rows = self.rows(keys[offset : offset + limit].tolist(), names)
        return Table(version=asked.version, total=len(keys), offset=offset, searched=searched, rows=tuple(rows))

    def rows(self, keys: Sequence[int], names: Mapping[int, str]) -> list[Row]:
        """Return the rows with some keys, in their order; those that are gone are left out."""
        marks = ", ".join("?" for _ in keys)
        sql = f"SELECT {_ROW} FROM debates d JOIN texts t USING (key) WHERE d.key IN ({marks})"
        found = {values[0]: values[1:] for values in self._store.ask(sql, keys)}
        return [_row(found[key], names) for key in keys if key in found and found[key][0] in names]

    def neighbours(self, asked: Selection, names: Mapping[int, str], key: int | None) -> Neighbours:
        """Return where a debate stands in the table, and which debates stand beside it."""
        keys = self._keys(asked)
        places = [] if key is None else np.flatnonzero(keys == key).tolist()
        at = places[0] if places else None
        before = int(keys[at - 1]) if at else None
        after = int(keys[at + 1]) if at is not None and at + 1 < len(keys) else None
        return Neighbours(
            total=len(keys), position=at, previous=self._name(before, names), next=self._name(after, names)
        )

    def _name(self, key: int | None, names: Mapping[int, str]) -> DebateName | None:
        found = self._store.ask("SELECT run, id FROM debates WHERE key = ?", (key,))
        return DebateName(run=names[found[0][0]], id=found[0][1]) if found and found[0][0] in names else None

    def summary(self, asked: Selection) -> Summary:
        """Return figures of all debates that pass the filter."""
        searched, arrays = asked.searched, self._columns.current()
        keys = np.flatnonzero(self._passes(asked, arrays))
        return figures.summary(self._columns, arrays, keys, asked.version, searched)

    def _keys(self, asked: Selection) -> Numbers:
        """Return the keys of all rows in their order."""
        found = 0 if asked.search is None else len(asked.search.found)
        memory = (asked.filter, asked.runs, asked.version, found)
        with self._lock:
            if memory in self._orders:
                self._orders.move_to_end(memory)
                return self._orders[memory]
        arrays = self._columns.current()
        keys = np.flatnonzero(self._passes(asked, arrays))
        if asked.filter.sort is Sort.ID:
            keys = self._by_name(keys, descending=asked.filter.descending)
        else:
            keys = ordered(self._columns, arrays, keys, asked.filter)
        with self._lock:
            self._orders[memory] = keys
            while len(self._orders) > _KEPT:
                self._orders.popitem(last=False)
        return keys

    def _by_name(self, keys: Numbers, *, descending: bool) -> Numbers:
        way = "DESC" if descending else "ASC"
        cursor = self._store.connection().execute(f"SELECT key FROM debates ORDER BY id {way}, run, key")
        names = np.fromiter((key for (key,) in cursor), np.int64)
        return names[np.isin(names, keys)]

    def _passes(self, asked: Selection, arrays: Mapping[str, Numbers]) -> Numbers:
        passes = chosen(self._columns, arrays, asked.filter, asked.runs)
        if asked.search is not None:
            size, says = len(passes), np.zeros(len(passes), np.bool_)
            named = self._store.ask("SELECT key FROM debates WHERE instr(lower(id), ?)", (asked.filter.q.lower(),))
            for key in (*(key for (key,) in named), *tuple(asked.search.found)):
                if key < size:
                    says[key] = True
            passes &= says
        return passes


def _row(found: Sequence[Any], names: Mapping[int, str]) -> Row:
    columns = (column.partition(".")[2] for column in _ROW.split(", ")[1:])
    row = dict(zip(columns, found, strict=True))
    stop, solved = row.pop("stop"), row["solved"]
    return Row.model_validate(
        row
        | {
            "run": names[row["run"]], "stop_reason": stop, "finished": stop is not None, "broken": bool(row["broken"]),
            "solved": None if solved is None else bool(solved),
        }
    )  # fmt: skip
