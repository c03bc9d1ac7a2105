"""The figures of all debates as arrays, so that any filter, order or sum takes milliseconds.

A debate's place in an array is its key in the store. Only rows that changed are read again.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from longthought.viewer.questions import Filter, LabelFilter, Sort
from longthought.viewer.store import Store

_WHOLE: Final = (
    "run", "rounds", "backtracks", "reflections", "refutations", "tokens", "policy_tokens", "critic_tokens", "nodes",
    "continues", "returns", "doubts", "terminates", "labelled", "doubtful", "wrong_rejections", "wrong_approvals",
)  # fmt: skip
_REAL: Final = ("score", "seconds")
"""NaN stands for what a debate lacks."""
_NAMED: Final = ("outcome", "stop", "domain")
"""Kept as codes; the empty name stands for what a debate lacks."""
_SELECT: Final = (
    f"SELECT key, root IS NULL, solved IS NOT NULL, {', '.join((*_WHOLE, *_REAL))}, "
    "outcome, coalesce(stop, ''), domain FROM debates WHERE stamp > ?"
)
_CHUNK: Final = 10_000
_BOUNDS: Final = ("rounds", "backtracks", "reflections", "refutations", "tokens", "nodes", "score",
                  "wrong_rejections", "wrong_approvals")  # fmt: skip
Numbers = NDArray[Any]


class Columns:
    """The arrays; place 0 is empty."""

    def __init__(self, store: Store) -> None:
        """Begin empty."""
        self._store = store
        self._lock = threading.Lock()
        self._stamp = self._epoch = -1
        self._arrays: dict[str, Numbers] = {}
        self._size = 1
        self.names: dict[str, list[str]] = {}
        """By column: the name that each code stands for."""
        self._codes: dict[str, dict[str, int]] = {}

    def current(self) -> Mapping[str, Numbers]:
        """Return the arrays as the store is now; `listed` marks the rows of debates that are no sub-debates."""
        with self._lock:
            if self._epoch != self._store.epoch:
                self._begin()
            stamp = self._store.stamp  # before the rows are read: what is committed meanwhile is read again
            cursor = self._store.connection().execute(_SELECT, (self._stamp,))
            while rows := cursor.fetchmany(_CHUNK):
                self._take(rows)
            self._stamp = stamp
            return {name: array[: self._size] for name, array in self._arrays.items()}

    def _begin(self) -> None:
        self._stamp, self._epoch, self._size = -1, self._store.epoch, 1
        self._arrays = {name: np.zeros(1024, np.int64) for name in _WHOLE}
        self._arrays |= {name: np.zeros(1024, np.float64) for name in _REAL}
        self._arrays |= {name: np.zeros(1024, np.int32) for name in _NAMED}
        self._arrays |= {name: np.zeros(1024, np.bool_) for name in ("listed", "graded")}
        self.names = {name: [""] for name in _NAMED}
        self._codes = {name: {"": 0} for name in _NAMED}

    def _take(self, rows: Sequence[Sequence[Any]]) -> None:
        key, listed, graded, *columns = zip(*rows, strict=True)
        keys = np.array(key)
        self._size = max(self._size, int(keys.max()) + 1)
        for name, array in self._arrays.items():
            if len(array) < self._size:
                self._arrays[name] = np.concatenate((array, np.zeros(max(len(array), self._size), array.dtype)))
        self._arrays["listed"][keys], self._arrays["graded"][keys] = listed, graded
        for name, values in zip((*_WHOLE, *_REAL, *_NAMED), columns, strict=True):
            if name in _NAMED:
                values = [self._code(name, value) for value in values]
            self._arrays[name][keys] = np.array(values, self._arrays[name].dtype)

    def _code(self, name: str, value: str) -> int:
        code = self._codes[name].get(value)
        if code is None:
            code = self._codes[name][value] = len(self.names[name])
            self.names[name].append(value)
        return code

    def code(self, name: str, value: str) -> int:
        """Return the code of a name in a column; -1 if it doesn't occur."""
        return self._codes[name].get(value, -1)


def chosen(columns: Columns, arrays: Mapping[str, Numbers], filter: Filter, runs: Sequence[int]) -> Numbers:
    """Return which rows pass a filter, but for the text that it looks for.

    Args:
        columns: Where the names of the codes are.
        arrays: What `columns.current` returned.
        filter: What is asked for.
        runs: The numbers of the runs that are meant.

    """
    passes = arrays["listed"] & np.isin(arrays["run"], runs)
    for name, wanted in (("outcome", filter.outcome), ("stop", filter.stop), ("domain", filter.domain)):
        if wanted:
            passes &= np.isin(arrays[name], [columns.code(name, str(value)) for value in wanted])
    match filter.label:
        case LabelFilter.ANY:
            passes &= arrays["labelled"] > 0
        case LabelFilter.NONE:
            passes &= arrays["labelled"] == 0
        case LabelFilter.DOUBTFUL:
            passes &= arrays["doubtful"] > 0
        case LabelFilter.WRONG_VERDICT:
            passes &= (arrays["wrong_rejections"] > 0) | (arrays["wrong_approvals"] > 0)
        case None:
            pass
    for name in _BOUNDS:
        if (least := getattr(filter, f"{name}_min", None)) is not None:
            passes &= arrays[name] >= least
        if (most := getattr(filter, f"{name}_max", None)) is not None:
            passes &= arrays[name] <= most
    return passes


def ordered(columns: Columns, arrays: Mapping[str, Numbers], keys: Numbers, filter: Filter) -> Numbers:
    """Return keys in the order that a filter asks for; rows that lack the value come last."""
    keys = keys[np.argsort(arrays["run"][keys], kind="stable")]
    if filter.sort is Sort.STARTED:
        return keys[::-1] if filter.descending else keys
    name = "stop" if filter.sort is Sort.STOP else str(filter.sort)
    values, lacking = arrays[name][keys], np.zeros(len(keys), np.bool_)
    if name in _NAMED:
        places = np.empty(len(columns.names[name]), np.int64)
        places[np.argsort(np.array(columns.names[name]), kind="stable")] = np.arange(len(places))
        lacking, values = values == 0, places[values]
    elif name in _REAL:
        lacking, values = np.isnan(values), np.nan_to_num(values)
    return keys[np.lexsort((-values if filter.descending else values, lacking))]
