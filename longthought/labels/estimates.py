"""Labels that rest on trials: how many of the continuations tried from a step led to a right answer."""

from typing import Final

from longthought.labels.label import Label, Method
from longthought.statistics import share

DOUBT: Final = 1 / 3
"""Without a hit, a step counts as dead only if the upper limit of the share of hits (95 %) is below this.

Eight misses suffice; use more trials with a weak policy, which also misses where a right answer can be reached.
"""


def estimated(trajectory: str, node: int, method: Method, hits: int, trials: int, *, by: str, at: float) -> Label:
    """Return the label of a node from which `hits` of `trials` continuations led to a right answer.

    The interval is Wilson's. A step without a hit among few trials is doubtful, see `DOUBT`.
    """
    rate = share(hits, trials)
    return Label(
        trajectory=trajectory, node=node, method=method, live=hits > 0, value=round(rate.value, 4),
        low=round(rate.low, 4), high=round(rate.high, 4), trials=trials,
        doubtful=hits == 0 and rate.high >= DOUBT, by=by, at=at,
    )  # fmt: skip
