import json
from pathlib import Path

import pytest

from longthought.errors import RunFolderError
from longthought.labels.label import FILE, LabelBook, LabelWriter, Method
from tests.fakes.labels import guess


@pytest.mark.parametrize("head", [rb'"a\q#0"', b'"\xff#0"'])
def test_a_line_that_names_no_debate_is_refused(tmp_path: Path, head: bytes) -> None:
    (tmp_path / FILE).write_bytes(b'{"trajectory":' + head + b',"node":1}\n' + b'{"trajectory":"p#0","node":1}\n')
    with pytest.raises(RunFolderError, match="is not a label"):
        LabelBook(tmp_path)


def test_a_torn_line_is_cut_off_and_what_stands_before_it_stays(tmp_path: Path) -> None:
    with LabelWriter(tmp_path) as writer:
        writer.append([guess(1, Method.EXACT, True)])
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'{"trajectory":"p#0","node":2,"met')
    assert set(LabelBook(tmp_path).of("p#0")) == {1}
    with LabelWriter(tmp_path) as writer:
        writer.append([guess(3, Method.EXACT, False)])
    assert set(LabelBook(tmp_path).of("p#0")) == {1, 3}


def test_labels_of_a_newer_schema_are_refused_before_any_is_used(tmp_path: Path) -> None:
    line = json.loads(guess(1, Method.EXACT, True).model_dump_json()) | {"schema_version": 9, "mood": "glad"}
    (tmp_path / FILE).write_text(json.dumps(line, separators=(",", ":")) + "\n")
    with pytest.raises(RunFolderError, match=r"schema 9.*upgrade"):
        LabelBook(tmp_path)


def test_two_writers_never_share_the_labels(tmp_path: Path) -> None:
    with LabelWriter(tmp_path), pytest.raises(RunFolderError, match="another process"):
        LabelWriter(tmp_path)
