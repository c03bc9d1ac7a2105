"""Run a program's text in this process; tracebacks are printed without the machine's paths."""

import linecache
import os
import sys
import traceback
from io import BufferedReader, BufferedWriter, FileIO, TextIOWrapper
from typing import Any, Final

from longthought.tools.sandbox import ending

NAME: Final = "<code>"
"""The file name in tracebacks."""
_MAX_TRACEBACK: Final = 4000
"""Number of characters kept of a traceback, half from each end."""


def run(code: str, cells: list[str]) -> int:
    """Run earlier cells without output, then the code, in one namespace; return an exit code."""
    scope: dict[str, Any] = {"__name__": "__main__", "__builtins__": __builtins__}
    if cells:
        kept = os.dup(1), os.dup(2)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        _standard_streams()
        for cell in cells:
            _execute(cell, scope)
        _flush()
        os.dup2(kept[0], 1)
        os.dup2(kept[1], 2)
        for descriptor in (null, *kept):
            os.close(descriptor)
    _standard_streams()
    end = _execute(code, scope)
    return end if _flush() else ending.RAISED


def _execute(code: str, scope: dict[str, Any]) -> int:
    try:
        linecache.cache[NAME] = (len(code), None, code.splitlines(keepends=True), NAME)
        exec(compile(code, NAME, "exec"), scope)
    except SystemExit as end:
        if end.code in (None, 0):
            return ending.DONE
        if not isinstance(end.code, int):
            _complain(f"{end.code}\n")
        return ending.RAISED
    except MemoryError:
        _complain("MemoryError: the run asked for more memory than it may have\n")
        return ending.MEMORY
    except BaseException as error:  # any exception comes from the code
        _complain(readable_traceback(error))
        return ending.RAISED
    return ending.DONE


def readable_traceback(error: BaseException) -> str:
    """Return a traceback that begins in the code, with relative paths of libraries."""
    try:
        here = error.__traceback__
        while here is not None and here.tb_frame.f_code.co_filename != NAME:
            here = here.tb_next
        text = "".join(traceback.format_exception(type(error), error, here))
    except Exception:  # the exception's own text raises
        return f"{type(error).__name__}\n"
    for folder in sorted(filter(None, sys.path), key=len, reverse=True):
        text = text.replace(f"{folder}/", "")
    if len(text) > _MAX_TRACEBACK:
        text = f"{text[: _MAX_TRACEBACK // 2]}\n[…]\n{text[-_MAX_TRACEBACK // 2 :]}"
    return text


def _complain(text: str) -> None:
    os.write(2, text.encode(errors="backslashreplace"))


def _standard_streams() -> None:
    """Open the three streams afresh: those of the zygote are shared by all its children."""
    sys.stdin = TextIOWrapper(BufferedReader(FileIO(0, closefd=False)), "utf-8", "replace")
    sys.stdout = TextIOWrapper(BufferedWriter(FileIO(1, "w", closefd=False)), "utf-8", "backslashreplace")
    sys.stderr = TextIOWrapper(
        BufferedWriter(FileIO(2, "w", closefd=False)), "utf-8", "backslashreplace", line_buffering=True
    )


def _flush() -> bool:
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:  # closed, or replaced by something that can't be flushed
        return False
    return True
