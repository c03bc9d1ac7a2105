"""Programs told backwards: the thought ends in the very program, and only in one that works."""

import ast
import json
from pathlib import Path

import pytest
from datasets import load_dataset
from langchain_core.messages import BaseMessage

from longthought.agents.dialects.thinkers import VOICES
from longthought.errors import ConfigError, OutageError, ProblemError, RefusedError
from longthought.problems.problem import AnswerReference, CodeReference, Problem, Task
from longthought.tools.python import blocks
from longthought.training.code_thoughts.folder import programs, write_thoughts
from longthought.training.code_thoughts.narration import narrate
from longthought.training.code_thoughts.thought import CodeThought, Unfit, code_thought
from longthought.training.data.folder import DataFolder
from longthought.training.data.request import CodeThoughtRequest
from tests.fakes.scripted import Line, ScriptedChatModel

COUNT = '''\
def count(words: list[str], letter: str = "a") -> int:
    """Count the words that begin with a letter."""
    total = 0
    for word in words:
        if word.startswith(letter):
            total += 1
        else:
            continue
    return total
'''
COUNTING = Task(
    problem=Problem(id="count", statement="Write count(words, letter).", domain="code"),
    reference=CodeReference(tests="assert count(['ab', 'b', 'ac']) == 2\nassert count([], 'x') == 0\n"),
)
SUM = Task(
    problem=Problem(id="sum", statement="What is the sum of the squares of 1, 2 and 3?", domain="math"),
    reference=AnswerReference(answer="14"),
)


def test_a_program_is_told_statement_by_statement() -> None:
    assert narrate(COUNT).splitlines() == [
        "- I write a function `count` that takes `words: list[str], letter: str='a'` and gives `int`:",
        "  - (what it is for: Count the words that begin with a letter.)",
        "  - let `total` be `0`",
        "  - for each `word` in `words`:",
        "    - if `word.startswith(letter)`:",
        "      - add `1` to `total`",
        "    - otherwise:",
        "      - go on with the next one",
        "  - the result is `total`",
    ]


def test_nothing_of_a_program_is_left_out() -> None:
    source = Path(narrate.__code__.co_filename).read_text()
    told = narrate(source)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            assert node.id in told


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("class A(list, metaclass=M):\n    pass", ["made of `list` and `metaclass=M`"]),
        ("@cache\nasync def f() -> int:\n    return 1", ["asynchronous", "gives `int`", "decorated with `cache`"]),
        ("print(1, end='')", ["do `print(1, end='')`"]),
        ("assert x, 'why'", ["assert x, 'why'"]),
        ("raise E from e", ["raise E from e"]),
    ],
)
def test_what_stands_around_a_name_is_told_too(program: str, words: list[str]) -> None:
    for word in words:
        assert word in narrate(program)


async def test_a_program_with_a_fence_in_it_gives_no_thought_and_stops_nothing() -> None:
    program = 'def f(x):\n    """Add one.\n\n    ```python\n    f(1)\n    ```\n    """\n    return x + 1\n'
    task = Task(
        problem=Problem(id="f", statement="Add one.", domain="code"), reference=CodeReference(tests="assert f(1) == 2")
    )
    made = await code_thought(task, program)
    assert isinstance(made, Unfit)
    assert made.reason == "the program that stands in the thought is another one"


async def test_a_thought_ends_in_the_program_and_reads_back_as_it() -> None:
    made = await code_thought(COUNTING, COUNT)
    assert isinstance(made, CodeThought)
    assert made.by == "rule"
    assert VOICES["prose"].read_answer(made.text, made.problem) == blocks(made.text)[-1][0]
    assert ast.dump(ast.parse(blocks(made.text)[-1][0])) == ast.dump(ast.parse(COUNT))
    assert made.text.endswith("\\boxed{program}")


async def test_a_program_that_prints_a_value_ends_in_the_value() -> None:
    made = await code_thought(SUM, "total = 0\nfor n in (1, 2, 3):\n    total += n ** 2\nprint(total)\n")
    assert isinstance(made, CodeThought)
    assert made.answer == "14"
    assert made.text.endswith("It prints 14. \\boxed{14}")


@pytest.mark.parametrize(
    ("task", "program", "reason"),
    [
        (COUNTING, "def count(words, letter='a'):\n    return 0\n", ""),
        (COUNTING, "def count(:", "it is no Python"),
        (SUM, "print(13)", ""),
        (SUM, "x = 14", "it printed ''"),
        (SUM, "raise SystemExit(3)", "run: error"),
        (Task(problem=SUM.problem), "print(14)", "no reference"),
    ],
)
async def test_a_program_that_does_not_work_gives_no_thought(task: Task, program: str, reason: str) -> None:
    made = await code_thought(task, program)
    assert isinstance(made, Unfit)
    assert made.reason
    assert reason in made.reason


async def test_a_writer_is_taken_at_its_word_only_while_the_program_stays() -> None:
    good = "I must count. I could filter, but a loop is plain: a total, one more for each word that begins so."
    made = await code_thought(COUNTING, COUNT, ScriptedChatModel([good]))
    assert isinstance(made, CodeThought)
    assert made.text.startswith(good)
    assert made.by != "rule"
    rival = f"{good}\n\n```python\ndef count(words, letter):\n    return 2\n```"
    other = await code_thought(COUNTING, COUNT, ScriptedChatModel([rival]))
    assert isinstance(other, CodeThought)
    assert other.by == "rule"


def sums(path: Path, *texts: str) -> Path:
    rows = [{"id": f"{n}", "statement": text, "reference": {"answer": "5"}, "program": "print(2 + 3)"} for n, text in
            enumerate(texts)]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_after_an_outage_a_writer_is_asked_only_for_what_is_missing(tmp_path: Path) -> None:
    file = sums(tmp_path / "programs.jsonl", "What is 2 + 3?", "What is 3 + 2?", "What is 1 + 4?")
    gone = True

    def say(asked: list[BaseMessage]) -> Line:
        if "1 + 4" in asked[-1].text:
            return RefusedError("too long", status=400, said="too long")
        return OutageError("gone") if gone and "3 + 2" in asked[-1].text else "I add the two."

    writer, kept = ScriptedChatModel(say), tmp_path / "data.replies.jsonl"
    with pytest.raises(OutageError):
        write_thoughts(file, tmp_path / "data", writer=writer)
    assert not (tmp_path / "data").exists()
    assert "I add the two." in kept.read_text()
    with kept.open("a") as torn:
        torn.write('{"model": "a ch')
    gone, before, told = False, len(writer.seen), list[tuple[int, int]]()
    write_thoughts(file, tmp_path / "data", writer=writer, watch=lambda *counts: told.append(counts))
    assert len(writer.seen) == before + 2  # the one that was refused is asked again
    assert [row["by"] for row in DataFolder.open(tmp_path / "data").rows("train")] == ["a chat model"] * 2 + ["rule"]
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert not kept.exists()
    kept.write_text("{}\n")
    write_thoughts(file, tmp_path / "plain")
    assert kept.exists(), "without a writer, replies are none of its business"
    other = tmp_path / "other.replies.jsonl"
    for text in ("{}\n", "{}", "my notes\nmore of them"):
        other.write_text(text)
        with pytest.raises(ConfigError, match="holds no replies"):
            write_thoughts(file, tmp_path / "other", writer=writer)
        assert other.read_text() == text


def test_a_problem_is_in_one_split_even_if_it_is_in_the_file_twice(tmp_path: Path) -> None:
    file = sums(tmp_path / "programs.jsonl", "What is 2 + 3?", "What is 3 + 2?", "What is 2 + 3?", "What is 1 + 4?")
    meta = write_thoughts(file, tmp_path / "data", CodeThoughtRequest(validation=0.5))
    assert meta["counts"] == {"train": 2, "validation": 1}


def test_programs_become_a_folder_that_can_be_trained_on(tmp_path: Path) -> None:
    human_eval = {
        "task_id": "HE/0", "prompt": "def twice(n):\n", "canonical_solution": "    return 2 * n\n",
        "entry_point": "twice", "test": "def check(f):\n    assert f(3) == 6\n",
    }  # fmt: skip
    mbpp = {"task_id": 1, "text": "Write thrice.", "code": "def thrice(n):\n    return n * 3\n"}
    mbpp |= {"test_list": ["assert thrice(2) == 6"]}
    wrong = mbpp | {"task_id": 2, "code": "def thrice(n):\n    return n\n"}
    file = tmp_path / "programs.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in (human_eval, mbpp, wrong)))
    with pytest.raises(ConfigError, match="`validation` must be less than 1"):
        CodeThoughtRequest(validation=3)
    meta = write_thoughts(file, tmp_path / "data", CodeThoughtRequest(validation=0.9))
    assert meta["counts"] == {"train": 1, "validation": 1}
    assert meta["left_out"][0].startswith("2: ")
    card = (tmp_path / "data" / "README.md").read_text()
    assert f"- {meta['left_out'][0]}" in card
    assert len(load_dataset(str(tmp_path / "data"), cache_dir=str(tmp_path / "cache"), split="train")) == 1
    folder = DataFolder.open(tmp_path / "data")
    assert (folder.meta.role, folder.meta.dialect) == ("thinker", "prose")
    assert [row["problem"] for split in ("validation", "train") for row in folder.rows(split)] == ["HE/0", "1"]
    with pytest.raises(ConfigError, match="something else in it already"):
        write_thoughts(file, tmp_path / "data")
    file.write_text(json.dumps(wrong) + "\n")
    with pytest.raises(ProblemError, match="none of its 1 programs answers its problem"):
        write_thoughts(file, tmp_path / "other")
    file.write_text('{"id": "g", "statement": "How many?", "reference": {"answer": "3"}}\n')
    with pytest.raises(ProblemError, match=r'programs\.jsonl:1: "program": expected the program'):
        list(programs(file))
