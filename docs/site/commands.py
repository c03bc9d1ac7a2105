"""Writes the page of commands while the site is built, from the command line itself."""

from typing import Any

import typer
import typer.cli
from mkdocs.structure.files import File, Files

from longthought.cli.app import app

HEAD = """# Commands

This page is made from the code: it is what `longthought COMMAND --help` says.
"""


def on_files(files: Files, config: Any) -> Files:
    """Add the page."""
    command = typer.main.get_command(app)
    text = typer.cli.get_docs_for_click(obj=command, ctx=typer.Context(command), name="longthought")
    files.append(File.generated(config, "commands.md", content=HEAD + text[text.index("\n## ") :]))
    return files
