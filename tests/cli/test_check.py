"""`longthought check` as a process: by hand, and as a stream answered in its order."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from longthought.tools.cases import serve

COMMAND = Path(sys.executable).with_name("longthought")


def check(*words: str, said: str = "", code: int = 0) -> subprocess.CompletedProcess[str]:
    found = subprocess.run([COMMAND, "check", *words], input=said, capture_output=True, text=True, timeout=120)
    assert found.returncode == code, found.stderr
    assert "Traceback" not in found.stderr
    return found


def answers(kind: str, *cases: dict[str, Any]) -> list[dict[str, Any]]:
    found = check(kind, "--jsonl", said="".join(json.dumps(case) + "\n" for case in cases))
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    assert [line["id"] for line in lines] == [case["id"] for case in cases]
    assert all({"status", "detail", "seconds"} <= set(line) for line in lines)
    return lines


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("python", "print(6 * 7)", "--expect", "42"), 0, "confirmed"),
        (("python", "print(6 * 7)", "--expect", "43"), 1, "refuted"),
        (("python", "print(6 * 7)"), 0, "42"),
        (("algebra", "So 12 * 13 = 146, and 2 + 2 = 4."), 1, "12 * 13 is 156, not 146"),
        (("algebra", "nothing here"), 0, "nothing that this tool can check"),
        (("answer", "1/2", "0.5"), 0, "confirmed"),
        (("answer", "5 cm", "5 m"), 1, "refuted"),
    ],
)
def test_by_hand(words: tuple[str, ...], code: int, said: str) -> None:
    assert said in check(*words, code=code).stdout


def test_labelled_steps_from_standard_input() -> None:
    rows = [{"problem": "12 * 12?", "steps": [f"12 * 12 = {n}.", "So it is that."], "label": -1.0} for n in (144, 145)]
    rows[1]["label"] = 0.0
    found = check("steps", "-", "--critic", "tools", "--tools", "algebra", "--json", said=json.dumps(rows, indent=1))
    report = json.loads(found.stdout)
    assert (report["solutions"], report["first_errors"]["flagged"], report["undecided"]) == (2, 1, 0)


def test_by_hand_as_json() -> None:
    found = json.loads(check("answer", "2", "3", "--json", code=1).stdout)
    assert (found["status"], found["equal"]) == ("refuted", False)


def test_code_from_standard_input() -> None:
    assert "it printed:\n" in json.loads(check("python", "-", "--json", said="print(1)\n").stdout)["detail"]


def test_python_cases_are_answered_in_order_whatever_they_do() -> None:
    cases = [
        {"id": 1, "code": "import time; time.sleep(1); print('slow')"},
        {"id": "two", "code": "print('fast')"},
        {"id": 3, "code": "1/0"},
        {"id": 4, "code": "import os; os._exit(0)"},
        {"id": 5, "code": "print(2)", "expect": "2"},
        {"id": None, "code": "\x00\ud800" + "(" * 1000},
    ]
    found = answers("python", *cases)
    assert [line["run"] for line in found] == ["ok", "ok", "error", "crashed", "ok", "error"]
    assert [line["stdout"] for line in found[:2]] == ["slow\n", "fast\n"]
    assert [line["status"] for line in found] == ["abstained"] * 4 + ["confirmed", "abstained"]


def test_algebra_cases() -> None:
    found = answers(
        "algebra",
        {"id": 1, "text": "3 + 4 = 7"},
        {"id": 2, "text": "3 + 4 = 8, 1 + 1 = 2"},
        {"id": 3, "text": "hm \ud800 \x00 $\\frac{"},
    )
    assert [line["status"] for line in found] == ["confirmed", "refuted", "abstained"]
    assert [c["span"] for c in found[1]["claims"]] == [[0, 9], [11, 20]]


def test_answer_cases() -> None:
    found = answers(
        "answer",
        {"id": 1, "gold": "72", "given": "72.0"},
        {"id": 2, "gold": "72", "given": "71"},
        {"id": 3, "gold": "3", "given": "3%"},
        {"id": 4, "gold": "x^2-1", "given": "(x-1)(x+1)"},
        {"id": 5, "gold": "72", "given": "I add them up.\nSo it is \\boxed{72}."},
    )
    assert [line["equal"] for line in found] == [True, False, None, True, True]


@pytest.mark.parametrize("line", ["nope", "[1]", '{"id": 2}', '{"id": 2, "gold": 3, "given": "3"}', "\x00"])
def test_a_line_that_is_no_case_is_named_and_what_came_before_is_answered(line: str) -> None:
    found = check("answer", "--jsonl", said=f'{{"id": 1, "gold": "1", "given": "1"}}\n\n{line}\n', code=2)
    assert json.loads(found.stdout)["equal"] is True
    assert found.stderr.startswith("longthought: standard input:3: ")
    assert found.stderr.count("\n") == 1


def test_a_missing_argument_is_asked_for() -> None:
    assert "give GIVEN, or --jsonl" in check("answer", "1", code=2).stderr


async def test_an_answer_does_not_wait_for_the_next_line() -> None:
    answered = threading.Event()

    def lines() -> Iterator[str]:
        yield '{"id": 1, "gold": "1", "given": "1"}'
        assert answered.wait(30), "a program that asks one thing at a time would wait for ever"
        yield '{"id": 2, "gold": "1", "given": "2"}'

    said: list[str] = []

    def write(line: str) -> None:
        said.append(line)
        answered.set()

    await serve("answer", lines(), write)
    assert [json.loads(line)["equal"] for line in said] == [True, False]
