"""Run commands in this process while no file may grow beyond a size, as on a disk that fills.

It reads a list of [size or null, words of a command] as JSON from standard input, and writes a list of
[exit code, standard error] to standard output.
"""

import json
import resource
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

from longthought.cli.main import main


def run(size: int | None, words: list[str]) -> tuple[int, str]:
    """Run one command; a write beyond the size then fails with EFBIG, since Python ignores SIGXFSZ."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    said, sys.argv = StringIO(), ["longthought", *words]
    resource.setrlimit(resource.RLIMIT_FSIZE, (most if size is None else size, most))
    code = None
    try:
        with redirect_stderr(said), redirect_stdout(StringIO()):
            main()
    except SystemExit as end:
        code = end.code
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    return int(code or 0), said.getvalue()


if __name__ == "__main__":
    json.dump([run(size, words) for size, words in json.load(sys.stdin)], sys.stdout)
