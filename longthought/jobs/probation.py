"""The probation of a job: failures of models are held back until a debate has ended otherwise.

A server that refuses everything is no debate's fault. If all of the first debates are refused alike, the job stops and
their failures are not recorded; as soon as one debate ends otherwise, or two refusals differ, failures are recorded as
they come. This module writes no log.
"""

import re
from collections.abc import Sequence
from typing import Final

from longthought.errors import OutageError
from longthought.graphs.machine import Observer
from longthought.trajectories.events import AnyEvent, Failed, Failure, Finished, Reopened
from longthought.trajectories.ids import root_debate

FIRST: Final = 8
"""Number of debates, each the first on its problem, that must all be refused alike to stop the job; all of a smaller
job."""
_VARIABLE: Final = re.compile(r"\S*\d\S*")
"""What differs between refusals of the same kind: numbers, and names with numbers in them."""


class Doubt:
    """Tells which events to hold back: those of a debate from its failure on, until another one has ended otherwise."""

    def __init__(self) -> None:
        """Begin in doubt."""
        self.over = False
        self.refused: dict[str, str] = {}
        """The debates whose events are held back, and the reasons of their failures."""

    def holds(self, events: Sequence[AnyEvent]) -> bool:
        """Say whether to hold back events of one debate, or of its sub-debates, and learn from them."""
        if self.over and not self.refused:
            return False
        name = root_of(events[0])
        if name in self.refused or self.over:
            return name in self.refused
        for event in events:
            if isinstance(event, Failed) and event.fatal and event.failure is Failure.MODEL:
                self.refused[name] = event.detail
                return True
            self.over = self.over or isinstance(event, Finished)
        return False

    def differs(self) -> bool:
        """Say whether the reasons are of more than one kind."""
        return len({_VARIABLE.sub("#", reason) for reason in self.refused.values()}) > 1


class Probation:
    """Records events as they come, but the failures of the first debates only if they are not all alike."""

    def __init__(self, record: Observer) -> None:
        """Keep what logs and counts events."""
        self._record = record
        self._doubt = Doubt()
        self._first: dict[str, str] = {}
        """The debates that began first, each by its problem."""
        self._held: dict[str, list[AnyEvent]] = {}
        self._lifted: dict[str, list[AnyEvent]] = {}

    def begin(self, name: str) -> None:
        """Take note of a debate that begins or goes on."""
        if len(self._first) < FIRST:
            self._first.setdefault(name.rpartition("#")[0], name)

    def observe(self, events: Sequence[AnyEvent]) -> None:
        """Record events of one debate, or hold them back.

        Raises:
            OutageError: if all of the first debates were refused alike.
            LogError: if the log can't be written.

        """
        if self._doubt.over and not (self._held or self._lifted):
            self._record(events)
            return
        name = root_of(events[0])
        events = [*self._lifted.pop(name, ()), *events]
        if isinstance(events[-1], Reopened):  # it is recorded with what follows, or not at all
            self._lifted[name] = events
        elif self._doubt.holds(events):
            self._held.setdefault(name, []).extend(events)
        else:
            self._record(events)
        self._decide()

    def witness(self, events: Sequence[AnyEvent]) -> None:
        """Learn from events that were recorded elsewhere.

        Raises:
            LogError: if the log can't be written.

        """
        self._doubt.holds(events)
        self._decide()

    def holds(self, name: str) -> bool:
        """Say whether events of a debate are held back."""
        return name in self._held

    def conclude(self, total: int) -> None:
        """Record what is held back, since no debate is left to play; `total` is the number of debates in the job.

        Raises:
            OutageError: if all debates of the job were refused alike.
            LogError: if the log can't be written.

        """
        if self._held and len(self._held) >= total:
            raise self._outage()
        self._release()

    def forget(self, name: str) -> None:
        """Drop what is held back of a debate that is to be played elsewhere."""
        self._lifted.pop(name, None)
        self._held.pop(name, None)
        self._doubt.refused.pop(name, None)

    def _decide(self) -> None:
        if not self._held:
            return
        if self._doubt.over or self._doubt.differs():
            self._release()
        elif len(self._first) == FIRST and all(name in self._held for name in self._first.values()):
            raise self._outage()

    def _release(self) -> None:
        self._doubt.over = True
        self._doubt.refused.clear()
        held, self._held = self._held, {}
        for events in held.values():
            self._record(events)

    def _outage(self) -> OutageError:
        count, reason = min(FIRST, len(self._held)), next(iter(self._doubt.refused.values()))
        debates = "the first debate was refused" if count == 1 else f"the first {count} debates were refused alike"
        return OutageError(f"{debates}, and none is recorded as failed: {reason}")


def root_of(event: AnyEvent) -> str:
    """Return the name of the debate on a problem that an event belongs to, directly or through a sub-debate."""
    return root_debate(event.trajectory) or event.trajectory
