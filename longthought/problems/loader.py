"""Problems as JSON lines: one `{"id", "statement", "domain"?, "context"?, "reference"?}` a line, read one at a time.

A data set may be larger than memory, so nothing is kept but the ids seen. Every mistake is reported with file and line,
what was expected and what was found.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from pydantic import ValidationError

from longthought.errors import ProblemError
from longthought.problems import code
from longthought.problems.problem import (
    AnswerReference,
    CodeReference,
    CountdownReference,
    LeanReference,
    Problem,
    Record,
    Task,
)
from longthought.problems.puzzle import Puzzle

MAX_LINE: Final = 16 * 2**20
"""Longest line read, in bytes."""
_REFERENCES: Final[dict[str, type[AnswerReference | CountdownReference | CodeReference | LeanReference]]] = {
    "countdown": CountdownReference,
    code.DOMAIN: CodeReference,
    "lean": LeanReference,
}
_SHOWN: Final = 60
M = TypeVar("M", bound=Record)


def load(path: str | Path) -> Iterator[Task]:
    """Read problems one by one; blank lines are skipped.

    The reference of a `countdown` problem is `{"numbers": [...], "target": n}`, of a `code` problem `{"tests": "..."}`
    or `{"cases": [{"input": "...", "output": "..."}]}`, of a `lean` problem `{"statement": "theorem ..."}`, and of any
    other `{"answer": "..."}`. Lines of HumanEval and MBPP are read as they are.

    Raises:
        ProblemError: at once if there is no such file, else at the line that can't be read.

    """
    path = Path(path)
    if path.is_dir():
        raise ProblemError(f"{path}: expected a file of problems, found a folder; name the JSONL file in it")
    if not path.exists():
        raise ProblemError(f"{path}: no such file; give a JSONL file with one problem a line")
    return _tasks(path)


def write(tasks: Iterable[Task], path: str | Path) -> int:
    """Write tasks as `load` reads them; return how many.

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
        raise ProblemError(f"{path}: can't be written ({error.strerror}); choose another file") from error
    return count


def countdown_task(puzzle: Puzzle) -> Task:
    """Return a puzzle as a problem in words with its reference."""
    return Task(
        problem=Problem(id=puzzle.id, statement=puzzle.statement, domain="countdown"),
        reference=CountdownReference(numbers=puzzle.numbers, target=puzzle.target),
    )


def _tasks(path: Path) -> Iterator[Task]:
    seen: set[str] = set()
    for number, line in _lines(path):
        try:
            task = _task(line)
        except ProblemError as error:
            raise ProblemError(f"{path}:{number}: {error}") from error
        if task.problem.id in seen:
            raise ProblemError(
                f'{path}:{number}: "id": expected one not used before, found {_show(task.problem.id)} again'
            )
        seen.add(task.problem.id)
        yield task
    if not seen:
        raise ProblemError(f"{path}:1: expected a problem, found an empty file")


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(MAX_LINE + 1):
                number += 1
                if len(line) > MAX_LINE:
                    raise ProblemError(f"{path}:{number}: expected at most {MAX_LINE:,} bytes a line, found more")
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                if line.strip():
                    yield number, line
    except OSError as error:
        raise ProblemError(f"{path}: can't be read ({error.strerror}); check the path and its permissions") from error


def _task(line: bytes) -> Task:
    try:
        fields: object = json.loads(line.decode())
    except UnicodeDecodeError as error:
        found = f"byte 0x{line[error.start]:02x} at column {error.start + 1}"
        raise ProblemError(f"expected UTF-8 text, found {found}") from error
    except (ValueError, RecursionError) as error:
        raise ProblemError(f"expected one JSON object, found {_show(line)} ({error})".replace("\n", " ")) from error
    if not isinstance(fields, dict):
        raise ProblemError(f"expected one JSON object, found {_show(fields)}")
    fields = cast(dict[str, Any], fields)
    fields = code.from_data_set(fields) or fields
    reference = fields.pop("reference", None)
    problem = _valid(Problem, fields, also=("reference",))
    if reference is None:
        return Task(problem=problem)
    kind = _REFERENCES.get(problem.domain, AnswerReference)
    return Task(problem=problem, reference=_valid(kind, reference, where="reference"))


def _valid(kind: type[M], fields: object, *, where: str = "", also: tuple[str, ...] = ()) -> M:
    """Build a record without converting types; report the first thing wrong with it."""
    try:
        return kind.model_validate_json(json.dumps(fields), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in (where, *first["loc"]) if part != "")
        keys = ", ".join((*kind.model_fields, *also))
        match first["type"]:
            case "missing":
                detail = f'"{name}": expected among the keys {keys}, found none'
            case "extra_forbidden":
                detail = f"expected only the keys {keys}, found {_show(name)}"
            case "json_invalid":  # all that `json` reads and pydantic refuses
                detail = "expected valid Unicode text, found half of a surrogate pair"
            case _:
                expected = first["msg"].removeprefix("Input should be ")
                detail = f'"{name}": expected {expected[:1].lower()}{expected[1:]}, found {_show(first["input"])}'
        raise ProblemError(detail) from error


def _show(value: object) -> str:
    text = value.decode(errors="replace").strip() if isinstance(value, bytes) else json.dumps(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
