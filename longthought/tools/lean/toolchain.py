"""Which Lean runs here, and what of the machine it has to see. Nothing is downloaded, and Elan's proxy is never run.

In this order: what the caller names, `LONGTHOUGHT_LEAN`, `lean` on the PATH. Each may be a binary, a toolchain's
folder, or a folder with the WebAssembly build as `.ci/lean-toolchain` lays it out. `lean` on the PATH is mostly Elan's
proxy, which fetches toolchains when it likes; the real binary is looked up in Elan's folders instead. With
`LONGTHOUGHT_LEAN_PROJECT`, the built libraries of a Lake project, such as Mathlib, can be imported.
"""

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

TOOLCHAIN: Final = "LONGTHOUGHT_LEAN"
PROJECT: Final = "LONGTHOUGHT_LEAN_PROJECT"
HOW: Final = (
    "install Lean with `curl https://elan.lean-lang.org/elan-init.sh -sSf | sh` and"
    f" `elan toolchain install stable`, or set {TOOLCHAIN} to a `lean` binary"
)
_INSIDE: Final = "/home/lean"
"""Where the WebAssembly build stands in the sandbox; it sees nothing but /home and /tmp."""


class NoLean(Exception):
    """There is no Lean here; the message says what was looked at and how to get one."""


@dataclass(frozen=True, slots=True)
class Toolchain:
    """How to run one Lean on standard input."""

    command: tuple[str, ...]
    read_only: tuple[Path, ...] = ()
    """What it must see, at the same place."""
    elsewhere: Mapping[str, Path] = field(default_factory=dict[str, Path])
    """What it must see at another place: there, and where it is here."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    axioms: bool = True
    """Whether it can print the axioms a theorem rests on."""
    start_seconds: float = 60.0
    """Time to allow for starting, imports included; on a busy machine."""
    memory_mb: int = 8_192
    """What it may write to, compiled libraries not counted."""

    @property
    def name(self) -> str:
        """Say which one it is, for people."""
        return str(next(iter(self.elsewhere.values()), Path(self.command[0])))


def find(named: str | Path | None = None, *, environment: Mapping[str, str] | None = None) -> Toolchain:
    """Find a Lean.

    Args:
        named: a binary or a folder, looked at before everything else.
        environment: in place of the process's own.

    Raises:
        NoLean: if there is none.

    """
    environment = os.environ if environment is None else environment
    project = Path(environment[PROJECT]) if environment.get(PROJECT) else None
    if given := named or environment.get(TOOLCHAIN):
        path = Path(given).expanduser().absolute()
        if (path / "lean.js").is_file():
            return _wasm(path)
        binary = path / "bin" / "lean" if path.is_dir() else path
        if not os.access(binary, os.X_OK) or binary.is_dir():
            raise NoLean(f"{given}: no Lean binary and no toolchain's folder; {HOW}")
    else:
        found = shutil.which("lean", path=environment.get("PATH", ""))
        if found is None:
            raise NoLean(f"there is no `lean` on the PATH; {HOW}")
        binary = Path(found)
    return _native(_real(binary, environment, project), project)


def _native(binary: Path, project: Path | None) -> Toolchain:
    libraries = _libraries(project) if project else ()
    variables = {"LEAN_PATH": ":".join(map(str, libraries))} if libraries else {}
    root = binary.parent.parent
    return Toolchain((str(binary),), read_only=(root, *libraries), environment=variables)


def _wasm(folder: Path) -> Toolchain:
    return Toolchain(
        (f"{_INSIDE}/node", "--liftoff-only", "--require", f"{_INSIDE}/quick.cjs", f"{_INSIDE}/lean.js"),
        elsewhere={_INSIDE: folder.resolve()},
        environment={"LEAN_PATH": f"{_INSIDE}/library"},
        axioms=False,  # its modules are marked as exported, where `#print axioms` refuses to work
        start_seconds=180.0,
        memory_mb=12_288,  # 3 GB in truth; the rest is what Node sets aside for its threads
    )


def _libraries(project: Path) -> tuple[Path, ...]:
    """Return the folders of compiled modules that Lake made, the project's own and those of its dependencies."""
    lake = project.expanduser().absolute() / ".lake"
    places = [lake, *sorted((lake / "packages").glob("*/.lake"))]
    return tuple(p for place in places for p in (place / "build/lib/lean", place / "build/lib") if p.is_dir())


def _real(binary: Path, environment: Mapping[str, str], project: Path | None) -> Path:
    """Return the binary itself, or the one that Elan's proxy would start if it downloaded nothing."""
    resolved = binary.resolve()
    if (resolved.parent.parent / "lib" / "lean").is_dir():
        return resolved
    home = Path(environment.get("ELAN_HOME") or Path(environment.get("HOME", "~")).expanduser() / ".elan")
    installed = sorted((home / "toolchains").glob("*/bin/lean"), key=lambda path: _age(path.parent.parent.name))
    wanted = _wanted(environment, home, project)
    for candidate in installed:
        if wanted and candidate.parent.parent.name == wanted:
            return candidate.resolve()
    if not installed:
        raise NoLean(f"{binary} is Elan's proxy, and no toolchain is installed: run `elan toolchain install stable`")
    if project and wanted:
        raise NoLean(
            f"{project} needs the toolchain {wanted}: run `elan toolchain install $(cat lean-toolchain)` in it"
        )
    return installed[-1].resolve()


def _wanted(environment: Mapping[str, str], home: Path, project: Path | None) -> str | None:
    """Return the folder name of the toolchain that a project, a variable or Elan's settings name."""
    written = environment.get("ELAN_TOOLCHAIN", "")
    if project and (project / "lean-toolchain").is_file():
        written = (project / "lean-toolchain").read_text(encoding="utf-8")
    elif not written and (home / "settings.toml").is_file():
        match = re.search(
            r'^default_toolchain\s*=\s*"([^"]*)"', (home / "settings.toml").read_text("utf-8"), re.MULTILINE
        )
        written = match[1] if match else ""
    return written.strip().replace("/", "--").replace(":", "---") or None


def _age(name: str) -> tuple[bool, list[int]]:
    """Sort toolchains by version, release candidates before their release."""
    return "nightly" not in name and "-rc" not in name, [int(number) for number in re.findall(r"\d+", name)[1:]]
