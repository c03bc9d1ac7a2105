"""One confined run of Lean: source in on standard input, messages out, ended by a clock whatever it does.

The sandbox is bubblewrap, never none: elaboration runs programs, and what the screen overlooks must find no file and
no network. What the messages mean is not told here.
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
"""Bytes of output after which a run is ended."""
_OPTIONS: Final = ("--json", "-DautoImplicit=false", "--stdin")
_LIMITED: Final = ("/bin/sh", "-c", 'ulimit -c 0 && ulimit -d "$0" && exec "$@"')
"""Bounds the memory a program writes to, in KiB; the compiled libraries it maps don't count."""
_CHATTER: Final = re.compile(r"^\[DEBUG.*\n|^  (?:- /|mainModule).*\n", re.MULTILINE)
"""What the WebAssembly build prints about itself."""
_TAIL: Final = 300


class Ending(StrEnum):
    """How a run ended."""

    DONE = "done"
    """By itself; whether there were errors is in the messages."""
    TIMEOUT = "timeout"
    """By the clock."""
    OUTPUT = "output"
    """It printed too much."""
    CRASHED = "crashed"
    """By a signal, or for want of memory."""
    UNCONFINED = "unconfined"
    """It never began, for there is no sandbox here."""


@dataclass(frozen=True, slots=True)
class LeanRun:
    """What one run of Lean printed, and how it ended."""

    messages: list[Message]
    ending: Ending
    said: str
    """The end of what it printed beside its messages, for people."""
    seconds: float


async def run(toolchain: Toolchain, source: str, *, seconds: float) -> LeanRun:
    """Run Lean on a source text. It is killed when the time is over, and when the caller is cancelled."""
    began = time.monotonic()
    program = shutil.which("bwrap")
    if program is None:
        said = "there is no bubblewrap to confine Lean: install it (`apt install bubblewrap`)"
        return LeanRun([], Ending.UNCONFINED, said, 0.0)
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
        said = f"bubblewrap can't confine Lean here ({errors.strip()}): allow user namespaces"
        return LeanRun([], Ending.UNCONFINED, said, time.monotonic() - began)
    said = _CHATTER.sub("", errors).strip()[-_TAIL:]
    return LeanRun(messages.read(text), ending, said, time.monotonic() - began)


def limited(toolchain: Toolchain, *command: str) -> list[str]:
    """Return a command with a bound on the memory it may write to."""
    return [*_LIMITED, str(toolchain.memory_mb << 10), *command]


async def _converse(
    process: asyncio.subprocess.Process, source: bytes, printed: bytearray, complained: bytearray
) -> Ending:
    """Write the source and read all that comes, into the buffers, so that it is there after a timeout too."""
    assert process.stdout is not None
    assert process.stderr is not None
    feeding = _feed(process, source)
    reading = (_read(process, process.stdout, printed), _read(process, process.stderr, complained))
    _, *whole = await asyncio.gather(feeding, *reading)
    if not all(whole):
        return Ending.OUTPUT
    return Ending.DONE if await process.wait() in (0, 1) else Ending.CRASHED


async def _feed(process: asyncio.subprocess.Process, source: bytes) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(source)
        await process.stdin.drain()
    process.stdin.close()


async def _read(process: asyncio.subprocess.Process, stream: asyncio.StreamReader, into: bytearray) -> bool:
    """Read to the end, or until it is too much; say whether all of it was read."""
    while block := await stream.read(65_536):
        into += block
        if len(into) > MAX_OUTPUT:
            _kill(process)
            return False
    return True


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        _kill(process)
    await process.communicate()  # what nobody read keeps the pipes open


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
