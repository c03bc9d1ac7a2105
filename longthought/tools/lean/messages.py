"""Read the messages that Lean prints under `--json`: one JSON object a line, among other lines.

Messages are distinguished by severity, kind and position. Their texts are for people, since the quotation marks in them
have changed between versions. Nothing is judged here.

The fields are those of `Lean.SerialMessage` (https://github.com/leanprover/lean4, `src/Lean/Message.lean`).
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, cast

UNSOLVED: Final = "Tactic.unsolvedGoals"
SORRY: Final = "hasSorry"
_GOAL: Final = "⊢"


class Severity(StrEnum):
    """The severity that Lean gives a message."""

    INFORMATION = "information"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Message:
    """One message; lines count from 1 and columns from 0, in characters."""

    severity: Severity
    kind: str
    """Lean's name for the kind of message; `[anonymous]` for most."""
    text: str
    line: int
    column: int
    end_line: int
    end_column: int
    parsing: bool = False
    """Whether it comes from the parser, so that the text behind it may have been misread."""

    @property
    def goals(self) -> tuple[str, ...]:
        """The goals that it lists: hypotheses and conclusion, as Lean prints them."""
        if self.kind != UNSOLVED:
            return ()
        listed = self.text.split("\n", 1)[1] if "\n" in self.text else ""
        return tuple(goal.strip("\n") for goal in listed.split("\n\n") if _GOAL in goal)


def read(output: str) -> list[Message]:
    """Return the messages in the output of a run, in order; other lines are left out."""
    return [message for line in output.split("\n") if line.startswith("{") and (message := _message(line))]


def _message(line: str) -> Message | None:
    try:
        fields: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    return from_fields(cast(dict[str, Any], fields))


def from_fields(fields: dict[str, Any]) -> Message | None:
    """Read one message from its fields; None if they are no message."""
    try:
        start, end = fields["pos"], fields.get("endPos") or fields["pos"]
        return Message(
            severity=Severity(fields["severity"]),
            kind=str(fields.get("kind", "[anonymous]")),
            text=str(fields["data"]),
            line=int(start["line"]),
            column=int(start["column"]),
            end_line=int(end["line"]),
            end_column=int(end["column"]),
            parsing=bool(fields.get("keepFullRange")),  # set for the parser's errors, and for no others
        )
    except (KeyError, TypeError, ValueError):
        return None
