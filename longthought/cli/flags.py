"""Turns field names in messages into flags, because only the command line knows how an option is written.

`samples` must be at least 1, got 0        →  --samples must be at least 1, got 0
take `graph=sampling`                      →  take --graph sampling
`patience` must be at least 1, got 0       →  --set patience must be at least 1, got 0
"""

import re
from collections.abc import Sequence
from typing import Any, Final

_FIELD: Final = re.compile(r"`([a-z][a-z0-9_]*)(?:=([^`]*))?`")


def with_flags(message: str, words: Sequence[str]) -> str:
    """Replace fields in backticks by the flags of the command that was run; other words in backticks stay.

    Args:
        message: An error's message.
        words: The words of the command line after `longthought`.

    """
    from typer.main import get_command

    from longthought.cli.app import app

    command: Any = get_command(app)
    for word in words:
        if word not in getattr(command, "commands", {}):
            break
        command = command.commands[word]
    parameters = {parameter.name: parameter for parameter in command.params}

    def flag(field: re.Match[str]) -> str:
        name, value = field.groups()
        parameter = parameters.get(name)
        if parameter is None:
            given = "" if value is None else f"={value}"
            return f"--set {name}{given}" if _has_set(parameters) and _is_setting(name) else field[0]
        if parameter.param_type_name == "argument":
            return name.upper() if value is None else value
        if getattr(parameter, "is_flag", False):
            return next(iter(parameter.secondary_opts if value == "False" else parameter.opts), field[0])
        return parameter.opts[0] if value is None else f"{parameter.opts[0]} {value}"

    return _FIELD.sub(flag, message)


def _has_set(parameters: dict[str, Any]) -> bool:
    return any("--set" in parameter.opts for parameter in parameters.values())


def _is_setting(name: str) -> bool:
    """Return whether any graph has a setting of that name."""
    from dataclasses import fields

    from longthought.graphs.catalogue import GRAPHS

    return any(name == field.name for machine in GRAPHS.values() for field in fields(machine.context))
