"""The log as JSON lines on standard error: one object a record, with the debate, problem and model as fields."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final

from longthought.telemetry.fields import FIELDS

_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
"""The attributes that every record has; any other was given with it."""


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON; for a handler of your own, or for `log_json_lines`.

    The fields are `time`, `level`, `logger` and `message`; `trajectory`, `problem` and `model` where they are known;
    `error`, the class of an error, and its `traceback`; and what else was given with the record.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(), "logger": record.name, "message": record.getMessage(),
            **FIELDS.get(),
        }  # fmt: skip
        if record.exc_info and record.exc_info[0] is not None:
            line |= {"error": record.exc_info[0].__name__, "traceback": self.formatException(record.exc_info)}
        line |= {name: value for name, value in vars(record).items() if name not in _OWN}
        return json.dumps(line, default=str, ensure_ascii=False)


class _Errors(logging.StreamHandler[Any]):
    """Writes to what standard error is at the time, as a live display or a test replaces it."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        self.stream = sys.stderr
        super().emit(record)


def log_json_lines() -> None:
    """Write every log record as JSON: those of longthought from INFO on, those of libraries, and Python's warnings."""
    handler = _Errors()
    handler.setFormatter(JsonLines())
    logging.getLogger().addHandler(handler)
    logging.getLogger("longthought").setLevel(logging.INFO)
    logging.captureWarnings(True)
