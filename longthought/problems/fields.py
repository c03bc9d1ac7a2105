r"""The fields of a row that hold a problem: named by options, or known from the layout of the row.

GSM8K writes `question` and an `answer` that ends in `#### 72`; MATH writes `problem` and a `solution` with the answer
in `\boxed{}`. Only the answer of a solution is kept. This module checks no fields but these.

Cobbe et al., "Training Verifiers to Solve Math Word Problems", 2021; Hendrycks et al., "Measuring Mathematical Problem
Solving With the MATH Dataset", 2021.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from longthought.errors import ConfigError, ProblemError
from longthought.problems.final_answer import final_answer
from longthought.problems.sources import Row, show

MISSING: Final = object()
_UNBRACED: Final = re.compile(r"\\boxed\s+([^${}]+?)\s*\.?\s*(?:\$|$)")
r"""`$\boxed 7$`, which MATH writes in places."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The names of the fields that hold a problem; a dot leads into a field of a field."""

    statement: str
    answer: str | None = None
    """The field that holds the answer, alone or at the end of a solution."""
    id: str | None = None
    answer_markers: tuple[str, ...] = ()
    """Texts that precede an answer in this layout; an answer without any of them is an error."""
    ids: tuple[str, ...] = ("id",)
    """Fields that may hold the id if none is named; the first with a value counts."""

    def record(self, row: Row, default_id: str) -> dict[str, Any]:
        """Turn a row into a problem line, with `default_id` if the row has no id.

        Raises:
            ProblemError: if a field is missing, or holds no text.

        """
        statement = text(required_value(row, self.statement, "statement_field"), self.statement)
        if not statement.strip():
            raise ProblemError(f'"{self.statement}": expected a problem in words, found {show(statement)}')
        record: dict[str, Any] = {"id": self._id(row) or default_id, "statement": statement.strip()}
        if self.answer is not None:
            given = required_value(row, self.answer, "answer_field")
            if given is not None:
                record["reference"] = {"answer": self._answer(text(given, self.answer))}
        return record

    def _id(self, row: Row) -> str:
        if self.id is not None:
            return text(required_value(row, self.id, "id_field"), self.id)
        ids = [row[name] for name in self.ids if row.get(name) not in (None, "")]
        return text(ids[0], "id") if ids else ""

    def _answer(self, given: str) -> str:
        explicit = final_answer(given, last_line=False) or _unbraced(given)
        if not (answer := explicit or ("" if self.answer_markers else given.strip())):
            behind = f" behind {' or '.join(self.answer_markers)}" if self.answer_markers else ""
            raise ProblemError(f'"{self.answer}": expected an answer{behind}, found {show(given)}')
        return answer

    def has_marker(self, given: str) -> bool:
        """Say whether a text holds one of the answer markers."""
        return any(marker in given for marker in self.answer_markers)


PRESETS: Final[Mapping[str, Fields]] = {
    "gsm8k": Fields("question", "answer", answer_markers=("####",)),
    "math": Fields("problem", "solution", answer_markers=("\\boxed", "\\fbox"), ids=("id", "unique_id")),
}
"""The layouts of well-known data sets, and of others like them."""


def fields_of(
    *, preset: str | None = None, statement: str | None = None, answer: str | None = None, id: str | None = None
) -> Fields | None:
    """Combine the options; None without any, so that the layout of each row is recognised.

    Raises:
        ConfigError: if the preset is unknown, or no option names the field of the statement.

    """
    if preset is not None and preset not in PRESETS:
        raise ConfigError(f"`preset` {preset}: there are {', '.join(PRESETS)}")
    base = PRESETS[preset] if preset is not None else None
    if base is None and statement is None:
        if answer is not None or id is not None:
            option = f"`answer_field` {answer}" if answer is not None else f"`id_field` {id}"
            raise ConfigError(f"{option}: say which field holds the problem too, with `statement_field`")
        return None
    base = base or Fields("")
    answer_markers = () if answer else base.answer_markers
    return Fields(statement or base.statement, answer or base.answer, id, answer_markers, base.ids)


def recognised(row: Row) -> Fields | None:
    """Return the known layout of a row; None if it has none."""
    for fields in PRESETS.values():
        given = row.get(fields.answer or "")
        if isinstance(row.get(fields.statement), str) and isinstance(given, str) and fields.has_marker(given):
            return fields
    return None


def value(row: Row, name: str) -> Any:
    """Return the value of a field, or of a field of a field (`extra.answer`); MISSING without one."""
    if name in row:
        return row[name]
    head, dot, rest = name.partition(".")
    inner = row.get(head) if dot else None
    return value(cast(Row, inner), rest) if isinstance(inner, Mapping) else MISSING


def required_value(row: Row, name: str, option: str) -> Any:
    """Return the value of a field; raise ProblemError if the row has no such field."""
    held = value(row, name)
    if held is MISSING:
        raise ProblemError(f'no field "{name}" here; the fields are {names(row)}: name one of them with `{option}`')
    return held


def _unbraced(given: str) -> str:
    answers = _UNBRACED.findall(given)
    return str(answers[-1]) if answers else ""


def names(row: Row) -> str:
    """List a row's fields."""
    return ", ".join(map(str, row)) or "none"


def text(given: object, name: str) -> str:
    """Return the value of a field as text: a text, a number, or a list of exactly one of them."""
    if isinstance(given, str):
        return given
    if isinstance(given, int | float):
        return str(given)
    if (only := _only(given)) is None:
        raise ProblemError(f'"{name}": expected text or a number, found {show(given)}')
    return text(only, name)


def _only(given: object) -> object | None:
    held = cast("list[object]", given) if isinstance(given, list) else []
    return held[0] if len(held) == 1 else None
