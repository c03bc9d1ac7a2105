"""The process inside the sandbox that has sympy and numpy ready, and forks once for every run.

It never reads what is to be run: the header that it reads holds sizes and limits, and each child takes its own text
from the control socket. So no run can find in its memory, which is a copy of the zygote's, what an earlier one was or
said, nor can a candidate find the tests that its examiner is given. Nothing that a child does changes it: a child is a
copy, and is confined.

    header {kind, seconds, memory, output}, texts   →   zygote   →   {status, exit, elapsed, clean, sizes}, output
"""

import gc
import os
import random
import select
import shutil
import signal
import stat
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from fcntl import F_DUPFD, fcntl
from importlib import import_module
from typing import Any, Final

from longthought.tools.sandbox import candidate, ending, examiner, script, wire
from longthought.tools.sandbox.lockdown import RULES, Lockdown, prepare
from longthought.tools.sandbox.tape import Tape

_CONTROL: Final = 0
_LARGEST_OUTPUT: Final = 1 << 20
_FEW: Final = 1000
"""Files that are cleared away after a run; more of them condemn the worker."""
_MANY: Final = 10_000
"""Files at which a run is stopped: they take memory that no limit of the kernel's counts."""
_TICK: Final = 0.05
"""Seconds between two looks at the scratch directory."""
_HIGH: Final = 64
_MOST_DESCRIPTORS: Final = 1024


@dataclass(slots=True)
class Child:
    """A forked process and the pipes it prints to."""

    pid: int
    pidfd: int
    pipes: dict[int, Tape]

    def end(self) -> int:
        """Kill it if it still runs; return how it ended, as `os.waitpid` says it."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        os.close(self.pidfd)
        for pipe in self.pipes:
            os.close(pipe)
        return status


@dataclass(frozen=True, slots=True)
class Spare:
    """A child that waits to be told the limits of a run, and then takes its text."""

    child: Child
    told: int
    """The pipe that it is told by."""


class Zygote:
    """Serves one run after another."""

    def __init__(self, lockdown: Lockdown, scratch: str | None) -> None:
        """Take the confinement of the children, and their scratch directory if they have one."""
        self._lockdown, self._scratch = lockdown, scratch
        self._out, self._err = Tape(_LARGEST_OUTPUT), Tape(_LARGEST_OUTPUT)

    def serve(self) -> None:
        """Run until the host is gone, or until something can't be put right again."""
        clean, spare = True, self._spare()
        while clean:
            header = wire.receive(_CONTROL)
            began = time.monotonic()
            if header["kind"] == "run":
                found, spare = self._run(spare, header, began + header["seconds"]), None
            else:
                found = self._judge(header, began + header["seconds"])
            clean = self._cleared()
            found |= {"elapsed": time.monotonic() - began, "clean": clean, "sizes": [self._out.used, self._err.used]}
            wire.send(_CONTROL, found)
            for tape in (self._out, self._err):
                with tape.written() as written:
                    wire.put(_CONTROL, written)
                tape.wipe()
            spare = spare or self._spare()

    def _spare(self) -> Spare:
        """Fork the child of the next run while nobody waits; it reads nothing before it is told to."""
        out, err, told = os.pipe(), os.pipe(), os.pipe()

        def body() -> int:
            os.close(told[1])  # so that it ends with the zygote
            header = wire.receive(told[0])
            payload = wire.receive(_CONTROL)
            _standard_input(payload["stdin"].encode(errors="surrogatepass"))
            _keep(out[1], err[1], first=1)
            self._confine(header)
            return script.run(payload["code"], payload["cells"])

        child = _fork(body, {out[0]: self._out, err[0]: self._err}, (out[1], err[1], told[0]))
        return Spare(child, told[1])

    def _run(self, spare: Spare, header: dict[str, Any], deadline: float) -> dict[str, Any]:
        with suppress(BrokenPipeError):  # it died early; how, its end will say
            wire.send(spare.told, header)
        os.close(spare.told)
        return self._supervised(spare.child, header, deadline)

    def _judge(self, header: dict[str, Any], deadline: float) -> dict[str, Any]:
        requests, replies, ready, marks = os.pipe(), os.pipe(), os.pipe(), os.pipe()

        def answer() -> int:
            code = wire.receive(_CONTROL)["code"]
            os.write(ready[1], b"1")
            _standard_input(b"")
            _keep(requests[0], replies[1], first=3)
            self._confine(header)
            candidate.serve(code, 3, 4)
            return ending.DONE

        def ask() -> int:
            payload = wire.receive(_CONTROL)
            _standard_input(b"")
            _keep(requests[1], replies[0], marks[1], first=3)
            self._confine(header)
            examiner.examine(payload["tests"], payload["names"], 3, 4, 5)
            return ending.DONE

        answering = _fork(answer, {}, (requests[0], replies[1], ready[1]))
        if not os.read(ready[0], 1):  # it must have taken its own text before the tests are in sight
            raise EOFError
        asking = _fork(ask, {marks[0]: self._out}, (requests[1], replies[0], marks[1], ready[0]))
        found = self._supervised(asking, {**header, "output": _LARGEST_OUTPUT}, deadline)
        answering.end()
        return found

    def _confine(self, header: dict[str, Any]) -> None:
        random.seed(0)  # it seeds itself anew in a fork
        try:
            self._lockdown.apply(memory=header["memory"], seconds=header["seconds"])
        except BaseException as error:
            os.write(2, f"{error}\n".encode())
            os._exit(ending.UNCONFINED)

    def _supervised(self, child: Child, header: dict[str, Any], deadline: float) -> dict[str, Any]:
        """Collect what a child prints until it ends, is stopped, or the host is gone."""
        status = None
        with select.epoll() as waiting:
            waiting.register(child.pidfd, select.EPOLLIN)
            waiting.register(_CONTROL, select.EPOLLRDHUP)
            for pipe in child.pipes:
                waiting.register(pipe, select.EPOLLIN)
            open_pipes, running = set(child.pipes), True
            while (running or open_pipes) and status is None:
                left = deadline - time.monotonic()
                events = waiting.poll(min(max(0.0, left), _TICK))
                if left <= 0:
                    status = "timeout"
                elif self._files() > _MANY:
                    status = "output_limit"
                for descriptor, _ in events:
                    if descriptor == _CONTROL:
                        raise EOFError
                    if descriptor == child.pidfd:
                        waiting.unregister(descriptor)
                        running = False
                        continue
                    came = child.pipes[descriptor].collect(descriptor, header["output"])
                    if came is None:
                        status = "output_limit"
                    if not came:
                        waiting.unregister(descriptor)
                        open_pipes.discard(descriptor)
        end = child.end()
        code = os.waitstatus_to_exitcode(end)
        return {"status": status or _status(code), "exit": code}

    def _files(self) -> int:
        if self._scratch is None:
            return 0
        found = os.statvfs(self._scratch)
        return found.f_files - found.f_ffree - 1

    def _cleared(self) -> bool:
        """Empty the scratch directory; False if that would take too long, so that this worker should end."""
        if self._scratch is None:
            return True
        if self._files() > _FEW:
            return False
        try:
            os.chmod(self._scratch, 0o700)
            for name in os.listdir(self._scratch):
                path = os.path.join(self._scratch, name)
                if stat.S_ISDIR(os.lstat(path).st_mode):
                    shutil.rmtree(path)
                else:
                    os.unlink(path)
        except (OSError, RecursionError):
            return False
        return True


def _status(code: int) -> str:
    match code:
        case ending.DONE:
            return "ok"
        case ending.RAISED:
            return "error"
        case ending.MEMORY:
            return "oom"
        case ending.UNCONFINED:
            return "sandbox_unavailable"
        case _:
            if code == -signal.SIGXCPU:
                return "timeout"
            return "oom" if code == -signal.SIGKILL else "crashed"


def _fork(body: Callable[[], int], pipes: dict[int, Tape], theirs: tuple[int, ...]) -> Child:
    """Run a body in a child, which ends with it; close what is the child's alone."""
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(body())
        except MemoryError:
            os._exit(ending.MEMORY)
        except BaseException:
            os._exit(ending.UNCONFINED)
    for descriptor in theirs:
        os.close(descriptor)
    return Child(pid, os.pidfd_open(pid), pipes)


def _standard_input(data: bytes) -> None:
    """Make a file of it that has no name; it takes the place of the control socket."""
    there = os.memfd_create("stdin")
    wire.put(there, data)
    os.lseek(there, 0, os.SEEK_SET)
    os.dup2(there, 0)


def _keep(*descriptors: int, first: int) -> None:
    """Give these the numbers from `first` on, send other output nowhere, and close everything but the rules."""
    null = os.open(os.devnull, os.O_WRONLY)
    lifted = [fcntl(there, F_DUPFD, _HIGH) for there in descriptors]
    for number, there in (*((n, null) for n in range(1, first)), *enumerate(lifted, first)):
        os.dup2(there, number)
    os.closerange(first + len(descriptors), RULES)
    os.closerange(RULES + 1, _MOST_DESCRIPTORS)


def main() -> None:
    """Get ready, say so, and serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    config = wire.receive(_CONTROL)
    sys.path += config["folders"]
    modules = {name: import_module(name) for name in config["modules"]}
    if "sympy" in modules:  # much of it is loaded, and its tables are filled, when it is first used
        modules["sympy"].solve(modules["sympy"].sympify("x**2 - 1"))
    lockdown = prepare(landlocked=config["landlocked"], readable=config["readable"], scratch_mb=config["scratch_mb"])
    if "numpy.random" in modules:
        modules["numpy.random"].seed(0)
    gc.collect()
    gc.freeze()
    wire.send(_CONTROL, {"ready": True})
    with suppress(EOFError, ConnectionError):
        Zygote(lockdown, None if config["landlocked"] else "/tmp").serve()
    os._exit(0)


if __name__ == "__main__":
    main()
