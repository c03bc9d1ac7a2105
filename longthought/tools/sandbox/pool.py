"""`Sandbox` runs code in warm workers, for any thread and any event loop.

All processes belong to one thread with an event loop of its own: a confined process dies with the thread that started
it, so that thread must outlive them all.
"""

import asyncio
import atexit
import json
import os
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, Final, TypeVar

from longthought.tools.sandbox import reading
from longthought.tools.sandbox.confinement import Confinement, Unavailable, confinement
from longthought.tools.sandbox.result import Judgement, Mark, RunResult, RunStatus
from longthought.tools.sandbox.worker import SandboxWorker, WorkerDied

_T = TypeVar("_T")
_MAX_CODE: Final = 16 << 20
"""Maximum number of characters of a program, its input and its tests together."""
_STDERR_CHARS: Final = 4000
"""Number of characters kept from the end of standard error."""


class Sandbox:
    """Runs untrusted Python in warm, confined processes, and never anywhere else."""

    def __init__(
        self,
        *,
        workers: int = 2,
        seconds: float = 5.0,
        memory_mb: int = 512,
        output_chars: int = 50_000,
        confinement: str = "auto",
    ) -> None:
        """Create a pool; its processes start when they are needed.

        Args:
            workers: maximum number of concurrent runs.
            seconds: time limit of a run.
            memory_mb: memory of a run beyond the interpreter and its libraries, in MiB.
            output_chars: maximum number of bytes on each of standard output and error; at most a million.
            confinement: `auto`, `bubblewrap` or `landlock`.

        """
        self._seconds, self._memory, self._output = seconds, memory_mb << 20, min(output_chars, 1_000_000)
        self._confinement_name, self._size = confinement, workers
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._free: asyncio.Semaphore
        self._idle: list[SandboxWorker] = []
        self._confinement: Confinement | None = None

    async def run(self, code: str, *, stdin: str = "", cells: Sequence[str] = ()) -> RunResult:
        """Run a program and say how it ended.

        Args:
            code: the program's text.
            stdin: the text of its standard input.
            cells: programs to run first, in the same namespace; their output and exceptions are dropped.

        """
        if sum(map(len, (code, stdin, *cells))) > _MAX_CODE:
            return RunResult(RunStatus.ERROR, detail=f"the code has more than {_MAX_CODE:,} characters: not run")
        return await self._in_own_thread(self._run({"code": code, "stdin": stdin, "cells": list(cells)}))

    async def judge(self, candidate: str, tests: str, *, names: Sequence[str] = (), setup: str = "") -> Judgement:
        """Run hidden tests against a candidate, which can neither read them nor write its own mark.

        The tests run in a process of their own. For each function or class that the candidate defines, they see a
        stand-in of that name, which sends the arguments over a pipe as plain data and returns the candidate's answer in
        the same way; values are compared in the process of the tests. So tests of the form `assert f(x) == y`, and
        `check(f)`, work unchanged. Both processes see the changes that either makes to lists, dicts, sets and instances
        of classes that the tests define; functions and iterators may be arguments.

        Where tests need what two processes can't share, such as a module's state, a candidate that fails them is marked
        as unsupported. So is one that passes only by an equality of its own. The candidate can forge anything else that
        the tests take from it, so tests are only as strict as their comparisons.

        Args:
            candidate: the program under test.
            tests: a program that ends without an exception if the candidate is right, and calls it at least once.
            names: names of the candidate that the tests may see; by default those that the tests use without defining
                them, except names of builtins where there are others.
            setup: imports, functions and classes that the data set puts before any program; the candidate sees them.

        """
        if len(candidate) + len(tests) + len(setup) > _MAX_CODE:
            return Judgement(Mark.FAILED, f"the code has more than {_MAX_CODE:,} characters: not run")
        classes = dict.fromkeys(reading.classes(setup), "") | reading.classes(tests)
        for_program = {"code": candidate, "setup": setup, "classes": classes}
        for_tests = {"tests": tests, "setup": setup, "classes": list(classes), "names": list(names)}
        return await self._in_own_thread(self._judge(for_program, for_tests))

    def close(self) -> None:
        """End all processes, with their runs. A closed sandbox starts new ones when it is used again."""
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._end(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    async def _run(self, payload: dict[str, Any]) -> RunResult:
        try:
            reply, printed = await self._call("run", payload)
        except Unavailable as error:
            return RunResult(RunStatus.SANDBOX_UNAVAILABLE, detail=str(error))
        except WorkerDied as error:
            return RunResult(RunStatus.CRASHED, detail=f"the worker died under it ({error}) and was replaced")
        out, err = (part.decode(errors="replace") for part in printed)
        return RunResult(
            RunStatus(reply["status"]),
            out,
            err[-_STDERR_CHARS:],
            reply["elapsed"],
            _end_detail(reply["status"], reply["exit"]),
        )

    async def _judge(self, candidate: dict[str, Any], tests: dict[str, Any]) -> Judgement:
        try:
            reply, printed = await self._call("judge", candidate, tests)
        except Unavailable as error:
            return Judgement(Mark.UNAVAILABLE, str(error))
        except WorkerDied as error:
            return Judgement(Mark.FAILED, f"the worker died under it ({error}) and was replaced")
        if reply["status"] == "sandbox_unavailable":
            return Judgement(Mark.UNAVAILABLE, "the confinement could not be applied", reply["elapsed"])
        return _judgement(reply, printed[0])

    async def _call(self, kind: str, *payloads: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        header = {"kind": kind, "seconds": self._seconds, "memory": self._memory, "output": self._output}
        async with self._free:
            worker = self._idle_worker() or await self._start()
            try:
                return await worker.call(header, *payloads)
            finally:
                if worker.clean:
                    self._idle.append(worker)

    def _idle_worker(self) -> SandboxWorker | None:
        while self._idle:
            worker = self._idle.pop()
            if worker.alive():
                return worker
            worker.kill()
        return None

    async def _start(self) -> SandboxWorker:
        if self._confinement is None:
            self._confinement = await asyncio.to_thread(confinement, self._confinement_name)
        return await SandboxWorker.start(self._confinement)

    async def _end(self) -> None:
        runs = asyncio.all_tasks() - {asyncio.current_task()}
        for run in runs:
            run.cancel()
        await asyncio.gather(*runs, return_exceptions=True)
        for worker in self._idle:
            worker.kill()
        await asyncio.get_running_loop().shutdown_default_executor()

    async def _in_own_thread(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Await a coroutine in the thread that owns the processes."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._own_loop()))

    def _own_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._free, self._idle = asyncio.Semaphore(self._size), []
                self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox", daemon=True)
                self._thread.start()
            return self._loop


def _end_detail(status: str, code: int) -> str:
    if status == RunStatus.SANDBOX_UNAVAILABLE:
        return "the confinement could not be applied to the run, so nothing was run; longthought doctor says more"
    if status != RunStatus.CRASHED:
        return ""
    return f"killed by signal {-code}" if code < 0 else f"it left the interpreter with exit code {code}"


def _judgement(reply: dict[str, Any], written: bytes) -> Judgement:
    seconds = reply["elapsed"]
    if reply["status"] != RunStatus.OK:
        return Judgement(Mark.FAILED, str(reply["status"]), seconds)
    report = json.loads(written)
    return Judgement(Mark(report["mark"]), report["detail"], seconds)


_shared: dict[int, Sandbox] = {}


def shared() -> Sandbox:
    """Return the one sandbox of this process, with the default limits."""
    pid = os.getpid()
    if pid not in _shared:  # the first time, or after a fork: threads and sockets of the parent are not ours
        _shared.clear()
        _shared[pid] = Sandbox()
        atexit.register(_shared[pid].close)
    return _shared[pid]
