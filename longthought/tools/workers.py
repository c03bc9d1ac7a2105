"""Warm processes for trusted code that may hang or explode, such as a computer algebra system.

A thread can't be stopped and a thread pool can't be killed, so such code runs in processes of its own: started at the
first call, kept warm, killed and replaced when a call takes too long or too much memory. This is no sandbox: it bounds
time and memory, not what the code may do. This module doesn't know what the function computes.

Each process belongs to one daemon thread, which starts it, talks to it and kills it. So calls may come from any thread
and any event loop, and on Linux the kernel ends the process with its thread (`man 2 prctl`, PR_SET_PDEATHSIG).
"""

import asyncio
import contextlib
import ctypes
import importlib
import json
import os
import queue
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, Final

_START_SECONDS: Final = 120.0
"""Time limit for imports, which are slow on a busy machine; not part of any call's time."""
_PR_SET_PDEATHSIG: Final = 1
_SERVE: Final = (
    "import json, sys; given = json.loads(sys.argv[1]); sys.path[:] = given.pop('path');"
    "from longthought.tools.workers import serve; serve(**given)"
)
_Request = tuple[bytes, float, "Future[Any]"]


class WorkerTimeout(Exception):
    """A call exceeded its time limit; its process was killed."""


class WorkerCrashed(Exception):
    """A call ended without a result: it raised, ran out of memory, or its process died."""


class Workers:
    """A pool of processes that all serve one function."""

    def __init__(self, function: str, *, size: int = 2, seconds: float = 5.0, memory_mb: int = 2048) -> None:
        """Keep the settings; nothing starts before the first call.

        Args:
            function: `package.module:name`; called with JSON-able arguments, returns JSON-able data.
            size: Maximum number of processes.
            seconds: Time limit of a call, from when a process takes it up.
            memory_mb: Maximum address space of a process, in MiB.

        """
        self.function, self.size, self.seconds, self.memory_mb = function, size, seconds, memory_mb
        self._reset()

    def _reset(self) -> None:
        self._owned_by = os.getpid()
        self._lock = threading.Lock()
        self._requests: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._pending = 0
        self._threads: list[threading.Thread] = []
        self._processes: set[_Process] = set()
        self._closed = False

    async def call(self, *arguments: Any, seconds: float | None = None) -> Any:
        """Call the function in a process, and wait for what it returns.

        Args:
            arguments: Arguments of the function.
            seconds: Time limit of this call; by default the pool's.

        Raises:
            WorkerTimeout: if it takes longer.
            WorkerCrashed: if it raises, or its process dies.
            RuntimeError: if the pool is closed.

        """
        line = json.dumps(arguments).encode() + b"\n"  # ASCII, so lone surrogates pass
        future: Future[Any] = Future()
        if self._owned_by != os.getpid():  # this is a fork, which has no threads of its parent
            self._reset()
        with self._lock:
            if self._closed:
                raise RuntimeError(f"the workers of {self.function} are closed: make a new pool")
            self._requests.put((line, self.seconds if seconds is None else seconds, future))
            self._pending += 1
            if len(self._threads) < min(self.size, self._pending):
                thread = threading.Thread(target=self._serve_requests, name=f"worker {self.function}", daemon=True)
                self._threads.append(thread)
                thread.start()
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Kill every process; calls in flight and waiting end as crashed. Closing twice is harmless."""
        with self._lock:
            self._closed = True
            for process in self._processes:
                process.kill()
            for _ in self._threads:
                self._requests.put(None)
        for thread in self._threads:
            thread.join()

    def _serve_requests(self) -> None:
        """Own one process: send it requests one by one, and replace it when it is lost."""
        process: _Process | None = None
        while (request := self._requests.get()) is not None:
            line, seconds, future = request
            settle: Callable[[], None] | None = None
            if future.set_running_or_notify_cancel():
                try:
                    if process and process.gone():
                        self._discard(process)
                        process = None
                    process = process or self._start()
                    settle = partial(future.set_result, process.exchange(line, seconds))
                except (WorkerTimeout, WorkerCrashed) as error:
                    settle = partial(future.set_exception, error)
                except OSError as error:
                    settle = partial(future.set_exception, WorkerCrashed(f"no process could be started: {error}"))
            with self._lock:
                self._pending -= 1
            if settle:
                settle()
        if process:
            self._discard(process)

    def _start(self) -> "_Process":
        with self._lock:
            if self._closed:
                raise WorkerCrashed("the pool was closed")
            process = _Process(self.function, self.memory_mb)
            self._processes.add(process)
        try:
            process.wait_until_ready()
        except WorkerCrashed:
            self._discard(process)
            raise
        return process

    def _discard(self, process: "_Process") -> None:
        process.close()
        with self._lock:
            self._processes.discard(process)


class _Process:
    """One child and the socket to it: a JSON line in, a JSON line out."""

    def __init__(self, function: str, memory_mb: int) -> None:
        settings = {"path": [p or os.getcwd() for p in sys.path], "function": function, "memory_mb": memory_mb}
        self._socket, theirs = socket.socketpair()
        self._lock = threading.Lock()
        self._unread = b""
        with theirs:
            self._child = subprocess.Popen(
                [sys.executable, "-c", _SERVE, json.dumps({**settings, "parent": os.getpid()})],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
                start_new_session=True,
            )

    def gone(self) -> bool:
        """Say whether the child has ended, by itself or by a kill."""
        return self._child.poll() is not None

    def wait_until_ready(self) -> None:
        """Wait for the imports."""
        try:
            self._receive(time.monotonic() + _START_SECONDS)
        except TimeoutError:
            self.kill()
            raise WorkerCrashed(f"a process was not ready after {_START_SECONDS:g} s") from None

    def exchange(self, line: bytes, seconds: float) -> Any:
        """Send one request and return its result; kill the child at the time limit."""
        deadline = time.monotonic() + seconds
        try:
            self._socket.settimeout(seconds)
            self._socket.sendall(line)
            return self._receive(deadline)
        except TimeoutError:
            self.kill()
            raise WorkerTimeout(f"no result after {seconds:g} s") from None
        except OSError:
            raise self._dead() from None

    def _receive(self, deadline: float) -> Any:
        chunks = [self._unread]
        while b"\n" not in chunks[-1]:
            self._socket.settimeout(max(1e-3, deadline - time.monotonic()))
            try:
                chunks.append(self._socket.recv(1 << 16))
            except ConnectionError:
                raise self._dead() from None
            if not chunks[-1]:
                raise self._dead()
        line, _, self._unread = b"".join(chunks).partition(b"\n")
        reply = json.loads(line)
        if "raised" in reply:
            if reply["fatal"]:
                self.kill()
            raise WorkerCrashed(reply["raised"])
        return reply["returned"]

    def _dead(self) -> WorkerCrashed:
        code = self.kill()
        return WorkerCrashed(f"its process was ended by signal {-code}" if code < 0 else f"its process exited ({code})")

    def kill(self) -> int:
        """End the child and everything in its group; return its exit code."""
        with self._lock:
            if self._child.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._child.pid, signal.SIGKILL)
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)  # wakes the owner, who may be reading
            return self._child.wait()

    def close(self) -> None:
        """Kill the child and close the socket; only for the thread that owns it."""
        self.kill()
        self._socket.close()


# In the child.


def serve(function: str, memory_mb: int, parent: int) -> None:
    """Answer requests until the parent is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    channel = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    module, _, name = function.partition(":")
    try:
        call = getattr(importlib.import_module(module), name)
    except BaseException as error:
        channel.sendall(_raised(error, fatal=True))
        return
    channel.sendall(b'{"returned": null}\n')
    for line in channel.makefile("rb"):
        channel.sendall(_answer(call, line))


def _answer(call: Callable[..., Any], line: bytes) -> bytes:
    try:
        return json.dumps({"returned": call(*json.loads(line))}).encode() + b"\n"
    except MemoryError as error:  # too little memory may be left for the next call
        return _raised(error, fatal=True)
    except BaseException as error:
        return _raised(error, fatal=False)


def _raised(error: BaseException, *, fatal: bool) -> bytes:
    return json.dumps({"raised": f"{type(error).__name__}: {str(error)[:500]}", "fatal": fatal}).encode() + b"\n"
