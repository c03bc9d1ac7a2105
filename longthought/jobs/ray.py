"""Actors of a Ray cluster as workers of a job. Ray is imported here alone.

An actor plays debates on its node, beside or in front of the model servers there, and reports every event. The driver
logs what is reported in the run folder before it counts, so the folder is whole wherever nodes come and go: with a
node goes at most what its actor had not reported yet, `REPORT_SECONDS` of work, and its debates go on elsewhere from
their last reported event.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, Self

import ray  # pyright: ignore[reportMissingTypeStubs, reportMissingImports]
from ray.exceptions import RayActorError, RayError  # pyright: ignore

from longthought.errors import ConfigError, LongthoughtError, RunError
from longthought.jobs.dispatch import Hire
from longthought.jobs.generate import Table
from longthought.jobs.local import error_of
from longthought.jobs.request import JobRequest
from longthought.jobs.scheduler import Assignment
from longthought.jobs.worker import COMPLAINT, complaint
from longthought.trajectories.events import EVENT, AnyEvent
from longthought.trajectories.segment import encode

log = logging.getLogger(__name__)
RAY: Final[Any] = ray
REPORT_SECONDS: Final = 0.1
"""Time over which an actor gathers events before it reports them: what the loss of a node costs."""
HEARTBEAT: Final = 5.0
"""Seconds after which an actor without news says so."""
REACHING: Final = 10.0
"""Seconds that a cluster has to be reached at all."""
PLACING: Final = 30.0
"""Seconds without room on the cluster before the user is told what is waited for."""


class Player:
    """What runs on a node: it plays debates, and keeps their events until it is asked for news."""

    def __init__(self, job: dict[str, Any]) -> None:
        """Take the job as JSON holds it; models are loaded with the first debate."""
        self._job = JobRequest.model_validate(job)
        self._table: Table | None = None
        self._lines: list[bytes] = []
        self._news = asyncio.Event()
        self._room = asyncio.Semaphore(self._job.concurrency)
        self._playing: set[asyncio.Task[None]] = set()

    async def ready(self) -> None:
        """Return once it runs."""

    async def give(self, line: bytes) -> None:
        """Take a debate and return at once."""
        task = asyncio.create_task(self._play(Assignment.model_validate_json(line)))
        self._playing.add(task)
        task.add_done_callback(self._playing.discard)

    async def news(self) -> list[bytes]:
        """Return the events since it was last asked, as lines of the log; wait a moment for them."""
        with suppress(TimeoutError):
            async with asyncio.timeout(HEARTBEAT):
                await self._news.wait()
                await asyncio.sleep(REPORT_SECONDS)
        lines, self._lines = self._lines, []
        self._news.clear()
        return lines

    async def _play(self, assignment: Assignment) -> None:
        async with self._room:
            try:
                if self._table is None:
                    self._table = Table(self._job, self._job.context.seats(), self._saw)
                await self._table.play(assignment)
            except LongthoughtError as error:
                self._say(complaint(error))

    def _saw(self, events: Sequence[AnyEvent]) -> None:
        for event in events:
            self._say(encode(event))

    def _say(self, line: bytes) -> None:
        self._lines.append(line)
        self._news.set()


class RayActor:
    """An actor as the driver sees it."""

    logs: bool = False

    def __init__(self, actor: Any) -> None:
        """Take an actor over; use `start`."""
        self._actor = actor
        self.fate = "stopped answering"

    @classmethod
    async def start(cls, job: JobRequest, resources: Mapping[str, float]) -> Self:
        """Start an actor where there is room for it; wait until there is."""
        rest = dict(resources)
        options: dict[str, Any] = {"num_cpus": rest.pop("CPU", 1.0), "num_gpus": rest.pop("GPU", 0.0)}
        if rest:
            options["resources"] = rest
        made = RAY.remote(Player).options(**options, max_restarts=0, scheduling_strategy="SPREAD")
        actor = made.remote(job.model_dump(mode="json"))
        try:
            ready = asyncio.ensure_future(_answer(actor.ready.remote()))
            if not (await asyncio.wait([ready], timeout=PLACING))[0]:
                log.warning("waiting for room on the Ray cluster: an actor needs %s", dict(resources) or {"CPU": 1})
            await ready
        except RayActorError as error:
            raise RunError(
                f"an actor could not start ({_first_line(error)}): look at Ray's logs on its node"
            ) from error
        except BaseException:
            RAY.kill(actor)
            raise
        return cls(actor)

    def give(self, assignment: Assignment) -> None:
        """Hand it a debate; should it be lost, `news` tells."""
        self._actor.give.remote(assignment.model_dump_json().encode())

    async def news(self) -> AsyncGenerator[AnyEvent]:
        """Yield its events until it is lost, be it with its whole node."""
        while True:
            try:
                lines = await _answer(self._actor.news.remote())
            except RayActorError as error:
                self.fate = f"was lost ({_first_line(error)})"
                return
            for line in lines:
                if line.startswith(COMPLAINT):
                    raise error_of(line)
                yield EVENT.validate_json(line)

    async def stop(self) -> None:
        """End it; what it was playing has been reported, or goes on elsewhere."""
        with suppress(RayError):
            RAY.kill(self._actor)


@asynccontextmanager
async def cluster(address: str | None, resources: Mapping[str, float]) -> AsyncGenerator[tuple[Hire, int]]:
    """Join a cluster, or start one on this machine without an address; yield how to hire there, and how many nodes.

    Raises:
        ConfigError: if there is no cluster at the address.

    """
    mine = not RAY.is_initialized()
    if mine:
        await _expect_listener(address)
        try:
            join: Callable[[], Any] = lambda: RAY.init(address=address, log_to_driver=True, logging_level="warning")  # noqa: E731
            await asyncio.to_thread(join)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise _no_cluster(address, error) from error

    async def hire(job: JobRequest, segment: Path) -> RayActor:
        return await RayActor.start(job, resources)

    try:
        yield hire, sum(bool(node["Alive"]) for node in RAY.nodes())
    finally:
        if mine:
            await asyncio.to_thread(RAY.shutdown)


async def _expect_listener(address: str | None) -> None:
    """Raise unless something listens at an address with a port: Ray itself goes on trying for minutes."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        return
    try:
        async with asyncio.timeout(REACHING):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    except (OSError, OverflowError) as error:
        raise _no_cluster(address, error) from error
    writer.close()


def _no_cluster(address: str | None, error: BaseException) -> ConfigError:
    return ConfigError(
        f"`ray_address` {address}: no Ray cluster there ({_first_line(error)}); start one with "
        "'ray start --head', or leave the address out to use this machine"
    )


async def _answer(reference: Any) -> Any:
    return await reference


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__).rstrip(".:")
