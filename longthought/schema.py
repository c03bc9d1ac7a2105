"""The schema version of stored data: how it is found in a line, and how newer data are refused.

Every file keeps its own number; what older data become is for those who read them.
"""

import re
from pathlib import Path
from typing import Final

from longthought.errors import UserError

_FIELD: Final = re.compile(rb',"schema_version":(\d+)')  # inside a string the quotes would be escaped


def version_in(line: bytes) -> int | None:
    """Return the schema version that a line of JSON names behind its first field, without parsing the line."""
    found = _FIELD.search(line)
    return int(found[1]) if found else None


def expect_readable(file: Path, what: str, version: int, newest: int, error: type[UserError]) -> None:
    """Raise if data were written by a newer longthought.

    Args:
        file: Where the data are.
        what: What they are, such as `events`.
        version: Their schema version.
        newest: The newest schema version that can be read.
        error: What to raise.

    Raises:
        UserError: of the class `error`, naming both versions.

    """
    if version > newest:
        raise error(
            f"{file} holds {what} of schema {version}, and this longthought reads up to {newest}: upgrade longthought"
        )
