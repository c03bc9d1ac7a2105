"""Files of worked solutions, and what is said of those that are none."""

from pathlib import Path

import pytest

from longthought.errors import ProblemError
from longthought.problems.worked import Worked, load_worked


def test_a_file_is_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "shots.jsonl"
    path.write_text('{"statement": "1 + 1?", "solution": "2"}\n\n{"statement": "2 + 2?", "solution": "4"}\n')
    assert load_worked(path) == (
        Worked(statement="1 + 1?", solution="2"),
        Worked(statement="2 + 2?", solution="4"),
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no worked solutions"),
        ('{"statement": "1 + 1?"}', "jsonl:1: solution: field required"),
        ('{"statement": "a", "solution": "b"}\nnot json', "jsonl:2: expected one JSON object"),
        ('{"statement": "", "solution": "b"}', "jsonl:1: statement"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "shots.jsonl"
    path.write_text(text)
    with pytest.raises(ProblemError, match=says):
        load_worked(path)
    with pytest.raises(ProblemError, match="no such file"):
        load_worked(tmp_path / "missing.jsonl")
