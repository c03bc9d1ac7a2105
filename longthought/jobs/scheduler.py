"""What a job does next: the agenda of its debates.

Nothing here runs a debate. The agenda reads the problems one at a time and asks the log what is done, so that a job of
any size fits in memory; of the debates it holds only those that are in flight.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from longthought.errors import ProblemError, RunFolderError
from longthought.jobs.progress import Progress
from longthought.problems.problem import Task
from longthought.record import Record
from longthought.trajectories.events import AnyEvent, Finished, Graded
from longthought.trajectories.ids import trajectory_id
from longthought.trajectories.run import Run

BREATH: Final = 256
"""Problems read before other tasks of the event loop get a turn."""


class Assignment(Record):
    """One debate to be played, from its beginning or from where it stopped."""

    task: Task
    sample: int = 0
    events: tuple[AnyEvent, ...] = ()
    """What is in the log already."""
    parts: tuple[tuple[AnyEvent, ...], ...] = ()
    """What is in the logs of its sub-debates."""
    opening: tuple[AnyEvent, ...] = ()
    """What a debate that is not in the log yet begins with, where that is more than its first event."""

    @property
    def name(self) -> str:
        """`problem#sample`."""
        return trajectory_id(self.task.problem, self.sample)


Opening = Callable[[Task, int], Sequence[AnyEvent]]
"""What a debate on a task begins with, given which of several it is: its first event, and more."""


def ended(task: Task, last: AnyEvent) -> bool:
    """Say whether an event is the last of its debate: the end, or the grade where there is something to grade by."""
    return isinstance(last, Graded) or (isinstance(last, Finished) and task.reference is None)


class Agenda:
    """The debates still to be played, drawn one at a time; those begun already come first.

    Problems that can be read more than once (a file, a list) are surveyed first: what is done is counted, and what was
    begun is found. An iterator is read once, as debates are drawn; then a debate begun earlier goes on when its
    problem comes up, and totals grow as it is read.
    """

    def __init__(
        self, tasks: Iterable[Task], samples: int, log: Run, progress: Progress, begin: Opening | None = None
    ) -> None:
        """Take the problems, how many debates each gets, what is known about them, where to count, how they begin."""
        self._tasks, self._samples, self._log, self._progress = tasks, samples, log, progress
        self._begin = begin
        self._known = frozenset(log.ids())
        self._first: deque[Assignment | tuple[Task, int]] = deque()
        self._seen: set[int] = set()
        self._surveyed = False
        self._rest = self._draw()

    async def survey(self) -> None:
        """Read the problems through, if they can be read again.

        Raises:
            ProblemError: if a problem can't be read, or two have the same id.
            RunFolderError: if the log holds a debate on another problem with the same id.

        """
        if not isinstance(self._tasks, Iterator):
            for number, task in enumerate(self._tasks, 1):
                self._first += self._count(task)
                if number % BREATH == 0:
                    await asyncio.sleep(0)
            self._surveyed = True
        self._progress.resumed = len(self._first)
        self._progress.settle()

    def draw(self) -> Assignment | None:
        """Return the next debate; None when there is none left, which can change if one is put back."""
        if self._first:
            first = self._first.popleft()
            return first if isinstance(first, Assignment) else self._assignment(*first)
        return next(self._rest, None)

    def put_back(self, assignments: Iterable[Assignment]) -> None:
        """Take back debates that were drawn and not finished; they are the next to be drawn."""
        self._first.extendleft(reversed(list(assignments)))

    def _draw(self) -> Iterator[Assignment]:
        for task in self._tasks:
            if not self._surveyed:
                done = self._progress.done
                begun = self._count(task)
                self._progress.resumed += len(begun)
                self._progress.done_before += self._progress.done - done
                yield from itertools.starmap(self._assignment, begun)
            for sample in range(self._samples):
                if trajectory_id(task.problem, sample) not in self._known:
                    opening = self._begin(task, sample) if self._begin else ()
                    yield Assignment(task=task, sample=sample, opening=tuple(opening))

    def _count(self, task: Task) -> list[tuple[Task, int]]:
        """Count a problem and what is done on it; return its debates that were begun and not finished."""
        problem, begun = task.problem, list[tuple[Task, int]]()
        mark = hash(problem.id)
        if mark in self._seen:
            raise ProblemError(f"two problems are called {problem.id!r}: give each an id of its own")
        self._seen.add(mark)
        self._progress.problems += 1
        self._progress.total += self._samples
        for sample in range(self._samples):
            if (name := trajectory_id(problem, sample)) not in self._known:
                continue
            before = self._log.trajectory(name)
            if before.problem != problem:
                raise RunFolderError(
                    f"{self._log.path}: the debate {name!r} is on another problem of that id "
                    f"({before.problem.statement!r}): choose another `out`, or give the problems it was begun with"
                )
            parts = (event for part in self._log.parts(name) for event in self._log.trajectory(part).events)
            for event in itertools.chain(before.events, parts):
                self._progress.see(event, old=True)
            if not ended(task, before.events[-1]):
                begun.append((task, sample))
        return begun

    def _assignment(self, task: Task, sample: int) -> Assignment:
        name = trajectory_id(task.problem, sample)
        parts = tuple(self._log.trajectory(part).events for part in self._log.parts(name))
        return Assignment(task=task, sample=sample, events=self._log.trajectory(name).events, parts=parts)
