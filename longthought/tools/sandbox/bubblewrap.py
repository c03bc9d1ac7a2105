"""Build the argument list for bubblewrap: read-only libraries, an empty scratch directory, and nothing else.

There is no /proc, no /etc, no network, no environment, no capability, and no other process. System calls are limited
elsewhere. See `man bwrap`, and https://github.com/containers/bubblewrap.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/urandom")
"""The only devices in the sandbox."""
SCRATCH: Final = "/tmp"
_SYSTEM: Final = ("/bin", "/lib", "/lib32", "/lib64", "/sbin")


def arguments(
    command: Sequence[str],
    *,
    read_only: Sequence[Path] = (),
    elsewhere: Mapping[str, Path] | None = None,
    processes: bool = False,
    scratch_mb: int = 64,
    environment: Mapping[str, str] | None = None,
    program: str = "bwrap",
) -> list[str]:
    """Return the whole command that runs a command confined.

    Args:
        command: what to run; its program must lie under /usr or a `read_only` path.
        read_only: files and directories shown at their own paths, besides /usr; those that don't exist are left out.
        elsewhere: files and directories shown at other paths: the path in the sandbox, then that on this machine.
        processes: whether there is a /proc with the sandbox's own processes, which Node needs.
        scratch_mb: size of /tmp, which is empty at the start and gone at the end, and the working directory.
        environment: all environment variables besides PATH and HOME.
        program: path of bubblewrap.

    """
    argv = [program, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
    argv += ["--hostname", "sandbox", "--unshare-uts"]
    for name, value in {"PATH": "/usr/bin:/bin", "HOME": SCRATCH, **(environment or {})}.items():
        argv += ["--setenv", name, value]
    argv += ["--ro-bind", "/usr", "/usr"]
    for system in map(Path, _SYSTEM):
        if system.is_symlink():
            argv += ["--symlink", str(system.readlink()), str(system)]
        elif system.is_dir():
            argv += ["--ro-bind", str(system), str(system)]
    for device in DEVICES:
        argv += ["--dev-bind", device, device]
    argv += ["--size", str(scratch_mb << 20), "--tmpfs", SCRATCH]
    for path in sorted(set(read_only)):  # after /tmp, which may be above them
        if path.exists() and not path.is_relative_to("/usr"):
            argv += ["--ro-bind", str(path), str(path)]
    for shown_at, path in (elsewhere or {}).items():
        argv += ["--ro-bind", str(path), shown_at]
    if processes:
        argv += ["--proc", "/proc"]
    return [*argv, "--remount-ro", "/", "--chdir", SCRATCH, "--", *command]
