"""The process inside the sandbox that has sympy and numpy loaded, and forks once for every run.

The zygote never reads the code: it reads a header of limits, and each child reads its own text from the control socket.
So a run, whose memory is a copy of the zygote's, can't find the code or the output of an earlier run, nor can a
candidate find the tests of its examiner. A child can't change the zygote, since it is a confined copy.

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
_MAX_CLEARED: Final = 1000
"""Maximum number of files that are cleared away after a run; with more, the worker is replaced."""
_MAX_FILES: Final = 10_000
"""Number of files at which a run is stopped, since they take memory that no limit of the kernel counts."""
_TICK: Final = 0.05
"""Seconds between checks of the scratch directory."""
_HIGH: Final = 64
_MOST_DESCRIPTORS: Final = 1024


@dataclass(slots=True)
class Child:
    """A forked process and the pipes it prints to."""

    pid: int
    pidfd: int
    pipes: dict[int, Tape]

    def end(self) -> int:
        """Kill the process if it still runs; return its status, as `os.waitpid` does."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        os.close(self.pidfd)
        for pipe in self.pipes:
            os.close(pipe)
        return status


@dataclass(frozen=True, slots=True)
class Spare:
    """A child that waits for the limits of a run, and then reads its text."""

    child: Child
    header_pipe: int
    """The pipe that carries the header with the limits."""


class Zygote:
    """Serves one run after another."""

    def __init__(self, lockdown: Lockdown, scratch: str | None) -> None:
        """Take the confinement of the children, and their scratch directory if they have one."""
        self._lockdown, self._scratch = lockdown, scratch
        self._out, self._err = Tape(_LARGEST_OUTPUT), Tape(_LARGEST_OUTPUT)

    def serve(self) -> None:
        """Serve until the host is gone, or until the scratch directory can't be cleared."""
        clean, spare = True, self._spare()
        while clean:
            header = wire.receive(_CONTROL)
            began = time.monotonic()
            if header["kind"] == "run":
                reply, spare = self._run(spare, header, began + header["seconds"]), None
            else:
                reply = self._judge(header, began + header["seconds"])
            clean = self._cleared()
            reply |= {"elapsed": time.monotonic() - began, "clean": clean, "sizes": [self._out.used, self._err.used]}
            wire.send(_CONTROL, reply)
            for tape in (self._out, self._err):
                with tape.written() as written:
                    wire.put(_CONTROL, written)
                tape.wipe()
            spare = spare or self._spare()

    def _spare(self) -> Spare:
        """Fork the child of the next run in advance; it reads no text before its header comes."""
        out, err, header_pipe = os.pipe(), os.pipe(), os.pipe()

        def body() -> int:
            os.close(header_pipe[1])  # so that it ends with the zygote
            header = wire.receive(header_pipe[0])
            payload = wire.receive(_CONTROL)
            _standard_input(payload["stdin"].encode(errors="surrogatepass"))
            _keep_only(out[1], err[1], first=1)
            self._confine(header)
            return script.run(payload["code"], payload["cells"])

        child = _fork(body, {out[0]: self._out, err[0]: self._err}, (out[1], err[1], header_pipe[0]))
        return Spare(child, header_pipe[1])

    def _run(self, spare: Spare, header: dict[str, Any], deadline: float) -> dict[str, Any]:
        with suppress(BrokenPipeError):  # it died early, and its status will say how
            wire.send(spare.header_pipe, header)
        os.close(spare.header_pipe)
        return self._supervised(spare.child, header, deadline)

    def _judge(self, header: dict[str, Any], deadline: float) -> dict[str, Any]:
        requests, replies, ready, mark_pipe = os.pipe(), os.pipe(), os.pipe(), os.pipe()

        def answer() -> int:
            payload = wire.receive(_CONTROL)
            os.write(ready[1], b"1")
            _standard_input(b"")
            _keep_only(requests[0], replies[1], first=3)
            self._confine(header)
            candidate.serve(payload["code"], payload["setup"], payload["classes"], 3, 4)
            return ending.DONE

        def ask() -> int:
            payload = wire.receive(_CONTROL)
            _standard_input(b"")
            _keep_only(requests[1], replies[0], mark_pipe[1], first=3)
            self._confine(header)
            examiner.examine(payload["tests"], payload["setup"], payload["classes"], payload["names"], 3, 4, 5)
            return ending.DONE

        answering = _fork(answer, {}, (requests[0], replies[1], ready[1]))
        if not os.read(ready[0], 1):  # the candidate must have read its own text before the examiner reads the tests
            raise EOFError
        asking = _fork(ask, {mark_pipe[0]: self._out}, (requests[1], replies[0], mark_pipe[1], ready[0]))
        reply = self._supervised(asking, {**header, "output": _LARGEST_OUTPUT}, deadline)
        answering.end()
        return reply

    def _confine(self, header: dict[str, Any]) -> None:
        random.seed(0)  # a fork seeds it anew
        try:
            self._lockdown.apply(memory=header["memory"], seconds=header["seconds"])
        except BaseException as error:
            os.write(2, f"{error}\n".encode())
            os._exit(ending.UNCONFINED)

    def _supervised(self, child: Child, header: dict[str, Any], deadline: float) -> dict[str, Any]:
        """Collect the output of a child until it ends or is stopped; raise EOFError if the host is gone."""
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
                elif self._file_count() > _MAX_FILES:
                    status = "output_limit"
                for descriptor, _ in events:
                    if descriptor == _CONTROL:
                        raise EOFError
                    if descriptor == child.pidfd:
                        waiting.unregister(descriptor)
                        running = False
                        continue
                    received = child.pipes[descriptor].collect(descriptor, header["output"])
                    if received is None:
                        status = "output_limit"
                    if not received:
                        waiting.unregister(descriptor)
                        open_pipes.discard(descriptor)
        end = child.end()
        code = os.waitstatus_to_exitcode(end)
        return {"status": status or _status(code), "exit": code}

    def _file_count(self) -> int:
        if self._scratch is None:
            return 0
        usage = os.statvfs(self._scratch)
        return usage.f_files - usage.f_ffree - 1

    def _cleared(self) -> bool:
        """Empty the scratch directory; return False if that would take too long and this worker should end."""
        if self._scratch is None:
            return True
        if self._file_count() > _MAX_CLEARED:
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


def _fork(body: Callable[[], int], pipes: dict[int, Tape], child_descriptors: tuple[int, ...]) -> Child:
    """Run a body in a child process; close the descriptors that only the child needs."""
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(body())
        except MemoryError:
            os._exit(ending.MEMORY)
        except BaseException:
            os._exit(ending.UNCONFINED)
    for descriptor in child_descriptors:
        os.close(descriptor)
    return Child(pid, os.pidfd_open(pid), pipes)


def _standard_input(data: bytes) -> None:
    """Put the data into a nameless file that replaces the control socket as standard input."""
    file = os.memfd_create("stdin")
    wire.put(file, data)
    os.lseek(file, 0, os.SEEK_SET)
    os.dup2(file, 0)


def _keep_only(*descriptors: int, first: int) -> None:
    """Move these descriptors to `first` and up, discard other output, and close all others but that of the rules."""
    null = os.open(os.devnull, os.O_WRONLY)
    lifted = [fcntl(descriptor, F_DUPFD, _HIGH) for descriptor in descriptors]
    for number, descriptor in (*((n, null) for n in range(1, first)), *enumerate(lifted, first)):
        os.dup2(descriptor, number)
    os.closerange(first + len(descriptors), RULES)
    os.closerange(RULES + 1, _MOST_DESCRIPTORS)


def main() -> None:
    """Load the modules, prepare the confinement, report that it is ready, and serve."""
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
