"""A vLLM server around a job: started before it, waited for, stopped after it.

vLLM is the user's to install, and runs as a process group of its own; nothing of it is imported here, and of its
options only those that a job can't do without are known. How its requests are made is for the served chat model, which
is given the address.
"""

import asyncio
import ctypes
import os
import re
import shlex
import shutil
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from longthought.errors import ConfigError, EndpointError, ModelError

READY_SECONDS: Final = 1800.0
"""Time to load a model and compile for it, at most; large ones on slow disks take that long."""
STOP_SECONDS: Final = 30.0
"""For the server to end by itself."""
LAST_SECONDS: Final = 5.0
"""For its workers to end after it."""
SHOWN: Final = 12
"""Lines of its log that are shown when it fails and none of them names an error."""
CAUSES: Final = 4
"""Errors in its log that are shown."""
LONGEST_LINE: Final = 300
"""Characters of a line that are shown; some list every architecture there is."""
_CAUSE: Final = re.compile(r"(?:^|[])]\s+)((?:[\w.]+(?:Error|Exception): |Value error, ).+)")
"""A line that ends a traceback, whichever process wrote it."""
_DIE_WITH_PARENT: Final = 1
"""PR_SET_PDEATHSIG of Linux's prctl."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    base_url: str
    log: Path
    _process: asyncio.subprocess.Process

    def expect_alive(self) -> None:
        """Raise if it has ended.

        Raises:
            EndpointError: with the end of its log.

        """
        if (code := self._process.returncode) is not None:
            raise EndpointError(f"the vLLM server ended with exit code {code}; {self.log} says:\n{self._said()}")

    def _said(self) -> str:
        """Return the errors in the log: its end is seldom where the cause stands, since each process adds its own."""
        lines = self.log.read_text(errors="replace").splitlines()
        causes = dict.fromkeys(found[1] for line in lines if (found := _CAUSE.search(line)))
        return "\n".join(line[:LONGEST_LINE] for line in [*causes][:CAUSES] or lines[-SHOWN:]) or "(nothing)"


def words(model: str) -> list[str]:
    """Split what `--serve-vllm` is given: a model, and after it whatever options vLLM is to have.

    Raises:
        ConfigError: if there is no model in it, or a quotation that does not end.

    """
    try:
        found = shlex.split(model)
    except ValueError as error:
        raise ConfigError(f"`serve_vllm` {model}: {error}; quote a name with spaces in it") from None
    if not found or found[0].startswith("-"):
        raise ConfigError(f"`serve_vllm` {model!r}: begin with a model; vLLM's own options may follow it")
    return found


@asynccontextmanager
async def serving(model: str, log: Path, *, gpus: int = 1) -> AsyncGenerator[Server]:
    """Serve a model on a free port of this machine, spread over so many GPUs, while the block runs.

    Options of vLLM's own may follow the model, as on its command line.

    Raises:
        ConfigError: if the size or the options make no sense.
        ModelError: if vLLM is not installed.
        EndpointError: if the server ends or isn't ready in time, with the errors in its log.

    """
    asked = words(model)
    command, port = find(asked[0]), _free_port()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *(command, "serve", *asked, "--host", "127.0.0.1", "--port", str(port)),
            "--enable-prompt-tokens-details",  # without it no reply says what came from the prefix cache
            *(() if gpus == 1 else ("--tensor-parallel-size", str(gpus))),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,  # Ctrl-C is for the job, which stops the server when its debates have stopped
            preexec_fn=_die_with_parent,
        )
    server = Server(f"http://127.0.0.1:{port}/v1", log, process)
    try:
        await _ready(server, f"http://127.0.0.1:{port}/health")
        yield server
    finally:
        await _stop(process)


def find(model: str) -> str:
    """Return where the `vllm` command is.

    Raises:
        ModelError: if there is none.

    """
    beside = Path(sys.executable).with_name("vllm")
    if found := shutil.which("vllm") or (str(beside) if beside.exists() else None):
        return found
    raise ModelError(
        f"`serve_vllm` {model}: there is no vllm command here; pip install vllm, or start a server elsewhere and give "
        "its `base_url`"
    )


async def _ready(server: Server, health: str) -> None:
    try:
        async with asyncio.timeout(READY_SECONDS), aiohttp.ClientSession() as session:
            while True:
                server.expect_alive()
                with suppress(aiohttp.ClientError, OSError):
                    async with session.get(health) as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.5)
    except TimeoutError:
        raise EndpointError(
            f"the vLLM server was not ready after {READY_SECONDS:g} seconds; look at its log, {server.log}"
        ) from None


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Let the server end its workers in its own order; what is left of its group then is ended without asking."""
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        with suppress(TimeoutError, ProcessLookupError):
            async with asyncio.timeout(LAST_SECONDS):
                while True:  # a worker may outlive the server by a moment, in which it gives shared memory back
                    os.killpg(process.pid, 0)
                    await asyncio.sleep(0.05)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _die_with_parent() -> None:
    """Have the server stopped when the thread that started it is gone, also by SIGKILL; it holds a whole GPU."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGTERM)
