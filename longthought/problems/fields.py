r"""The fields of a row that hold a problem: named by options, or known from the layout of the row.

GSM8K writes `question` and an `answer` that ends in `#### 72`; MATH writes `problem` and a `solution` with the answer
in `\boxed{}`. Only the answer of a solution is kept. This module checks no fields but these.

Cobbe et al., "Training Verifiers to Solve Math Word Problems", 2021; Hendrycks et al., "Measuring Mathematical Problem
Solving With the MATH Dataset", 2021.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final, cast

from longthought.errors import ConfigError, ProblemError
from longthought.problems.final_answer import MAX_LINE, final_answer
from longthought.problems.row import Row, names, show

MISSING: Final = object()
ANSWERS: Final = (
    "final_answer", "expected_answer", "ground_truth", "gold_answer", "correct_answer", "reference_answer",
    "answer", "gold", "target",
)  # fmt: skip
"""Usual names of a field that holds an answer alone, the plainest first."""
QUALIFIES: Final = frozenset({"choices", "options", "context", "passage", "image", "images"})
"""Fields without which a question that has them can't be answered."""
_NOTHING: Final = frozenset({"", "nan", "<na>"})
"""Texts that tables hold where there is no value."""
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
    explicit: tuple[str, ...] = ()
    """Fields that may hold the answer alone, which counts before that of `answer`; the first with a value counts."""
    kept: tuple[str, ...] = ()
    """Fields of a problem line that are taken as they are."""

    def record(self, row: Row, default_id: str) -> dict[str, Any]:
        """Turn a row into a problem line, with `default_id` if the row has no id.

        Raises:
            ProblemError: if a field is missing, or holds no text.

        """
        statement = text(required_value(row, self.statement, "statement_field"), self.statement)
        if not statement.strip():
            raise ProblemError(f'"{self.statement}": expected a problem in words, found {show(statement)}')
        record: dict[str, Any] = {"id": self._id(row) or default_id, "statement": statement.strip()}
        answer = self.explicit_answer(row)
        if answer is None and self.answer is not None:
            given = required_value(row, self.answer, "answer_field")
            answer = None if absent(given) else self._answer(text(given, self.answer))
        record |= {name: row[name] for name in self.kept if not absent(row.get(name))}
        if answer is not None:
            record["reference"] = {"answer": answer}
        return record

    def explicit_field(self, row: Row) -> str | None:
        """Return the field that holds the answer alone; None if the row has none."""
        return next((name for name in self._explicit_fields(row) if not absent(row[name])), None)

    def has_explicit_field(self, row: Row) -> bool:
        """Say whether a row has a field for the answer alone, even if this row's is empty."""
        return bool(self._explicit_fields(row))

    def explicit_answer(self, row: Row) -> str | None:
        """Return the answer that has a field of its own; None without one.

        Raises:
            ProblemError: if the field holds neither text nor a number.

        """
        if (name := self.explicit_field(row)) is None:
            return None
        given = text(row[name], name)
        return _marked(given) or given.strip()

    def overruled(self, row: Row) -> str | None:
        """Return the answer of the row's solution where an explicit answer counts instead; None without both."""
        given = row.get(self.answer) if self.answer else None
        if not isinstance(given, str) or not self.has_marker(given) or self.explicit_field(row) is None:
            return None
        return _marked(given)

    def _explicit_fields(self, row: Row) -> list[str]:
        return [name for name in self.explicit if name in row and name not in (self.statement, self.answer)]

    def _id(self, row: Row) -> str:
        if self.id is not None:
            return text(required_value(row, self.id, "id_field"), self.id)
        ids = [row[name] for name in self.ids if not absent(row.get(name))]
        return text(ids[0], "id") if ids else ""

    def _answer(self, given: str) -> str:
        if not (answer := _marked(given) or ("" if self.answer_markers else given.strip())):
            behind = f" behind {' or '.join(self.answer_markers)}" if self.answer_markers else ""
            raise ProblemError(f'"{self.answer}": expected an answer{behind}, found {show(given)}')
        return answer

    def has_marker(self, given: str) -> bool:
        """Say whether a text holds one of the answer markers."""
        return any(marker in given for marker in self.answer_markers)


_BOXES: Final = ("\\boxed", "\\fbox")

PRESETS: Final[Mapping[str, Fields]] = {
    "gsm8k": Fields("question", "answer", answer_markers=("####",), explicit=ANSWERS),
    "math": Fields("problem", "solution", answer_markers=_BOXES, ids=("id", "unique_id"), explicit=ANSWERS),
}
"""The layouts of well-known data sets, and of others like them."""
OWN: Final = Fields("statement", "solution", answer_markers=_BOXES, explicit=ANSWERS, kept=("domain", "context"))
"""Our own layout with the answer beside the statement, not in a `reference`."""
_SOLVED: Final = Fields("question", "solution", answer_markers=_BOXES, ids=("id", "unique_id"), explicit=ANSWERS)
"""Questions with solutions as in MATH."""
_PLAIN: Final = (Fields("question", explicit=ANSWERS), Fields("problem", explicit=ANSWERS))
"""Questions with short answers and no solutions."""


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
    if answer is not None:
        return Fields(statement or base.statement, answer, id, ids=base.ids)
    return replace(base, statement=statement or base.statement, id=id)


def recognised(row: Row) -> Fields | None:
    """Return the known layout of a row; None if it has none."""
    for fields in (_SOLVED, *PRESETS.values()):
        if isinstance(row.get(fields.statement), str) and _answered(row, fields):
            return fields
    if QUALIFIES & row.keys():
        return None
    return next(
        (fields for fields in _PLAIN if isinstance(row.get(fields.statement), str) and _short(row, fields)), None
    )


def own(row: Row) -> Fields | None:
    """Return our own layout if a row has its answer beside the statement; None for any other row."""
    if row.get("reference") is not None or not isinstance(row.get(OWN.statement), str):
        return None
    solution = row.get(OWN.answer or "")
    if isinstance(solution, str) and OWN.has_marker(solution):
        return OWN
    return replace(OWN, answer=None) if OWN.has_explicit_field(row) else None


def _answered(row: Row, fields: Fields) -> bool:
    """Say whether a row has the solution of a layout, with its answer marked or in a field of its own."""
    given = row.get(fields.answer or "", MISSING)
    if isinstance(given, str) and not absent(given):
        return fields.has_marker(given) or fields.explicit_field(row) is not None
    return absent(given)


def _short(row: Row, fields: Fields) -> bool:
    """Say whether a row has a field for an answer alone, with nothing longer in it."""
    given = row.get(fields.explicit_field(row) or "")
    return fields.has_explicit_field(row) and not (
        isinstance(given, str) and ("\n" in given.strip() or len(given) > MAX_LINE)
    )


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


def absent(held: object) -> bool:
    """Say whether a field's value is none: null, not a number, or a text that tables hold for them."""
    return not_a_number(held) or held is None or (isinstance(held, str) and held.strip().lower() in _NOTHING)


def not_a_number(held: object) -> bool:
    """Say whether a value is NaN, which tables hold in their gaps."""
    return isinstance(held, float | Decimal) and math.isnan(held)


def _marked(given: str) -> str:
    """Return the answer that a text marks as such; empty without one."""
    if found := final_answer(given, last_line=False):
        return found
    answers = _UNBRACED.findall(given)
    return str(answers[-1]) if answers else ""


def text(given: object, name: str) -> str:
    """Return the value of a field as text: a text, a number written out exactly, or a list of exactly one of them."""
    if isinstance(given, str):
        return given
    if isinstance(given, int):
        return str(given)
    if isinstance(given, float | Decimal) and math.isfinite(given):
        return _written_out(Decimal(repr(given)) if isinstance(given, float) else given)
    if (only := _only(given)) is None:
        raise ProblemError(f'"{name}": expected text or a number, found {show(given)}')
    return text(only, name)


def _written_out(number: Decimal) -> str:
    """Write a number without an exponent, and without zeros that only a column's type asks for."""
    written = f"{number or Decimal(0):f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def _only(given: object) -> object | None:
    held = cast("list[object]", given) if isinstance(given, list) else []
    return held[0] if len(held) == 1 else None
