"""The table of debates: filters, sorting, windows and figures, answered by the store."""

import threading
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from longthought.trajectories.events import Action
from longthought.trajectories.ids import root_debate
from longthought.viewer.answers import Bin, CalibrationBin, DebateName, Filter, Neighbours, Outcome, Row, Summary, Table
from longthought.viewer.filters import condition, order
from longthought.viewer.search import Search
from longthought.viewer.store import Store

_KEPT: Final = 8
"""Number of orders and figures that are kept."""
_MAX_BINS: Final = 40
_USUAL: Final = 0.98
"""The share of debates that the bars of a histogram spread out."""
_ROW: Final = (
    "d.run, d.id, d.problem, d.sample, t.statement, d.domain, d.outcome, t.answer, d.solved, d.stop, d.rounds, "
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

    @property
    def finds(self) -> int:
        """The number of debates in which the text was found so far."""
        return 0 if self.search is None else sum(map(len, self.search.found.values()))


class Tables:
    """Answers about the table; any thread may ask."""

    def __init__(self, store: Store) -> None:
        """Answer from a store."""
        self._store = store
        self._orders: OrderedDict[Any, array[int]] = OrderedDict()
        self._summaries: OrderedDict[Any, Summary] = OrderedDict()
        self._lock = threading.Lock()

    def window(self, asked: Selection, names: dict[int, str], offset: int, limit: int) -> Table:
        """Return some rows of the table.

        Args:
            asked: The filter.
            names: The names of the runs by their numbers.
            offset: Number of rows to leave out.
            limit: Maximum number of rows.

        """
        keys = self._order(asked)
        rows = [self.row(key, names) for key in keys[offset : offset + limit]]
        return Table(
            version=asked.version, total=len(keys), offset=offset, searched=asked.searched,
            rows=tuple(row for row in rows if row is not None),
        )  # fmt: skip

    def row(self, key: int, names: dict[int, str]) -> Row | None:
        """Return one row; None if it is gone."""
        found = self._store.ask(f"SELECT {_ROW} FROM debates d JOIN texts t USING (key) WHERE d.key = ?", (key,))
        return _row(found[0], names) if found else None

    def neighbours(self, asked: Selection, names: dict[int, str], key: int | None) -> Neighbours:
        """Return where a debate stands in the table, and which debates stand beside it."""
        keys = self._order(asked)
        try:
            at = keys.index(key) if key is not None else None
        except ValueError:
            at = None
        before = keys[at - 1] if at else None
        after = keys[at + 1] if at is not None and at + 1 < len(keys) else None
        return Neighbours(
            total=len(keys), position=at, previous=self._name(before, names), next=self._name(after, names)
        )

    def _name(self, key: int | None, names: dict[int, str]) -> DebateName | None:
        if key is None:
            return None
        run, name = self._store.ask("SELECT run, id FROM debates WHERE key = ?", (key,))[0]
        return DebateName(run=names[run], id=name)

    def _order(self, asked: Selection) -> "array[int]":
        """Return the keys of all rows in their order."""
        memory = (asked.filter, asked.runs, asked.version, asked.finds)
        with self._lock:
            if memory in self._orders:
                self._orders.move_to_end(memory)
                return self._orders[memory]
        where, values = self._where(asked)
        rows = self._store.connection().execute(
            f"SELECT d.key FROM debates d WHERE {where} ORDER BY {order(asked.filter)}", values
        )
        keys = array("q", (row[0] for row in rows))
        with self._lock:
            self._orders[memory] = keys
            while len(self._orders) > _KEPT:
                self._orders.popitem(last=False)
        return keys

    def _where(self, asked: Selection) -> tuple[str, list[Any]]:
        where, values = condition(asked.filter, asked.runs)
        if asked.search is None:
            return where, values
        ask = self._store.connection()
        ask.execute("CREATE TEMP TABLE IF NOT EXISTS found (run INTEGER, id TEXT, PRIMARY KEY (run, id)) WITHOUT ROWID")
        ask.execute("BEGIN")
        ask.execute("DELETE FROM temp.found")
        ask.executemany(
            "INSERT OR IGNORE INTO temp.found VALUES (?, ?)",
            ((run, root_debate(name) or name) for run in asked.runs for name in tuple(asked.search.found.get(run, ()))),
        )
        ask.execute("COMMIT")
        found = "EXISTS (SELECT 1 FROM temp.found f WHERE f.run = d.run AND f.id = d.id)"
        where += f" AND (instr(lower(d.id), ?) > 0 OR {found})"
        return where, [*values, asked.filter.q.lower()]

    def summary(self, asked: Selection) -> Summary:
        """Return figures of all debates that pass the filter."""
        plain = asked.filter.model_copy(update={"sort": "started", "descending": False})
        memory = (plain, asked.runs, asked.version, asked.finds)
        with self._lock:
            if memory in self._summaries:
                return self._summaries[memory].model_copy(update={"searched": asked.searched})
        where, values = self._where(asked)
        summary = _Figures(self._store, where, values).summary(asked)
        with self._lock:
            self._summaries[memory] = summary
            while len(self._summaries) > _KEPT:
                self._summaries.popitem(last=False)
        return summary


@dataclass(frozen=True, slots=True)
class _Figures:
    """Figures of the rows that meet a condition."""

    store: Store
    where: str
    values: Sequence[Any]

    def _grouped(self, columns: str, by: str, also: str = "") -> list[Any]:
        sql = f"SELECT {by}, {columns} FROM debates d WHERE {self.where}{also} GROUP BY 1 ORDER BY 1"
        return self.store.ask(sql, self.values)

    def summary(self, asked: Selection) -> Summary:
        sums = ("continues", "returns", "doubts", "terminates", "tokens", "policy_tokens", "critic_tokens",
                "backtracks", "reflections", "refutations", "labelled > 0", "wrong_rejections > 0",
                "wrong_approvals > 0")  # fmt: skip
        groups = self._grouped(f"count(*), {', '.join(f'sum({name})' for name in sums)}", "outcome")
        counted = {row[0]: row[1] for row in groups}
        total = dict(zip(sums, (sum(row[2 + n] or 0 for row in groups) for n in range(len(sums))), strict=True))
        actions = zip(Action, ("continues", "returns", "doubts", "terminates"), strict=True)
        return Summary(
            version=asked.version,
            total=sum(counted.values()),
            searched=asked.searched,
            outcomes={outcome: counted.get(outcome.value, 0) for outcome in Outcome},
            stop_reasons=dict(self._grouped("count(*)", "stop", " AND stop IS NOT NULL")),
            domains=dict(self._grouped("count(*)", "domain")),
            actions={action: total[name] for action, name in actions},
            rounds=_histogram(self._grouped("count(*), sum(outcome = 'solved')", "rounds")),
            calibration=tuple(self._calibration()),
            labelled=total["labelled > 0"],
            wrong_rejections=total["wrong_rejections > 0"],
            wrong_approvals=total["wrong_approvals > 0"],
            **{name: total[name] for name in sums[4:10]},
        )

    def _calibration(self) -> list[CalibrationBin]:
        groups = self._grouped(
            "count(*), avg(score), sum(solved)", "min(9, CAST(score * 10 AS INTEGER))",
            " AND score IS NOT NULL AND solved IS NOT NULL",
        )  # fmt: skip
        return [
            CalibrationBin(low=tenth / 10, high=(tenth + 1) / 10, count=count, mean_score=mean, solved=solved)
            for tenth, count, mean, solved in groups
        ]


def _histogram(groups: Sequence[tuple[int, int, int]]) -> tuple[Bin, ...]:
    """Return counts of whole numbers as bars of equal width; the last one takes the few that are far larger."""
    if not groups:
        return ()
    low, high, seen = groups[0][0], groups[-1][0], 0
    total, usual = sum(count for _, count, _ in groups), low
    for value, count, _ in groups:
        seen, usual = seen + count, value
        if seen >= _USUAL * total:
            break
    width = (usual - low) // _MAX_BINS + 1
    bars = [[0, 0] for _ in range((usual - low) // width + 1)]
    for value, count, solved in groups:
        bar = bars[min((value - low) // width, len(bars) - 1)]
        bar[0] += count
        bar[1] += solved
    ends = [low + n * width for n in range(len(bars) + 1)]
    ends[-1] = max(ends[-1], high + 1)
    return tuple(
        Bin(low=ends[n], high=ends[n + 1], count=count, solved=solved) for n, (count, solved) in enumerate(bars)
    )


def _row(found: Sequence[Any], names: dict[int, str]) -> Row:
    columns = (column.partition(".")[2] for column in _ROW.split(", "))
    row = dict(zip(columns, found, strict=True))
    stop, solved = row.pop("stop"), row["solved"]
    return Row.model_validate(
        row
        | {
            "run": names[row["run"]], "stop_reason": stop, "finished": stop is not None, "broken": bool(row["broken"]),
            "solved": None if solved is None else bool(solved),
        }
    )  # fmt: skip
