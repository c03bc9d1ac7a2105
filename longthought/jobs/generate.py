"""The batch job: debates from a ready queue, each logged event by event, so that a killed job goes on where it was.

A fixed number of workers draw from the queue, unfinished debates first; there is no lockstep. The log is the truth:
what is in it is never done again, and what is not in it has not happened.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from longthought.errors import ConfigError, RunFolderError
from longthought.graphs.debate import DebateContext, build, started, trajectory_id
from longthought.graphs.seats import Seats
from longthought.jobs.play import finish
from longthought.jobs.progress import Progress
from longthought.problems.problem import Task
from longthought.trajectories.events import AnyEvent, Finished, Graded
from longthought.trajectories.folder import RunFolder
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory


@dataclass(frozen=True, slots=True)
class Job:
    """One batch: which graph, how many samples, how many debates at once."""

    context: DebateContext
    samples: int = 1
    concurrency: int = 64

    def __post_init__(self) -> None:
        """Refuse what can't run."""
        for name in ("samples", "concurrency"):
            if getattr(self, name) < 1:
                raise ConfigError(f"--{name} {getattr(self, name)}: must be at least 1")
        self.context.rules()

    def config(self) -> dict[str, Any]:
        """Return what must be the same when the job is resumed: all but the concurrency and where servers are."""
        settings = asdict(self.context)
        for place in ("base_url", "critic_base_url"):
            del settings[place]
        return {"graph": "debate", "samples": self.samples, **settings}


async def run_job(
    job: Job,
    tasks: Sequence[Task],
    folder: RunFolder,
    *,
    seats: Seats | None = None,
    progress: Progress | None = None,
    on_event: Callable[[AnyEvent], None] | None = None,
) -> AsyncIterator[Trajectory]:
    """Run every debate that is not finished yet, and yield each as it ends.

    Debates that are finished in the folder already are not yielded; read them with `Run`. When the caller stops early,
    the debates in flight stay in the log and go on at the next run.

    Raises:
        RunFolderError: if the folder holds a debate on another problem with the same id.
        RunError: if the log can't be written.

    """
    batch = _Batch(job, folder, seats or job.context.seats(), progress or Progress(), on_event)
    queue = batch.queue(tasks)
    ended: asyncio.Queue[Trajectory | None] = asyncio.Queue()

    async def worker() -> None:
        for task, name in queue:
            ended.put_nowait(await batch.debate(task, name))

    async def all_workers() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(job.concurrency):
                    group.create_task(worker())
        finally:
            ended.put_nowait(None)

    running = asyncio.create_task(all_workers())
    try:
        while (trajectory := await ended.get()) is not None:
            yield trajectory
        await running
    except ExceptionGroup as group:  # the log can't be written; every worker says the same
        raise group.exceptions[0] from None
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class _Batch:
    """One run of a job: its graph, its log, and the events of the debates in flight."""

    def __init__(
        self,
        job: Job,
        folder: RunFolder,
        seats: Seats,
        progress: Progress,
        on_event: Callable[[AnyEvent], None] | None,
    ) -> None:
        self.job, self.folder, self.progress, self.on_event = job, folder, progress, on_event
        self.graph, _ = build(seats, self.observe)
        self.logs: dict[str, list[AnyEvent]] = {}

    def observe(self, events: Sequence[AnyEvent]) -> None:
        """Log events first, then count and show them."""
        self.folder.append(events)
        for event in events:
            self.logs.setdefault(event.trajectory, []).append(event)
            self.progress.see(event)
            if self.on_event:
                self.on_event(event)

    def queue(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, str]]:
        """Return what is left to do, debates already begun first; count what is done."""
        run, progress = Run(self.folder.path), self.progress
        progress.problems, progress.total = len(tasks), len(tasks) * self.job.samples
        begun: list[tuple[Task, str]] = []
        fresh: list[tuple[Task, str]] = []
        known = set(run.ids())
        for sample, task in itertools.product(range(self.job.samples), tasks):
            name = trajectory_id(task.problem, sample)
            if name not in known:
                fresh.append((task, name))
                continue
            before = run.trajectory(name)
            if before.problem != task.problem:
                raise RunFolderError(
                    f"{self.folder.path}: the debate {name!r} is on another problem of that id "
                    f"({before.problem.statement!r}): choose another --out, or give the problems it was begun with"
                )
            events = list(before.events)
            for event in events:
                progress.see(event, old=True)
            last = events[-1]
            if not (isinstance(last, Graded) or (isinstance(last, Finished) and task.reference is None)):
                self.logs[name] = events
                begun.append((task, name))
        progress.resumed = len(begun)
        progress.settle()
        return iter(begun + fresh)

    async def debate(self, task: Task, name: str) -> Trajectory:
        """Run one debate to its end and grade it; what goes wrong in it stays in it."""
        self.progress.in_flight += 1
        if name not in self.logs:
            sample = int(name.rpartition("#")[2])
            self.observe([started(task.problem, self.job.context, sample=sample)])
        await finish(self.graph, self.job.context, self.logs[name], self.observe, task.reference)
        self.progress.in_flight -= 1
        return Trajectory(name, tuple(self.logs.pop(name)))
