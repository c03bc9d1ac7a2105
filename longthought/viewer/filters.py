"""A filter of the table as a condition in SQL."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from longthought.viewer.answers import Filter, LabelFilter, Sort

_BOUNDS: Final = ("rounds", "backtracks", "reflections", "refutations", "tokens", "nodes", "score")
_LABELS: Final = {
    LabelFilter.ANY: "d.labelled > 0",
    LabelFilter.NONE: "d.labelled = 0",
    LabelFilter.DOUBTFUL: "d.doubtful > 0",
    LabelFilter.WRONG_VERDICT: "(d.wrong_rejections > 0 OR d.wrong_approvals > 0)",
}
_SORTED_BY: Final = {Sort.STARTED: "d.key", Sort.STOP: "d.stop"}


def condition(filter: Filter, runs: Sequence[int]) -> tuple[str, list[Any]]:
    """Return the condition on rows `d` of the debates, without the text that is looked for, and its values.

    Args:
        filter: What is asked for.
        runs: The numbers of the runs that are meant.

    """
    parts, values = ["d.root IS NULL", f"d.run IN ({_marks(runs)})"], list[Any](runs)
    for column, chosen in (("outcome", filter.outcome), ("stop", filter.stop), ("domain", filter.domain)):
        if chosen:
            parts.append(f"d.{column} IN ({_marks(chosen)})")
            values.extend(map(str, chosen))
    if filter.label is not None:
        parts.append(_LABELS[filter.label])
    for column in _BOUNDS:
        for bound, sign in (("min", ">="), ("max", "<=")):
            if (value := getattr(filter, f"{column}_{bound}")) is not None:
                parts.append(f"d.{column} {sign} ?")
                values.append(value)
    for column in ("wrong_rejections", "wrong_approvals"):
        if (value := getattr(filter, f"{column}_min")) is not None:
            parts.append(f"d.{column} >= ?")
            values.append(value)
    return " AND ".join(parts), values


def order(filter: Filter) -> str:
    """Return the order of the rows; what a row lacks comes last."""
    column = _SORTED_BY.get(filter.sort, f"d.{filter.sort}")
    way = "DESC" if filter.descending else "ASC"
    if filter.sort is Sort.STARTED:
        return f"d.run {way}, d.key {way}"
    return f"{column} IS NULL, {column} {way}, d.run, d.key"


def _marks(values: Iterable[object]) -> str:
    return ", ".join("?" for _ in values)
