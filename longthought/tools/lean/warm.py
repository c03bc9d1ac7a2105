"""A warm Lean: lean-interact's REPL, which imports once and then checks file after file.

Starting Lean with Mathlib takes many seconds, a warm check a fraction of one. It needs `lean-interact` and a REPL that
is already built (`LONGTHOUGHT_LEAN_REPL` names its folder; nothing is fetched or built here), and runs it in the same
sandbox as the cold one. Its messages carry no kinds, so a hole is recognised by the axiom that it leaves.

See https://github.com/augustepoiroux/LeanInteract and https://github.com/leanprover-community/repl.
"""

import asyncio
import importlib
import importlib.util
import os
import shlex
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

from longthought.tools.lean import messages
from longthought.tools.lean.messages import UNSOLVED, Message
from longthought.tools.lean.process import Ending, LeanRun, limited
from longthought.tools.lean.toolchain import NoLean, Toolchain
from longthought.tools.sandbox import bubblewrap

REPL: Final = "LONGTHOUGHT_LEAN_REPL"
RUNS: Final = 200
"""Number of files after which a process is replaced, since its memory only grows."""
_BINARY: Final = ".lake/build/bin/repl"
_SEVERITIES: Final = {"info": "information"}


class WarmLean:
    """One REPL, started at the first run and again after any failure."""

    axioms = True

    def __init__(self, toolchain: Toolchain, repl: Path) -> None:
        """Keep the toolchain and `repl`, the folder of a built REPL.

        Raises:
            NoLean: if there is no lean-interact, no REPL in the folder, or no sandbox.

        """
        if importlib.util.find_spec("lean_interact") is None:
            raise NoLean("lean-interact is not installed: `pip install longthought[lean]`")
        if not os.access(repl / _BINARY, os.X_OK):
            raise NoLean(f"{repl} has no {_BINARY}: run `lake build` in it")
        program = shutil.which("bwrap")
        if program is None:
            raise NoLean("there is no bubblewrap to confine Lean: install it (`apt install bubblewrap`)")
        self.start_seconds = toolchain.start_seconds
        self._toolchain, self._repl, self._program = toolchain, repl.absolute(), program
        self._server: Any = None
        self._headers: dict[str, int | None] = {}
        self._runs = 0
        self._lock = threading.Lock()

    async def run(self, source: str, *, seconds: float) -> LeanRun:
        """Run a source text, as `process.run` does."""
        return await asyncio.to_thread(self._run, source, seconds)

    def close(self) -> None:
        """End the process; the next run starts another."""
        if self._server is not None:
            self._server.kill()
        self._server, self._headers, self._runs = None, {}, 0

    def _run(self, source: str, seconds: float) -> LeanRun:
        with self._lock:
            began = time.monotonic()
            ending, output_tail, printed = Ending.DONE, "", list[Message]()
            try:
                printed = self._checked(source, began + seconds)
            except TimeoutError:
                ending = Ending.TIMEOUT
            except (ImportError, OSError, ValueError, AssertionError) as error:  # it died, or sent something else
                ending, output_tail = Ending.CRASHED, str(error)
            if ending is not Ending.DONE or self._runs >= RUNS:
                self.close()
            return LeanRun(printed, ending, output_tail, time.monotonic() - began)

    def _checked(self, source: str, deadline: float) -> list[Message]:
        if self._server is None or not self._server.is_alive():  # it dies with the thread that started it
            self.close()
            self._server = self._start()
        lines = source.split("\n")
        count = sum(line.startswith("import ") for line in lines)
        header = "\n".join([*lines[:count], "set_option autoImplicit false"])
        if header not in self._headers:
            self._headers[header] = self._ask({"cmd": header}, deadline).get("env")
        reply = self._ask({"cmd": "\n" * count + "\n".join(lines[count:]), "env": self._headers[header]}, deadline)
        self._runs += 1
        return [message for fields in reply.get("messages", []) if (message := _message(fields))]

    def _ask(self, request: dict[str, Any], deadline: float) -> dict[str, Any]:
        return cast(dict[str, Any], self._server.run_dict(request, timeout=max(0.1, deadline - time.monotonic())))

    def _start(self) -> Any:
        """Start the REPL through lean-interact, with a confining script in place of `lake env`."""
        interact: Any = importlib.import_module("lean_interact")  # an extra, and slow to import
        command = bubblewrap.arguments(
            limited(self._toolchain, str(self._repl / _BINARY)),
            read_only=(*self._toolchain.read_only, self._repl),
            environment=self._toolchain.environment,
            processes=True,
            program=self._program,
        )
        with tempfile.TemporaryDirectory() as folder:
            confined = Path(folder) / "lake"
            confined.write_text(f"#!/bin/sh\nexec {shlex.join(command)}\n", encoding="utf-8")
            confined.chmod(0o700)
            config: Any = interact.LeanREPLConfig(local_repl_path=self._repl, build_repl=False, lake_path=confined)
            server: Any = interact.LeanServer(config)
            server.run_dict({"cmd": ""}, timeout=self.start_seconds)  # it has read the script once it answers
            return server


def find(toolchain: Toolchain, *, environment: Mapping[str, str] | None = None) -> WarmLean | None:
    """Return a warm Lean if one is set up with `LONGTHOUGHT_LEAN_REPL`, else None.

    Raises:
        NoLean: if it is set up but can't be used.

    """
    named = (os.environ if environment is None else environment).get(REPL)
    return WarmLean(toolchain, Path(named).expanduser()) if named else None


def _message(fields: dict[str, Any]) -> Message | None:
    """Read a message of the REPL, which has other names of severities, and no kinds."""
    kind = UNSOLVED if str(fields.get("data", "")).startswith("unsolved goals") else "[anonymous]"
    severity = fields.get("severity")
    return messages.from_fields({**fields, "kind": kind, "severity": _SEVERITIES.get(str(severity), severity)})
