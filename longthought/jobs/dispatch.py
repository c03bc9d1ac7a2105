"""A job spread over workers that come and go: processes of this machine, or actors of a cluster.

The parent draws debates from one agenda and assigns them as there is room, so that a slow worker delays no other. It
receives and counts every event and keeps the events of each debate in flight; when a worker is lost, its debates go on
elsewhere from their last event. The parent runs no debate itself; `local` and `ray` know how to reach a worker.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from longthought.errors import RunError
from longthought.jobs.probation import Probation, root_of
from longthought.jobs.progress import Progress
from longthought.jobs.request import JobRequest
from longthought.jobs.scheduler import Agenda, Assignment, Opening, ended
from longthought.jobs.worker import Report
from longthought.problems.problem import Task
from longthought.trajectories.events import AnyEvent
from longthought.trajectories.folder import RunFolder
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory

log = logging.getLogger(__name__)
LOSSES: Final = 3
"""Number of workers that a job may lose, plus one for every hundred debates that ended, before it stops."""


class Worker(Protocol):
    """A player of debates outside this process."""

    logs: bool
    """Whether it writes a segment of the run folder itself."""

    @property
    def loss(self) -> str:
        """How it was lost, in words."""
        ...

    def assign(self, assignment: Assignment) -> None:
        """Give it a debate to play."""
        ...

    def events(self) -> AsyncGenerator[Report]:
        """Yield events of its debates, in the order of each debate, until it is lost.

        Raises:
            LongthoughtError: if it can't go on and no other worker could.

        """
        ...

    async def stop(self) -> None:
        """Stop it, whether it is lost or not."""
        ...


StartWorker = Callable[[JobRequest, Path], Awaitable[Worker]]
"""Starts a worker for a share of a job, with the segment that it may write."""


@dataclass(slots=True)
class _DebateInFlight:
    """A debate that a worker plays, and its events so far."""

    task: Task
    sample: int
    events: list[AnyEvent]
    opening: tuple[AnyEvent, ...] = ()
    subdebates: dict[str, list[AnyEvent]] = field(default_factory=dict[str, list[AnyEvent]])
    """The events of its sub-debates, by name."""

    def log(self, name: str, root: str) -> list[AnyEvent]:
        """Return the events of the debate itself, or of one of its sub-debates."""
        return self.events if name == root else self.subdebates.setdefault(name, [])


@dataclass(slots=True)
class _Slot:
    """A worker and the debates that it plays."""

    worker: Worker
    concurrency: int
    """Maximum number of debates that it plays at a time."""
    debates: dict[str, _DebateInFlight] = field(default_factory=dict[str, _DebateInFlight])
    lost: bool = False

    @property
    def room(self) -> int:
        """How many more debates it gets: with some beyond those it plays, it never waits for the parent."""
        return self.concurrency + max(1, self.concurrency // 4) - len(self.debates)


async def run_shards(
    job: JobRequest,
    tasks: Iterable[Task],
    folder: RunFolder,
    start_worker: StartWorker,
    count: int,
    *,
    progress: Progress | None = None,
    on_event: Callable[[AnyEvent], None] | None = None,
    begin: Opening | None = None,
) -> AsyncGenerator[Trajectory]:
    """Run a job like `run_job`, with its debates spread over at most `count` workers.

    Raises:
        UserError: as in `run_job`, or if a worker can't do the job.
        RunError: if the log can't be written, or too many workers are lost.

    """
    pool = _Pool(job, tasks, folder, start_worker, shares(job, count), progress or Progress(), on_event, begin)
    async with aclosing(pool.run()) as running:
        async for trajectory in running:
            yield trajectory


def shares(job: JobRequest, count: int) -> list[JobRequest]:
    """Return what each of at most `count` workers does; the limits of all together are those of the job."""
    count = min(count, job.concurrency, job.requests or count)

    def part(total: int, number: int) -> int:
        return total // count + (number < total % count)

    return [
        job.model_copy(
            update={
                "concurrency": part(job.concurrency, number),
                "requests": None if job.requests is None else part(job.requests, number),
            }
        )
        for number in range(count)
    ]


class _Pool:
    """The workers of one run of a job."""

    def __init__(
        self,
        job: JobRequest,
        tasks: Iterable[Task],
        folder: RunFolder,
        start_worker: StartWorker,
        shares: Sequence[JobRequest],
        progress: Progress,
        on_event: Callable[[AnyEvent], None] | None,
        begin: Opening | None,
    ) -> None:
        self.folder, self.start_worker, self.shares = folder, start_worker, shares
        self.progress, self.on_event = progress, on_event
        self.agenda = Agenda(tasks, job.samples, Run(folder.path), progress, begin, retry_failed=job.retry_failed)
        self.slots: dict[int, _Slot] = {}
        self.probation = Probation(self._log)
        self.unended: dict[str, _DebateInFlight] = {}
        """The debates in flight, and those whose last events are held back."""
        self.over: list[str] = []
        """The debates that no worker plays any more, and that are not handed over yet."""
        self.room = asyncio.Semaphore(job.concurrency)
        self.ended: asyncio.Queue[Trajectory | None] = asyncio.Queue()
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
            while (trajectory := await self.ended.get()) is not None:
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
                slots = [group.create_task(self._run_slot(number)) for number in range(1, len(self.shares) + 1)]
                await self.all_done.wait()
                for slot in slots:
                    slot.cancel()
            self.probation.conclude(self.progress.total)
            await self._hand_over()
        finally:
            self.ended.put_nowait(None)

    async def _run_slot(self, number: int) -> None:
        """Run workers in a slot, one after another."""
        while True:
            share = self.shares[number - 1]
            worker = await self.start_worker(share, self.folder.segment(number))
            slot = self.slots[number] = _Slot(worker, share.concurrency)
            try:
                self._assign()
                async with aclosing(worker.events()) as events:
                    async for report in events:
                        await self._receive(slot, report)
                slot.lost = True
            finally:
                await worker.stop()
            await self._take_back(slot)
            del self.slots[number]
            self._assign()

    def _assign(self) -> None:
        """Assign debates while there is room; the job is done when none is left and no worker has any."""
        alive = [slot for slot in self.slots.values() if not slot.lost]
        while alive:
            slot = max(alive, key=lambda slot: slot.room)
            if slot.room <= 0:
                break
            assignment = self.agenda.draw()
            if assignment is None:
                if not any(slot.debates for slot in self.slots.values()):
                    self.all_done.set()
                break
            self.probation.begin(assignment.name)
            self.unended[assignment.name] = slot.debates[assignment.name] = _DebateInFlight(
                assignment.task, assignment.sample, list(assignment.events), assignment.opening,
                {log[0].trajectory: list(log) for log in assignment.subdebates},
            )  # fmt: skip
            slot.worker.assign(assignment)
        self.progress.in_flight = sum(min(len(slot.debates), slot.concurrency) for slot in alive)

    async def _receive(self, slot: _Slot, report: Report) -> None:
        """Log an event that its worker did not log, and count it; assign another debate if it was the last of its."""
        event, name = report.event, root_of(report.event)
        if report.logged:
            self._count([event])
            self.probation.witness([event])
        else:
            self.probation.observe([event])
        if event.trajectory == name and ended(slot.debates[name].task, event):
            self.over.append(name)
            self.done += 1
            del slot.debates[name]
            await self._hand_over()
            self._assign()

    def _log(self, events: Sequence[AnyEvent]) -> None:
        """Log events of a debate that its worker did not log, and count them."""
        self.folder.append(events)
        self._count(events)

    def _count(self, events: Sequence[AnyEvent]) -> None:
        for event in events:
            name = root_of(event)
            self.unended[name].log(event.trajectory, name).append(event)
            self.progress.see(event)
            if self.on_event:
                self.on_event(event)

    async def _hand_over(self) -> None:
        """Hand over the debates that have ended and whose events are all recorded."""
        while name := next((name for name in self.over if not self.probation.holds(name)), None):
            self.over.remove(name)
            await self.room.acquire()
            self.ended.put_nowait(Trajectory(name, tuple(self.unended.pop(name).events)))

    async def _take_back(self, slot: _Slot) -> None:
        """Put a lost worker's debates back on the agenda, with events that it logged and could not report."""
        self.losses += 1
        names = set(slot.debates)
        self.suspects = self.suspects & names or names
        log.warning("a worker %s; its %d debates go on elsewhere", slot.worker.loss, len(names))
        if self.losses > LOSSES + self.done // 100:
            among = ", ".join(sorted(self.suspects)[:3])
            raise RunError(
                f"{self.losses} workers were lost, the last one {slot.worker.loss}: look at what they wrote, at the "
                f"memory of this machine, and at the debates {among}; then run the same command again to go on"
            )
        logged = await asyncio.to_thread(self._logged, names) if slot.worker.logs else {}
        for name in names:
            debate = slot.debates[name]
            self.probation.forget(name)
            for events in logged.get(name, ()):
                for event in events[len(debate.log(events[0].trajectory, name)) :]:
                    await self._receive(slot, Report(event, logged=True))
        self.agenda.put_back(
            Assignment(
                task=debate.task, sample=debate.sample, events=tuple(debate.events), opening=debate.opening,
                subdebates=tuple(tuple(log) for log in debate.subdebates.values() if log),
            )
            for debate in slot.debates.values()
        )  # fmt: skip
        slot.debates.clear()

    def _logged(self, names: Iterable[str]) -> dict[str, list[tuple[AnyEvent, ...]]]:
        """Return, for each debate, the logged events of its sub-debates, and then its own."""
        run = Run(self.folder.path)
        ids = set(run.ids())
        return {name: [run.trajectory(log).events for log in (*run.parts(name), name)] for name in names if name in ids}
