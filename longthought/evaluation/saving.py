"""The text files that an evaluation leaves in its folder.

comparison.json    the comparison of the strategies, whole
table.csv          its table, one row per strategy, budget and count
critic.json        the reports on the critics
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from longthought.errors import ConfigError, RunError
from longthought.evaluation.comparison import BASELINES, Comparison, ComparisonRow
from longthought.evaluation.critic_report import Criticism
from longthought.files import write_whole
from longthought.record import Record

COMPARISON: Final = "comparison.json"
CRITIC: Final = "critic.json"
TABLE: Final = "table.csv"


class Critics(Record):
    """The reports on the critics of an evaluation, by strategy."""

    reports: dict[str, Criticism]


def expect_free(out: Path) -> None:
    """Raise if files that are no evaluation's would be overwritten in a folder.

    Raises:
        ConfigError: naming the first of them.

    """
    foreign = [name for name in (TABLE, COMPARISON, CRITIC) if (out / name).exists()]
    if foreign and not any(out.glob("*/seed-*/run.json")):
        raise ConfigError(f"`out` {out}: there is another {foreign[0]} in it already; name a new folder")


def save(comparison: Comparison, critics: Critics, out: Path) -> None:
    """Write the comparison and the reports into a folder.

    Raises:
        RunError: if a file can't be written.

    """
    table = io.StringIO()
    rows: csv.DictWriter[str] = csv.DictWriter(table, list(next(records(comparison))), lineterminator="\n")
    rows.writeheader()
    for record in records(comparison):
        rows.writerow(record)
    write(out / TABLE, table.getvalue())
    write(out / COMPARISON, comparison.model_dump_json(indent=1) + "\n")
    write(out / CRITIC, critics.model_dump_json(indent=1) + "\n")


def saved(out: Path) -> Comparison | None:
    """Return the comparison that a folder holds; None if it holds none that can be read."""
    try:
        return Comparison.model_validate_json((out / COMPARISON).read_bytes())
    except (OSError, ValueError):
        return None


def records(comparison: Comparison) -> Iterator[dict[str, Any]]:
    """Yield the rows of the table as flat records."""
    entrants = {entrant.name: entrant for entrant in comparison.strategies}
    for row in comparison.rows:
        entrant = entrants[row.strategy]
        yield _record(row) | {"checker": entrant.checker, "critic": entrant.critic, "tools": " ".join(entrant.tools)}


def _record(row: ComparisonRow) -> dict[str, Any]:
    unseen = row.unseen.model_dump() if row.unseen else dict.fromkeys(("solved", "of", "rate", "low", "high"))
    return {
        "strategy": row.strategy,
        "budget": row.budget,
        "count": row.count,
        **row.solved.model_dump(),
        "by_seed": " ".join(f"{rate:.4f}" for rate in row.by_seed),
        **{f"unseen_{name}": value for name, value in unseen.items()},
        **row.model_dump(include={"computed", "all", "requests", "seconds", "undecided", "failed"}),
        "estimated": row.estimated,
        **{f"p_{name}": row.p.get(name) for name in BASELINES},
    }


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all.

    Raises:
        RunError: if the file can't be written.

    """
    try:
        write_whole(path, text)
    except OSError as error:
        raise RunError(f"{path}: can't be written ({error.strerror}); free space, or choose another `out`") from error
