"""What a logged run costs up to any of its events, and how much of it a budget buys.

A run is played once, at the largest budget, and cut at the smaller ones: an event is bought if all calls up to it and
its own fit. So every point of a curve comes from the same runs, and an answer that comes a token too late doesn't
count. Nothing here knows strategies or right answers.
"""

import bisect
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, Literal, NamedTuple

from longthought.trajectories.events import AnyEvent, Checked, Judged, Proposed, Usage

Count = Literal["computed", "all"]
"""Which tokens count: all of them, or those computed, which leaves out what a prefix cache had."""
COUNTS: Final[tuple[Count, ...]] = ("computed", "all")


class Spent(NamedTuple):
    """The cost of a run so far, both agents together."""

    computed: int = 0
    all: int = 0
    requests: int = 0
    seconds: float = 0.0
    """In models and tools."""

    def plus(self, other: "Spent") -> "Spent":
        """Add up."""
        return Spent(
            self.computed + other.computed,
            self.all + other.all,
            self.requests + other.requests,
            self.seconds + other.seconds,
        )


class TokenBill:
    """The running costs of a log."""

    def __init__(self, events: Sequence[AnyEvent]) -> None:
        """Add up what each event cost."""
        self._after = list(accumulate(map(cost, events), Spent.plus))

    def bought(self, budget: int, count: Count) -> int:
        """Return how many of the first events a budget pays for; events that cost nothing come with those before."""
        return bisect.bisect_right(self._after, budget, key=lambda spent: getattr(spent, count))

    def spent(self, events: int) -> Spent:
        """Return the cost of the first events."""
        return self._after[events - 1] if events else Spent()

    def first_call(self, count: Count) -> int | None:
        """Return the cost of the first event that took a call; None if none did."""
        return next((getattr(spent, count) for spent in self._after if spent.requests), None)


def cost(event: AnyEvent) -> Spent:
    """Return the cost of one event; sub-debates are paid for, all at once, by the event that rests on them."""
    usage = sum((call.usage for call in event.calls), Usage())
    requests, seconds = len(event.calls), sum(call.latency for call in event.calls)
    if isinstance(event, Proposed | Judged) and (paid := event.delegated) is not None:
        usage += paid.policy + paid.critic
        requests, seconds = requests + paid.requests, seconds + paid.seconds
    if isinstance(event, Checked):
        seconds += sum(evidence.seconds for evidence in event.evidence)
    return Spent(usage.computed, usage.total, requests, seconds)
