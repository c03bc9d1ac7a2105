"""The agenda of a job: the debates still to be played.

The agenda runs no debate. It reads the problems one at a time and asks the log which debates are done, so that a job of
any size fits in memory.
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
from longthought.trajectories.events import AnyEvent, Finished, Graded, StopReason, ends_debate
from longthought.trajectories.ids import trajectory_id
from longthought.trajectories.run import Run
from longthought.trajectories.stamps import reopened
from longthought.trajectories.trajectory import Trajectory

BREATH: Final = 256
"""Number of problems read before other tasks of the event loop get a turn."""


class Assignment(Record):
    """One debate to be played, from its beginning or from the end of its log."""

    task: Task
    sample: int = 0
    events: tuple[AnyEvent, ...] = ()
    """The events in its log."""
    subdebates: tuple[tuple[AnyEvent, ...], ...] = ()
    """The events in the logs of its sub-debates."""
    opening: tuple[AnyEvent, ...] = ()
    """The events that a debate begins with, logged or not: of a new debate (empty for `Started` alone), or of one that
    failed, up to the event that reopens it."""

    @property
    def name(self) -> str:
        """`problem#sample`."""
        return trajectory_id(self.task.problem, self.sample)


Opening = Callable[[Task, int], Sequence[AnyEvent]]
"""Returns the events that a debate begins with, given its task and its sample number."""


def ended(task: Task, last: AnyEvent) -> bool:
    """Say whether an event is the last of its debate: the grade or, without a reference, the end."""
    return isinstance(last, Graded) or (isinstance(last, Finished) and task.reference is None)


class Agenda:
    """The debates still to be played, drawn one at a time; those begun already come first.

    Problems that can be read more than once (a file, a list) are surveyed first, to count finished debates and to find
    those that were begun. An iterator is read once, as debates are drawn; then a debate begun earlier goes on when its
    problem is read, and totals grow with the problems.
    """

    def __init__(
        self,
        tasks: Iterable[Task],
        samples: int,
        log: Run,
        progress: Progress,
        begin: Opening | None = None,
        *,
        retry_failed: bool = False,
    ) -> None:
        """Keep the problems, the number of debates on each, the log, the counts to update, and the openings.

        With `retry_failed`, debates that failed in an earlier run are still to be played.
        """
        self._tasks, self._samples, self._log, self._progress = tasks, samples, log, progress
        self._begin, self._retry_failed = begin, retry_failed
        self._logged = frozenset(log.ids())
        self._unfinished: deque[Assignment | tuple[Task, int]] = deque()
        self._seen: set[int] = set()
        self._surveyed = False
        self._rest = self._draw()

    async def survey(self) -> None:
        """Read all problems, if they can be read again.

        Raises:
            ProblemError: if a problem can't be read, or two have the same id.
            RunFolderError: if the log holds a debate on another problem with the same id.

        """
        if not isinstance(self._tasks, Iterator):
            for number, task in enumerate(self._tasks, 1):
                self._unfinished += self._count(task)
                if number % BREATH == 0:
                    await asyncio.sleep(0)
            self._surveyed = True
        self._progress.resumed = len(self._unfinished)
        self._progress.settle()

    def draw(self) -> Assignment | None:
        """Return the next debate; None if none is left, until one is put back."""
        if self._unfinished:
            first = self._unfinished.popleft()
            return first if isinstance(first, Assignment) else self._assignment(*first)
        return next(self._rest, None)

    def put_back(self, assignments: Iterable[Assignment]) -> None:
        """Take back debates that were drawn and not finished; they are the next to be drawn."""
        self._unfinished.extendleft(reversed(list(assignments)))

    def _draw(self) -> Iterator[Assignment]:
        for task in self._tasks:
            if not self._surveyed:
                done = self._progress.done
                begun = self._count(task)
                self._progress.resumed += len(begun)
                self._progress.done_before += self._progress.done - done
                yield from itertools.starmap(self._assignment, begun)
            for sample in range(self._samples):
                if trajectory_id(task.problem, sample) not in self._logged:
                    opening = self._begin(task, sample) if self._begin else ()
                    yield Assignment(task=task, sample=sample, opening=tuple(opening))

    def _count(self, task: Task) -> list[tuple[Task, int]]:
        """Count a problem and its logged debates; return those that are to go on."""
        problem, begun = task.problem, list[tuple[Task, int]]()
        id_hash = hash(problem.id)
        if id_hash in self._seen:
            raise ProblemError(f"two problems are called {problem.id!r}: give each an id of its own")
        self._seen.add(id_hash)
        self._progress.problems += 1
        self._progress.total += self._samples
        for sample in range(self._samples):
            if (name := trajectory_id(problem, sample)) not in self._logged:
                continue
            logged = self._log.trajectory(name)
            if logged.problem != problem:
                raise RunFolderError(
                    f"{self._log.path}: the debate {name!r} is on another problem of that id "
                    f"({logged.problem.statement!r}): choose another `out`, or give the problems it was begun with"
                )
            retry = self._retries(logged)
            standing = (event for event in logged.standing if not (retry and ends_debate(event)))
            subdebates = (event for part in self._log.parts(name) for event in self._log.trajectory(part).events)
            for event in itertools.chain(standing, subdebates):
                self._progress.see(event, old=True)
            if retry or not ended(task, logged.events[-1]):
                begun.append((task, sample))
        return begun

    def _assignment(self, task: Task, sample: int) -> Assignment:
        name = trajectory_id(task.problem, sample)
        logged = self._log.trajectory(name)
        return Assignment(
            task=task, sample=sample, events=logged.events,
            subdebates=tuple(self._log.trajectory(part).events for part in self._log.parts(name)),
            opening=reopened(logged.events) if self._retries(logged) else (),
        )  # fmt: skip

    def _retries(self, logged: Trajectory) -> bool:
        """Say whether a debate failed and is to be played on."""
        return self._retry_failed and logged.stop_reason is StopReason.FAILED
