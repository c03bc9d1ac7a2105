"""The batch job: debates from a ready queue, each logged event by event, so that a killed job can be resumed.

A fixed number of workers draw from the agenda, unfinished debates first; there is no lockstep. The log is the truth:
an event in it is never repeated, and an event not in it has not happened.
"""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing

from longthought.graphs import catalogue
from longthought.graphs.context import started
from longthought.graphs.machine import Observer
from longthought.graphs.play import play
from longthought.graphs.seats import Seats
from longthought.graphs.subdebates import Subdebates
from longthought.jobs.gates import AGE, gated
from longthought.jobs.grading import graded
from longthought.jobs.probation import Probation
from longthought.jobs.progress import Progress
from longthought.jobs.request import JobRequest
from longthought.jobs.scheduler import Agenda, Assignment, Opening
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

    Debates that had finished in the folder are not yielded; read them with `Run`. If the caller stops early, the
    debates in flight stay in the log and go on at the next run. If the caller is slow, at most `concurrency` finished
    debates wait for it. `begin` gives the opening of a new debate, such as the beginning of another one.

    Raises:
        ProblemError: if a problem can't be read, or two have the same id.
        RunFolderError: if the folder holds a debate on another problem with the same id.
        LogError: if the log can't be written.
        OutageError: if a server fails every request, or the first debates are refused alike; the debates in flight go
            on at the next run.

    """
    progress = progress or Progress()
    agenda = Agenda(tasks, job.samples, Run(folder.path), progress, begin, retry_failed=job.retry_failed)
    await agenda.survey()

    def record(events: Sequence[AnyEvent]) -> None:
        folder.append(events)
        for event in events:
            progress.see(event)
            if on_event:
                on_event(event)

    probation = Probation(record)
    runner = DebateRunner(job, seats or job.context.seats(), probation.observe)
    async with aclosing(_play_all(job, agenda, runner, progress, probation)) as playing:
        async for trajectory in playing:
            yield trajectory


async def _play_all(
    job: JobRequest, agenda: Agenda, runner: "DebateRunner", progress: Progress, probation: Probation
) -> AsyncGenerator[Trajectory]:
    ended: asyncio.Queue[Trajectory | None] = asyncio.Queue()
    room = asyncio.Semaphore(job.concurrency)
    waiting: list[Trajectory] = []
    workers = 1

    async def hand_over() -> None:
        while trajectory := next((t for t in waiting if not probation.holds(t.id)), None):
            waiting.remove(trajectory)
            await room.acquire()
            ended.put_nowait(trajectory)

    async def worker(group: asyncio.TaskGroup) -> None:
        nonlocal workers
        while assignment := agenda.draw():
            if workers < job.concurrency:  # each begins the next, so that there are no more than debates
                workers += 1
                group.create_task(worker(group))
            progress.in_flight += 1
            probation.begin(assignment.name)
            waiting.append(await runner.play(assignment))
            progress.in_flight -= 1
            await hand_over()

    async def all_workers() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(worker(group))
            probation.conclude(progress.total)
            await hand_over()
        finally:
            ended.put_nowait(None)

    running = asyncio.create_task(all_workers())
    try:
        while (trajectory := await ended.get()) is not None:
            yield trajectory
            room.release()
        await running
    except ExceptionGroup as group:  # a full disk or an outage; every worker raises the same
        raise group.exceptions[0] from None
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class DebateRunner:
    """Plays the debates of a job with the same agents, behind the same gates."""

    def __init__(self, job: JobRequest, seats: Seats, observe: Observer) -> None:
        """Keep the agents; `observe` gets new events at once, and must log them before it returns."""
        shared = job.context.critic_base_url in (None, job.context.base_url)
        self.job = job
        self._observe = observe
        self._seats = gated(seats, job.requests, shared=shared)
        self._machine = job.machine or catalogue.machine(job.context.graph)
        self._ages = itertools.count()

    async def play(self, assignment: Assignment) -> Trajectory:
        """Play one debate to its end and grade it; an error in it becomes part of its log.

        Its sub-debates pass the same gates with its rank, and are logged beside it.
        """
        AGE.set(next(self._ages))
        job, task = self.job, assignment.task
        subdebates = Subdebates(self._seats, self._observe, assignment.subdebates)
        ended = await play(
            self._machine(self._seats, subdebates.play),
            assignment.opening or [started(task.problem, job.context, sample=assignment.sample)],
            self._observe,
            logged=assignment.events,
            settings=job.context,
            deadline=job.deadline,
        )
        return await graded(ended, task.reference, self._observe)
