"""Run Lean once, confined: source on standard input, messages on standard output, and a time limit.

The sandbox is bubblewrap and is never left out: elaboration runs programs, and code that the screen overlooks must find
no file and no network. The messages are not interpreted here.
"""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from longthought.tools.lean import messages
from longthought.tools.lean.messages import Message
from longthought.tools.lean.toolchain import Toolchain
from longthought.tools.sandbox import bubblewrap

MAX_OUTPUT: Final = 16 * 2**20
"""Maximum number of bytes of output; beyond it a run is killed."""
_OPTIONS: Final = ("--json", "-DautoImplicit=false", "--stdin")
_LIMITED: Final = ("/bin/sh", "-c", 'ulimit -c 0 && ulimit -d "$0" && exec "$@"')
"""Bounds the memory a program writes to, in KiB; the compiled libraries it maps don't count."""
_CHATTER: Final = re.compile(r"^\[DEBUG.*\n|^  (?:- /|mainModule).*\n", re.MULTILINE)
"""Lines that the WebAssembly build prints about itself."""
_TAIL: Final = 300


class Ending(StrEnum):
    """How a run ended."""

    DONE = "done"
    """It ended by itself; the messages show whether there were errors."""
    TIMEOUT = "timeout"
    """It was killed at its time limit."""
    OUTPUT = "output"
    """It printed too much."""
    CRASHED = "crashed"
    """It was ended by a signal or ran out of memory."""
    UNCONFINED = "unconfined"
    """It never started, because there is no sandbox here."""


@dataclass(frozen=True, slots=True)
class LeanRun:
    """The messages of one run of Lean, and how it ended."""

    messages: list[Message]
    ending: Ending
    output_tail: str
    """The end of its other output, for people."""
    seconds: float


async def run(toolchain: Toolchain, source: str, *, seconds: float) -> LeanRun:
    """Run Lean on a source text; kill it after `seconds`, or when the caller is cancelled."""
    began = time.monotonic()
    program = shutil.which("bwrap")
    if program is None:
        output_tail = "there is no bubblewrap to confine Lean: install it (`apt install bubblewrap`)"
        return LeanRun([], Ending.UNCONFINED, output_tail, 0.0)
    arguments = bubblewrap.arguments(
        limited(toolchain, *toolchain.command, *_OPTIONS),
        read_only=toolchain.read_only,
        elsewhere=toolchain.elsewhere,
        environment=toolchain.environment,
        processes=True,
        program=program,
    )
    process = await asyncio.create_subprocess_exec(
        *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    printed, complained = bytearray(), bytearray()
    try:
        ending = await asyncio.wait_for(_converse(process, source.encode(), printed, complained), seconds)
    except TimeoutError:
        ending = Ending.TIMEOUT
    finally:
        await _end(process)
    text, errors = printed.decode(errors="replace"), complained.decode(errors="replace")
    if errors.startswith("bwrap:") and not text:
        output_tail = f"bubblewrap can't confine Lean here ({errors.strip()}): allow user namespaces"
        return LeanRun([], Ending.UNCONFINED, output_tail, time.monotonic() - began)
    output_tail = _CHATTER.sub("", errors).strip()[-_TAIL:]
    return LeanRun(messages.read(text), ending, output_tail, time.monotonic() - began)


def limited(toolchain: Toolchain, *command: str) -> list[str]:
    """Return a command with a bound on the memory it may write to."""
    return [*_LIMITED, str(toolchain.memory_mb << 10), *command]


async def _converse(
    process: asyncio.subprocess.Process, source: bytes, printed: bytearray, complained: bytearray
) -> Ending:
    """Write the source, and read all output into the buffers, which keep it after a timeout."""
    assert process.stdout is not None
    assert process.stderr is not None
    feeding = _feed(process, source)
    reading = (_read(process, process.stdout, printed), _read(process, process.stderr, complained))
    _, *complete = await asyncio.gather(feeding, *reading)
    if not all(complete):
        return Ending.OUTPUT
    return Ending.DONE if await process.wait() in (0, 1) else Ending.CRASHED


async def _feed(process: asyncio.subprocess.Process, source: bytes) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(source)
        await process.stdin.drain()
    process.stdin.close()


async def _read(process: asyncio.subprocess.Process, stream: asyncio.StreamReader, into: bytearray) -> bool:
    """Read to the end or to the limit; say whether all output was read."""
    while block := await stream.read(65_536):
        into += block
        if len(into) > MAX_OUTPUT:
            _kill(process)
            return False
    return True


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        _kill(process)
    await process.communicate()  # unread output keeps the pipes open


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
