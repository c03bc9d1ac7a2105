"""Labels that rest on tries: of the ways on from a step that were tried, how many led to a right answer."""

from typing import Final

from longthought.labels.label import Label, Method
from longthought.statistics import share

DOUBT: Final = 1 / 3
"""Without a right answer, a step is known to be dead only if less than this share of ways can be right (95 %).

Eight misses suffice; try more ways with a weak policy, which misses more often where it could succeed.
"""


def estimated(trajectory: str, node: int, method: Method, hits: int, trials: int, *, by: str, at: float) -> Label:
    """Return the label of a node from which `hits` of `trials` ways led to a right answer.

    The interval is Wilson's. A step without a hit among few trials is doubtful, see `DOUBT`.
    """
    rate = share(hits, trials)
    return Label(
        trajectory=trajectory, node=node, method=method, live=hits > 0, value=round(rate.value, 4),
        low=round(rate.low, 4), high=round(rate.high, 4), trials=trials,
        doubtful=hits == 0 and rate.high >= DOUBT, by=by, at=at,
    )  # fmt: skip
