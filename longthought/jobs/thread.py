"""Async work for code without an event loop: a job whose items the caller takes one at a time, or a single result.

The work has its own thread, since a notebook's loop may be running in the caller's, and sees the caller's context
variables, such as the span that it is part of. This module knows no debates.
"""

import asyncio
import atexit
import contextlib
import queue
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextvars import copy_context
from typing import Final, TypeVar

T = TypeVar("T")
AHEAD: Final = 64
"""Maximum number of items that wait for the caller; then the job waits too."""


def in_thread(work: Callable[[], AsyncGenerator[T]]) -> Generator[T, None, None]:
    """Yield the items of an async generator, which ends cleanly when this one is closed or the caller raises."""
    items: queue.SimpleQueue[tuple[T] | BaseException | None] = queue.SimpleQueue()
    begun: queue.SimpleQueue[tuple[Callable[[], object], Callable[[], object]]] = queue.SimpleQueue()

    async def pump() -> None:
        task, loop, room = asyncio.current_task(), asyncio.get_running_loop(), asyncio.Semaphore(AHEAD)
        assert task is not None
        begun.put((lambda: loop.call_soon_threadsafe(task.cancel), lambda: loop.call_soon_threadsafe(room.release)))
        async with contextlib.aclosing(work()) as source:
            async for item in source:
                await room.acquire()
                items.put((item,))

    def run() -> None:
        try:
            asyncio.run(pump())
            items.put(None)
        except asyncio.CancelledError:
            items.put(None)
        except BaseException as error:
            items.put(error)

    thread = threading.Thread(target=copy_context().run, args=(run,), name="longthought-job", daemon=True)
    thread.start()
    cancel, make_room = begun.get()

    def stop() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            cancel()
        thread.join()

    atexit.register(stop)  # for a program that ends while it still holds the generator
    try:
        while (item := items.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item[0]
            with contextlib.suppress(RuntimeError):  # the loop is closed already
                make_room()
    finally:
        stop()
        atexit.unregister(stop)


def awaited(work: Awaitable[T]) -> T:
    """Return the result of async work, or raise its error; the work is cancelled if the caller is interrupted."""

    async def once() -> AsyncGenerator[T]:
        yield await work

    with contextlib.closing(in_thread(once)) as results:
        return next(results)
