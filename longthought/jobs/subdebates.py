"""The sub-debates of a job: played where their parent is played, and logged beside it, event by event.

They pass the same gates as their parent, at its place in line, and go on from wherever their logs stop. They are
never on the agenda: what is asked of them is for the graph that they serve.
"""

from collections.abc import Iterable, Sequence

from longthought.graphs import catalogue
from longthought.graphs.machine import Observer
from longthought.graphs.seats import Seats
from longthought.graphs.subdebates import go_on
from longthought.trajectories.events import AnyEvent, Started
from longthought.trajectories.ids import root_debate
from longthought.trajectories.trajectory import Trajectory


class Parts:
    """Plays the sub-debates of a job."""

    def __init__(self, seats: Seats, observe: Observer) -> None:
        """Take the gated seats; `observe` is told of events as they fall, and must log them before it returns."""
        self._seats = seats
        self._observe = observe
        self._known: dict[str, Sequence[AnyEvent]] = {}

    def know(self, logs: Iterable[Sequence[AnyEvent]]) -> None:
        """Take the logs of sub-debates that were begun before."""
        self._known |= {log[0].trajectory: log for log in logs}

    def forget(self, name: str) -> None:
        """Let go of the logs that serve a debate."""
        for part in [part for part in self._known if root_debate(part) == name]:
            del self._known[part]

    async def play(self, opening: Sequence[AnyEvent]) -> Trajectory:
        """Play a sub-debate to its end; see `longthought.graphs.runner.Runner`."""
        first = opening[0]
        assert isinstance(first, Started)
        machine = catalogue.machine(first.config["graph"])(self._seats)
        machine.runner = self
        return await go_on(machine, opening, self._known.get(first.trajectory, ()), self._observe)
