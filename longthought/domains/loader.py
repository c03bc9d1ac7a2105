"""Problems from data sets, read one at a time, in our own layout or in another.

A row of our own layout is `{"id", "statement", "domain"?, "context"?, "reference"?}`, and is read strictly; with an
`answer` in the place of the `reference`, its other fields are left alone. HumanEval, MBPP, GSM8K, MATH and questions
with short answers are recognised by their fields; other layouts need the names of their fields. A data set may be
larger than memory, so only the ids are kept. A message about a row names its place, the expected value and the value
found.
"""

import itertools
import json
import logging
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from types import NoneType
from typing import Any, Final, TypeVar, cast

from pydantic import ValidationError

from longthought.domains.catalogue import BUNDLED, address, domain_of, expect_known, named
from longthought.domains.domain import Domain
from longthought.domains.grade import expect_gradable, reference_of
from longthought.errors import ConfigError, ProblemError
from longthought.files import disk_full
from longthought.problems.condition import Condition
from longthought.problems.fields import (
    MISSING,
    QUALIFIES,
    Fields,
    absent,
    fields_of,
    not_a_number,
    own,
    recognised,
    text,
    value,
)
from longthought.problems.json_rows import Document, Lines
from longthought.problems.problem import AnswerReference, Problem, Task
from longthought.problems.row import Row, names, show
from longthought.problems.sources import Source, source_of
from longthought.record import Record
from longthought.request import expect

_OWN: Final = {*Problem.model_fields, "reference"}
_EXAMPLES: Final = 6
"""Number of values of a field that a message shows if no row meets the conditions."""
M = TypeVar("M", bound=Record)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DataSet:
    """The problems of a source; can be iterated any number of times and passed between processes."""

    source: Source
    fields: Fields | None = None
    """The fields that hold a problem; None to recognise the layout of each row."""
    where: tuple[Condition, ...] = ()
    limit: int | None = None
    besides: frozenset[str] = frozenset()
    """Fields that rows may hold besides a problem."""
    domain: str | None = None
    """The domain of rows that don't name one."""

    def __iter__(self) -> Iterator[Task]:
        """Read problem by problem; at the end, say once for a source where an answer and its solution differ.

        Raises:
            ProblemError: at the row that can't be read.

        """
        differing: list[int] = []
        for number, task, overruled in itertools.islice(self._tasks(), self.limit and min(self.limit, sys.maxsize)):
            if overruled is not None and _differs(task, overruled):
                differing.append(number)
            yield task
        if differing:
            _say_differing(self.source.place(differing[0]), len(differing))

    def count(self) -> int | None:
        """Return the number of problems; None if counting is expensive, as it always is under a condition."""
        if self.where or (rows := self.source.count()) is None:
            return None
        return rows if self.limit is None else min(rows, self.limit)

    def _tasks(self) -> Iterator[tuple[int, Task, str | None]]:
        """Yield the number and the task of a row, and the answer of its solution where another one counts."""
        seen: dict[str, int] = {}
        row_filter, number, has_problems = _RowFilter(self.where), 0, False
        for number, row in self.source.rows():
            try:
                if not row_filter.accepts(row):
                    continue
                default_id = f"{self.source.name}-{number}"
                row = {
                    name: None if not_a_number(held) else held for name, held in row.items() if name not in self.besides
                }
                sparse = not isinstance(self.source, Lines | Document)
                task, overruled = _task(row, self.fields, default_id, self.domain, sparse=sparse)
                if (first := seen.get(task.problem.id)) is not None:
                    raise ProblemError(
                        f'"id": expected one not used before, found {show(task.problem.id)} again, as in '
                        f"{self.source.place(first)}; make the ids unique, or name another field with `id_field`"
                    )
            except ProblemError as error:
                raise ProblemError(f"{self.source.place(number)}: {error}") from error
            if task.problem.id != default_id:
                seen[task.problem.id] = number
            has_problems = True
            yield number, task, overruled
        if not number:
            raise ProblemError(f"{self.source.place(1)}: expected a problem, found an empty file")
        if not has_problems:
            raise ProblemError(
                f"{self.source.place(1)}: none of the rows from here to {number:,} {row_filter.verdict()}"
            )


def data_set(
    source: str | Path,
    *,
    preset: str | None = None,
    statement_field: str | None = None,
    answer_field: str | None = None,
    id_field: str | None = None,
    where: str | Sequence[str] = (),
    limit: int | None = None,
    domain: str | Domain | None = None,
) -> DataSet:
    """Open a data set.

    Args:
        source: A file of JSON lines, JSON, CSV or Parquet, which may be packed with gzip, bzip2, xz or zstd; `-` for
            standard input; or `hf:NAME[:SPLIT]` for the `datasets` library, a folder or a name.
        preset: `gsm8k` or `math`: the fields of that data set.
        statement_field: The field that holds the statement; a dot leads into a field of a field.
        answer_field: The field that holds the answer, alone or at the end of a solution.
        id_field: The field that holds the id (default: `id`, or the source's name with the row's number).
        where: Conditions on the row's fields, such as `level=5`; all of them must hold.
        limit: Maximum number of problems.
        domain: The domain of rows that don't name one: an object, a name, or `module:NAME`.

    Raises:
        ConfigError: if an option is invalid.
        ProblemError: if the file or the domain does not exist.

    """
    expect("a file or hf:NAME[:SPLIT]", str, Path, source=source)
    expect("a text", str, NoneType, preset=preset, statement_field=statement_field, answer_field=answer_field)
    expect("a text", str, NoneType, id_field=id_field)
    expect("a whole number", int, NoneType, limit=limit)
    written = [where] if isinstance(where, str) else where
    expect("a condition or a list of them, such as level=5", list, tuple, where=written)
    for condition in written:
        expect("a condition, such as level=5", str, where=condition)
    if limit is not None and limit < 1:
        raise ConfigError(f"`limit` must be at least 1, got {limit}")
    conditions = tuple(map(Condition.read, written))
    fields = fields_of(preset=preset, statement=statement_field, answer=answer_field, id=id_field)
    return DataSet(source_of(source), fields, conditions, limit, domain=address(domain))


def load(source: str | Path, **options: Any) -> Iterator[Task]:
    """Yield problems one by one; the options are those of `data_set`.

    >>> from pathlib import Path
    >>> row = '{"id": "sum", "statement": "What is 2 + 3?", "reference": {"answer": "5"}}'
    >>> _ = Path("sums.jsonl").write_text(row)
    >>> [task.problem.id for task in lt.load("sums.jsonl")]
    ['sum']

    The reference of a `countdown` problem is `{"numbers": [...], "target": n}`, of a `code` problem `{"tests": "..."}`
    or `{"cases": [{"input": "...", "output": "..."}]}`, of a `lean` problem `{"statement": "theorem ..."}`, of a
    problem whose domain is `module:NAME` the fields of that domain's `reference`, and of any other `{"answer": "..."}`.
    Rows of HumanEval, MBPP, GSM8K and MATH are read as they are.

    Raises:
        ConfigError: at once if an option is invalid.
        ProblemError: at once if the file does not exist; later at a row that can't be read.

    """
    return iter(data_set(source, **options))


def write(tasks: Iterable[Task], path: str | Path) -> int:
    """Write tasks in the layout that `load` reads; return their number.

    Raises:
        ProblemError: if the file can't be written.

    """
    count = 0
    try:
        with Path(path).open("w", encoding="utf-8", newline="\n") as file:
            for task in tasks:
                fields = task.problem.model_dump(mode="json", exclude=None if task.problem.context else {"context"})
                if task.reference is not None:
                    fields["reference"] = task.reference.model_dump(mode="json")
                file.write(json.dumps(fields, ensure_ascii=False) + "\n")
                count += 1
    except OSError as error:
        remedy = "make room, or choose another file" if disk_full(error) else "choose another file"
        raise ProblemError(f"{path}: can't be written ({error.strerror}); {remedy}") from error
    return count


@dataclass(slots=True)
class _RowFilter:
    """The conditions on rows, and examples of the values of their fields."""

    where: tuple[Condition, ...]
    seen: dict[str, dict[str, None]] = field(default_factory=dict[str, dict[str, None]])

    def accepts(self, row: Row) -> bool:
        """Say whether all conditions hold; the first row must have their fields."""
        for condition in self.where:
            first = condition.field not in self.seen
            values = self.seen.setdefault(condition.field, {})
            held = value(row, condition.field)
            if held is MISSING and first:
                raise ProblemError(f'`where` {condition}: no field "{condition.field}"; the fields are {names(row)}')
            if held is not MISSING and len(values) <= _EXAMPLES:
                values[show(held)] = None
        return all(condition.holds(row) for condition in self.where)

    def verdict(self) -> str:
        """Return the end of a message: the conditions that no row meets, and what the fields hold instead."""
        wanted = " and ".join(map(str, self.where))
        held = "; ".join(
            f"{name} holds {', '.join(list(values)[:_EXAMPLES])}{', …' if len(values) > _EXAMPLES else ''}"
            for name, values in self.seen.items()
        )
        return f"has {wanted}: {held}; choose another `where`"


def _task(
    row: Row, fields: Fields | None, default_id: str, domain: str | None, *, sparse: bool
) -> tuple[Task, str | None]:
    """Read a row; return its task, and the answer of its solution where another one counts instead.

    In a `sparse` row, as in tables, a field without a value counts as missing.
    """
    record, layout = _record(row, fields, default_id, domain, sparse=sparse)
    reference = record.pop("reference", None)
    if domain is not None:
        record.setdefault("domain", domain)
    problem = _valid(Problem, record, also=("reference",))
    expect_known(problem.domain)
    if not _holds(reference):
        return Task(problem=problem, reference=reference_of(problem, None)), None
    expect_gradable(problem)
    told = domain_of(problem)
    if layout and told in BUNDLED.values() and told.reference is not AnswerReference:
        return Task(problem=problem, reference=reference_of(problem, reference["answer"])), None
    known = BUNDLED.get(problem.domain) or told
    task = Task(problem=problem, reference=_valid(known.reference, reference, where="reference"))
    return task, layout.overruled(row) if layout else None


def _record(
    row: Row, fields: Fields | None, default_id: str, domain: str | None, *, sparse: bool
) -> tuple[dict[str, Any], Fields | None]:
    """Return the problem line of a row, and the fields that it was read from; None for our own and a domain's."""
    if fields is None:
        if (line := _line(row, domain)) is not None:
            return line, None
        fields = own(row)
        if fields is None and ("statement" in row or set(row) <= _OWN):
            line = _present(row) if sparse else dict(row)
            if isinstance(number := line.get("id"), int | float | Decimal) and not isinstance(number, bool):
                line["id"] = text(number, "id")
            return line, None
        fields = fields or recognised(row)
    if fields is None:
        raise ProblemError(
            f"no field here is known for a problem; the fields are {names(row)}: name one with `statement_field`, "
            "and the answer's with `answer_field`"
        )
    if left_out := [name for name in row if name in QUALIFIES - {*fields.kept} and not absent(row[name])]:
        _say_left_out(left_out[0])
    return fields.record(row, default_id), fields


def _holds(reference: object) -> bool:
    """Say whether a reference holds anything; one without a value for its answer does not."""
    answer = cast(Row, reference).get("answer", reference) if isinstance(reference, dict) else reference
    return not absent(answer)


def _differs(task: Task, overruled: str) -> bool:
    """Say whether the domain doesn't count two answers of a row as one."""
    if not isinstance(task.reference, AnswerReference):
        return False
    return not domain_of(task.problem).same_answer(task.problem, task.reference.answer, overruled)


@lru_cache
def _say_left_out(name: str) -> None:
    """Warn that what belongs to a question isn't shown; cached, so that it is said once."""
    log.warning('rows have "%s", which the agents won\'t see: write it into the statement first', name)


@lru_cache
def _say_differing(first: str, count: int) -> None:
    """Warn that solutions end in other answers than their rows give; cached, so that it is said once for a file."""
    rows = "1 row has" if count == 1 else f"{count:,} rows have"
    log.warning(
        "%s: %s an answer that isn't that of the solution in the row; the answer's own field counts", first, rows
    )


def _line(row: Row, domain: str | None) -> dict[str, Any] | None:
    """Return the problem line of a row that a domain recognises; the chosen domain is asked first."""
    for known in ((named(domain),) if domain else ()) + tuple(BUNDLED.values()):
        if (line := known.problem_line(row)) is not None:
            return line
    return None


def _present(row: Row) -> dict[str, Any]:
    return {
        name: _present(cast(Row, held)) if isinstance(held, dict) else held
        for name, held in row.items()
        if held is not None
    }


def _valid(kind: type[M], fields: object, *, where: str = "", also: tuple[str, ...] = ()) -> M:
    """Build a record without converting types; raise ProblemError about the first invalid field."""
    try:
        return kind.model_validate_json(json.dumps(fields, default=str), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in (where, *first["loc"]) if part != "")
        keys = ", ".join((*kind.model_fields, *also))
        match first["type"]:
            case "missing":
                detail = f'"{name}": expected among the keys {keys}, found none'
            case "extra_forbidden":
                detail = f"expected only the keys {keys}, found {show(name)}"
            case "json_invalid":  # only half of a surrogate pair passes `json` and fails here
                detail = "expected valid Unicode text, found half of a surrogate pair"
            case _:
                expected = first["msg"].removeprefix("Input should be ")
                detail = f'"{name}": expected {expected[:1].lower()}{expected[1:]}, found {show(first["input"])}'
        raise ProblemError(detail) from error
