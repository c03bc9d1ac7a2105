"""`longthought`: how errors reach a person: one clear line, no traceback for a user's mistake or for Ctrl-C.

The commands are imported only within, so that this holds while they are.
"""

import os
import sys

from longthought.errors import LongthoughtError


def main() -> None:
    """Run the command line."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    try:
        code = _run()
    except KeyboardInterrupt:
        code = _say("stopped", 130)
    sys.exit(code)


def _run() -> int | None:
    """Run the command that was given, and return its exit code."""
    import typer

    from longthought.cli.app import app

    try:
        return app(standalone_mode=False)
    except typer.TyperException as error:  # an unknown command, a missing option, a value of the wrong type
        said = error.format_message().rstrip(".")
        return _say(f"{said}; see --help", error.exit_code) if said else error.exit_code  # else help was shown
    except LongthoughtError as error:
        from longthought.cli.flags import with_flags

        return _say(with_flags(str(error), sys.argv[1:]), error.exit_code)


def _say(message: str, code: int) -> int:
    """Write a message on one line, however many it has."""
    first, *rest = (" ".join(line.split()) for line in message.splitlines() if line.strip())
    sys.stderr.write(f"longthought: {first}{': ' if rest else ''}{'; '.join(rest)}\n")
    return code
