from pathlib import Path

import pytest

from longthought.files import draft_of, write_whole


def test_a_file_is_replaced_whole_and_no_draft_stays(tmp_path: Path) -> None:
    file = tmp_path / "summary.json"
    for text in ("first\n", "the second, with √2 and a longer text\n"):
        write_whole(file, text)
        assert file.read_bytes() == text.encode()
    assert list(tmp_path.iterdir()) == [file]


def test_a_text_that_cannot_be_written_leaves_what_was_there_before(tmp_path: Path) -> None:
    file = tmp_path / "summary.json"
    write_whole(file, "first\n")
    with pytest.raises(UnicodeEncodeError):
        write_whole(file, "half of it \ud800")
    assert file.read_text() == "first\n"
    assert list(tmp_path.iterdir()) == [file]


def test_a_draft_that_a_kill_has_left_is_written_over(tmp_path: Path) -> None:
    file = tmp_path / "summary.json"
    draft_of(file).write_text("torn in the midd")
    write_whole(file, "whole\n")
    assert list(tmp_path.iterdir()) == [file]
    assert file.read_text() == "whole\n"
