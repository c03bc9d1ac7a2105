"""A user of the sandbox: root or an ordinary user, under either confinement, in a process of their own."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
NOBODY = 65534
USERS = ("root", "ordinary") if os.getuid() == 0 else ("ordinary",)
"""Tests run as root try both users; tests run as another user try only that one."""
CONFINEMENTS = ("bubblewrap", "landlock")


class Seat:
    """A driver process that runs as one user."""

    def __init__(self, confinement: str, user: str, seconds: float = 3.0) -> None:
        command = [sys.executable, "-B", str(Path(__file__).with_name("driver.py")), confinement, str(seconds)]
        if user == "ordinary" and os.getuid() == 0:
            command = as_nobody(command)
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "SECRET": "hunter2", "OMP_NUM_THREADS": "1"},
        )
        hello = self._answer()
        self.confinement = confinement
        self.uid, self.pid = hello["uid"], hello["pid"]
        assert (self.uid == 0) == (user == "root"), f"this seat runs as {self.uid}"

    def run(self, code: str, **others: Any) -> dict[str, Any]:
        return self._ask(call="run", code=code, **others)

    def judge(self, candidate: str, tests: str, **others: Any) -> dict[str, Any]:
        return self._ask(call="judge", candidate=candidate, tests=tests, **others)

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        assert self._process.wait(60) == 0
        self._process.stdout.close()

    def _ask(self, **request: Any) -> dict[str, Any]:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())


def as_nobody(command: list[str]) -> list[str]:
    """Run a command as a user without rights, who can read the interpreter even if it lies in root's home.

    In a mount namespace of its own, every closed folder on the way is covered by an open one that holds nothing but
    what is needed.
    """
    needed = {Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve(), ROOT}
    closed: dict[Path, set[Path]] = {}
    for path in needed:
        for folder in reversed(path.parents):
            if not folder.stat().st_mode & 0o001:
                closed.setdefault(folder, set()).add(path)
                break
    script = ["set -e", "mount --make-rprivate /"]
    for folder, paths in closed.items():
        stash = "/mnt"
        script += [f"mount -t tmpfs tmpfs {stash}"]
        for number, path in enumerate(paths):
            script += [f"mkdir {stash}/{number}", f"mount --bind {shlex.quote(str(path))} {stash}/{number}"]
        script += [f"mount -t tmpfs -o mode=755 tmpfs {shlex.quote(str(folder))}"]
        for number, path in enumerate(paths):
            script += [f"mkdir -p {shlex.quote(str(path))}", f"mount --bind {stash}/{number} {shlex.quote(str(path))}"]
        script += [f"umount -R {stash}"]
    user = f"exec setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups --inh-caps=-all -- {shlex.join(command)}"
    return ["unshare", "--mount", "sh", "-c", "\n".join([*script, user])]
