"""A job spread over workers that come and go: processes of this machine, or actors of a cluster.

The parent draws debates from one agenda and hands them out as there is room, so that a slow worker holds nobody up. It
sees every event, counts it, and knows of each debate in flight how far it came; when a worker is lost, its debates go
on elsewhere from their last event. It runs no debate itself, and how a worker is reached is for `processes` and `ray`.
"""

import asyncio
import logging
import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from longthought.errors import RunError
from longthought.jobs.progress import Progress
from longthought.jobs.request import JobRequest
from longthought.jobs.scheduler import Agenda, Assignment, Opening, ended
from longthought.problems.problem import Task
from longthought.trajectories.events import AnyEvent
from longthought.trajectories.folder import RunFolder
from longthought.trajectories.ids import root_debate
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory

log = logging.getLogger(__name__)
LOSSES: Final = 3
"""Workers that a job can lose, and one more for every hundred debates that ended; with more, it is the job's fault."""


class Worker(Protocol):
    """Somebody who plays debates elsewhere."""

    logs: bool
    """Whether it writes a segment of the run folder itself; if not, the parent logs what it reports."""

    @property
    def fate(self) -> str:
        """How it was lost, in words."""
        ...

    def give(self, assignment: Assignment) -> None:
        """Hand it a debate."""
        ...

    def news(self) -> AsyncGenerator[AnyEvent]:
        """Yield events of its debates, in the order of each debate, until it is lost.

        Raises:
            LongthoughtError: if it can't go on, and no other could.

        """
        ...

    async def stop(self) -> None:
        """Let it go, lost or not."""
        ...


Hire = Callable[[JobRequest, Path], Awaitable[Worker]]
"""Start a worker for a share of a job, with the segment that it may write."""


@dataclass(slots=True)
class _Held:
    """A debate in a worker's hands, and its events so far."""

    task: Task
    sample: int
    events: list[AnyEvent]
    opening: tuple[AnyEvent, ...] = ()
    parts: dict[str, list[AnyEvent]] = field(default_factory=dict[str, list[AnyEvent]])
    """The events of its sub-debates."""

    def log(self, name: str, whole: str) -> list[AnyEvent]:
        """Return the events of the debate itself, or of one of its sub-debates."""
        return self.events if name == whole else self.parts.setdefault(name, [])


@dataclass(slots=True)
class _Post:
    """A worker and the debates it has."""

    worker: Worker
    held: dict[str, _Held] = field(default_factory=dict[str, _Held])
    lost: bool = False


async def run_shards(
    job: JobRequest,
    tasks: Iterable[Task],
    folder: RunFolder,
    hire: Hire,
    count: int,
    *,
    progress: Progress | None = None,
    on_event: Callable[[AnyEvent], None] | None = None,
    begin: Opening | None = None,
) -> AsyncGenerator[Trajectory]:
    """Run a job like `run_job`, with its debates spread over so many workers.

    Raises:
        UserError: as `run_job`, or if a worker can't do the job.
        RunError: if the log can't be written, or workers are lost again and again.

    """
    crew = _Crew(job, tasks, folder, hire, min(count, job.concurrency), progress or Progress(), on_event, begin)
    async with aclosing(crew.run()) as running:
        async for trajectory in running:
            yield trajectory


class _Crew:
    """The workers of one run of a job."""

    def __init__(
        self,
        job: JobRequest,
        tasks: Iterable[Task],
        folder: RunFolder,
        hire: Hire,
        count: int,
        progress: Progress,
        on_event: Callable[[AnyEvent], None] | None,
        begin: Opening | None,
    ) -> None:
        self.folder, self.hire, self.count, self.progress, self.on_event = folder, hire, count, progress, on_event
        self.agenda = Agenda(tasks, job.samples, Run(folder.path), progress, begin)
        requests = None if job.requests is None else math.ceil(job.requests / count)
        self.share = job.model_copy(update={"concurrency": math.ceil(job.concurrency / count), "requests": requests})
        self.ahead = max(1, self.share.concurrency // 4)
        """Debates a worker gets beyond those it plays, so that it never waits for the parent."""
        self.posts: dict[int, _Post] = {}
        self.room = asyncio.Semaphore(job.concurrency)
        self.over: asyncio.Queue[Trajectory | None] = asyncio.Queue()
        self.all_done = asyncio.Event()
        self.losses = self.done = 0
        self.suspects: set[str] = set()

    async def run(self) -> AsyncGenerator[Trajectory]:
        """Yield each debate as it ends."""
        await self.agenda.survey()
        first = self.agenda.draw()
        if first is None:
            return
        self.agenda.put_back([first])
        running = asyncio.create_task(self._work())
        try:
            while (trajectory := await self.over.get()) is not None:
                yield trajectory
                self.room.release()
            await running
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def _work(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                posts = [group.create_task(self._man(number)) for number in range(1, self.count + 1)]
                await self.all_done.wait()
                for post in posts:
                    post.cancel()
        finally:
            self.over.put_nowait(None)

    async def _man(self, number: int) -> None:
        """Keep one post manned, by one worker after another."""
        while True:
            worker = await self.hire(self.share, self.folder.segment(number))
            post = self.posts[number] = _Post(worker)
            try:
                self._hand_out()
                async with aclosing(worker.news()) as news:
                    async for event in news:
                        await self._saw(post, event)
                post.lost = True
            finally:
                await worker.stop()
            await self._take_back(post)
            del self.posts[number]
            self._hand_out()

    def _hand_out(self) -> None:
        """Give out debates while there is room; the job is done when nothing is left and nobody holds any."""
        able = [post for post in self.posts.values() if not post.lost]
        while able:
            post = min(able, key=lambda post: len(post.held))
            if len(post.held) >= self.share.concurrency + self.ahead:
                break
            assignment = self.agenda.draw()
            if assignment is None:
                if not any(post.held for post in self.posts.values()):
                    self.all_done.set()
                break
            post.held[assignment.name] = _Held(
                assignment.task, assignment.sample, list(assignment.events), assignment.opening,
                {log[0].trajectory: list(log) for log in assignment.parts},
            )  # fmt: skip
            post.worker.give(assignment)
        self.progress.in_flight = sum(min(len(post.held), self.share.concurrency) for post in able)

    async def _saw(self, post: _Post, event: AnyEvent) -> None:
        name = root_debate(event.trajectory) or event.trajectory
        held = post.held[name]
        if not post.worker.logs:
            self.folder.append([event])
        held.log(event.trajectory, name).append(event)
        self.progress.see(event)
        if self.on_event:
            self.on_event(event)
        if event.trajectory == name and ended(held.task, event):
            await self.room.acquire()
            self.over.put_nowait(Trajectory(event.trajectory, tuple(held.events)))
            self.done += 1
            del post.held[event.trajectory]
            self._hand_out()

    async def _take_back(self, post: _Post) -> None:
        """Put a lost worker's debates back on the agenda, with what it logged before it could report it."""
        self.losses += 1
        names = set(post.held)
        self.suspects = self.suspects & names or names
        log.warning("a worker %s; its %d debates go on elsewhere", post.worker.fate, len(names))
        if self.losses > LOSSES + self.done // 100:
            among = ", ".join(sorted(self.suspects)[:3])
            raise RunError(
                f"{self.losses} workers were lost, the last one {post.worker.fate}: look at what they wrote, at the "
                f"memory of this machine, and at the debates {among}; then run the same command again to go on"
            )
        logged = await asyncio.to_thread(self._logged, names) if post.worker.logs else {}
        for name in names:
            held = post.held[name]
            for events in logged.get(name, ()):
                for event in events[len(held.log(events[0].trajectory, name)) :]:
                    await self._saw(post, event)
        self.agenda.put_back(
            Assignment(
                task=held.task, sample=held.sample, events=tuple(held.events), opening=held.opening,
                parts=tuple(tuple(log) for log in held.parts.values() if log),
            )
            for held in post.held.values()
        )  # fmt: skip
        post.held.clear()

    def _logged(self, names: Iterable[str]) -> dict[str, list[tuple[AnyEvent, ...]]]:
        """Return what is in the log of debates and of their sub-debates, themselves last."""
        run = Run(self.folder.path)
        known = set(run.ids())
        return {
            name: [run.trajectory(log).events for log in (*run.parts(name), name)] for name in names if name in known
        }
