"""The last line of a command that fails or is stopped: plain, or a record where the log is JSON lines."""

import logging
import os
import sys

from longthought.telemetry.setup import LOG_FORMAT


def write_last_line(message: str, code: int) -> None:
    """Write why the command ends to standard error, on one line.

    Args:
        message: The reason; its lines are joined.
        code: The exit code.

    """
    first, *rest = (" ".join(line.split()).rstrip(";") for line in message.splitlines() if line.strip())
    line = f"{first}{': ' if rest else ''}{'; '.join(rest)}"
    if os.environ.get(LOG_FORMAT) == "json":
        logging.getLogger("longthought").error(line, extra={"exit_code": code})
    else:
        sys.stderr.write(f"longthought: {line}\n")
