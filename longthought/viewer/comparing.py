"""Two runs on the debates that both have: the same problem, the same sample."""

from dataclasses import dataclass
from typing import Any, Final

from longthought.statistics import paired
from longthought.viewer.comparison_answers import Cell, Comparison, Pair, Side
from longthought.viewer.store import Store

_SIDE: Final = ("id", "outcome", "answer", "rounds", "backtracks", "tokens", "score")
_CELL: Final = (
    "CASE WHEN a.outcome IN ('ungraded', 'unfinished') OR b.outcome IN ('ungraded', 'unfinished') THEN 'unknown' "
    "WHEN a.outcome = 'solved' THEN CASE WHEN b.outcome = 'solved' THEN 'both' ELSE 'only_a' END "
    "WHEN b.outcome = 'solved' THEN 'only_b' ELSE 'neither' END"
)
_FROM: Final = (
    "FROM debates a JOIN debates b ON b.id = a.id AND b.run = :b JOIN texts t ON t.key = a.key "
    "JOIN texts u ON u.key = b.key AND u.statement = t.statement WHERE a.run = :a AND a.root IS NULL"
)


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two runs, by their numbers."""

    store: Store
    a: int
    b: int

    def comparison(self, a: str, b: str, cell: Cell | None, offset: int, limit: int, version: int) -> Comparison:
        """Compare them.

        Args:
            a: The name of the one run.
            b: The name of the other.
            cell: Which pairs are listed (default: all).
            offset: Number of pairs to leave out.
            limit: Maximum number of pairs.
            version: The state of the index.

        """
        runs: dict[str, Any] = {"a": self.a, "b": self.b}
        groups = self.store.ask(f"SELECT {_CELL}, count(*), sum(a.tokens), sum(b.tokens) {_FROM} GROUP BY 1", runs)
        counts = dict.fromkeys(Cell, 0) | {Cell(name): count for name, count, *_ in groups}
        pairs = sum(counts.values())
        flips = [1] * counts[Cell.ONLY_A] + [-1] * counts[Cell.ONLY_B]
        return Comparison(
            version=version, a=a, b=b, counts=counts,
            unpaired_a=self._debates(self.a) - pairs, unpaired_b=self._debates(self.b) - pairs,
            tokens_a=sum(row[2] for row in groups), tokens_b=sum(row[3] for row in groups),
            p=paired(flips) if flips else None,
            total=pairs if cell is None else counts[cell], offset=offset,
            rows=tuple(self._pairs(runs, cell, offset, limit)),
        )  # fmt: skip

    def _debates(self, run: int) -> int:
        return int(self.store.ask("SELECT count(*) FROM debates WHERE run = ? AND root IS NULL", (run,))[0][0])

    def _pairs(self, runs: dict[str, Any], cell: Cell | None, offset: int, limit: int) -> list[Pair]:
        sides = ", ".join(
            f"{'ut'[side == 'a']}.answer" if column == "answer" else f"{side}.{column}"
            for side in "ab"
            for column in _SIDE
        )
        only = "" if cell is None else f"AND {_CELL} = :cell"
        found = self.store.ask(
            f"SELECT a.problem, t.statement, {sides} {_FROM} {only} ORDER BY a.key LIMIT :limit OFFSET :offset",
            runs | {"cell": cell and cell.value, "limit": limit, "offset": offset},
        )
        return [
            Pair(problem=row[0], statement=row[1], a=_side(row[2 : 2 + len(_SIDE)]), b=_side(row[2 + len(_SIDE) :]))
            for row in found
        ]


def _side(values: tuple[Any, ...]) -> Side:
    return Side(**dict(zip(_SIDE, values, strict=True)))
