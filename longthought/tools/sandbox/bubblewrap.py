"""The argument list for bubblewrap: a world with read-only libraries, an empty scratch directory, and nothing else.

No /proc, no /etc, no network, no environment, no capability, and no other process. What the confined program may ask of
the kernel is limited elsewhere. See `man bwrap`, and https://github.com/containers/bubblewrap.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/urandom")
"""All of /dev that there is."""
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
        read_only: files and directories shown at their own paths, beside /usr; those that don't exist are left out.
        elsewhere: files and directories shown at another place: there, and where they are here.
        processes: whether there is a /proc, with the sandbox's own processes; Node can't do without.
        scratch_mb: size of /tmp, which is empty at the start and gone at the end, and the working directory.
        environment: all the variables there are, beside PATH and HOME.
        program: where bubblewrap is.

    """
    made = [program, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
    made += ["--hostname", "sandbox", "--unshare-uts"]
    for name, value in {"PATH": "/usr/bin:/bin", "HOME": SCRATCH, **(environment or {})}.items():
        made += ["--setenv", name, value]
    made += ["--ro-bind", "/usr", "/usr"]
    for system in map(Path, _SYSTEM):
        if system.is_symlink():
            made += ["--symlink", str(system.readlink()), str(system)]
        elif system.is_dir():
            made += ["--ro-bind", str(system), str(system)]
    for device in DEVICES:
        made += ["--dev-bind", device, device]
    made += ["--size", str(scratch_mb << 20), "--tmpfs", SCRATCH]
    for path in sorted(set(read_only)):  # after /tmp, which may be above them
        if path.exists() and not path.is_relative_to("/usr"):
            made += ["--ro-bind", str(path), str(path)]
    for place, path in (elsewhere or {}).items():
        made += ["--ro-bind", str(path), place]
    if processes:
        made += ["--proc", "/proc"]
    return [*made, "--remount-ro", "/", "--chdir", SCRATCH, "--", *command]
