"""One process of a job: it plays the debates it is given, and logs them into a segment of its own.

    python -m longthought.jobs.worker FD        FD: one end of a socket pair

It is told what to do in lines of JSON: first the orders, then a debate a line; when the other end is closed, it stops.
What it says is its log, line for line, each line written to the segment first; and an error that ends it, after which
it stays until the other end is closed, so that its last words are heard.
"""

import asyncio
import json
import socket
import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from longthought.errors import LongthoughtError
from longthought.jobs.generate import Table
from longthought.jobs.request import JobRequest
from longthought.jobs.scheduler import Assignment
from longthought.trajectories.events import AnyEvent
from longthought.trajectories.segment import TORN_LIMIT, Segment

LONGEST_LINE: Final = TORN_LIMIT
"""Bytes; the same as in a segment."""
COMPLAINT: Final = b'{"error":'
"""How a line begins that is no event but the error that ends the process."""


def orders(job: JobRequest, segment: Path) -> bytes:
    """Write the first line a process is sent."""
    return json.dumps({"job": job.model_dump(mode="json"), "segment": str(segment.resolve())}).encode() + b"\n"


def complaint(error: LongthoughtError) -> bytes:
    """Write the line that an error ends with."""
    return COMPLAINT + json.dumps(str(error)).encode() + f',"exit_code":{error.exit_code}}}\n'.encode()


async def serve(channel: socket.socket) -> None:
    """Play what comes in on a socket until the other end is closed."""
    reader, writer = await asyncio.open_connection(sock=channel, limit=LONGEST_LINE)
    try:
        try:
            await _play(reader, writer)
        except LongthoughtError as error:
            await _complain(error, reader, writer)
        except ExceptionGroup as group:
            first = group.exceptions[0]
            if not isinstance(first, LongthoughtError):
                raise
            await _complain(first, reader, writer)
    except ConnectionError:
        pass  # the other end is gone; the log has everything
    finally:
        writer.close()


async def _play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    told = json.loads(await reader.readline())
    job = JobRequest.model_validate(told["job"])
    seats, room, playing = job.context.seats(), asyncio.Semaphore(job.concurrency), set[asyncio.Task[None]]()
    try:
        with closing(Segment(Path(told["segment"]))) as segment:

            def observe(events: Sequence[AnyEvent]) -> None:
                lines = segment.append(events)
                if not writer.is_closing():
                    writer.write(lines)

            table = Table(job, seats, observe)

            async def play(assignment: Assignment) -> None:
                await room.acquire()
                await table.play(assignment)
                room.release()  # not after an error, which ends the process: the next debate would ask in vain
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


async def _complain(error: LongthoughtError, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say what ended this process, and read on until the other end is closed.

    A socket closed any earlier loses what its buffer still holds, and fails the other end's writing, which then reads
    no more.
    """
    writer.write(complaint(error))
    while await reader.read(LONGEST_LINE):
        pass


async def whole_line(reader: asyncio.StreamReader) -> bytes:
    """Return the next whole line; none when the other end is gone, in whatever way."""
    try:
        line = await reader.readline()
    except ConnectionError:
        return b""
    return line if line.endswith(b"\n") else b""


def main() -> None:
    """Serve the socket that the parent left open."""
    asyncio.run(serve(socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    main()
