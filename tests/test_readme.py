"""The README: its commands fit each other when they are run in order, and a package index can show it."""

import re
import shlex
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from longthought.cli.app import app
from longthought.domains.loader import load

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def commands(text: str) -> list[list[str]]:
    """Return the words of every `longthought` command in a text, in order."""
    blocks = re.findall(r"```\n(.*?)```", text, re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("longthought ")]


def option(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


def test_no_two_commands_write_to_the_same_place() -> None:
    places = [option(words, "--out") for words in commands(README) if "--out" in words]
    places += re.findall(r'out="([^"]+)"', README)
    assert [place for place, count in Counter(places).items() if count > 1] == []


@pytest.mark.parametrize("page", ["README.md", "docs/ideas.md"])
def test_debates_are_shown_that_were_played(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The problems of `generate` are those that the command before it has written."""
    monkeypatch.chdir(tmp_path)
    read: dict[str, str] = {}
    if page != "README.md":  # it goes on from the README's problems
        CliRunner().invoke(app, ["problems", "countdown", "--out", "problems.jsonl"], catch_exceptions=False)
    shown = 0
    for words in commands((ROOT / page).read_text(encoding="utf-8")):
        match words:
            case ["problems", *_]:
                CliRunner().invoke(app, words, catch_exceptions=False)
            case ["generate", problems, *_]:
                read[option(words, "--out")] = problems
            case ["show" | "tell", run, name, *_] if not name.startswith("-"):
                assert name.partition("#")[0] in [task.problem.id for task in load(read[run])]
                shown += 1
            case _:
                pass
    assert shown


@pytest.mark.parametrize("command", ["show", "tell"])
def test_the_example_in_the_help_shows_a_debate_that_was_played(command: str, tmp_path: Path) -> None:
    file = tmp_path / "problems.jsonl"
    CliRunner().invoke(app, ["problems", "countdown", "--out", str(file)], catch_exceptions=False)
    said = CliRunner().invoke(app, [command, "--help"]).output
    assert re.findall(r"countdown-[\d-]*\d", said) == [next(iter(load(file))).problem.id]


@pytest.mark.parametrize("page", ["README.md", "README.zh.md"])
def test_links_lead_to_files(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_on_a_package_index_every_link_is_absolute() -> None:
    """The substitutions are those that the build applies; `.ci/run` builds the package and looks at the result."""
    text = README
    for each in PROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        text, count = re.subn(each["pattern"], each["replacement"], text)
        assert count
    assert [link for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith("https://")] == []
    assert re.search(r"!\[[^\]]+\]\(https://raw\.[^)]+/main/docs/debate\.svg\)", text)
    home = PROJECT["project"]["urls"]["Homepage"]
    assert f"]({home}/blob/main/docs/training.md)" in text
