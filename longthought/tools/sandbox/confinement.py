"""Find the confinement that works on this machine and how a zygote starts in it; if none works, nothing runs.

bubblewrap is the first choice: the code sees none of the machine's files. Landlock with a system call filter is
the second, for machines that forbid user namespaces: the files are there but can't be opened (their names, sizes and
dates can be looked up), and there is no scratch directory, so nothing can be written.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal

from longthought.tools.sandbox import bubblewrap, landlock, seccomp

ConfinementName = Literal["bubblewrap", "landlock"]

MODULES: Final = ("sympy", "numpy", "numpy.random", "mpmath")
"""Modules that a zygote imports, if they are installed."""
SCRATCH_MB: Final = 64

_ENVIRONMENT: Final = {
    "PYTHONHASHSEED": "0",
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
_HERE: Final = Path(__file__).parent
_LIBRARY: Final = "/library"
"""Where bubblewrap shows installed modules; their own paths might collide with the scratch directory."""
_START: Final = """
import sys, types
package = ""
for part in "longthought.tools.sandbox".split("."):
    package = f"{package}.{part}" if package else part
    sys.modules[package] = types.ModuleType(package)
    sys.modules[package].__path__ = []
sys.modules[package].__path__ = [sys.argv[1]]
from longthought.tools.sandbox.zygote import main
main()
"""
"""Starts the zygote with this folder alone, without the rest of the package and its imports."""


class Unavailable(Exception):
    """A confinement doesn't work here; the message says why and how to fix it."""


@dataclass(frozen=True, slots=True)
class Confinement:
    """A confinement that works here."""

    kind: ConfinementName
    command: tuple[str, ...]
    """The command that starts a zygote, which communicates over standard input."""
    environment: Mapping[str, str]
    config: Mapping[str, Any]
    """The first message to the zygote."""


@dataclass(frozen=True, slots=True)
class Probe:
    """The result of a check of this machine."""

    kind: ConfinementName | None
    """The confinement that is used; None if there is none."""
    found: str
    fix: str = ""
    """A command or other advice, if something should be fixed."""


def confinement(wanted: str = "auto") -> Confinement:
    """Return the wanted confinement, or the first that works.

    Args:
        wanted: `auto`, `bubblewrap` or `landlock`.

    Raises:
        Unavailable: if it doesn't work here.

    """
    makers: dict[str, Callable[[], Confinement]] = {"bubblewrap": _bubblewrap, "landlock": _landlock}
    if wanted != "auto":
        return makers[wanted]()
    reasons: list[str] = []
    for name, make in makers.items():
        try:
            return make()
        except Unavailable as error:
            reasons.append(f"{name}: {error}")
    raise Unavailable("; ".join(reasons))


def probe() -> Probe:
    """Find out which confinement works here, for `doctor`."""
    try:
        return Probe("bubblewrap", f"bubblewrap at {_bubblewrap().command[0]}")
    except Unavailable as error:
        reason = str(error)
    try:
        _landlock()
    except Unavailable as error:
        reasons = f"bubblewrap: {reason}; landlock: {error}"
        return Probe(None, reasons, "apt install bubblewrap, or a kernel with Landlock (5.13 or later)")
    found = f"Landlock, without a scratch directory, for bubblewrap doesn't work: {reason}"
    return Probe("landlock", found, "apt install bubblewrap")


def _bubblewrap() -> Confinement:
    _require_filter()
    program = shutil.which("bwrap")
    if program is None:
        raise Unavailable("bwrap is not installed; apt install bubblewrap")
    folders = {f"{_LIBRARY}/{number}": folder for number, folder in enumerate(_module_folders())}
    command = bubblewrap.arguments(
        [*_python(), _START, f"{_LIBRARY}/here"],
        read_only=_interpreter_folders(),
        elsewhere={**folders, f"{_LIBRARY}/here": _HERE},
        scratch_mb=SCRATCH_MB,
        environment=_ENVIRONMENT,
        program=program,
    )
    objection = _complaint(tuple(command[: command.index("--")]), tuple(_python()))
    if objection:
        raise Unavailable(
            f"bwrap says {objection!r}; user namespaces may be forbidden: sysctl -w user.max_user_namespaces=10000, "
            "and on Ubuntu sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
        )
    return Confinement("bubblewrap", tuple(command), {}, _config(list(folders), landlocked=False))


def _landlock() -> Confinement:
    _require_filter()
    if landlock.version() == 0:
        raise Unavailable(
            "this kernel has no Landlock, or it is switched off; boot with lsm=landlock,… (5.13 or later)"
        )
    command = (*_python(), _START, str(_HERE))
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/", **_ENVIRONMENT}
    return Confinement("landlock", command, environment, _config(list(map(str, _module_folders())), landlocked=True))


def _require_filter() -> None:
    machine = os.uname().machine
    if sys.platform != "linux" or machine not in seccomp.AUDIT:
        raise Unavailable(
            f"there is no system call filter for {sys.platform} on {machine}; use Linux on x86-64 or aarch64"
        )


@lru_cache(maxsize=8)
def _complaint(prefix: Sequence[str], python: Sequence[str]) -> str:
    """Run an empty program confined; return the complaint, or an empty text if it works."""
    try:
        done = subprocess.run(
            [*prefix, "--", *python, "pass"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else (done.stderr.strip()[-300:] or f"exit code {done.returncode}")


def _python() -> list[str]:
    """Return the command of the interpreter itself, not of a virtual environment; without site, without bytecode."""
    base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    return [str(base), "-s", "-P", "-S", "-B", "-c"]


def _module_folders() -> list[Path]:
    """Return the folders in which the modules of a zygote are installed."""
    specs = [find_spec(name) for name in MODULES if "." not in name]
    return list(dict.fromkeys(Path(spec.origin).parent.parent for spec in specs if spec and spec.origin))


def _interpreter_folders() -> list[Path]:
    """Return the folders in which the interpreter is installed."""
    return [Path(sys.base_prefix).resolve(), Path(sys.base_prefix)]


def _config(folders: list[str], *, landlocked: bool) -> dict[str, Any]:
    system = ["/usr", "/lib", "/lib32", "/lib64", "/dev/urandom", "/dev/zero"]
    return {
        "landlocked": landlocked,
        "folders": folders,
        "modules": [name for name in MODULES if find_spec(name.partition(".")[0])],
        "readable": [*system, *map(str, (*_interpreter_folders(), *_module_folders(), _HERE))],
        "scratch_mb": 0 if landlocked else SCRATCH_MB,
    }
