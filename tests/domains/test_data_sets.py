"""Data sets as they are found: other people's fields, Parquet files, folders and names for the `datasets` library."""

import csv
import datetime
import gzip
import json
import pickle
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import longthought as lt
from longthought.domains.loader import DataSet, data_set, load
from longthought.errors import ConfigError, ProblemError
from longthought.problems import tables
from longthought.problems.condition import Condition
from longthought.problems.problem import AnswerReference, CodeReference, CountdownReference, Task

SUMS: list[dict[str, Any]] = [
    {"question": f"What is {n} + {n}?", "answer": f"It is <<{n}+{n}={2 * n}>>{2 * n}.\n#### {2 * n}", "level": n % 3}
    for n in range(1, 8)
]
BOXES = [
    {"problem": "Half of 6?", "solution": r"We get $\boxed{3}$.", "level": "Level 1", "unique_id": "test/half.json"},
    {"problem": "A third of 6?", "solution": r"So $\frac{6}{3}=\boxed{\frac{4}{2}}$", "level": "Level 5"},
    {"problem": "A sixth of 6?", "solution": r"It is $\boxed 1$.", "level": "Level 5"},
]


def lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def facts(tasks: Any) -> list[tuple[str, str, str | None]]:
    """Return ids, statements and answers."""
    return [
        (t.problem.id, t.problem.statement, t.reference.answer if isinstance(t.reference, AnswerReference) else None)
        for t in tasks
    ]


def expect_error(kind: type[Exception], source: str | Path, *said: str, **options: Any) -> None:
    with pytest.raises(kind) as caught:
        list(load(source, **options))
    for words in said:
        assert words in str(caught.value)
    assert "\n" not in str(caught.value)


# Fields.


def test_gsm8k_and_math_are_known_by_their_fields_and_drop_their_solutions(tmp_path: Path) -> None:
    sums = list(load(lines(tmp_path / "sums.jsonl", *SUMS)))
    assert facts(sums)[0] == ("sums-1", "What is 1 + 1?", "2")
    assert facts(sums)[-1] == ("sums-7", "What is 7 + 7?", "14")
    assert all(t.problem.context == "" and "####" not in t.model_dump_json() for t in sums)
    assert facts(load(lines(tmp_path / "boxes.jsonl", *BOXES))) == [
        ("test/half.json", "Half of 6?", "3"),
        ("boxes-2", "A third of 6?", r"\frac{4}{2}"),
        ("boxes-3", "A sixth of 6?", "1"),
    ]
    assert facts(load(tmp_path / "sums.jsonl", preset="gsm8k")) == facts(sums)


def test_fields_are_read_as_named(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "p.jsonl",
        {"q": "One?", "extra": {"gold": ["1"]}, "nr": 7},
        {"q": " Two? ", "extra": {"gold": 2.5}, "nr": 8},
        {"q": "Three?", "extra": {"gold": None}, "nr": 9},
        {"q": "Four?", "extra": {"gold": r"x, so the answer is 4."}, "nr": 10},
    )
    assert facts(load(path, statement_field="q", answer_field="extra.gold", id_field="nr")) == [
        ("7", "One?", "1"), ("8", "Two?", "2.5"), ("9", "Three?", None), ("10", "Four?", "4"),
    ]  # fmt: skip
    assert facts(load(path, statement_field="q"))[1] == ("p-2", "Two?", None)
    sums = lines(tmp_path / "sums.jsonl", *SUMS)
    assert facts(load(sums, statement_field="question", answer_field="answer")) == facts(load(sums))
    assert facts(load(sums, preset="gsm8k", answer_field="level"))[0][2] == "1"


def test_an_id_that_is_there_is_kept_and_one_that_comes_again_is_refused(tmp_path: Path) -> None:
    path = lines(tmp_path / "p.jsonl", {"id": 4, "q": "One?"}, {"q": "Two?"}, {"id": "p-2", "q": "Three?"})
    assert [t.problem.id for t in load(path, statement_field="q")][:2] == ["4", "p-2"]
    twice = lines(tmp_path / "twice.jsonl", {"id": 4, "q": "One?"}, {"id": "4", "q": "Two?"})
    expect_error(ProblemError, twice, "twice.jsonl:2", "not used before", statement_field="q")


def test_a_field_that_is_not_there_lists_those_that_are(tmp_path: Path) -> None:
    path = lines(tmp_path / "p.jsonl", *SUMS)
    fields = "the fields are question, answer, level"
    expect_error(ProblemError, path, "p.jsonl:1", '"task"', fields, "`statement_field`", statement_field="task")
    options = {"statement_field": "question"}
    expect_error(ProblemError, path, '"gold"', fields, "`answer_field`", answer_field="gold", **options)
    expect_error(ProblemError, path, '"nr"', fields, "`id_field`", id_field="nr", **options)
    expect_error(ProblemError, path, '"answer.x"', fields, "`answer_field`", answer_field="answer.x", **options)
    expect_error(ProblemError, path, '"problem"', fields, preset="math")
    unknown = lines(tmp_path / "unknown.jsonl", {"prompt": "x", "gold": "1"})
    expect_error(ProblemError, unknown, "unknown.jsonl:1", "fields are prompt, gold", "`statement_field`")


def test_values_that_are_no_problem_are_refused(tmp_path: Path) -> None:
    path = lines(tmp_path / "p.jsonl", {"q": "One?", "a": ["1", "2"]}, {"q": "  ", "a": "1"})
    expect_error(
        ProblemError, path, "p.jsonl:1", '"a": expected text or a number', statement_field="q", answer_field="a"
    )
    expect_error(ProblemError, path, "p.jsonl:2", '"q": expected a problem in words', statement_field="q")
    for solution in ("no box", r"\boxed{3", r"\boxed{}"):
        broken = lines(tmp_path / "b.jsonl", {"problem": "One?", "solution": solution})
        expect_error(ProblemError, broken, "b.jsonl:1", "expected an answer behind", preset="math")


def test_options_that_make_no_sense_are_refused_at_once(tmp_path: Path) -> None:
    path = lines(tmp_path / "p.jsonl", *SUMS)
    for options, words in (
        ({"preset": "gsm9k"}, "`preset` gsm9k: there are gsm8k, math"),
        ({"answer_field": "answer"}, "with `statement_field`"),
        ({"id_field": "level"}, "with `statement_field`"),
        ({"limit": 0}, "`limit` must be at least 1, got 0"),
        ({"where": "level"}, "`where` level: write FIELD=VALUE"),
        ({"where": ["level=1", "=3"]}, "`where` =3: write FIELD=VALUE"),
    ):
        with pytest.raises(ConfigError, match=words):
            load(path, **options)


# Conditions and limits.


@pytest.mark.parametrize(
    ("written", "row", "holds"),
    [
        ("level=5", {"level": 5}, True),
        ("level = 5", {"level": "5"}, True),
        ("level==5.0", {"level": 5}, True),
        ("level=5", {"level": "Level 5"}, False),
        ("level=Level 5", {"level": "Level 5"}, True),
        ("level!=5", {"level": 4}, True),
        ("level!=5", {"level": 5}, False),
        ("level>=10", {"level": 9}, False),
        ("level<=10", {"level": 9}, True),
        ("level>9", {"level": 10}, True),
        ("level<9", {"level": 10}, False),
        ("name>b", {"name": "c"}, True),
        ("done=true", {"done": True}, True),
        ("a.b=x", {"a": {"b": "x"}}, True),
        ("a.b=x", {"a.b": "x"}, True),
        ("a.b=x", {"a": None}, False),
        ("a=", {"a": ""}, True),
        ("a!=1", {"a": None}, False),
        ("a!=1", {}, False),
    ],
)
def test_a_condition_holds_or_does_not(written: str, row: dict[str, Any], holds: bool) -> None:
    assert Condition.read(written).holds(row) is holds


def test_rows_are_chosen_and_keep_their_ids(tmp_path: Path) -> None:
    path = lines(tmp_path / "p.jsonl", *SUMS)
    assert [t.problem.id for t in load(path, where="level=1")] == ["p-1", "p-4", "p-7"]
    assert [t.problem.id for t in load(path, where=["level>=1", "level<2"], limit=2)] == ["p-1", "p-4"]
    assert [t.problem.id for t in load(path, limit=2)] == ["p-1", "p-2"]
    assert len(list(load(path, limit=1000))) == 7


def test_a_condition_that_nothing_meets_says_what_there_is(tmp_path: Path) -> None:
    path = lines(tmp_path / "p.jsonl", *BOXES)
    expect_error(ProblemError, path, "p.jsonl", "level=5", 'level holds "Level 1", "Level 5"', where="level=5")
    expect_error(ProblemError, path, 'no field "grade"', "the fields are problem, solution, level", where="grade=5")


def test_the_total_is_told_where_it_is_cheap_to_know(tmp_path: Path) -> None:
    path = lines(tmp_path / "p.jsonl", *SUMS)
    path.write_bytes(b"\n" + path.read_bytes() + b"\n")
    assert data_set(path).count() == 7
    assert data_set(path, limit=3).count() == 3
    assert data_set(path, limit=30).count() == 7
    assert data_set(path, where="level=1").count() is None


def test_a_data_set_is_read_again_and_elsewhere(tmp_path: Path) -> None:
    problems = data_set(lines(tmp_path / "p.jsonl", *SUMS), where="level=1", limit=2)
    assert isinstance(problems, DataSet)
    first = list(problems)
    assert list(problems) == first == list(pickle.loads(pickle.dumps(problems)))


def test_only_what_is_asked_for_is_read(tmp_path: Path) -> None:
    path = lines(tmp_path / "p.jsonl", *SUMS)
    path.write_bytes(path.read_bytes() + b"broken\n")
    assert len(list(load(path, limit=7))) == 7
    expect_error(ProblemError, path, "p.jsonl:8: expected one JSON object")


# Parquet and the datasets library.


@pytest.fixture
def library() -> Any:
    """Return the real library; it is in every development environment."""
    import datasets

    return datasets


@pytest.fixture
def table(library: Any) -> Any:
    return library.Dataset.from_list(SUMS)


def test_a_parquet_file_is_read_in_batches(tmp_path: Path, table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "BATCH", 3)
    table.to_parquet(str(tmp_path / "p.parquet"))
    expected = facts(load(lines(tmp_path / "p.jsonl", *SUMS)))
    assert facts(load(tmp_path / "p.parquet")) == expected
    assert data_set(tmp_path / "p.parquet").count() == 7
    assert [f[0] for f in facts(load(tmp_path / "p.parquet", where="level=1"))] == ["p-1", "p-4", "p-7"]
    expect_error(ProblemError, tmp_path / "p.parquet", "p.parquet, row 1", "question, answer, level", preset="math")


def test_our_own_layout_in_a_table_has_gaps(tmp_path: Path, library: Any) -> None:
    rows = [
        {"id": "a", "statement": "One?", "domain": None, "reference": {"answer": "1", "target": None}},
        {"id": "b", "statement": "Two?", "domain": "math", "reference": None},
    ]
    library.Dataset.from_list(rows).to_parquet(str(tmp_path / "own.parquet"))
    assert facts(load(tmp_path / "own.parquet")) == [("a", "One?", "1"), ("b", "Two?", None)]


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path, table: Any) -> None:
    table.to_parquet(str(tmp_path / "p.parquet"))
    whole = (tmp_path / "p.parquet").read_bytes()
    for content in (b"", b"{}\n", whole[:-9]):
        (tmp_path / "p.parquet").write_bytes(content)
        expect_error(ProblemError, tmp_path / "p.parquet", "p.parquet: can't be read as Parquet")
    empty = table.select([])
    empty.to_parquet(str(tmp_path / "p.parquet"))
    expect_error(ProblemError, tmp_path / "p.parquet", "p.parquet, row 1: expected a problem, found an empty")


def test_folders_are_loaded_by_the_library(tmp_path: Path, library: Any, table: Any) -> None:
    expected = [fact[1:] for fact in facts(load(lines(tmp_path / "p.jsonl", *SUMS)))]
    table.save_to_disk(tmp_path / "one")
    library.DatasetDict(train=table.select([0]), test=table).save_to_disk(tmp_path / "two")
    for name in ("parquet", "jsonl"):
        (tmp_path / name).mkdir()
    table.to_parquet(str(tmp_path / "parquet" / "train.parquet"))
    table.select([2]).to_parquet(str(tmp_path / "parquet" / "test.parquet"))
    lines(tmp_path / "jsonl" / "data.jsonl", *SUMS)
    for given, name in (
        (f"hf:{tmp_path}/one", "one"),
        (f"hf:{tmp_path}/two:test", "two-test"),
        (f"hf:{tmp_path}/parquet:train", "parquet-train"),
        (f"hf:{tmp_path}/jsonl", "jsonl"),
        (f"hf:{tmp_path}/jsonl:train", "jsonl-train"),
    ):
        found = facts(load(given))
        assert [fact[1:] for fact in found] == expected
        assert found[0][0] == f"{name}-1"
    assert data_set(f"hf:{tmp_path}/one").count() == 7
    assert data_set(f"hf:{tmp_path}/two:train").count() == 1
    assert data_set(f"hf:{tmp_path}/jsonl").count() is None


def test_splits_that_are_not_there_are_refused_with_those_that_are(tmp_path: Path, library: Any, table: Any) -> None:
    library.DatasetDict(train=table, test=table).save_to_disk(tmp_path / "two")
    both = [f"hf:{tmp_path}/two:train, hf:{tmp_path}/two:test"]
    expect_error(ProblemError, f"hf:{tmp_path}/two", "it has several splits", *both)
    expect_error(ProblemError, f"hf:{tmp_path}/two:dev", "there is no split 'dev'", *both)
    table.save_to_disk(tmp_path / "one")
    expect_error(ProblemError, f"hf:{tmp_path}/one:test", "it has no splits", f"write hf:{tmp_path}/one")
    fields = f"hf:{tmp_path}/one, row 1: no field"
    expect_error(ProblemError, f"hf:{tmp_path}/one", fields, "question, answer, level", statement_field="task")


@pytest.mark.usefixtures("library")
def test_what_the_library_cannot_load_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for given in (f"hf:{tmp_path}/empty", f"hf:{tmp_path}/missing", "hf:no-such-owner/no-such-data:test", "hf:"):
        expect_error(ProblemError, given, f"{given}: can't be loaded (", "check the name")


def test_a_library_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    (tmp_path / "p.parquet").touch()
    for given in ("hf:some/data", str(tmp_path / "p.parquet")):
        expect_error(ProblemError, given, f"{given}: ", "not installed; pip install 'longthought[data]'")


def test_a_folder_that_is_not_said_to_be_one_is_refused(tmp_path: Path) -> None:
    expect_error(ProblemError, tmp_path, "found a folder", f"hf:{tmp_path}")


def test_a_written_data_set_is_loaded_by_its_name_in_python(tmp_path: Path) -> None:
    loaded = lt.load(lines(tmp_path / "p.jsonl", *SUMS), statement_field="question", limit=1)
    assert isinstance(next(loaded), Task)


# Answers that have a field of their own, and solutions.


@pytest.mark.parametrize("name", ["answer", "final_answer", "expected_answer", "ground_truth", "gold", "target"])
@pytest.mark.parametrize("statement", ["problem", "question", "statement"])
def test_an_explicit_answer_counts_before_the_box_of_a_solution(
    tmp_path: Path, name: str, statement: str, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [
        {statement: "Half of 6?", "solution": r"It is $\boxed{3}$.", name: "3.0"},
        {statement: "A half?", "solution": r"It is $\boxed{\frac{1}{2}}$.", name: 0.5},
        {statement: "Twice 6?", "solution": r"Not $\boxed{12}$ but $\boxed{13}$.", name: "12"},
        {statement: "Twice 7?", "solution": r"It is $\boxed{41}$.", name: r"$\boxed{14}$"},
        {statement: "Twice 8?", "solution": r"It is $\boxed{16}$.", name: None},
        {statement: "Twice 9?", "solution": "It is simple.", name: 18},
    ]
    path = lines(tmp_path / "p.jsonl", *rows)
    assert [fact[2] for fact in facts(load(path))] == ["3.0", "0.5", "12", "14", "16", "18"]
    assert list(load(path)) == list(load(path))
    [said] = caplog.messages
    assert said.startswith(f"{path}:3: 2 rows have an answer that isn't that of the solution")
    assert list(load(path, limit=2)) == list(load(path, limit=2))
    assert len(caplog.messages) == 1


def test_what_belongs_to_a_question_and_isnt_read_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    row = {"question": "Which?", "images": ["a", "b"], "answer": "b"}
    file = tmp_path / "p.jsonl"
    file.write_text(f"{json.dumps(row)}\n{json.dumps(row | {'images': []})}\n{json.dumps(row)}\n")
    assert len(list(lt.load(file, statement_field="question", answer_field="answer"))) == 3
    assert caplog.messages == ['rows have "images", which the agents won\'t see: write it into the statement first']


def test_the_field_that_is_named_is_the_one_that_counts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = lines(tmp_path / "p.jsonl", {"problem": "Half of 6?", "solution": r"It is $\boxed{3}$.", "answer": "4"})
    named = {"statement_field": "problem", "answer_field": "solution"}
    assert [fact[2] for fact in facts(load(path, **named))] == ["3"]
    assert [fact[2] for fact in facts(load(path, preset="math", answer_field="solution"))] == ["3"]
    assert not caplog.messages
    assert [fact[2] for fact in facts(load(path, preset="math"))] == ["4"]
    assert len(caplog.messages) == 1


@pytest.mark.parametrize("nothing", [None, float("nan"), "nan", "NaN", "", "  ", "<NA>"])
def test_no_value_is_no_answer(tmp_path: Path, nothing: object) -> None:
    rows: list[dict[str, Any]] = [
        {"id": "a", "statement": "One?", "answer": nothing},
        {"problem": "Two?", "answer": nothing},
        {"question": "Three?", "answer": nothing},
        {"problem": "Four?", "solution": nothing},
        {"problem": "Five?", "solution": nothing, "answer": nothing},
        {"problem": "Six?", "solution": "It is hard.", "answer": nothing, "final_answer": nothing, "gold": 6},
    ]
    assert [fact[2] for fact in facts(load(lines(tmp_path / "p.jsonl", *rows)))] == [None] * 5 + ["6"]
    own = lines(tmp_path / "own.jsonl", {"id": "a", "statement": "One?", "reference": {"answer": nothing}})
    assert [fact[2] for fact in facts(load(own))] == [None]
    named = lines(tmp_path / "named.jsonl", {"q": "One?", "a": nothing, "id": nothing})
    assert facts(load(named, statement_field="q", answer_field="a")) == [("named-1", "One?", None)]


def test_our_own_layout_may_have_its_answer_beside_the_statement(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "p.jsonl",
        {"id": "a", "statement": "3 + 4?", "answer": "7"},
        {"id": 12, "statement": "3 + 5?", "answer": 8},
        {"id": 3.0, "statement": "3 + 6?", "answer": 9.0, "level": 2},
        {"statement": "3 + 7?", "answer": "so the answer is 10.", "context": "sums", "domain": "arithmetic"},
        {"id": 13, "statement": "3 + 8?"},
        {"id": "c", "statement": "Use 3 and 7, each once, to make 21.", "domain": "countdown", "answer": "3 * 7"},
        {"id": "d", "statement": "Write f.", "domain": "code", "answer": "assert f(1) == 1"},
    )
    tasks = list(load(path))
    assert facts(tasks) == [
        ("a", "3 + 4?", "7"), ("12", "3 + 5?", "8"), ("3", "3 + 6?", "9"), ("p-4", "3 + 7?", "10"),
        ("13", "3 + 8?", None), ("c", "Use 3 and 7, each once, to make 21.", None), ("d", "Write f.", None),
    ]  # fmt: skip
    assert (tasks[3].problem.context, tasks[3].problem.domain) == ("sums", "arithmetic")
    assert tasks[5].reference == CountdownReference(numbers=(3, 7), target=21)
    assert tasks[6].reference == CodeReference(tests="assert f(1) == 1")
    both = lines(tmp_path / "both.jsonl", {"id": "a", "statement": "s", "answer": "7", "reference": {"answer": "7"}})
    expect_error(ProblemError, both, "both.jsonl:1", "expected only the keys", 'found "answer"')


def test_questions_with_short_answers_are_known_and_others_are_not(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "p.jsonl",
        {"question": "3 + 4?", "answer": "7"},
        {"problem": "3 + 5?", "answer": 8.0, "year": 2024},
        {"question": "3 + 6?", "final_answer": ["9"], "answer": "Long\nwords."},
    )
    assert [fact[2] for fact in facts(load(path))] == ["7", "8", "9"]
    for row in (
        {"question": "Which?", "choices": ["a", "b"], "answer": 1},
        {"question": "Why?", "answer": "First,\nsecond."},
        {"question": "Why?", "answer": "word " * 100},
        {"question": "Why?", "label": "7"},
    ):
        expect_error(ProblemError, lines(tmp_path / "u.jsonl", row), "no field here is known for a problem")
    several = lines(tmp_path / "s.jsonl", {"problem": "x^2 = 1?", "answer": ["1", "-1"]})
    expect_error(ProblemError, several, "s.jsonl:1", '"answer": expected text or a number, found ["1", "-1"]')


def test_numbers_of_tables_are_written_out_exactly(tmp_path: Path, library: Any) -> None:
    import pyarrow as arrow
    import pyarrow.parquet

    values = [Decimal("12.500000000000000001"), Decimal("7"), Decimal("-0"), None, Decimal("300")]
    columns = {
        "id": arrow.array([1.0, 2.0, 3.0, 4.0, 5.0]),
        "question": [f"{n}?" for n in range(5)],
        "answer": arrow.array(values, arrow.decimal128(38, 18)),
        "made": [datetime.datetime(2026, 1, n + 1) for n in range(5)],
        "steps": [[["a"]]] * 5,
    }
    arrow.parquet.write_table(arrow.table(columns), tmp_path / "p.parquet")
    found = facts(load(tmp_path / "p.parquet"))
    assert [(fact[0], fact[2]) for fact in found] == [
        ("1", "12.500000000000000001"), ("2", "7"), ("3", "0"), ("4", None), ("5", "300"),
    ]  # fmt: skip
    for name in ("made", "steps"):
        options = {"statement_field": "question", "answer_field": name}
        expect = f'"{name}": expected text or a number, found'
        if name == "steps":
            assert facts(load(tmp_path / "p.parquet", **options))[0][2] == "a"
        else:
            expect_error(ProblemError, tmp_path / "p.parquet", "row 1", expect, **options)
    floats = lines(tmp_path / "f.jsonl", *({"question": "?", "answer": n} for n in (18.0, -2.5, 1e22, 1e-7, 10**30)))
    assert [fact[2] for fact in facts(load(floats))] == [
        "18", "-2.5", "1" + "0" * 22, "0.0000001", "1" + "0" * 30,
    ]  # fmt: skip
    expect_error(ProblemError, lines(tmp_path / "i.jsonl", {"question": "?", "answer": float("inf")}), "found Infinity")


def test_one_data_set_in_many_files_is_the_same_problems(tmp_path: Path) -> None:
    expected = facts(load(lines(tmp_path / "p.jsonl", *SUMS)))
    (tmp_path / "p.json").write_text(json.dumps({"train": SUMS}, indent=2))
    (tmp_path / "p.jsonl.gz").write_bytes(gzip.compress((tmp_path / "p.jsonl").read_bytes()))
    with (tmp_path / "p.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, SUMS[0])
        writer.writeheader()
        writer.writerows(SUMS)
    for name in ("p.json", "p.jsonl.gz", "p.csv"):
        assert facts(load(tmp_path / name)) == expected
        assert data_set(tmp_path / name).count() == len(SUMS)
        assert facts(load(tmp_path / name, where="level=1")) == [expected[0], expected[3], expected[6]]
    expect_error(ProblemError, lines(tmp_path / "t.jsonl", {"id": 4, "statement": "a"}, {"id": "4", "statement": "b"}),
                 "t.jsonl:2", 'found "4" again, as in', "t.jsonl:1", "`id_field`")  # fmt: skip
