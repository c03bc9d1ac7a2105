"""Files of rows as people keep them: packed, encoded and laid out in many ways, and read alike."""

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from longthought.errors import ProblemError
from longthought.problems import json_rows, stored
from longthought.problems.json_rows import Document, Lines
from longthought.problems.sources import source_of
from longthought.problems.tables import Csv, Parquet

ROWS: list[dict[str, Any]] = [
    {"question": "Größe, in m?\nSay it.", "answer": "1"},
    {"question": 'A "b"; c|d\t?', "answer": "2,5"},
    {"question": "∑?", "answer": "3"},
]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)


def found(path: str | Path) -> list[dict[str, Any]]:
    source = source_of(path)
    rows = [dict(row) for _, row in source.rows()]
    assert source.count() == len(rows)
    assert [dict(row) for _, row in source.rows()] == rows, "it can be read again"
    return rows


def table(separator: str = ",", **how: Any) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n", **how)
    writer.writerow(ROWS[0])
    writer.writerows(row.values() for row in ROWS)
    return out.getvalue()


def says(path: str | Path) -> str:
    with pytest.raises(ProblemError) as caught:
        list(source_of(path).rows())
    assert "\n" not in str(caught.value)
    return str(caught.value)


LAYOUTS: dict[str, tuple[str, type]] = {
    "lines": (LINES, Lines),
    "lines without a last line break, blank lines at the end": ("\n \n" + LINES.replace("\n", "\n\n") + " \n", Lines),
    "a list in one line": (json.dumps(ROWS), Document),
    "a list over many lines": (json.dumps(ROWS, indent=2, ensure_ascii=False) + "\n\n", Document),
    "a list with an object a line": ("[\n" + ",\n".join(map(json.dumps, ROWS)) + "\n]", Document),
    "an object that holds the list": (json.dumps({"version": 1, "data": ROWS, "tags": ["a"]}), Document),
    "an object over many lines": (json.dumps({"about": {"n": 3}, "problems": ROWS}, indent=1), Document),
    "an object with nothing but the list": (json.dumps({"aime": ROWS}), Document),
    "a list that begins in the first line": ('{"test": [' + ",\n".join(map(json.dumps, ROWS)) + "]}", Document),
    "objects over many lines": ("\n".join(json.dumps(row, indent=4) for row in ROWS), Document),
}


@pytest.mark.parametrize("name", ["p.jsonl", "p.json", "p", "p.csv"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_json_is_read_by_its_content_whatever_its_name(tmp_path: Path, layout: str, name: str) -> None:
    text, kind = LAYOUTS[layout]
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert type(source_of(tmp_path / name)) is kind
    assert found(tmp_path / name) == ROWS


@pytest.mark.parametrize("row", [
    {"question": "One?", "examples": [{"input": "1", "output": "2"}]},
    {"messages": [{"role": "user"}], "answer": "4"},
    {"question": "One?"},
])  # fmt: skip
def test_one_object_may_be_a_row(tmp_path: Path, row: dict[str, Any]) -> None:
    for text in (json.dumps(row), json.dumps(row, indent=2)):
        (tmp_path / "p.json").write_text(text)
        assert found(tmp_path / "p.json") == [row]


@pytest.mark.parametrize("name", ["p.csv", "p.tsv", "p.txt", "p"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_tables_are_read_with_their_own_separator(tmp_path: Path, separator: str, name: str) -> None:
    for text in (table(separator), table(separator, quoting=csv.QUOTE_ALL), table(separator) + f"\n{separator}\n"):
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
        assert isinstance(source_of(tmp_path / name), Csv)
        assert found(tmp_path / name) == ROWS


def test_an_empty_cell_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(" question ,answer\nOne?,\n,2\n")
    assert found(tmp_path / "p.csv") == [{"question": "One?", "answer": None}, {"question": None, "answer": "2"}]
    (tmp_path / "p.csv").write_text("question\nOne?\n")
    assert found(tmp_path / "p.csv") == [{"question": "One?"}]


@pytest.mark.parametrize("text", [LINES, json.dumps(ROWS, indent=1), table()], ids=["lines", "document", "csv"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings_and_line_ends(tmp_path: Path, encoding: str, ends: str, text: str) -> None:
    (tmp_path / "p.txt").write_bytes(text.replace("\n", ends).encode(encoding))
    assert found(tmp_path / "p.txt") == ROWS


def zstd(data: bytes) -> bytes:
    import zstandard

    half = len(data) // 2
    return zstandard.compress(data[:half]) + zstandard.compress(data[half:])


@pytest.mark.parametrize("name", ["p.jsonl.gz", "p.jsonl", "p.json.zst"])
@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd])
def test_packed_files_are_read_by_their_first_bytes(tmp_path: Path, pack: Callable[[bytes], bytes], name: str) -> None:
    for text in (LINES, json.dumps(ROWS), "\ufeff" + table()):
        if text.startswith("\ufeff"):
            name = "p.csv.gz"
        (tmp_path / name).write_bytes(pack(text.encode()))
        assert found(tmp_path / name) == ROWS
        assert source_of(tmp_path / name).name == "p"


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd])
def test_a_packed_file_that_is_cut_off_or_broken_is_named(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    whole = pack(os.urandom(20_000).hex().encode())
    for content in (whole[: len(whole) // 2], whole[:20] + b"\xff" * 3000):
        (tmp_path / "p.jsonl.gz").write_bytes(content)
        assert "p.jsonl.gz" in says(tmp_path / "p.jsonl.gz")


def test_a_packing_without_its_library_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "p.jsonl.zst").write_bytes(zstd(LINES.encode()))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    assert "zstandard is not installed; pip install zstandard" in says(tmp_path / "p.jsonl.zst")


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"PK\x03\x04", "a ZIP archive or a spreadsheet"),
        (b"\xd0\xcf\x11\xe0", "a spreadsheet"),
        (b"ARROW1\0\0", "Arrow"),
    ],
)
def test_archives_are_refused(tmp_path: Path, head: bytes, kind: str) -> None:
    (tmp_path / "p.xlsx").write_bytes(head + bytes(99))
    assert kind in says(tmp_path / "p.xlsx")


def test_a_tar_archive_is_refused_even_if_it_is_packed(tmp_path: Path) -> None:
    (tmp_path / "p.tar.gz").write_bytes(gzip.compress(b"p.jsonl".ljust(257, b"\0") + b"ustar" + bytes(250)))
    assert "a tar archive; unpack it" in says(tmp_path / "p.tar.gz")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("p.json", b'[\n {"a": 1},\n {"a": 2]\n', "p.json:3: expected JSON"),
        ("p.json", b'[\n {"a": 1},\n', "p.json:3: expected JSON, found the end of the file"),
        ("p.json", b'[\n {"a": 1}\n] x', 'p.json:3: expected JSON, found x'),
        ("p.json", b'[{"a": 1}, "x"]', 'p.json, row 2: expected one JSON object, found "x"'),
        ("p.json", b'[\n {"a": "caf\xe9"}]', "p.json:2: expected UTF-8 text, found byte 0xe9 at column 12"),
        ("p.json", b'[' * 100_000, "p.json:1: expected JSON, found [["),
        ("p.json", b'{"train": [{"a": 1}], "test": [{"a": 1}]}', "several lists of rows (train, test); write one"),
        ("p.json", '[{"a": 1}]'.encode("utf-16")[:-1], "p.json: expected utf-16"),
        ("p.jsonl", b'{"a": 1}{"a": 2}\n', "p.jsonl:1: expected one JSON object"),
        ("p.jsonl", b'{"a": "\n', "p.jsonl:1: expected one JSON object"),
        ("p.jsonl", b'x, y\n', "p.jsonl:1: expected one JSON object, found x, y"),
        ("p.csv", b"q,a\nOne?,1\n\nTwo, or three?,2\n", "p.csv:4: expected 2 values as in the header, found 3"),
        ("p.csv", b'q,a\n"One\nor two?",1\nThree?\n', "p.csv:4: expected 2 values as in the header, found 1"),
        ("p.csv", b'q,a\nOne?,1\n"Two?,2\nThree?,3\n', "p.csv:3: expected a row of CSV"),
        ("p.csv", b'q,a\n"One" or two?,1\n', "p.csv:2: expected a row of CSV"),
        ("p.csv", b'q,a,q\n1,2,3\n', 'p.csv: expected columns of different names, found "q" twice'),
        ("p.csv", b"q,a\nCaf\xe9?,1\n", "p.csv:2: expected UTF-8 text, found byte 0xe9 at column 4"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert said in says(tmp_path / name)


def test_a_document_that_is_too_long_says_how_to_stream_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_rows, "MAX_DOCUMENT", 100)
    (tmp_path / "p.json").write_text(json.dumps(ROWS))
    assert "at most 100 characters of one JSON document" in says(tmp_path / "p.json")


def test_a_list_in_one_long_line_is_read_and_a_long_row_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "MAX_LINE", 50)
    (tmp_path / "p.json").write_text(json.dumps({"data": ROWS}))
    assert found(tmp_path / "p.json") == ROWS
    (tmp_path / "p.json").write_text(json.dumps({"question": "?" * 50}))
    assert "p.json:1: expected at most 50 characters a line, found more" in says(tmp_path / "p.json")


def test_lines_are_streamed(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"a": 1}\n{"a": 2}\nbroken\n')
    rows = source_of(tmp_path / "p.jsonl").rows()
    assert [next(rows), next(rows)] == [(1, {"a": 1}), (2, {"a": 2})]


@pytest.mark.parametrize("text", [LINES, json.dumps(ROWS), table()], ids=["lines", "document", "csv"])
def test_standard_input_is_read_like_a_file(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    for packed in (text.encode(), gzip.compress(text.encode())):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(packed)))
        assert found("-") == ROWS == found(Path("-"))
        assert source_of("-").name == "stdin"
        assert source_of("-").place(2).startswith("stdin")


def test_a_closed_standard_input_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(ProblemError, match="standard input can't be read here"):
        source_of("-")


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=[json.dumps(ROWS)])
    writer.start()
    assert found(tmp_path / "pipe") == ROWS
    writer.join()


def test_parquet_is_read_by_its_first_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow as arrow
    import pyarrow.parquet

    arrow.parquet.write_table(arrow.Table.from_pylist(ROWS), tmp_path / "p")
    assert isinstance(source_of(tmp_path / "p"), Parquet)
    assert found(tmp_path / "p") == ROWS
    with (tmp_path / "p").open("rb") as file:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(file))
        assert found("-") == ROWS


def test_a_value_of_parquet_that_python_cannot_hold_is_named(tmp_path: Path) -> None:
    import pyarrow as arrow
    import pyarrow.parquet

    column = arrow.array([2**60], arrow.timestamp("ms"))
    arrow.parquet.write_table(arrow.table({"made": column}), tmp_path / "p.parquet")
    assert "p.parquet: holds a value that can't be read" in says(tmp_path / "p.parquet")
