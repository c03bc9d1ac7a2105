r"""Worked solutions: problems with written solutions, shown as examples before a problem.

A row of the file is `{"statement": "What is 2 + 3?", "solution": "2 + 3 = 5. So it is \\boxed{5}."}`.
This module does not know to which agent an example is shown.
"""

from functools import lru_cache
from pathlib import Path

from pydantic import Field, ValidationError

from longthought.errors import ProblemError
from longthought.problems.sources import source_of
from longthought.record import Record


class Worked(Record):
    """One problem and its solution, in words."""

    statement: str = Field(min_length=1)
    solution: str = Field(min_length=1)


def examples_for(path: Path, statement: str) -> tuple[Worked, ...]:
    """Return the worked solutions of a file, without that of the problem itself.

    Raises:
        ProblemError: if the file can't be read or holds none.

    """
    own = statement.split()
    return tuple(example for example in load_worked(path) if example.statement.split() != own)


@lru_cache(maxsize=8)
def load_worked(path: Path) -> tuple[Worked, ...]:
    """Read a file of worked solutions; the result is cached.

    Raises:
        ProblemError: if the file can't be read or holds none; the message names the line.

    """
    source, examples = source_of(path), list[Worked]()
    for number, row in source.rows():
        try:
            examples.append(Worked.model_validate(row))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            at = ".".join(map(str, first["loc"])) or "the row"
            raise ProblemError(
                f'{source.place(number)}: {at}: {first["msg"].lower()}; write {{"statement": …, "solution": …}}'
            ) from None
    if not examples:
        raise ProblemError(f"{path}: holds no worked solutions; write one JSON object a line, or a row of a table")
    return tuple(examples)
