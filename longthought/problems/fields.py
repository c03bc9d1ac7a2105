r"""Which fields of a row are the problem: the options that say so, and the layouts that are known by their looks.

GSM8K writes `question` and an `answer` that ends in `#### 72`; MATH writes `problem` and a `solution` with the answer
in `\boxed{}`. Their solutions are dropped after the answer has been taken out of them. Rows are not checked here for
anything but these fields.

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
r"""`$\boxed 7$`, which MATH has here and there."""


@dataclass(frozen=True, slots=True)
class Fields:
    """Where a row keeps its problem; a dot leads into a field of a field."""

    statement: str
    answer: str | None = None
    """Holds the answer, alone or as the last word of a solution."""
    id: str | None = None
    marks: tuple[str, ...] = ()
    """What an answer of this layout stands behind; one without any of them is an error."""
    ids: tuple[str, ...] = ("id",)
    """Fields that are taken for the id where they are there and none is named."""

    def record(self, row: Row, made: str) -> dict[str, Any]:
        """Turn a row into a problem line; `made` is the id of a row that has none.

        Raises:
            ProblemError: if a field isn't there, or holds something else.

        """
        statement = text(wanted(row, self.statement, "statement_field"), self.statement)
        if not statement.strip():
            raise ProblemError(f'"{self.statement}": expected a problem in words, found {show(statement)}')
        record: dict[str, Any] = {"id": self._id(row) or made, "statement": statement.strip()}
        if self.answer is not None:
            given = wanted(row, self.answer, "answer_field")
            if given is not None:
                record["reference"] = {"answer": self._answer(text(given, self.answer))}
        return record

    def _id(self, row: Row) -> str:
        if self.id is not None:
            return text(wanted(row, self.id, "id_field"), self.id)
        found = [row[name] for name in self.ids if row.get(name) not in (None, "")]
        return text(found[0], "id") if found else ""

    def _answer(self, given: str) -> str:
        explicit = final_answer(given, last_line=False) or _unbraced(given)
        if not (answer := explicit or ("" if self.marks else given.strip())):
            behind = f" behind {' or '.join(self.marks)}" if self.marks else ""
            raise ProblemError(f'"{self.answer}": expected an answer{behind}, found {show(given)}')
        return answer

    def marked(self, given: str) -> bool:
        """Say whether a text holds one of the marks."""
        return any(mark in given for mark in self.marks)


PRESETS: Final[Mapping[str, Fields]] = {
    "gsm8k": Fields("question", "answer", marks=("####",)),
    "math": Fields("problem", "solution", marks=("\\boxed", "\\fbox"), ids=("id", "unique_id")),
}
"""Layouts of well-known data sets, and of all that are written like them."""


def fields_of(
    *, preset: str | None = None, statement: str | None = None, answer: str | None = None, id: str | None = None
) -> Fields | None:
    """Put the options together; None if nothing was said, so that each row is known by its looks.

    Raises:
        ConfigError: if there is no such preset, or nothing says where the statement is.

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
    marks = () if answer else base.marks
    return Fields(statement or base.statement, answer or base.answer, id, marks, base.ids)


def recognised(row: Row) -> Fields | None:
    """Return the layout that a row is written in; None if it is no known one."""
    for fields in PRESETS.values():
        given = row.get(fields.answer or "")
        if isinstance(row.get(fields.statement), str) and isinstance(given, str) and fields.marked(given):
            return fields
    return None


def value(row: Row, name: str) -> Any:
    """Look up a field, or a field of a field (`extra.answer`); MISSING if it isn't there."""
    if name in row:
        return row[name]
    head, dot, rest = name.partition(".")
    inner = row.get(head) if dot else None
    return value(cast(Row, inner), rest) if isinstance(inner, Mapping) else MISSING


def wanted(row: Row, name: str, option: str) -> Any:
    """Look up a field that must be there."""
    found = value(row, name)
    if found is MISSING:
        raise ProblemError(f'no field "{name}" here; the fields are {names(row)}: name one of them with `{option}`')
    return found


def _unbraced(given: str) -> str:
    found = _UNBRACED.findall(given)
    return str(found[-1]) if found else ""


def names(row: Row) -> str:
    """List a row's fields."""
    return ", ".join(map(str, row)) or "none"


def text(given: object, name: str) -> str:
    """Read a field as text: words, a number, or a list of just one of them."""
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
