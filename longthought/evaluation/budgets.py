"""What a logged run costs up to any of its events, and how many events a budget buys.

A run is played once, at the largest budget, and cut at the smaller ones: a budget buys an event if it pays for the
calls of this event and of all earlier ones. So every point of a curve comes from the same runs, and an answer that
comes one token too late doesn't count. This module knows neither strategies nor right answers.
"""

import bisect
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, Literal, NamedTuple

from longthought.trajectories.events import AnyEvent, Checked, Judged, Proposed, Usage

Count = Literal["computed", "all"]
"""Which tokens a budget counts: all of them, or only those computed, without prompt tokens from a prefix cache."""
COUNTS: Final[tuple[Count, ...]] = ("computed", "all")


class Spent(NamedTuple):
    """The cost of a run so far, in tokens, requests and seconds of both agents."""

    computed: int = 0
    all: int = 0
    requests: int = 0
    seconds: float = 0.0
    """Seconds in models and tools."""
    estimated: bool = False
    """Whether tokens in it are estimated."""

    def plus(self, other: "Spent") -> "Spent":
        """Return the sum of two costs."""
        return Spent(
            self.computed + other.computed,
            self.all + other.all,
            self.requests + other.requests,
            self.seconds + other.seconds,
            self.estimated or other.estimated,
        )


class TokenBill:
    """The cost of a log after each of its events."""

    def __init__(self, events: Sequence[AnyEvent]) -> None:
        """Sum the costs of the events from the first on."""
        self._after = list(accumulate(map(cost, events), Spent.plus))

    def bought(self, budget: int, count: Count) -> int:
        """Return how many events a budget pays for, from the first on; free events are bought with the one before."""
        return bisect.bisect_right(self._after, budget, key=lambda spent: getattr(spent, count))

    def spent(self, events: int) -> Spent:
        """Return the cost of the first `events` events."""
        return self._after[events - 1] if events else Spent()

    def first_call(self, count: Count) -> int | None:
        """Return the tokens up to and including the first model call; None if there was no call."""
        return next((getattr(spent, count) for spent in self._after if spent.requests), None)


def cost(event: AnyEvent) -> Spent:
    """Return the cost of one event, including the sub-debates that it delegated to."""
    usage = sum((call.usage for call in event.calls), Usage())
    requests, seconds = len(event.calls), sum(call.latency for call in event.calls)
    if isinstance(event, Proposed | Judged) and (paid := event.delegated) is not None:
        usage += paid.policy + paid.critic
        requests, seconds = requests + paid.requests, seconds + paid.seconds
    if isinstance(event, Checked):
        seconds += sum(evidence.seconds for evidence in event.evidence)
    return Spent(usage.computed, usage.total, requests, seconds, usage.estimated)
