"""The Lean that is found in folders laid out as Elan and Lake do it; none is run."""

from pathlib import Path

import pytest

from longthought.tools.lean.toolchain import NoLean, find


def binary(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\nexit 9\n")
    path.chmod(0o755)
    return path


def installed(home: Path, name: str) -> Path:
    (home / ".elan/toolchains" / name / "lib/lean").mkdir(parents=True)
    return binary(home / ".elan/toolchains" / name / "bin/lean")


def environment(home: Path, **more: str) -> dict[str, str]:
    binary(home / ".elan/bin/lean")
    return {"HOME": str(home), "PATH": str(home / ".elan/bin"), **more}


def test_a_binary_or_its_folder_may_be_named(tmp_path: Path) -> None:
    lean = installed(tmp_path, "x")
    for named in (lean, lean.parent.parent):
        found = find(named, environment={})
        assert found.command == (str(lean),)
        assert found.read_only == (lean.parent.parent,)
        assert found.axioms
    assert find(environment={"LONGTHOUGHT_LEAN": str(lean)}).command == (str(lean),)


@pytest.mark.parametrize("name", ["nothing", "folder"])
def test_what_is_named_and_is_not_there_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(NoLean, match=name):
        find(tmp_path / name, environment={})


def test_without_any_lean_the_way_to_one_is_told() -> None:
    with pytest.raises(NoLean, match="elan toolchain install"):
        find(environment={"PATH": "/nowhere"})


def test_elans_proxy_is_never_run(tmp_path: Path) -> None:
    variables = environment(tmp_path)
    with pytest.raises(NoLean, match="proxy"):
        find(environment=variables)
    old = installed(tmp_path, "leanprover--lean4---v4.9.0")
    new = installed(tmp_path, "leanprover--lean4---v4.28.0")
    installed(tmp_path, "leanprover--lean4---v4.29.0-rc1")
    assert find(environment=variables).command == (str(new),)
    (tmp_path / ".elan/settings.toml").write_text('version = "12"\ndefault_toolchain = "leanprover/lean4:v4.9.0"\n')
    assert find(environment=variables).command == (str(old),)
    assert find(environment={**variables, "ELAN_TOOLCHAIN": "leanprover/lean4:v4.28.0"}).command == (str(new),)


def test_a_project_brings_its_toolchain_and_its_libraries(tmp_path: Path) -> None:
    variables = environment(tmp_path)
    lean = installed(tmp_path, "leanprover--lean4---v4.9.0")
    project = tmp_path / "project"
    libraries = [project / ".lake/build/lib/lean", project / ".lake/packages/mathlib/.lake/build/lib/lean"]
    for library in libraries:
        library.mkdir(parents=True)
    (project / "lean-toolchain").write_text("leanprover/lean4:v4.9.0\n")
    found = find(environment={**variables, "LONGTHOUGHT_LEAN_PROJECT": str(project)})
    assert found.command == (str(lean),)
    assert set(map(str, libraries)) <= set(found.environment["LEAN_PATH"].split(":"))
    assert set(libraries) <= set(found.read_only)
    (project / "lean-toolchain").write_text("leanprover/lean4:v4.30.0\n")
    with pytest.raises(NoLean, match=r"v4\.30\.0"):
        find(environment={**variables, "LONGTHOUGHT_LEAN_PROJECT": str(project)})


def test_the_webassembly_build_is_shown_under_home(tmp_path: Path) -> None:
    (tmp_path / "lean.js").touch()
    found = find(tmp_path, environment={})
    assert found.elsewhere == {"/home/lean": tmp_path.resolve()}
    assert not found.axioms
    assert found.name == str(tmp_path.resolve())
