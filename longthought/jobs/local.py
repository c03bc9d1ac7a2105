"""Processes of this machine as workers of a job, each with its own segment of the log, reached by a socket pair."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from longthought.errors import LongthoughtError, RunError, UserError
from longthought.jobs.request import JobRequest
from longthought.jobs.scheduler import Assignment
from longthought.jobs.worker import ERROR_PREFIX, LONGEST_LINE, Report, job_line, report_of, whole_line
from longthought.telemetry.setup import parent_variables

PATIENCE: Final = 20.0
"""Seconds that a process has to stop when told to; then it is killed, and loses nothing that is logged."""


class LocalProcess:
    """One worker process."""

    logs: bool = True

    def __init__(
        self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Wrap a running process; use `start` to make one."""
        self._process, self._reader, self._writer = process, reader, writer

    @classmethod
    async def start(cls, job: JobRequest, segment: Path) -> Self:
        """Start a process for a share of a job."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "longthought.jobs.worker", str(theirs.fileno())),
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sys.__stderr__,
                env={**os.environ, **parent_variables(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                start_new_session=True,  # Ctrl-C is for the parent alone, which then tells every process to stop
            )
        try:
            reader, writer = await asyncio.open_connection(sock=ours, limit=LONGEST_LINE)
        except BaseException:
            process.kill()
            await process.wait()
            raise
        writer.write(job_line(job, segment))
        return cls(process, reader, writer)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def loss(self) -> str:
        """How it ended, in words."""
        code = self._process.returncode
        if code is None:
            return "stopped answering"
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def assign(self, assignment: Assignment) -> None:
        """Send it a debate to play."""
        if not self._writer.is_closing():
            self._writer.write(assignment.model_dump_json().encode() + b"\n")

    async def events(self) -> AsyncGenerator[Report]:
        """Yield its events, logged or held back, until it has ended."""
        while line := await whole_line(self._reader):
            if line.startswith(ERROR_PREFIX):
                raise error_of(line)
            yield report_of(line)

    async def stop(self) -> None:
        """Tell it to stop and wait for its end; kill it if it doesn't stop, or if this call is cancelled."""
        self._writer.close()
        with suppress(TimeoutError):
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._process.wait()
            finally:
                if self._process.returncode is None:
                    self._process.kill()
                    await self._process.wait()


def error_of(line: bytes) -> LongthoughtError:
    """Read the error that a worker ended with."""
    held = json.loads(line)
    return UserError(held["error"]) if held["exit_code"] == UserError.exit_code else RunError(held["error"])
