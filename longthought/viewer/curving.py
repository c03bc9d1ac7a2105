"""The curves of a set: an evaluation's report, read as data."""

from typing import Any

from longthought.viewer.comparison_answers import Curve, Curves, Point
from longthought.viewer.folders import REPORT, Set, report


def curves(set: Set) -> Curves:
    """Return the share of problems that each strategy solved at growing budgets."""
    found = report(set.path)
    if found is None:
        error = f"{set.name} has no {REPORT} yet: `longthought evaluate` writes it when every strategy has been played."
        return Curves(set=set.name, error=error, curves=())
    points: dict[str, list[Point]] = {}
    try:
        for row in found["curve"]:
            points.setdefault(str(row["strategy"]), []).append(_point(row))
    except (KeyError, TypeError, ValueError):
        error = f"{REPORT} of {set.name} is damaged, or from another version: run the evaluation again."
        return Curves(set=set.name, error=error, curves=())
    return Curves(set=set.name, curves=tuple(Curve(name=name, points=tuple(of)) for name, of in points.items()))


def _point(row: dict[str, Any]) -> Point:
    solved = row["solved"]
    return Point(
        tokens=row["computed"], budget=row["budget"], solved=solved["rate"], low=solved["low"], high=solved["high"]
    )
