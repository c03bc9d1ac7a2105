"""Which confinement works on this machine, and how a zygote is started in it. If none works, nothing runs.

bubblewrap is the first choice: the code sees a world without the machine's files. Landlock with a system call filter is
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
"""What a zygote has imported, where it is installed."""
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
"""Where bubblewrap shows installed modules: at their own place they might stand in the way of the scratch directory."""
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
"""Gives the zygote this folder alone: neither the rest of the package nor what that imports."""


class Unavailable(Exception):
    """A confinement that doesn't work here; the message says why, and what would mend it."""


@dataclass(frozen=True, slots=True)
class Confinement:
    """One that works."""

    kind: ConfinementName
    command: tuple[str, ...]
    """Starts a zygote, which talks over standard input."""
    environment: Mapping[str, str]
    config: Mapping[str, Any]
    """What the zygote is told first."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What a look at the machine found."""

    kind: ConfinementName | None
    """The confinement that is used; None if there is none."""
    found: str
    fix: str = ""
    """A command, or an advice, where something is to be mended."""


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
    """Look which confinement works here, for `doctor`."""
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
    _filtered()
    program = shutil.which("bwrap")
    if program is None:
        raise Unavailable("bwrap is not installed; apt install bubblewrap")
    shown = {f"{_LIBRARY}/{number}": folder for number, folder in enumerate(_folders())}
    command = bubblewrap.arguments(
        [*_python(), _START, f"{_LIBRARY}/here"],
        read_only=_base(),
        elsewhere={**shown, f"{_LIBRARY}/here": _HERE},
        scratch_mb=SCRATCH_MB,
        environment=_ENVIRONMENT,
        program=program,
    )
    objection = _tried(tuple(command[: command.index("--")]), tuple(_python()))
    if objection:
        raise Unavailable(
            f"bwrap says {objection!r}; user namespaces may be forbidden: sysctl -w user.max_user_namespaces=10000, "
            "and on Ubuntu sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
        )
    return Confinement("bubblewrap", tuple(command), {}, _config(list(shown), landlocked=False))


def _landlock() -> Confinement:
    _filtered()
    if landlock.version() == 0:
        raise Unavailable(
            "this kernel has no Landlock, or it is switched off; boot with lsm=landlock,… (5.13 or later)"
        )
    command = (*_python(), _START, str(_HERE))
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/", **_ENVIRONMENT}
    return Confinement("landlock", command, environment, _config(list(map(str, _folders())), landlocked=True))


def _filtered() -> None:
    machine = os.uname().machine
    if sys.platform != "linux" or machine not in seccomp.AUDIT:
        raise Unavailable(
            f"there is no system call filter for {sys.platform} on {machine}; use Linux on x86-64 or aarch64"
        )


@lru_cache(maxsize=8)
def _tried(prefix: Sequence[str], python: Sequence[str]) -> str:
    """Run an empty program confined; return what was said against it."""
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
    """Name the interpreter itself, not a virtual environment's link to it; without site, without writing bytecode."""
    base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    return [str(base), "-s", "-P", "-S", "-B", "-c"]


def _folders() -> list[Path]:
    """Where the modules that a zygote imports are installed."""
    specs = [find_spec(name) for name in MODULES if "." not in name]
    return list(dict.fromkeys(Path(spec.origin).parent.parent for spec in specs if spec and spec.origin))


def _base() -> list[Path]:
    """Where the interpreter is installed."""
    return [Path(sys.base_prefix).resolve(), Path(sys.base_prefix)]


def _config(folders: list[str], *, landlocked: bool) -> dict[str, Any]:
    system = ["/usr", "/lib", "/lib32", "/lib64", "/dev/urandom", "/dev/zero"]
    return {
        "landlocked": landlocked,
        "folders": folders,
        "modules": [name for name in MODULES if find_spec(name.partition(".")[0])],
        "readable": [*system, *map(str, (*_base(), *_folders(), _HERE))],
        "scratch_mb": 0 if landlocked else SCRATCH_MB,
    }
