"""How Ctrl-C and SIGTERM end a command: with one line on what is kept, and exit code 128 plus the signal's number."""

import signal
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import typer

from longthought.cli.last_line import write_last_line

_SOON: Final = 0.05
"""Seconds after which a signal whose exception was lost is sent again."""


@contextmanager
def stoppable(message: Callable[[], str], *, on_terminate: bool = True) -> Generator[None]:
    """End the command with one line when it is interrupted within the context.

    Contexts inside it are left first, so the message is asked for after workers and displays have stopped. An interrupt
    that comes in the middle of a weak reference's callback, where Python drops exceptions, is sent again.

    Args:
        message: Returns the line to write to standard error.
        on_terminate: Whether SIGTERM interrupts the command as Ctrl-C does.

    Raises:
        typer.Exit: with 130 after Ctrl-C, or 143 after SIGTERM.

    """
    received, before, hook = signal.SIGINT, None, sys.unraisablehook

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal received
        received = signal.Signals(number)
        raise KeyboardInterrupt

    def dropped(what: Any) -> None:
        if what.exc_type is not KeyboardInterrupt:
            hook(what)
        elif (main := threading.main_thread().ident) is not None:
            threading.Timer(_SOON, signal.pthread_kill, (main, received)).start()

    sys.unraisablehook = dropped
    if on_terminate and threading.current_thread() is threading.main_thread():
        before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        write_last_line(message(), 128 + received)
        raise typer.Exit(128 + received) from None
    finally:
        sys.unraisablehook = hook
        if before is not None:
            signal.signal(signal.SIGTERM, before)
