"""Find the Lean to run and the files that it needs; nothing is downloaded, and Elan's proxy is never run.

The caller's choice comes first, then `LONGTHOUGHT_LEAN`, then `lean` on the PATH. Each may be a binary, a toolchain's
folder, or a folder with the WebAssembly build as `.ci/lean-toolchain` lays it out. `lean` on the PATH is usually Elan's
proxy, which may download toolchains, so the real binary is looked up in Elan's folders instead. With
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
HOW_TO_INSTALL: Final = (
    "install Lean with `curl https://elan.lean-lang.org/elan-init.sh -sSf | sh` and"
    f" `elan toolchain install stable`, or set {TOOLCHAIN} to a `lean` binary"
)
_INSIDE: Final = "/home/lean"
"""Where the WebAssembly build is shown in the sandbox; it can read nothing but /home and /tmp."""


class NoLean(Exception):
    """There is no Lean here; the message says where it was looked for and how to get one."""


@dataclass(frozen=True, slots=True)
class Toolchain:
    """How to run one Lean on standard input."""

    command: tuple[str, ...]
    read_only: tuple[Path, ...] = ()
    """Files and folders that it needs at their own paths."""
    elsewhere: Mapping[str, Path] = field(default_factory=dict[str, Path])
    """Files and folders that it needs at other paths: the path in the sandbox, then that on this machine."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    axioms: bool = True
    """Whether it can print the axioms that a theorem rests on."""
    start_seconds: float = 60.0
    """Time limit for its start with all imports, on a busy machine."""
    memory_mb: int = 8_192
    """Memory that it may write to, in MiB, without compiled libraries."""

    @property
    def name(self) -> str:
        """Its path on this machine, for people."""
        return str(next(iter(self.elsewhere.values()), Path(self.command[0])))


def find(named: str | Path | None = None, *, environment: Mapping[str, str] | None = None) -> Toolchain:
    """Find the Lean to run.

    Args:
        named: a binary or a folder, which takes precedence.
        environment: environment variables; by default the process's own.

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
            raise NoLean(f"{given}: no Lean binary and no toolchain's folder; {HOW_TO_INSTALL}")
    else:
        on_path = shutil.which("lean", path=environment.get("PATH", ""))
        if on_path is None:
            raise NoLean(f"there is no `lean` on the PATH; {HOW_TO_INSTALL}")
        binary = Path(on_path)
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
    lake_folders = [lake, *sorted((lake / "packages").glob("*/.lake"))]
    return tuple(p for folder in lake_folders for p in (folder / "build/lib/lean", folder / "build/lib") if p.is_dir())


def _real(binary: Path, environment: Mapping[str, str], project: Path | None) -> Path:
    """Return the binary itself, or the one that Elan's proxy would start without a download."""
    resolved = binary.resolve()
    if (resolved.parent.parent / "lib" / "lean").is_dir():
        return resolved
    home = Path(environment.get("ELAN_HOME") or Path(environment.get("HOME", "~")).expanduser() / ".elan")
    installed = sorted((home / "toolchains").glob("*/bin/lean"), key=lambda path: _version_key(path.parent.parent.name))
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


def _version_key(name: str) -> tuple[bool, list[int]]:
    """Sort toolchains by version, release candidates before their release."""
    return "nightly" not in name and "-rc" not in name, [int(number) for number in re.findall(r"\d+", name)[1:]]
