from pathlib import Path

import pytest

from longthought.errors import ConfigError, RunFolderError
from longthought.schema import expect_readable, version_in


@pytest.mark.parametrize(
    ("line", "version"),
    [
        (b'{"trajectory":"p#0","node":1,"schema_version":12}', 12),
        (b'{"trajectory":"p#0","node":1}', None),
        (rb'{"trajectory":"p#0","text":"so \",\"schema_version\":9"}', None),
    ],
)
def test_the_version_of_a_line_is_its_own_field_and_no_text_in_it(line: bytes, version: int | None) -> None:
    assert version_in(line) == version


@pytest.mark.parametrize("error", [RunFolderError, ConfigError])
def test_only_newer_data_are_refused(error: type[RunFolderError] | type[ConfigError]) -> None:
    file = Path("labels.jsonl")
    for version in (0, 1, 2):
        expect_readable(file, "labels", version, 2, error)
    with pytest.raises(error, match=r"labels\.jsonl .*schema 3.* 2"):
        expect_readable(file, "labels", 3, 2, error)
