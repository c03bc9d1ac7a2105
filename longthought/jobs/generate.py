"""The batch job: debates from a ready queue, each logged event by event, so that a killed job goes on where it was.

A fixed number of workers draw from the agenda, unfinished debates first; there is no lockstep. The log is the truth:
what is in it is never done again, and what is not in it has not happened.
"""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing

from longthought.graphs import catalogue
from longthought.graphs.context import started
from longthought.graphs.seats import Seats
from longthought.jobs.gates import AGE, gated
from longthought.jobs.play import finish
from longthought.jobs.progress import Progress
from longthought.jobs.request import JobRequest
from longthought.jobs.scheduler import Agenda, Assignment, Opening
from longthought.jobs.subdebates import Parts
from longthought.problems.problem import Task
from longthought.trajectories.events import AnyEvent
from longthought.trajectories.folder import RunFolder
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory


async def run_job(
    job: JobRequest,
    tasks: Iterable[Task],
    folder: RunFolder,
    *,
    seats: Seats | None = None,
    progress: Progress | None = None,
    on_event: Callable[[AnyEvent], None] | None = None,
    begin: Opening | None = None,
) -> AsyncGenerator[Trajectory]:
    """Run every debate that is not finished yet, and yield each as it ends.

    Debates that are finished in the folder already are not yielded; read them with `Run`. When the caller stops early,
    the debates in flight stay in the log and go on at the next run. When the caller is slow, no more debates are begun
    than can wait for it. `begin` gives the events that a new debate goes on from, such as the beginning of another one.

    Raises:
        ProblemError: if a problem can't be read, or two have the same id.
        RunFolderError: if the folder holds a debate on another problem with the same id.
        RunError: if the log can't be written.
        OutageError: if a server fails every request; the debates in flight go on at the next run.

    """
    progress = progress or Progress()
    agenda = Agenda(tasks, job.samples, Run(folder.path), progress, begin)
    await agenda.survey()

    def observe(events: Sequence[AnyEvent]) -> None:
        folder.append(events)
        for event in events:
            progress.see(event)
            if on_event:
                on_event(event)

    table = Table(job, seats or job.context.seats(), observe)
    async with aclosing(_play_all(job, agenda, table, progress)) as playing:
        async for trajectory in playing:
            yield trajectory


async def _play_all(job: JobRequest, agenda: Agenda, table: "Table", progress: Progress) -> AsyncGenerator[Trajectory]:
    over: asyncio.Queue[Trajectory | None] = asyncio.Queue()
    room = asyncio.Semaphore(job.concurrency)

    async def worker() -> None:
        while assignment := agenda.draw():
            progress.in_flight += 1
            trajectory = await table.play(assignment)
            progress.in_flight -= 1
            await room.acquire()
            over.put_nowait(trajectory)

    async def all_workers() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(job.concurrency):
                    group.create_task(worker())
        finally:
            over.put_nowait(None)

    running = asyncio.create_task(all_workers())
    try:
        while (trajectory := await over.get()) is not None:
            yield trajectory
            room.release()
        await running
    except ExceptionGroup as group:  # a full disk or an outage; every worker says the same
        raise group.exceptions[0] from None
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class Table:
    """Where debates are played: one compiled graph for all, and the events of those in flight."""

    def __init__(self, job: JobRequest, seats: Seats, observe: Callable[[Sequence[AnyEvent]], None]) -> None:
        """Seat the agents; `observe` is told of events as they fall, and must log them before it returns."""
        shared = job.context.critic_base_url in (None, job.context.base_url)
        self.job = job
        self._observe = observe
        passing = gated(seats, job.requests, shared=shared)
        machine = catalogue.machine(job.context.graph)(passing, self._saw)
        machine.runner = self._parts = Parts(passing, observe)
        self.graph = machine.compile(unbroken=True)
        self._logs: dict[str, list[AnyEvent]] = {}
        self._ages = itertools.count()

    async def play(self, assignment: Assignment) -> Trajectory:
        """Play one debate to its end and grade it; what goes wrong in it stays in it."""
        AGE.set(next(self._ages))
        job, task, name = self.job, assignment.task, assignment.name
        self._logs[name] = events = list(assignment.events)
        self._parts.know(assignment.parts)
        try:
            if not events:
                self._saw(assignment.opening or [started(task.problem, job.context, sample=assignment.sample)])
            await finish(self.graph, job.context, events, self._saw, task.reference, job.deadline)
        finally:
            del self._logs[name]
            self._parts.forget(name)
        return Trajectory(name, tuple(events))

    def _saw(self, events: Sequence[AnyEvent]) -> None:
        """Log events first, then keep them."""
        self._observe(events)
        for event in events:
            self._logs[event.trajectory].append(event)
