"""The docs: every command in them exists, with its options, and every page is on the site."""

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import typer

from longthought.cli.app import app

ROOT = Path(__file__).parents[1]
SITE = sorted((ROOT / "docs").glob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "README.zh.md", *SITE]


def commands(text: str) -> list[list[str]]:
    """Return the words after `longthought` of every command in a text."""
    blocks = "\n".join(re.findall(r"```\n(.*?)```", text, re.DOTALL)).replace("\\\n", " ").splitlines()
    inline = re.findall(r"`(longthought [a-z][^`]*)`", text)
    lines = [
        line.partition("longthought ")[2] for line in [*blocks, *inline] if re.match(r"(\S+=\S+ )*longthought ", line)
    ]
    return [shlex.split(line.replace("\\|", "|"), comments=True) for line in lines]


def options(command: click.Command) -> set[str]:
    return {name for param in command.params for name in (*param.opts, *param.secondary_opts)} | {"--help"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist_with_their_options(page: Path) -> None:
    root: Any = typer.main.get_command(app)
    for words in commands(page.read_text(encoding="utf-8")):
        if words[0].startswith("-") or words[0] == "COMMAND":
            continue
        command, *rest = root.commands[words[0]], *words[1:]
        if hasattr(command, "commands") and rest and rest[0] != "…":
            command = command.commands[rest.pop(0)]
        named = {word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)}
        assert named <= options(command), f"longthought {' '.join(words)}"


def test_every_page_is_on_the_site() -> None:
    listed = set(re.findall(r"- (\S+\.md)", (ROOT / "mkdocs.yml").read_text(encoding="utf-8")))
    assert {page.name for page in SITE} | {"commands.md"} == listed
