"""A vLLM server that is started before a job, waited for, and stopped after it.

The user installs vLLM, which runs as its own process group; this module imports none of it, and sets only the options
that a job needs. The served chat model, which is given the address, makes the requests.
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
"""Maximum number of seconds to load and compile a model; large models on slow disks take that long."""
STOP_SECONDS: Final = 30.0
"""Seconds that the server has to end by itself."""
LAST_SECONDS: Final = 5.0
"""Seconds that its workers have to end after it."""
SHOWN: Final = 12
"""Number of lines of its log that a message shows if no line names an error."""
CAUSES: Final = 4
"""Maximum number of errors in its log that a message shows."""
LONGEST_LINE: Final = 300
"""Maximum number of characters of a line that a message shows; some lines list every architecture."""
_CAUSE: Final = re.compile(r"(?:^|[])]\s+)((?:[\w.]+(?:Error|Exception): |Value error, ).+)")
"""A line that ends a traceback, of any of its processes."""
_DIE_WITH_PARENT: Final = 1
"""PR_SET_PDEATHSIG of Linux's prctl."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    base_url: str
    log: Path
    _process: asyncio.subprocess.Process

    def expect_alive(self) -> None:
        """Raise if the server has ended.

        Raises:
            EndpointError: with the end of its log.

        """
        if (code := self._process.returncode) is not None:
            raise EndpointError(f"the vLLM server ended with exit code {code}; {self.log} says:\n{self._errors()}")

    def _errors(self) -> str:
        """Return the errors in the log, or its last lines; the last lines alone seldom show the cause."""
        lines = self.log.read_text(errors="replace").splitlines()
        causes = dict.fromkeys(match[1] for line in lines if (match := _CAUSE.search(line)))
        return "\n".join(line[:LONGEST_LINE] for line in [*causes][:CAUSES] or lines[-SHOWN:]) or "(nothing)"


def model_and_options(serve_vllm: str) -> list[str]:
    """Split a `serve_vllm` text into the model and the options of vLLM that follow it.

    Raises:
        ConfigError: if it begins with no model, or a quotation does not end.

    """
    try:
        arguments = shlex.split(serve_vllm)
    except ValueError as error:
        raise ConfigError(f"`serve_vllm` {serve_vllm}: {error}; quote a name with spaces in it") from None
    if not arguments or arguments[0].startswith("-"):
        raise ConfigError(f"`serve_vllm` {serve_vllm!r}: begin with a model; vLLM's own options may follow it")
    return arguments


@asynccontextmanager
async def serving(model: str, log: Path, *, gpus: int = 1) -> AsyncGenerator[Server]:
    """Serve a model on a free port of this machine, spread over `gpus` GPUs, while the block runs.

    Options of vLLM's own may follow the model, as on its command line.

    Raises:
        ConfigError: if `model` begins with no model.
        ModelError: if vLLM is not installed.
        EndpointError: if the server ends or isn't ready in time; the message holds the errors in its log.

    """
    arguments = model_and_options(model)
    command, port = find(arguments[0]), _free_port()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *(command, "serve", *arguments, "--host", "127.0.0.1", "--port", str(port)),
            "--enable-prompt-tokens-details",  # or replies don't count the tokens from the prefix cache
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
    """Return the path of the `vllm` command.

    Raises:
        ModelError: if vLLM is not installed.

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
    """Let the server end its workers in its own order; then kill the rest of its process group."""
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        with suppress(TimeoutError, ProcessLookupError):
            async with asyncio.timeout(LAST_SECONDS):
                while True:  # a worker may briefly outlive the server, to free shared memory
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
    """Have the kernel stop the server when its parent dies, even by SIGKILL, since it holds a whole GPU."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGTERM)
