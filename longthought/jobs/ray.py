"""Actors of a Ray cluster as workers of a job. No other module imports Ray.

An actor plays debates on its node, near the model servers, and reports every event. The driver first logs the reported
events in the run folder and then counts them, so the folder stays whole while nodes come and go. A lost node loses at
most the events that its actor had not reported, `REPORT_SECONDS` of work; its debates go on elsewhere from their last
reported event.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, Self

import ray  # pyright: ignore[reportMissingTypeStubs, reportMissingImports]
from ray.exceptions import RayActorError, RayError  # pyright: ignore

from longthought.errors import ConfigError, LongthoughtError, RunError
from longthought.jobs.dispatch import StartWorker
from longthought.jobs.generate import DebateRunner
from longthought.jobs.local import error_of
from longthought.jobs.request import JobRequest
from longthought.jobs.scheduler import Assignment
from longthought.jobs.worker import ERROR_PREFIX, Report, error_line
from longthought.telemetry.setup import set_up
from longthought.trajectories.events import EVENT, AnyEvent
from longthought.trajectories.segment import encode

log = logging.getLogger(__name__)
RAY: Final[Any] = ray
REPORT_SECONDS: Final = 0.1
"""Seconds for which an actor gathers events before it reports them; the loss of a node costs that much work."""
HEARTBEAT: Final = 5.0
"""Seconds after which an actor without events reports that it is alive."""
REACHING: Final = 10.0
"""Maximum number of seconds to connect to a cluster."""
PLACING: Final = 30.0
"""Seconds without room on the cluster before a log line tells the user what the job waits for."""


class Player:
    """The actor on a node: it plays debates, and keeps their events until it is asked for them."""

    def __init__(self, job: dict[str, Any]) -> None:
        """Take the job as JSON holds it; models are loaded with the first debate."""
        set_up()
        self._job = JobRequest.model_validate(job)
        self._runner: DebateRunner | None = None
        self._lines: list[bytes] = []
        self._has_lines = asyncio.Event()
        self._room = asyncio.Semaphore(self._job.concurrency)
        self._playing: set[asyncio.Task[None]] = set()

    async def ready(self) -> None:
        """Return once it runs."""

    async def assign(self, line: bytes) -> None:
        """Begin a debate, and return at once."""
        task = asyncio.create_task(self._play(line))
        self._playing.add(task)
        task.add_done_callback(self._playing.discard)

    async def events(self) -> list[bytes]:
        """Return the events since the last call, as lines of the log; wait up to `HEARTBEAT` seconds for them."""
        with suppress(TimeoutError):
            async with asyncio.timeout(HEARTBEAT):
                await self._has_lines.wait()
                await asyncio.sleep(REPORT_SECONDS)
        lines, self._lines = self._lines, []
        self._has_lines.clear()
        return lines

    async def _play(self, line: bytes) -> None:
        """Play a debate; an error is reported, or the driver would wait for ever."""
        async with self._room:
            try:
                assignment = Assignment.model_validate_json(line)
                if self._runner is None:
                    self._runner = DebateRunner(self._job, self._job.context.seats(), self._report)
                await self._runner.play(assignment)
            except LongthoughtError as error:
                self._add_line(error_line(error))
            except Exception as error:
                log.exception("a debate hit a defect")
                self._add_line(error_line(RunError(f"a debate hit a defect on a node ({error!r}); see Ray's logs")))

    def _report(self, events: Sequence[AnyEvent]) -> None:
        for event in events:
            self._add_line(encode(event))

    def _add_line(self, line: bytes) -> None:
        self._lines.append(line)
        self._has_lines.set()


class RayActor:
    """An actor as the driver sees it."""

    logs: bool = False

    def __init__(self, actor: Any) -> None:
        """Wrap an actor; use `start` to make one."""
        self._actor = actor
        self.loss = "stopped answering"

    @classmethod
    async def start(cls, job: JobRequest, resources: Mapping[str, float]) -> Self:
        """Start an actor on a node with room for it; wait until there is one."""
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

    def assign(self, assignment: Assignment) -> None:
        """Send it a debate to play; if it is lost, `events` ends."""
        self._actor.assign.remote(assignment.model_dump_json().encode())

    async def events(self) -> AsyncGenerator[Report]:
        """Yield its events until it is lost, alone or with its whole node."""
        while True:
            try:
                lines = await _answer(self._actor.events.remote())
            except RayActorError as error:
                self.loss = f"was lost ({_first_line(error)})"
                return
            for line in lines:
                if line.startswith(ERROR_PREFIX):
                    raise error_of(line)
                yield Report(EVENT.validate_json(line), logged=False)

    async def stop(self) -> None:
        """End it; its unfinished debates go on elsewhere."""
        with suppress(RayError):
            RAY.kill(self._actor)


@asynccontextmanager
async def cluster(address: str | None, resources: Mapping[str, float]) -> AsyncGenerator[tuple[StartWorker, int]]:
    """Join a cluster, or start one here without an address; yield what starts a worker, and the number of nodes.

    Raises:
        ConfigError: if there is no cluster at the address.

    """
    is_ours = not RAY.is_initialized()
    if is_ours:
        await _expect_listener(address)
        try:
            await asyncio.to_thread(RAY.init, address=address, log_to_driver=True, logging_level="warning")
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise _no_cluster(address, error) from error

    async def start_worker(job: JobRequest, segment: Path) -> RayActor:
        return await RayActor.start(job, resources)

    try:
        yield start_worker, sum(bool(node["Alive"]) for node in RAY.nodes())
    finally:
        if is_ours:
            await asyncio.to_thread(RAY.shutdown)


async def _expect_listener(address: str | None) -> None:
    """Raise unless a server listens at an address with a port; Ray itself would try for minutes."""
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
