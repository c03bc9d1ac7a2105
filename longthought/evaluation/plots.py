"""The plots of an evaluation: problems solved over tokens, and the calibration of a critic's scores.

They are drawn with matplotlib, which comes with `longthought[plots]`. This module computes no figure itself.
"""

from importlib import import_module
from pathlib import Path
from typing import Any, Final

from longthought.errors import RunError
from longthought.evaluation.comparison import Comparison, ComparisonRow
from longthought.evaluation.saving import Critics
from longthought.extras import installed
from longthought.statistics import Calibration

EXTRA: Final = "pip install 'longthought[plots]'"
COLOURS: Final = (
    *("#0f62fe", "#da1e28", "#198038", "#8a3ffc", "#b28600", "#009d9a", "#ee538b", "#525252", "#ba4e00"),
    *("#002d9c", "#6fdc8c", "#a2191f", "#4589ff", "#d2a106", "#08bdba"),
)
"""Colours of the strategies in their order, chosen to differ on white, also for readers who confuse red and green."""
BANDS: Final = 4
"""Maximum number of strategies whose intervals are drawn as bands; more bands would hide each other."""
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


def axis_style() -> Any:
    """Return the context in which plots have the style of all plots."""
    return import_module("matplotlib").rc_context(_STYLE)


def new_figure(width: float, height: float) -> Any:
    """Return an empty figure of a width and a height in inches."""
    return import_module("matplotlib.figure").Figure(figsize=(width, height), dpi=160, layout="constrained")


def available() -> bool:
    """Return whether matplotlib is installed."""
    return installed("matplotlib")


def draw(comparison: Comparison, critics: Critics, out: Path) -> None:
    """Write all plots into a folder: `curve`, and `calibration-NAME` for each critic with scores, as PNG and SVG.

    Raises:
        RunError: if a plot can't be written.

    """
    try:
        for suffix in (".png", ".svg"):
            curves(comparison, out / f"curve{suffix}")
            for name, report in critics.reports.items():
                if report.calibration:
                    reliability(report.calibration, name, out / f"calibration-{name}{suffix}")
    except OSError as error:
        raise RunError(f"{out}: no plots ({error.strerror}); free space, or choose another `out`") from error


def curves(comparison: Comparison, path: Path) -> None:
    """Draw the share of problems solved over the budget in tokens, one line per strategy."""
    ticker: Any = import_module("matplotlib.ticker")
    with axis_style():
        figure = new_figure(9.2, 5.2)
        axes = figure.add_subplot()
        count = len(comparison.strategies)
        ends: list[tuple[float, str, str]] = []
        for index, entrant in enumerate(comparison.strategies):
            colour = COLOURS[index % len(COLOURS)]
            rows = [row for row in comparison.curve if row.strategy == entrant.name]
            _line(axes, rows, colour, dashed=entrant.checker)
            if len(comparison.strategies) <= BANDS:
                _band(axes, rows, colour)
            _intervals(axes, [row for row in rows if row.budget in comparison.budgets], colour, index - count / 2)
            ends.append(
                (rows[-1].solved.rate, entrant.name + (" (checker chooses)" if entrant.checker else ""), colour)
            )
        axes.set_xscale("log")
        axes.set_xlim(min(row.budget for row in comparison.curve), max(comparison.budgets))
        axes.set_ylim(0, 1)
        axes.xaxis.set_major_locator(ticker.FixedLocator(_ticks(comparison)))
        axes.xaxis.set_minor_locator(ticker.NullLocator())
        axes.xaxis.set_major_formatter(ticker.StrMethodFormatter("{x:,.0f}"))
        axes.yaxis.set_major_formatter(ticker.PercentFormatter(1, decimals=0))
        axes.set_xlabel("tokens of both agents that a problem may cost, cached prompts left out")
        axes.set_ylabel("solved")
        _name_lines(axes, ends)
        seeds = f"{len(comparison.seeds)} seeds" if len(comparison.seeds) > 1 else "one seed"
        axes.set_title(
            f"{comparison.problems:,} problems, {seeds}, 95 % intervals", loc="left", fontsize=10.5, color="#666666"
        )
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _line(axes: Any, rows: list[ComparisonRow], colour: str, *, dashed: bool) -> None:
    style = (0, (5, 2)) if dashed else "-"
    axes.plot([r.budget for r in rows], [r.solved.rate for r in rows], color=colour, lw=2, ls=style, zorder=3)


def _band(axes: Any, rows: list[ComparisonRow], colour: str) -> None:
    low, high = [r.solved.low for r in rows], [r.solved.high for r in rows]
    axes.fill_between([r.budget for r in rows], low, high, color=colour, alpha=0.10, lw=0)


def _intervals(axes: Any, rows: list[ComparisonRow], colour: str, offset: float) -> None:
    """Draw intervals at the budgets asked for; the offset sets those of several strategies side by side."""
    for row in rows:
        x, solved = row.budget * 1.012**offset, row.solved
        axes.plot([x, x], [solved.low, solved.high], color=colour, lw=1.2, alpha=0.55, zorder=2, clip_on=False)
    axes.plot(
        [row.budget * 1.012**offset for row in rows], [row.solved.rate for row in rows], "o", color=colour, ms=5,
        mec="white", zorder=4, clip_on=False,
    )  # fmt: skip


def _ticks(comparison: Comparison) -> list[int]:
    """Return the budgets asked for, and the smallest halved again and again down to where the curve begins."""
    low, ticks = min(row.budget for row in comparison.curve), list(comparison.budgets)
    while ticks[0] / 2 >= low:
        ticks.insert(0, round(ticks[0] / 2))
    return ticks


def _name_lines(axes: Any, ends: list[tuple[float, str, str]]) -> None:
    """Write the name of every line at its right end; `ends` holds (rate, name, colour) of each."""
    spacing = 0.052
    heights = [rate for rate, *_ in sorted(ends)]
    for index in range(1, len(heights)):
        heights[index] = max(heights[index], heights[index - 1] + spacing)
    if heights[-1] > 1:
        heights[-1] = 1.0
        for index in range(len(heights) - 2, -1, -1):
            heights[index] = min(heights[index], heights[index + 1] - spacing)
    for height, (rate, name, colour) in zip(heights, sorted(ends), strict=True):
        axes.annotate(
            f"{rate:.0%}  {name}", (1, height), xytext=(16, 0), xycoords="axes fraction", textcoords="offset points",
            va="center", color=colour, annotation_clip=False,
        )  # fmt: skip


def reliability(calibration: Calibration, name: str, path: Path) -> None:
    """Draw the share of steps that were sound over the critic's score, above a histogram of the scores."""
    bins = calibration.bins
    ticker: Any = import_module("matplotlib.ticker")
    with axis_style():
        figure = new_figure(5.2, 5.6)
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        axes.plot([0, 1], [0, 1], color="#999999", lw=1, ls=(0, (4, 3)))
        axes.plot([b.said for b in bins], [b.true for b in bins], "o-", color=COLOURS[0], lw=2, mec="white")
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.02)
        axes.set_ylabel("came true")
        title = f"{name}: Brier {calibration.brier:.3f}, calibration error {calibration.error:.3f}"
        axes.set_title(title, loc="left", fontsize=10.5)
        below.bar(
            [b.low for b in bins], [b.count for b in bins], [b.high - b.low for b in bins],
            align="edge", color=COLOURS[0], alpha=0.35, edgecolor="white",
        )  # fmt: skip
        below.set_ylabel("verdicts")
        below.set_xlabel("the critic's score")
        for ticks in (axes.xaxis, axes.yaxis):
            ticks.set_major_formatter(ticker.PercentFormatter(1, decimals=0))
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
