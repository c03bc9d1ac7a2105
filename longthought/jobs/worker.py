"""One process of a job: it plays the debates it is given, and logs them into its own segment.

    python -m longthought.jobs.worker FD        FD: one end of a socket pair

It reads lines of JSON: first the job, then one debate a line; it stops when the other end is closed. It writes the
lines of its log, each after it is written to the segment; the first failures, marked, without logging them, so that the
parent may decide whether they count; and possibly an error that ends it. After an error it waits until the other end is
closed, so that the error is received.
"""

import asyncio
import json
import socket
import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, NamedTuple

from longthought.errors import LongthoughtError
from longthought.jobs.generate import DebateRunner
from longthought.jobs.probation import Doubt
from longthought.jobs.request import JobRequest
from longthought.jobs.scheduler import Assignment
from longthought.telemetry.setup import set_up
from longthought.trajectories.events import EVENT, AnyEvent
from longthought.trajectories.segment import TORN_LIMIT, Segment, encode

LONGEST_LINE: Final = TORN_LIMIT
"""Maximum number of bytes of a line; the same as in a segment."""
ERROR_PREFIX: Final = b'{"error":'
"""The beginning of a line that holds no event but the error that ends the process."""

HELD_PREFIX: Final = b'{"held":'
"""The beginning of a line that holds an event which is not logged yet."""


class Report(NamedTuple):
    """An event that a worker reports to its parent."""

    event: AnyEvent
    logged: bool
    """Whether the worker has logged it; if not, that is left to the parent."""


def job_line(job: JobRequest, segment: Path) -> bytes:
    """Write the first line that a process is sent: the job and its segment."""
    return json.dumps({"job": job.model_dump(mode="json"), "segment": str(segment.resolve())}).encode() + b"\n"


def held_line(event: AnyEvent) -> bytes:
    """Write the line of an event that is left to the parent to log."""
    return HELD_PREFIX + encode(event)[:-1] + b"}\n"


def report_of(line: bytes) -> Report:
    """Read the event of a line, logged or left to the parent."""
    held = line.startswith(HELD_PREFIX)
    return Report(EVENT.validate_json(line[len(HELD_PREFIX) : -2] if held else line), logged=not held)


def error_line(error: LongthoughtError) -> bytes:
    """Write the line of an error that ends the process."""
    return ERROR_PREFIX + json.dumps(str(error)).encode() + f',"exit_code":{error.exit_code}}}\n'.encode()


async def serve(channel: socket.socket) -> None:
    """Play the debates that a socket delivers until the other end is closed."""
    reader, writer = await asyncio.open_connection(sock=channel, limit=LONGEST_LINE)
    try:
        try:
            await _play(reader, writer)
        except LongthoughtError as error:
            await _send_error(error, reader, writer)
        except ExceptionGroup as group:
            first = group.exceptions[0]
            if not isinstance(first, LongthoughtError):
                raise
            await _send_error(first, reader, writer)
    except ConnectionError:
        pass  # the other end is gone; the log is complete
    finally:
        writer.close()


async def _play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    first_line = json.loads(await reader.readline())
    job = JobRequest.model_validate(first_line["job"])
    seats, room, playing = job.context.seats(), asyncio.Semaphore(job.concurrency), set[asyncio.Task[None]]()
    doubt = Doubt()
    try:
        with closing(Segment(Path(first_line["segment"]))) as segment:

            def observe(events: Sequence[AnyEvent]) -> None:
                lines = b"".join(map(held_line, events)) if doubt.holds(events) else segment.append(events)
                if not writer.is_closing():
                    writer.write(lines)

            runner = DebateRunner(job, seats, observe)

            async def play(assignment: Assignment) -> None:
                await room.acquire()
                await runner.play(assignment)
                room.release()  # not after an error, which ends the process
                with suppress(ConnectionError):
                    await writer.drain()

            async with asyncio.TaskGroup() as group:
                while line := await whole_line(reader):
                    task = group.create_task(play(Assignment.model_validate_json(line)))
                    playing.add(task)
                    task.add_done_callback(playing.discard)
                for task in playing:
                    task.cancel()
    finally:
        await seats.aclose()


async def _send_error(error: LongthoughtError, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send the error that ends this process, and read on until the other end is closed.

    A socket that is closed earlier loses its buffer and fails the other end's writes, after which that end reads no
    more.
    """
    writer.write(error_line(error))
    while await reader.read(LONGEST_LINE):
        pass


async def whole_line(reader: asyncio.StreamReader) -> bytes:
    """Return the next whole line; empty if the other end is gone."""
    try:
        line = await reader.readline()
    except ConnectionError:
        return b""
    return line if line.endswith(b"\n") else b""


def main() -> None:
    """Serve the socket that the parent left open."""
    set_up()
    asyncio.run(serve(socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    main()
