"""The examples in docstrings of exported names run, and print what they say."""

import ast
import doctest
import inspect
import re
from pathlib import Path

import pytest

import longthought as lt

SHOWN = {"solve", "generate", "policy", "critic", "Model", "Problem", "Run", "load", "Task"}
"""Names whose docstring has to show an example."""
PACKAGE = Path(lt.__file__).parent


def _captions(text: str) -> list[str]:
    return re.findall(r"^([a-z_]+)/?  *\S", text.partition("\n\n")[2], re.MULTILINE)


@pytest.mark.parametrize("name", [name for name in lt.__all__ if not name.startswith("__")])
def test_examples_in_a_docstring_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = doctest.DocTestFinder(recurse=False).find(getattr(lt, name), name, globs={"lt": lt}, module=False)
    examples = [test for test in found if test.examples]
    assert examples or name not in SHOWN, f"lt.{name} shows no example"
    for test in examples:
        failed = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test)
        assert failed.failed == 0, f"lt.{name}"


def test_help_lists_every_setting_with_its_default() -> None:
    text = inspect.getdoc(lt.solve) or ""
    assert "    rounds = 32 " in text
    assert "    rounds = 10000 " in text
    assert "    choose = 'majority' " in text
    assert "    strategy = 'mcts' " in text
    assert text.count("veto = True") == 1
    assert "Settings of decompose beside those of debate:\n    questions = 8 " in text


ROOMS = {path.parent: ast.get_docstring(ast.parse(path.read_text())) or "" for path in PACKAGE.rglob("__init__.py")}
"""The docstring of each folder of the package; most say what each of its files is for."""


@pytest.mark.parametrize(
    "room", [room for room, text in ROOMS.items() if len(_captions(text)) > 2], ids=lambda room: room.name
)
def test_a_room_that_captions_its_files_captions_all_of_them(room: Path) -> None:
    files = {file.stem for file in room.glob("*.py")} | {folder.parent.name for folder in room.glob("*/__init__.py")}
    assert files - {"__init__"} <= set(_captions(ROOMS[room]))
