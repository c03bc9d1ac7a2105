"""How a graph has a sub-debate played: it says how one begins, and is given it back when it is over.

Who plays it, where its log goes and how it is resumed is for whoever runs the graph, such as a job.
"""

from collections.abc import Sequence
from typing import Protocol

from longthought.trajectories.events import AnyEvent
from longthought.trajectories.trajectory import Trajectory


class Runner(Protocol):
    """Plays sub-debates."""

    async def play(self, opening: Sequence[AnyEvent]) -> Trajectory:
        """Play the sub-debate that begins with these events, or return it if it is over already.

        The first event is `Started`; it holds the settings, and its name tells the sub-debate from every other one.
        One that was begun before goes on from where its own log stops.

        Raises:
            OutageError: if a server fails every request.

        """
        ...
