"""The host's end of one zygote: starts it, sends runs, reads replies, and ends it when anything goes wrong."""

import asyncio
import json
import os
import socket
import subprocess
import tempfile
from contextlib import suppress
from typing import IO, Any, Final

from longthought.tools.sandbox import wire
from longthought.tools.sandbox.confinement import Confinement, Unavailable

_START_SECONDS: Final = 120.0
"""Seconds within which a zygote must be ready, even on a busy machine."""
_GRACE_SECONDS: Final = 10.0
"""Seconds beyond a run's time limit after which the zygote counts as dead."""


class WorkerDied(Exception):
    """The zygote ended, or stopped answering, in the middle of a run."""


class SandboxWorker:
    """One zygote; used from one event loop, one run at a time."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket, errors: IO[bytes]) -> None:
        """Take over a process that was just started."""
        self._process, self._control, self._errors = process, control, errors
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.clean = True
        """False when the zygote will take no further run."""

    @classmethod
    async def start(cls, confinement: Confinement) -> "SandboxWorker":
        """Start a zygote and wait until it is ready.

        Raises:
            Unavailable: if it doesn't start.

        """
        control, theirs = socket.socketpair()
        errors = tempfile.TemporaryFile()  # noqa: SIM115
        with theirs:
            process = subprocess.Popen(  # noqa: ASYNC220  it returns at once
                confinement.command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=dict(confinement.environment),
                cwd="/",
                start_new_session=True,
            )
        worker = cls(process, control, errors)
        try:
            worker._reader, worker._writer = await asyncio.open_unix_connection(sock=control)
            await worker._send(wire.packed(dict(confinement.config)))
            async with asyncio.timeout(_START_SECONDS):
                await worker._receive()
        except (OSError, EOFError, TimeoutError) as error:
            complaint = worker._last_errors() or str(error) or type(error).__name__
            worker.kill()
            raise Unavailable(f"the {confinement.kind} sandbox did not start: {complaint}") from None
        except BaseException:
            worker.kill()
            raise
        return worker

    async def call(self, header: dict[str, Any], *texts: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Send one run and return its reply with what was printed.

        Raises:
            WorkerDied: if there is no reply; the worker can't be used again.

        """
        assert self._reader is not None
        try:
            async with asyncio.timeout(header["seconds"] + _GRACE_SECONDS):
                await self._send(b"".join(map(wire.packed, (header, *texts))))
                reply = await self._receive()
                printed = [await self._reader.readexactly(size) for size in reply["sizes"]]
        except (OSError, EOFError, TimeoutError) as error:
            self.kill()
            raise WorkerDied(type(error).__name__) from None
        except BaseException:
            self.kill()
            raise
        self.clean = reply["clean"]
        if not self.clean:
            self.kill()
        return reply, printed

    def alive(self) -> bool:
        """Say whether the zygote is still there."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End the zygote and every process that it started."""
        self.clean = False
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        if self._writer is not None:
            self._writer.transport.abort()
        else:
            self._control.close()
        self._errors.close()

    async def _send(self, data: bytes) -> None:
        assert self._writer is not None
        self._writer.write(data)
        await self._writer.drain()

    async def _receive(self) -> dict[str, Any]:
        assert self._reader is not None
        size = int.from_bytes(await self._reader.readexactly(wire.LENGTH), "big")
        return json.loads(await self._reader.readexactly(size))

    def _last_errors(self) -> str:
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - 500))
        return self._errors.read().decode(errors="replace").strip()
