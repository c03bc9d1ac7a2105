"""Figures of the debates that pass a filter: counts, histograms and the critic's calibration."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from longthought.trajectories.events import Action, StopReason
from longthought.viewer.answers import Bin, CalibrationBin, Outcome, Summary
from longthought.viewer.columns import Columns, Numbers

_MAX_BINS: Final = 40
_USUAL: Final = 0.98
"""The share of debates that the bars of a histogram spread out."""
_TENTHS: Final = 10
_ACTIONS: Final = dict(zip(Action, ("continues", "returns", "doubts", "terminates"), strict=True))
_SUMS: Final = ("tokens", "policy_tokens", "critic_tokens", "backtracks", "reflections", "refutations")
_PRESENT: Final = ("labelled", "wrong_rejections", "wrong_approvals")


def summary(columns: Columns, arrays: Mapping[str, Numbers], keys: Numbers, version: int, searched: float) -> Summary:
    """Return figures of the debates with some keys."""
    picked = {name: array[keys] for name, array in arrays.items()}
    counted = {name: _counted(columns, name, picked[name]) for name in ("outcome", "stop", "domain")}
    solved = picked["outcome"] == columns.code("outcome", Outcome.SOLVED)
    return Summary(
        version=version, total=len(keys), searched=searched,
        outcomes={outcome: counted["outcome"].get(outcome.value, 0) for outcome in Outcome},
        stop_reasons={StopReason(name): count for name, count in counted["stop"].items() if name},
        domains=counted["domain"],
        actions={action: int(picked[name].sum()) for action, name in _ACTIONS.items()},
        rounds=histogram(picked["rounds"], solved),
        calibration=tuple(calibration(picked["score"], solved, picked["graded"])),
        **{name: int(picked[name].sum()) for name in _SUMS},
        **{name: int((picked[name] > 0).sum()) for name in _PRESENT},
    )  # fmt: skip


def _counted(columns: Columns, name: str, codes: Numbers) -> dict[str, int]:
    """Return how often each name occurs."""
    counts = np.bincount(codes, minlength=1)
    return {columns.names[name][code]: int(count) for code, count in enumerate(counts) if count}


def histogram(values: Numbers, solved: Numbers) -> tuple[Bin, ...]:
    """Return whole numbers as bars of equal width; the last one takes the few that are far larger.

    Args:
        values: The numbers, (n,).
        solved: Whether each debate is solved, (n,).

    """
    if not len(values):
        return ()
    low, high = int(values.min()), int(values.max())
    usual = int(np.quantile(values, _USUAL, method="inverted_cdf"))
    width = (usual - low) // _MAX_BINS + 1
    bars = (usual - low) // width + 1
    places = np.minimum((values - low) // width, bars - 1)
    counts, hits = np.bincount(places, minlength=bars), np.bincount(places[solved], minlength=bars)
    ends = [low + n * width for n in range(bars + 1)]
    ends[-1] = max(ends[-1], high + 1)
    return tuple(Bin(low=ends[n], high=ends[n + 1], count=int(counts[n]), solved=int(hits[n])) for n in range(bars))


def calibration(scores: Numbers, solved: Numbers, graded: Numbers) -> list[CalibrationBin]:
    """Return graded debates by the critic's last score, in tenths; tenths without debates are left out."""
    known = graded & ~np.isnan(scores)
    scores, solved = scores[known], solved[known]
    places = np.minimum((scores * _TENTHS).astype(np.int64), _TENTHS - 1)
    counts, sums = np.bincount(places, minlength=_TENTHS), np.bincount(places, scores, _TENTHS)
    hits = np.bincount(places[solved], minlength=_TENTHS)
    return [
        CalibrationBin(
            low=n / _TENTHS, high=(n + 1) / _TENTHS, count=int(counts[n]), mean_score=sums[n] / counts[n],
            solved=int(hits[n]),
        )
        for n in range(_TENTHS)
        if counts[n]
    ]  # fmt: skip
