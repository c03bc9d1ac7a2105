"""How Ctrl-C and SIGTERM end a command: with one line on what is kept, and exit code 128 plus the signal's number."""

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

import typer

from longthought.cli.last_line import write_last_line


@contextmanager
def stoppable(message: Callable[[], str], *, on_terminate: bool = True) -> Generator[None]:
    """End the command with one line when it is interrupted within the context.

    Contexts inside it are left first, so the message is asked for after workers and displays have stopped.

    Args:
        message: Returns the line to write to standard error.
        on_terminate: Whether SIGTERM interrupts the command as Ctrl-C does.

    Raises:
        typer.Exit: with 130 after Ctrl-C, or 143 after SIGTERM.

    """
    received, before = signal.SIGINT, None

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal received
        received = signal.Signals(number)
        raise KeyboardInterrupt

    if on_terminate and threading.current_thread() is threading.main_thread():
        before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        write_last_line(message(), 128 + received)
        raise typer.Exit(128 + received) from None
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)
