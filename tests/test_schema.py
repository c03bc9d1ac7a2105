import json
from collections.abc import Callable
from pathlib import Path

import pytest

from longthought.agents.scorer import Scorer
from longthought.errors import ConfigError, ModelError, ProblemError, RunFolderError, UserError
from longthought.schema import expect_readable, version_in
from longthought.training.data.folder import DataFolder
from longthought.training.record import TrainingRecord


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


@pytest.mark.parametrize(
    ("name", "fields", "read", "error"),
    [
        ("meta.json", {"format": "policy", "dialect": "prose", "role": "policy"}, DataFolder.open, ProblemError),
        ("training.json", {"settings": {}}, lambda path: TrainingRecord.open(path, {}), ConfigError),
        ("scorer.json", {"dialect": "prose", "threshold": 0.5}, lambda path: Scorer(str(path)), ModelError),
    ],
)
def test_a_folder_of_a_newer_longthought_is_refused_in_one_sentence(
    name: str, fields: dict[str, object], read: Callable[[Path], object], error: type[UserError], tmp_path: Path
) -> None:
    (tmp_path / name).write_text(json.dumps({**fields, "schema_version": 9}))
    with pytest.raises(error, match=rf"^\S+{name} holds .* of schema 9, and this longthought reads up to \d: upgrade"):
        read(tmp_path)
