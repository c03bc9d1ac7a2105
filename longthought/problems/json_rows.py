"""Rows in JSON: one object a line, or a document that holds them all in one list.

Lines are streamed. A document (a list, an object that holds the list under one name, or objects that take several lines
each) is read whole. What a file holds is read from its beginning, not from its name.
"""

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

from longthought.errors import ProblemError
from longthought.problems import stored
from longthought.problems.row import Row, show
from longthought.problems.stored import FileRows, StoredFile

MAX_DOCUMENT: Final = 2**30
"""Longest document read, in characters."""
_LISTS: Final = frozenset({
    "data", "dataset", "problems", "questions", "tasks", "examples", "instances", "items", "rows", "records", "samples",
    "solutions", "train", "valid", "validation", "val", "dev", "test", "eval",
})  # fmt: skip
"""Names under which an object holds the list of rows."""
_ROW: Final = frozenset({"statement", "problem", "question", "prompt", "input", "text"})
"""Fields whose text shows that an object is a row itself."""
_OPENS_LIST: Final = re.compile(r'\s*\{\s*"[^"]*"\s*:\s*\[\s*\{')
_SPACE: Final = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Lines(FileRows):
    """A file of JSON lines."""

    def place(self, number: int) -> str:
        """Name the file and the line."""
        return f"{self.file.label}:{number}"

    def count(self) -> int | None:
        """Count the lines that aren't blank."""
        return sum(1 for _, line in self.file.lines() if not line.isspace())

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Read a line at a time; blank ones are skipped."""
        for number, line in self.file.lines():
            if line.isspace():
                continue
            try:
                found: object = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise ProblemError(
                    f"{self.place(number)}: expected one JSON object, found {show(line.encode())} ({error})".replace(
                        "\n", " "
                    )
                ) from error
            yield number, _object(found, self.place(number))


@dataclass(frozen=True, slots=True)
class Document(FileRows):
    """A file of JSON whose rows are not one a line."""

    def count(self) -> int | None:
        """Read the file and count its rows."""
        return len(self._found())

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Read the file whole and yield its rows."""
        for number, found in enumerate(self._found(), start=1):
            yield number, _object(found, self.place(number))

    def _found(self) -> list[object]:
        label = self.file.label
        with self.file.text() as stream:
            text = stream.read(MAX_DOCUMENT + 1)
        if len(text) > MAX_DOCUMENT:
            raise ProblemError(
                f"{label}: expected at most {MAX_DOCUMENT:,} characters of one JSON document, found more; write one "
                "object a line, as `jq -c '.[]'` does, which is read line by line"
            )
        self.file.expect_utf8(text)
        values = list(self._values(text))
        only = values[0] if len(values) == 1 else None
        if isinstance(only, list):
            return cast("list[object]", only)
        held = list_in(cast("dict[str, Any]", only), label) if isinstance(only, dict) else None
        return values if held is None else held

    def _values(self, text: str) -> Iterator[object]:
        """Yield the JSON values that stand one after another in a text."""
        decoder, at = json.JSONDecoder(), _past_space(text, 0)
        while at < len(text):
            try:
                found, end = decoder.raw_decode(text, at)
            except (ValueError, RecursionError) as error:
                wrong = error.pos if isinstance(error, json.JSONDecodeError) else at
                place = f"{self.file.label}:{text.count(chr(10), 0, wrong) + 1}"
                quoted = show(text[wrong : wrong + 100].encode()) or "the end of the file"
                raise ProblemError(f"{place}: expected JSON, found {quoted} ({error})".replace("\n", " ")) from error
            yield found
            at = _past_space(text, end)


def is_document(file: StoredFile, first: str) -> bool:
    """Say whether a file whose first line that isn't blank is `first` holds a JSON document rather than JSON lines.

    Raises:
        ProblemError: if the file can't be read, or holds several lists.

    """
    if first.lstrip().startswith("["):
        return True
    if len(first) > stored.MAX_LINE:
        return bool(_OPENS_LIST.match(first))
    try:
        found: object = json.loads(first)
    except (ValueError, RecursionError):
        return first.rstrip().endswith(("{", "[", ",", ":"))
    if not isinstance(found, dict) or list_in(cast("dict[str, Any]", found), file.label) is None:
        return False
    filled = (number for number, line in file.lines() if not line.isspace())
    return next(itertools.islice(filled, 1, None), None) is None


def list_in(found: dict[str, Any], label: str) -> list[object] | None:
    """Return the list of rows that an object holds; None if the object is a row itself.

    Raises:
        ProblemError: if it holds several.

    """
    if any(isinstance(found.get(name), str) for name in _ROW):
        return None
    lists = {
        name: cast("list[object]", held)
        for name, held in found.items()
        if (name in _LISTS or len(found) == 1)
        and isinstance(held, list)
        and all(isinstance(row, dict) for row in cast("list[object]", held))
    }
    if len(lists) > 1:
        raise ProblemError(
            f"{label}: holds several lists of rows ({', '.join(lists)}); write one to a file of its own, for example "
            f"with `jq -c '.{next(iter(lists))}[]'`"
        )
    return next(iter(lists.values()), None)


def _object(found: object, place: str) -> Row:
    if not isinstance(found, dict):
        raise ProblemError(f"{place}: expected one JSON object, found {show(found)}")
    return cast(Row, found)


def _past_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
