"""The plots: solved problems over tokens, and whether a critic's scores are probabilities.

Drawn with matplotlib, which comes with `longthought[plots]`. Nothing here computes a figure.
"""

import importlib.util
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from longthought.errors import RunError
from longthought.evaluation.comparison import Comparison, ComparisonRow
from longthought.evaluation.saving import Critics
from longthought.statistics import Calibration

EXTRA: Final = "pip install 'longthought[plots]'"
COLOURS: Final = (
    *("#0f62fe", "#da1e28", "#198038", "#8a3ffc", "#b28600", "#009d9a", "#ee538b", "#525252", "#ba4e00"),
    *("#002d9c", "#6fdc8c", "#a2191f", "#4589ff", "#d2a106", "#08bdba"),
)
"""By strategy, in the order they were asked for; told apart on white, also by those who confuse red and green."""
BANDS: Final = 4
"""Strategies at most whose intervals are drawn as bands all along; more of them would hide each other."""
_INK: Final = "#333333"
_STYLE: Final[dict[str, Any]] = {
    "font.family": "sans-serif",
    "font.size": 10.5,
    "axes.edgecolor": "#999999",
    "axes.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.8,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "text.color": _INK,
    "svg.hashsalt": "longthought",
}


def _styled() -> Any:
    return import_module("matplotlib").rc_context(_STYLE)


def _figure(width: float, height: float) -> Any:
    return import_module("matplotlib.figure").Figure(figsize=(width, height), dpi=160, layout="constrained")


def available() -> bool:
    """Say whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def draw(found: Comparison, critics: Critics, out: Path) -> None:
    """Write all plots into a folder: `curve`, and `calibration-NAME` for each critic with scores, as PNG and SVG.

    Raises:
        RunError: if one can't be written.

    """
    try:
        for suffix in (".png", ".svg"):
            curves(found, out / f"curve{suffix}")
            for name, report in critics.reports.items():
                if report.calibration:
                    reliability(report.calibration, name, out / f"calibration-{name}{suffix}")
    except OSError as error:
        raise RunError(f"{out}: no plots ({error.strerror}); free space, or choose another `out`") from error


def curves(found: Comparison, path: Path) -> None:
    """Draw the share of problems solved over the tokens that each may cost, one line a strategy."""
    ticker: Any = import_module("matplotlib.ticker")
    with _styled():
        figure = _figure(9.2, 5.2)
        axes = figure.add_subplot()
        count = len(found.strategies)
        ends: list[tuple[float, str, str]] = []
        for index, entrant in enumerate(found.strategies):
            colour = COLOURS[index % len(COLOURS)]
            rows = [row for row in found.curve if row.strategy == entrant.name]
            _line(axes, rows, colour, dashed=entrant.checker)
            if len(found.strategies) <= BANDS:
                _band(axes, rows, colour)
            _marks(axes, [row for row in rows if row.budget in found.budgets], colour, index - count / 2)
            ends.append(
                (rows[-1].solved.rate, entrant.name + (" (checker chooses)" if entrant.checker else ""), colour)
            )
        axes.set_xscale("log")
        axes.set_xlim(min(row.budget for row in found.curve), max(found.budgets))
        axes.set_ylim(0, 1)
        axes.xaxis.set_major_locator(ticker.FixedLocator(_ticks(found)))
        axes.xaxis.set_minor_locator(ticker.NullLocator())
        axes.xaxis.set_major_formatter(ticker.StrMethodFormatter("{x:,.0f}"))
        axes.yaxis.set_major_formatter(ticker.PercentFormatter(1, decimals=0))
        axes.set_xlabel("tokens of both agents that a problem may cost, cached prompts left out")
        axes.set_ylabel("solved")
        _name(axes, ends)
        seeds = f"{len(found.seeds)} seeds" if len(found.seeds) > 1 else "one seed"
        axes.set_title(
            f"{found.problems:,} problems, {seeds}, 95 % intervals", loc="left", fontsize=10.5, color="#666666"
        )
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _line(axes: Any, rows: list[ComparisonRow], colour: str, *, dashed: bool) -> None:
    style = (0, (5, 2)) if dashed else "-"
    axes.plot([r.budget for r in rows], [r.solved.rate for r in rows], color=colour, lw=2, ls=style, zorder=3)


def _band(axes: Any, rows: list[ComparisonRow], colour: str) -> None:
    low, high = [r.solved.low for r in rows], [r.solved.high for r in rows]
    axes.fill_between([r.budget for r in rows], low, high, color=colour, alpha=0.10, lw=0)


def _marks(axes: Any, rows: list[ComparisonRow], colour: str, place: float) -> None:
    """Draw intervals at the budgets asked for, side by side."""
    for row in rows:
        at, solved = row.budget * 1.012**place, row.solved
        axes.plot([at, at], [solved.low, solved.high], color=colour, lw=1.2, alpha=0.55, zorder=2, clip_on=False)
    axes.plot(
        [row.budget * 1.012**place for row in rows], [row.solved.rate for row in rows], "o", color=colour, ms=5,
        mec="white", zorder=4, clip_on=False,
    )  # fmt: skip


def _ticks(found: Comparison) -> list[int]:
    """Return the budgets asked for, and halves of the smallest down to where the curve begins."""
    low, ticks = min(row.budget for row in found.curve), list(found.budgets)
    while ticks[0] / 2 >= low:
        ticks.insert(0, round(ticks[0] / 2))
    return ticks


def _name(axes: Any, ends: list[tuple[float, str, str]]) -> None:
    """Name every line at its right end, with room between the names."""
    room = 0.052
    at = [rate for rate, *_ in sorted(ends)]
    for index in range(1, len(at)):
        at[index] = max(at[index], at[index - 1] + room)
    if at[-1] > 1:
        at[-1] = 1.0
        for index in range(len(at) - 2, -1, -1):
            at[index] = min(at[index], at[index + 1] - room)
    for place, (rate, name, colour) in zip(at, sorted(ends), strict=True):
        axes.annotate(
            f"{rate:.0%}  {name}", (1, place), xytext=(16, 0), xycoords="axes fraction", textcoords="offset points",
            va="center", color=colour, annotation_clip=False,
        )  # fmt: skip


def reliability(found: Calibration, name: str, path: Path) -> None:
    """Draw how often what a score says came true, over the score, and below how often each was given."""
    ticker: Any = import_module("matplotlib.ticker")
    with _styled():
        figure = _figure(5.2, 5.6)
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        axes.plot([0, 1], [0, 1], color="#999999", lw=1, ls=(0, (4, 3)))
        axes.plot([b.said for b in found.bins], [b.true for b in found.bins], "o-", color=COLOURS[0], lw=2, mec="white")
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.02)
        axes.set_ylabel("came true")
        axes.set_title(
            f"{name}: Brier {found.brier:.3f}, calibration error {found.error:.3f}", loc="left", fontsize=10.5
        )
        below.bar(
            [b.low for b in found.bins], [b.count for b in found.bins], [b.high - b.low for b in found.bins],
            align="edge", color=COLOURS[0], alpha=0.35, edgecolor="white",
        )  # fmt: skip
        below.set_ylabel("verdicts")
        below.set_xlabel("the critic's score")
        for ticks in (axes.xaxis, axes.yaxis):
            ticks.set_major_formatter(ticker.PercentFormatter(1, decimals=0))
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
