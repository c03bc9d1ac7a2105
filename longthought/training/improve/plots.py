"""The plot of an improvement loop: problems solved over rounds, and over all tokens."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from longthought.errors import RunError
from longthought.evaluation.plots import COLOURS, axis_style, new_figure
from longthought.training.improve.ledger import Decision, Ledger, NewLevel

PLOT: Final = "rounds"
"""The name of the files."""


def draw(ledger: Ledger, out: Path) -> None:
    """Write `rounds.png` and `rounds.svg`: every candidate, the promoted ones filled, and a line through those.

    Raises:
        RunError: if they can't be written.

    """
    made = ledger.decisions
    if not made:
        return
    roles = list(dict.fromkeys(decision.role for decision in made))
    with axis_style():
        drawn = new_figure(9.2, 4.2)
        for axes, of in zip(drawn.subplots(1, 2, sharey=True), ("round", "tokens"), strict=True):
            for role, colour in zip(roles, COLOURS, strict=False):
                _line(axes, [d for d in made if d.role == role], of, role, colour)
            axes.set_xlabel("round" if of == "round" else "tokens of all debates so far")
            axes.xaxis.set_major_locator(_whole()) if of == "round" else axes.xaxis.set_major_formatter(_short())
            axes.set_ylim(0, 103)
            for line in ledger.lines:
                if isinstance(line, NewLevel):
                    _harder(axes, line, made, of)
        drawn.axes[0].set_ylabel("validation problems solved, %")
        drawn.axes[0].legend(frameon=False, loc="lower right")
        try:
            for suffix in (".png", ".svg"):
                drawn.savefig(out / f"{PLOT}{suffix}")
        except OSError as error:
            raise RunError(f"{out}: no plot ({error.strerror}); free space, and run this again") from error


def _line(axes: Any, made: Sequence[Decision], of: str, role: str, colour: str) -> None:
    def point(decision: Decision) -> tuple[float, float]:
        return getattr(decision, of), 100 * decision.solved[0] / decision.of

    for decision in made:
        fill = colour if decision.promoted else "none"
        axes.plot(*point(decision), "o", markersize=6, markeredgecolor=colour, markerfacecolor=fill)
    line = [point(decision) for decision in made if decision.promoted]
    axes.plot([x for x, _ in line], [y for _, y in line], color=colour, label=f"{role} (filled: promoted)")


def _harder(axes: Any, new: NewLevel, made: Sequence[Decision], of: str) -> None:
    """Mark where problems of the next level begin."""
    last = max(decision.tokens for decision in made if decision.round <= new.round)
    at = new.round + 0.5 if of == "round" else last
    axes.axvline(at, color="#999999", linewidth=1, linestyle="dotted")
    axes.annotate(f" level {new.level + 1}", (at, 2), color="#666666", fontsize=9)


def _whole() -> Any:
    from matplotlib.ticker import MaxNLocator  # pyright: ignore

    return MaxNLocator(integer=True)


def _short() -> Any:
    from matplotlib.ticker import EngFormatter  # pyright: ignore

    return EngFormatter(sep="")
