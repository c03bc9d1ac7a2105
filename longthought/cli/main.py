"""`longthought`: the entry point. A user's mistake or Ctrl-C ends in one line, without a traceback.

The commands are imported inside `main`, so that this holds during their import too.
"""

import os
import sys

from longthought.cli.last_line import write_last_line
from longthought.errors import LongthoughtError
from longthought.files import disk_full
from longthought.telemetry.setup import set_up


def main() -> None:
    """Run the command line."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    sys.path.append(os.getcwd())  # so that a domain given as module:NAME is found in the working folder
    try:
        code = _run()
    except KeyboardInterrupt:
        code = _fail("stopped", 130)
    sys.exit(code)


def _run() -> int | None:
    """Run the command, and return its exit code."""
    import typer

    from longthought.cli.app import app
    from longthought.cli.render.loading import show_loading

    try:
        set_up()
        show_loading()
        return app(standalone_mode=False)
    except typer.TyperException as error:  # an unknown command, a missing option, a value of the wrong type
        reason = error.format_message().rstrip(".")
        return _fail(f"{reason}; see --help", error.exit_code) if reason else error.exit_code  # else help was shown
    except LongthoughtError as error:
        from longthought.cli.flags import with_flags

        return _fail(with_flags(str(error), sys.argv[1:]), error.exit_code)
    except OSError as error:
        if reason := disk_full(error):
            return _fail(f"the disk is full ({reason}); make room, then run the same command again", 1)
        if error.filename is None:  # no file is to blame
            raise
        return _fail(f"{os.fsdecode(error.filename)}: {error.strerror}; check the path and its permissions", 2)


def _fail(message: str, code: int) -> int:
    """Write the last line, and return the exit code."""
    write_last_line(message, code)
    return code
