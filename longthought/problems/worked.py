r"""Worked solutions: problems with written solutions, shown as examples before a problem.

A file holds one JSON object a line, `{"statement": "What is 2 + 3?", "solution": "2 + 3 = 5. So it is \\boxed{5}."}`.
This module does not know to which agent an example is shown.
"""

from functools import lru_cache
from pathlib import Path

from pydantic import Field, ValidationError

from longthought.errors import ProblemError
from longthought.record import Record


class Worked(Record):
    """One problem and its solution, in words."""

    statement: str = Field(min_length=1)
    solution: str = Field(min_length=1)


@lru_cache(maxsize=8)
def load_worked(path: Path) -> tuple[Worked, ...]:
    """Read a file of worked solutions; the result is cached.

    Raises:
        ProblemError: if the file can't be read or holds none; the message names the line.

    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ProblemError(f"{path}: can't be read ({error}); name a JSONL file of worked solutions") from None
    examples: list[Worked] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            examples.append(Worked.model_validate_json(line))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            at = ".".join(map(str, first["loc"])) or "the line"
            raise ProblemError(
                f'{path}, line {number}: {at}: {first["msg"].lower()}; write {{"statement": …, "solution": …}}'
            ) from None
    if not examples:
        raise ProblemError(f"{path}: holds no worked solutions; write one JSON object a line")
    return tuple(examples)
