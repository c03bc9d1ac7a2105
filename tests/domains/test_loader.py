"""Reading and writing problems as JSON lines."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from longthought.domains import loader
from longthought.domains.countdown import countdown_task
from longthought.domains.loader import load
from longthought.errors import ProblemError
from longthought.problems import stored
from longthought.problems.countdown import game
from longthought.problems.countdown.puzzle import Puzzle
from longthought.problems.problem import AnswerReference, CountdownReference, Problem, Task

GOOD = {"id": "a", "statement": "What is 3 + 4?"}


def lines(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    return path


def test_reads_each_kind_of_reference(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "p.jsonl",
        {**GOOD, "domain": "math", "context": "sums", "reference": {"answer": "7"}},
        {"id": "b", "statement": "s", "domain": "countdown", "reference": {"numbers": [16, 16, 8, 11], "target": 35}},
        {"id": "c", "statement": "s"},
        {"id": "d", "statement": "s", "reference": None},
        {"id": "e", "statement": "Use 3, 4 and 5, each once, to make 23."},
    )
    assert list(loader.load(path)) == [
        Task(
            problem=Problem(id="a", statement="What is 3 + 4?", domain="math", context="sums"),
            reference=AnswerReference(answer="7"),
        ),
        Task(
            problem=Problem(id="b", statement="s", domain="countdown"),
            reference=CountdownReference(numbers=(16, 16, 8, 11), target=35),
        ),
        Task(problem=Problem(id="c", statement="s")),
        Task(problem=Problem(id="d", statement="s")),
        Task(
            problem=Problem(id="e", statement="Use 3, 4 and 5, each once, to make 23."),
            reference=CountdownReference(numbers=(3, 4, 5), target=23),
        ),
    ]


def test_writes_what_it_reads(tmp_path: Path) -> None:
    tasks = [
        *(countdown_task(p) for p in game.generate(count=20, seed=3)),
        Task(problem=Problem(id='q"\\\n\u2028é', statement="∑?", context="c"), reference=AnswerReference(answer="½")),
        Task(problem=Problem(id="bare", statement="s", domain="lean")),
    ]
    path = tmp_path / "p.jsonl"
    assert loader.write(tasks, path) == 22
    assert list(loader.load(path)) == tasks
    assert len(path.read_bytes().splitlines()) == 22


def test_a_written_countdown_line_is_as_documented(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    loader.write([countdown_task(Puzzle((16, 16, 8, 11), 35))], path)
    assert json.loads(path.read_text()) == {
        "id": "countdown-8-11-16-16-35",
        "statement": "Use 16, 16, 8 and 11, each once, to make 35.",
        "domain": "countdown",
        "reference": {"numbers": [16, 16, 8, 11], "target": 35},
    }


def test_bom_blank_lines_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_bytes(
        b"\xef\xbb\xbf" + json.dumps(GOOD).encode() + b'\r\n\r\n  \n{"id": "b", "statement": "no newline"}'
    )
    assert [t.problem.id for t in loader.load(path)] == ["a", "b"]


@pytest.mark.parametrize(
    ("line", "expected", "found"),
    [
        (b'{"statement": "s"}', '"id": expected', "found none"),
        (b'{"id": "x"}', '"statement": expected', "found none"),
        (b'{"id": "", "statement": "s"}', '"id": expected', 'found ""'),
        (b'{"id": true, "statement": "s"}', '"id": expected a valid string', "found true"),
        (b'{"id": "x", "statement": ["s"]}', '"statement": expected a valid string', 'found ["s"]'),
        (b'{"id": "x", "statement": "s", "domain": null}', '"domain": expected a valid string', "found null"),
        (b'{"id": "x", "statement": "s", "anser": "7"}', "expected only the keys id, statement", 'found "anser"'),
        (b'{"id": "x", "statement": "s", "reference": "7"}', '"reference": expected an object', 'found "7"'),
        (b'{"id": "x", "statement": "s", "reference": {}}', '"reference.answer": expected', "found none"),
        (b'{"id": "x", "statement": "s", "reference": {"answer": 7}}', '"reference.answer": expected', "found 7"),
        (
            b'{"id": "x", "statement": "s", "domain": "countdown", "reference": {"answer": "7"}}',
            '"reference.numbers": expected',
            "found none",
        ),
        (
            b'{"id": "x", "statement": "s", "domain": "countdown", "reference": {"numbers": [1, "2"], "target": 3}}',
            '"reference.numbers.1": expected a valid integer',
            'found "2"',
        ),
        (
            b'{"id": "x", "statement": "s", "domain": "countdown", "reference": {"numbers": [1, true], "target": 3}}',
            '"reference.numbers.1": expected a valid integer',
            "found true",
        ),
        (
            b'{"id": "x", "statement": "s", "domain": "countdown", "reference": {"numbers": [1, 2], "target": 0}}',
            '"reference.target": expected',
            "found 0",
        ),
        (
            b'{"id": "x", "statement": "s", "reference": {"answer": "7", "numbers": []}}',
            "expected only the keys answer",
            'found "reference.numbers"',
        ),
        (b'{"id": "x", "statement": "s"', "expected one JSON object", 'found {"id": "x"'),
        (b'["x", "s"]', "expected one JSON object", 'found ["x", "s"]'),
        (b'"x"', "expected one JSON object", 'found "x"'),
        (b'{"id": "x", "statement": "s"} {}', "expected one JSON object", "Extra data"),
        pytest.param(b"[" * 100_000, "expected one JSON object", "found [[", id="deep"),
        (b'{"id": "x", "statement": "caf\xe9"}', "expected UTF-8 text", "found byte 0xe9 at column 30"),
        (b'{"id": "x", "statement": "\\ud800"}', "expected valid Unicode", "surrogate"),
        pytest.param(b"9" * 5_000, "expected one JSON object", "found 999", id="huge number"),
        (b'{"id": "a", "statement": "s"}', '"id": expected one not used before', 'found "a" again'),
    ],
)
def test_a_mistake_is_named_in_one_line(tmp_path: Path, line: bytes, expected: str, found: str) -> None:
    path = tmp_path / "p.jsonl"
    path.write_bytes(json.dumps(GOOD).encode() + b"\n\n" + line + b"\n")
    tasks = loader.load(path)
    assert next(tasks).problem.id == "a"
    with pytest.raises(ProblemError) as caught:
        next(tasks)
    message = str(caught.value)
    assert message.startswith(f"{path}:3: ")
    assert expected in message
    assert found in message
    assert "\n" not in message
    assert len(message) < 400 + len(str(path))


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_an_empty_file_holds_no_problem(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "p.jsonl"
    path.write_bytes(content)
    with pytest.raises(ProblemError, match=r"p\.jsonl:1: expected a problem, found an empty file"):
        list(loader.load(path))


def test_a_missing_file_and_a_folder_are_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="no such file"):
        loader.load(tmp_path / "missing.jsonl")
    with pytest.raises(ProblemError, match="found a folder"):
        loader.load(tmp_path)
    with pytest.raises(ProblemError, match="can't be written"):
        loader.write([], tmp_path / "missing" / "p.jsonl")


def test_a_line_without_end_is_not_read_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "MAX_LINE", 100)
    path = tmp_path / "p.jsonl"
    path.write_bytes(json.dumps(GOOD).encode() + b"\n" + b"x" * 101)
    with pytest.raises(ProblemError, match=r"p\.jsonl:2: expected at most 100 characters a line"):
        list(loader.load(path))


def test_reads_only_as_far_as_asked(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_bytes(json.dumps(GOOD).encode() + b"\n" + b"broken\n")
    tasks = loader.load(path)
    assert isinstance(tasks, Iterator)
    assert next(tasks).problem.id == "a"


@pytest.mark.parametrize("key", ["statement", "question"])
def test_an_answer_to_a_countdown_statement_is_graded_by_the_game(key: str, tmp_path: Path) -> None:
    file = tmp_path / "row.jsonl"
    file.write_text(json.dumps({key: "Use 3, 5 and 8, each once, to make 29.", "answer": "3 * 8 + 5"}))
    (task,) = load(file)
    assert isinstance(task.reference, CountdownReference)
