"""The rows of an export, staged in a temporary SQLite file until all are known, so that runs of any size fit.

The choice among them (no repetitions, shares of a mix, equal tokens, pairs to one prompt, a split by problem) needs all
rows. It depends only on hashes of a seed and of the rows' origins, so the same export of the same run gives the same
files, whatever the order of the log.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from longthought.errors import ConfigError
from longthought.training.data.rows import PairCandidate, RowOrigin, Ruler, TrainingRow, reply

_TABLES: Final = """
CREATE TABLE rows (id INTEGER PRIMARY KEY, format TEXT, kind TEXT, run TEXT, problem TEXT, debate TEXT, rank INTEGER,
    length INTEGER, total INTEGER, twin INTEGER, body TEXT, same BLOB UNIQUE, side INTEGER, writer TEXT,
    chosen INTEGER DEFAULT 1, validation INTEGER DEFAULT 0);
CREATE TABLE candidates (prompt BLOB, reply BLOB, good REAL, seen INTEGER, format TEXT, kind TEXT, source TEXT,
    asked TEXT, said TEXT, rank INTEGER, PRIMARY KEY (prompt, reply)) WITHOUT ROWID;
"""
_BATCH: Final = 1_000
Mix = Mapping[str, float]


class RowStaging:
    """The rows of one export."""

    def __init__(self, path: Path, seed: int) -> None:
        """Open an empty file; it serves one export, so it need not survive a crash."""
        self._seed = seed
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-32768;" + _TABLES)
        self._db.execute("BEGIN")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def add(self, row: TrainingRow) -> bool:
        """Keep a row; return False if an identical one is kept already."""
        source = row.source
        body = {
            **row.columns, "problem": source.problem, "run": source.run, "debate": source.debate,
            "node": source.node, "kind": row.kind,
        }  # fmt: skip
        same = _digest(row.format, source.problem, row.text)
        done = self._db.execute(
            "INSERT OR IGNORE INTO rows (format, kind, run, problem, debate, rank, length, total, twin, body, same, "
            "side, writer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row.format, row.kind, source.run, source.problem, source.debate, self._rank(source), row.length,
                row.total, row.twin, json.dumps(body, ensure_ascii=False), same, int(source.validation), row.by,
            ),
        )  # fmt: skip
        return done.rowcount == 1

    def offer(self, candidate: PairCandidate) -> None:
        """Keep a reply until its rivals are known; one offered several times is as good as its mean."""
        asked = json.dumps(candidate.prompt, ensure_ascii=False)
        self._db.execute(
            "INSERT INTO candidates VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?) ON CONFLICT (prompt, reply) DO UPDATE SET "
            "good = good + excluded.good, seen = seen + 1",
            (
                _digest(candidate.format, asked), _digest(candidate.reply), float(candidate.good), candidate.format,
                candidate.kind, json.dumps(_plain(candidate.source)), asked, candidate.reply,
                self._rank(candidate.source),
            ),
        )  # fmt: skip

    def pair(self, limit: int, ruler: Ruler, longest: int | None) -> tuple[int, int]:
        """Make rows of candidates: every good reply with every bad one, at most `limit` of each, for each prompt.

        A reply is good or bad by the majority of its debates; in a tie it is left out.

        Returns:
            The number of prompts without a pair, and of pairs that were longer than `longest`.

        """
        unpaired = too_long = 0
        cursor = self._db.execute(
            "SELECT prompt, good / seen, format, kind, source, asked, said FROM candidates ORDER BY prompt, rank"
        )
        for _, group in groupby(_fetched(cursor), key=itemgetter(0)):
            candidates = list(group)
            goods = [c for c in candidates if c[1] > 0.5][:limit]
            bads = [c for c in candidates if c[1] < 0.5][:limit]
            unpaired += not (goods and bads)
            for good in goods:
                for bad in bads:
                    row = _paired(good, bad, ruler)
                    too_long += longest is not None and row.total > longest
                    if longest is None or row.total <= longest:
                        self.add(row)
        return unpaired, too_long

    # Choosing.

    def mix(self, shares: Mix) -> None:
        """Leave rows out until the rest has the stated shares of formats, of runs or of kinds.

        The rows of a validation run all stay.

        Raises:
            ConfigError: if a name has no rows.

        """
        column = self._column(shares)
        counts = {name: self._count(f"NOT side AND {column} = ?", name) for name in shares}
        whole = min(counts[name] / share for name, share in shares.items())
        self._db.execute("UPDATE rows SET chosen = 0 WHERE NOT side")
        for name, share in shares.items():
            self._db.execute(
                f"UPDATE rows SET chosen = 1 WHERE id IN (SELECT id FROM rows WHERE NOT side AND {column} = ? "
                "ORDER BY rank, id LIMIT ?)",
                (name, int(whole * share + 1e-9)),
            )

    def _column(self, shares: Mix) -> str:
        for column in ("format", "run", "kind"):
            known = {name for (name,) in self._db.execute(f"SELECT DISTINCT {column} FROM rows WHERE NOT side")}
            if known.issuperset(shares):
                return column
        present = [
            f"{column} {', '.join(sorted(name for (name,) in self._db.execute(f'SELECT DISTINCT {column} FROM rows')))}"
            for column in ("format", "run", "kind")
        ]
        raise ConfigError(
            f"`mix` {','.join(shares)}: these are not all formats, all runs or all kinds of rows; there are: "
            f"{'; '.join(present)}"
        )

    def match_tokens(self) -> None:
        """Leave rows out until they hold no more tokens to learn than the shorter of the twins' sets."""
        ours, twins = self._db.execute("SELECT SUM(length), SUM(twin) FROM rows WHERE chosen").fetchone()
        budget, spent = min(ours or 0, twins or 0), 0
        cursor = self._db.execute("SELECT id, length FROM rows WHERE chosen ORDER BY rank, id")
        over: list[tuple[int]] = []
        for number, length in _fetched(cursor):
            spent += length
            if spent > budget:
                over.append((number,))
        self._db.executemany("UPDATE rows SET chosen = 0 WHERE id = ?", over)

    def split(self, share: float) -> None:
        """Put a share of the problems aside for validation, with all their rows, and every row of a validation run."""
        self._db.execute("UPDATE rows SET validation = side")
        if share <= 0:
            return
        problems = [p for (p,) in self._db.execute("SELECT DISTINCT problem FROM rows WHERE chosen AND NOT side")]
        ranked = sorted((_number(self._seed, "validation", p) / 2**63, p) for p in problems)
        most = len(ranked) - 1  # one is left to train on
        aside = [(p,) for rank, p in ranked[:most] if rank < share] or [(p,) for _, p in ranked[: min(1, most)]]
        self._db.execute("CREATE INDEX IF NOT EXISTS by_problem ON rows (problem)")
        self._db.executemany("UPDATE rows SET validation = 1 WHERE problem = ?", aside)

    # Reading.

    def bodies(self, *, validation: bool) -> Iterator[dict[str, Any]]:
        """Yield the chosen rows of a split, in an order that the seed decides."""
        cursor = self._db.execute(
            "SELECT body FROM rows WHERE chosen AND validation = ? ORDER BY rank, id", (int(validation),)
        )
        for (body,) in _fetched(cursor):
            yield json.loads(body)

    def overlap(self) -> list[str]:
        """Return problems that stand in both splits; there should be none."""
        return [
            p
            for (p,) in self._db.execute(
                "SELECT problem FROM rows WHERE chosen GROUP BY problem HAVING COUNT(DISTINCT validation) > 1 LIMIT 5"
            )
        ]

    def counts(self, *columns: str) -> list[tuple[Any, ...]]:
        """Count the chosen rows by columns, with distinct problems and debates, and the sum and range of lengths."""
        by = ", ".join(columns)
        return self._db.execute(
            f"SELECT {by}, COUNT(*), COUNT(DISTINCT problem), COUNT(DISTINCT run || '/' || debate), SUM(length), "
            f"MIN(length), MAX(length) FROM rows WHERE chosen GROUP BY {by} ORDER BY {by}"
        ).fetchall()

    def quantile(self, share: float, *, validation: bool) -> int:
        """Return the quantile of the lengths of the chosen rows; 0.5 gives the median."""
        where = "chosen AND validation = ?"
        count = self._count(where, int(validation))
        at = max(0, min(count - 1, int(share * count)))
        row = self._db.execute(
            f"SELECT length FROM rows WHERE {where} ORDER BY length LIMIT 1 OFFSET {at}", (int(validation),)
        )
        return row.fetchone()[0]

    def size(self, *, validation: bool | None = None) -> int:
        """Return how many rows are chosen, in one split or in both."""
        return self._count("chosen") if validation is None else self._count("chosen AND validation = ?", validation)

    def _count(self, where: str, *values: Any) -> int:
        return self._db.execute(f"SELECT COUNT(*) FROM rows WHERE {where}", values).fetchone()[0]

    def _rank(self, source: RowOrigin) -> int:
        return _number(self._seed, source.run, source.debate, source.node)


def _paired(good: Sequence[Any], bad: Sequence[Any], ruler: Ruler) -> TrainingRow:
    asked = json.loads(good[5])
    source = RowOrigin(**json.loads(good[4]))
    lengths = [ruler(c[6]) for c in (good, bad)]
    columns = {"prompt": asked, "chosen": reply(good[6]), "rejected": reply(bad[6])}
    total = sum(ruler(message["content"]) for message in asked) + max(lengths)
    text = f"{good[5]}\n{good[6]}\n{bad[6]}"
    return TrainingRow(good[2], good[3], source, columns, text, sum(lengths), total)


def _plain(source: RowOrigin) -> dict[str, Any]:
    return {name: getattr(source, name) for name in RowOrigin.__slots__}


def _fetched(cursor: sqlite3.Cursor) -> Iterator[Any]:
    while rows := cursor.fetchmany(_BATCH):
        yield from rows


def _digest(*parts: str) -> bytes:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=12).digest()


def _number(*parts: object) -> int:
    """Return a number from 0 to 2**63 that the parts decide."""
    return int.from_bytes(hashlib.blake2b("\0".join(map(str, parts)).encode(), digest_size=8).digest()) >> 1
