"""One line on standard error for a model that takes more than a moment to load, if a person watches."""

import logging
import sys
import threading
from typing import Final

from longthought.agents.in_process.quiet import LOG
from longthought.telemetry.setup import logs_json

MOMENT: Final = 1.0
"""Seconds that pass before the line is written."""


class LoadingLine(logging.Handler):
    """Writes the log's `loading NAME` once it is a moment old and nothing has followed it."""

    def __init__(self, after: float = MOMENT) -> None:
        """Take the seconds to wait."""
        super().__init__(logging.INFO)
        self._after = after
        self.waiting: threading.Timer | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Start to wait, or stop."""
        if self.waiting:
            self.waiting.cancel()
            self.waiting = None
        if record.getMessage().startswith("loading "):
            self.waiting = threading.Timer(self._after, self._write, [record.getMessage()])
            self.waiting.daemon = True
            self.waiting.start()

    def _write(self, line: str) -> None:
        sys.stderr.write(f"{line} …\n")  # looked up now: a live display takes it over to write above itself
        sys.stderr.flush()


def show_loading() -> None:
    """Write the line for every model that is loaded from now on, if standard error is a terminal."""
    if sys.stderr.isatty() and not logs_json():
        LOG.setLevel(logging.INFO)
        LOG.addHandler(LoadingLine())
