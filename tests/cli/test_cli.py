"""The command line: what it does, what it prints, and one clear line for every mistake."""

import asyncio
import io
import json
import os
import re
import resource
import signal
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from rich.console import Console

import longthought as lt
from longthought.agents.catalogue import BUNDLED
from longthought.cli.main import main
from longthought.cli.render import debate
from longthought.labels.label import Label, LabelWriter, Method
from longthought.trajectories.folder import RunFolder
from longthought.trajectories.trajectory import Trajectory
from tests.fakes import logs, sums
from tests.fakes.server import FakeServer, hangs, refuses, says
from tests.fakes.tags import read_tags

COMMAND = str(Path(sys.executable).with_name("longthought"))
KEYS = [
    *("problems", "trajectories", "finished", "failed", "solved", "graded"),
    *("tokens", "requests", "seconds", "resumed"),
]
GAME = '{"id": "g", "statement": "Use 3 and 7, each once, to make 21.", "domain": "countdown"}'


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process."""
    monkeypatch.setenv("COLUMNS", "100")

    def go(*words: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["longthought", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return Done(int(ended.value.code or 0), *capsys.readouterr())

    return go


async def start(
    *words: str | Path, first: Callable[[], None] | None = None, columns: int = 100
) -> asyncio.subprocess.Process:
    """Start the real command as a process of its own, with something done in it first."""
    pipe = asyncio.subprocess.PIPE
    environment = {**os.environ, "COLUMNS": str(columns)}
    return await asyncio.create_subprocess_exec(
        COMMAND, *map(str, words), stdout=pipe, stderr=pipe, env=environment, preexec_fn=first
    )


async def end(process: asyncio.subprocess.Process) -> Done:
    out, err = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), err.decode())


async def command(*words: str | Path) -> Done:
    return await end(await start(*words))


def served(url: str) -> list[str]:
    return ["--policy", "openai:fake", "--critic", "openai:fake", "--base-url", url, "--tools", "none"]


def expect_one_line(done: Done, code: int, *said: str) -> None:
    """One line on standard error, none on standard output, and the words that help."""
    assert done.code == code, done
    assert done.out == ""
    assert done.err.startswith("longthought: ")
    assert done.err.count("\n") == 1
    for words in said:
        assert words in done.err


@pytest.mark.parametrize("columns", [80, 100])
@pytest.mark.parametrize("words", [(), ("generate",), ("train",), ("train", "grpo")])
async def test_the_help_cuts_nothing_off(words: tuple[str, ...], columns: int) -> None:
    done = await end(await start(*words, "--help", columns=columns))
    assert done.code == 0
    assert not re.search(r"[a-z](…|\.\.\.) *│?$", done.out, re.MULTILINE), done.out
    if words == ("generate",):
        assert "--critic-base-url" in done.out
        assert "bundled:countdown]" in done.out


# Mistakes.


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, ["p.jsonl: no such file", "JSON lines"]),
        ("", ["p.jsonl:1", "empty file"]),
        ("\n  \n", ["p.jsonl:1", "empty file"]),
        (f"{GAME}\n{{'id': 1}}\n", ["p.jsonl:2", "expected one JSON object"]),
        (f'{GAME}\n\n{{"id": "h"}}\n', ["p.jsonl:3", '"statement"']),
        (f'{GAME}\n{{"id": "h", "statement": "x", "sum": "1"}}\n', ["p.jsonl:2", "expected only the keys", "sum"]),
        (f"{GAME}\n[1]\n", ["p.jsonl:2", "expected one JSON object", "[1]"]),
        (f"{GAME}\n{GAME}\n", ["p.jsonl:2", "not used before", '"g"']),
        ('{"id": "g", "statement": "Use 3', ["p.jsonl:1", "expected one JSON object"]),
        (f"{GAME}\n\udcff\n", ["p.jsonl:2", "UTF-8"]),
    ],
)
def test_problems_that_cannot_be_read(run: Run, tmp_path: Path, content: str | None, said: list[str]) -> None:
    if content is not None:
        (tmp_path / "p.jsonl").write_bytes(content.encode(errors="surrogateescape"))
    done = run("generate", tmp_path / "p.jsonl", "--out", tmp_path / "run", *served("http://127.0.0.1:1/v1"))
    expect_one_line(done, 2, *said)
    assert not (tmp_path / "run").exists()


URL = ["--base-url", "http://127.0.0.1:1/v1"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--policy", "gpt"], 2, ["'gpt' is not a model", "provider:model", "bundled:countdown", "openai:NAME"]),
        (["--policy", "nobody:x"], 2, ["nobody:x", "openai:NAME"]),
        (["--policy", "countdown"], 2, ["did you mean bundled:countdown?"]),
        (
            ["--set", "reflection=2"],
            2,
            ["--set reflection=2: debate has no setting reflection: did you mean reflections?"],
        ),
        (["--temperature", "inf"], 2, ["--temperature must be a finite number"]),
        (["--policy", "bundled:chess"], 2, ["bundled:chess does not exist"]),
        (["--policy", "openai:m"], 2, ["openai:m", "--base-url http://localhost:8000/v1"]),
        (["--policy", "openai:m", "--base-url", "localhost:8000"], 2, ["'localhost:8000'", "http://"]),
        (["--policy", "openai:m", "--critic", "openai:m", "--base-url", "http://[x/v1"], 2, ["http://[x/v1", "URL"]),
        (["--policy", "openai:m", "--critic", "openai:m", *URL], 1, ["http://127.0.0.1:1/v1", "can't connect"]),
        (["--policy", "openai:m", "--critic", "transformers:/no/such", *URL], 1, ["127.0.0.1:1"]),
        (["--policy", "openai:m", *URL, "--dialect", "verse"], 2, ["'verse'", "prose, compact"]),
        (["--tools", "oracle", "--policy", "openai:m", "--critic", "openai:m", *URL], 2, ["'oracle'", "algebra"]),
        (["--graph", "duel"], 2, ["'duel'", "debate"]),
        (["--rounds", "0"], 2, ["--rounds must be at least 1, got 0"]),
        (["--rounds", "many"], 2, ["--rounds", "--help"]),
        (["--tokens", "-1"], 2, ["--tokens must be at least 1, got -1"]),
        (["--seconds", "0"], 2, ["--seconds must be more than 0, got 0"]),
        (["--colour", "red"], 2, ["--colour", "--help"]),
    ],
)
def test_options_that_make_no_sense(run: Run, tmp_path: Path, words: list[str], code: int, said: list[str]) -> None:
    expect_one_line(run("solve", "What is 1 + 1000?", *words), code, *said)
    problems = sums.file(tmp_path / "p.jsonl", 3)
    expect_one_line(run("generate", problems, "--out", tmp_path / "run", *words), code, *said)
    assert not (tmp_path / "run").exists()


def test_a_server_that_no_agent_is_on(run: Run) -> None:
    said = "--base-url http://127.0.0.1:1/v1: neither bundled:countdown nor bundled:countdown is on a server"
    expect_one_line(run("solve", "Use 3, 5 and 8, each once, to make 29.", *URL), 2, said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--concurrency", "0"], "--concurrency must be at least 1, got 0"),
        (["--samples", "0"], "--samples must be at least 1, got 0"),
        (["--concurrency", "-3"], "--concurrency must be at least 1, got -3"),
        (["--concurrency", "many"], "--concurrency"),
        (["--requests", "0"], "--requests must be at least 1, got 0"),
        (["--deadline", "0"], "--deadline must be more than 0, got 0"),
        (["--executor", "moon"], "--executor must be one of local, ray, got 'moon'"),
        (["--limit", "0"], "--limit must be at least 1, got 0"),
        (["--preset", "gsm9k"], "--preset gsm9k: there are gsm8k, math"),
        (["--where", "level"], "--where level: write FIELD=VALUE"),
        (["--where", "level=5"], 'no field "level"; the fields are id, statement, domain, reference'),
        (["--answer-field", "answer"], "--answer-field answer: say which field holds the problem too"),
        (
            ["--statement-field", "question"],
            'no field "question" here; the fields are id, statement, domain, reference',
        ),
        (["--metrics-port", "70000"], "--metrics-port 70000: must be from 0 to 65535"),
    ],
)
def test_job_options_that_make_no_sense(run: Run, tmp_path: Path, words: list[str], said: str) -> None:
    problems = sums.file(tmp_path / "p.jsonl", 3)
    expect_one_line(run("generate", problems, "--out", tmp_path / "run", *served(URL[1]), *words), 2, said)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["solve"], "statement"),
        (["solve", "  "], "the statement is empty"),
        (["generate", "p.jsonl"], "--out"),
        (["frobnicate"], "'frobnicate'"),
        (["show"], "run"),
        (["show", "nowhere"], "nowhere does not exist"),
        (["show", "."], "not a run folder"),
        (["problems", "countdown", "--out", "p", "--split", "exam"], "--split exam: choose train, validation or test"),
        (["problems", "countdown", "--out", "p", "--targets", "ten"], "--targets ten"),
        (["problems", "countdown", "--out", "p", "--targets", "50-10"], "--targets 50-10"),
        (["problems", "countdown", "--out", "p", "--numbers", "1"], "--numbers must be from 2 to 6, got 1"),
        (["problems", "countdown", "--out", "p", "--count", "0"], "--count"),
        (["problems", "countdown", "--out", "p", "--max-number", "1"], "found only 0 distinct solvable puzzles"),
        (["problems", "countdown", "--out", "no/such/p", "--count", "1"], "can't be written"),
        (["solve", "Use 1, 1 and 1, each once, to make 100."], "no solution"),
        (["solve", "Use 3 and 5 to make 0."], "no solution"),
    ],
)
def test_other_mistakes(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str) -> None:
    monkeypatch.chdir(tmp_path)
    expect_one_line(run(*words), 2, said)
    assert list(tmp_path.iterdir()) == []


def test_a_model_folder_that_is_none(run: Run, tmp_path: Path) -> None:
    words = ["--policy", f"transformers:{tmp_path}/none", "--critic", f"transformers:{tmp_path}/none"]
    expect_one_line(run("solve", "What is 1 + 1000?", *words), 2, f"{tmp_path}/none: no such folder")
    problems = sums.file(tmp_path / "p.jsonl", 3)
    expect_one_line(run("generate", problems, "--out", tmp_path / "run", *words), 2, f"{tmp_path}/none")
    assert not (tmp_path / "run").exists()


def test_a_problem_that_small_agents_cannot_read(run: Run, tmp_path: Path) -> None:
    small = tmp_path / "small"  # a folder such as training writes, but for the weights: nothing may be loaded here
    small.mkdir()
    (small / "compact.json").write_text("{}")
    words = ["--policy", f"transformers:{small}", "--critic", f"transformers:{small}"]
    expect_one_line(run("solve", "What is 1 + 1000?", *words), 2, "reads only Countdown", "openai:NAME")
    (tmp_path / "p.jsonl").write_text(f'{GAME}\n{{"id": "poem", "statement": "Write a poem."}}\n')
    done = run("generate", tmp_path / "p.jsonl", "--out", tmp_path / "run", *words)
    expect_one_line(done, 2, "'poem'", "reads only Countdown", "openai:NAME")
    assert not (tmp_path / "run").exists()


def test_run_folders_that_are_not_what_was_asked_for(run: Run, tmp_path: Path) -> None:
    problems, out = sums.file(tmp_path / "p.jsonl", 3), tmp_path / "run"
    out.mkdir()
    manifest: dict[str, Any] = {"schema_version": 99, "kind": "generate", "created": "", "config": {}, "versions": {}}
    (out / "run.json").write_text(json.dumps(manifest))
    expect_one_line(run("generate", problems, "--out", out, *served(URL[1])), 2, "schema 99", "upgrade")
    expect_one_line(run("show", out), 2, "schema 99", "upgrade")

    (out / "run.json").write_text("{]")
    expect_one_line(run("show", out), 2, "run.json", "damaged")

    (out / "run.json").unlink()
    (out / "thesis.tex").write_text("")
    expect_one_line(run("show", out), 2, "not a run folder")
    assert sorted(p.name for p in out.iterdir()) == ["thesis.tex"]


async def test_the_real_command_exits_as_its_function_does(tmp_path: Path) -> None:
    """A few of the above once more as users meet them: a process, its exit code, no traceback."""
    expect_one_line(await command("solve", "x", "--policy", "gpt"), 2, "'gpt' is not a model")
    expect_one_line(await command("solve", "x", *served(URL[1])), 1, URL[1])
    version = await command("--version")
    assert (version.code, version.out) == (0, f"longthought {lt.__version__}\n")
    nothing = await command()
    assert (nothing.code, nothing.err) == (2, "")
    assert "solve" in nothing.out


# What it does.


def test_problems_are_written_as_asked_for(run: Run, tmp_path: Path) -> None:
    words = ["--count", 5, "--numbers", 3, "--max-number", 9, "--targets", "10-30", "--split", "train", "--seed", 4]
    for name in ("a", "b"):
        done = run("problems", "countdown", *map(str, words), "--out", tmp_path / name)
        assert (done.code, done.out) == (0, f"wrote 5 problems to {tmp_path / name}\n")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    again = run("problems", "countdown", *map(str, words), "--out", tmp_path / "a")
    assert (again.code, again.err) == (0, "")
    tasks = list(lt.load(tmp_path / "a"))
    assert len(tasks) == 5
    for task in tasks:
        assert isinstance(task.reference, lt.CountdownReference)
        assert len(task.reference.numbers) == 3
        assert 10 <= task.reference.target <= 30


@pytest.mark.parametrize("written", ["mine\n", '{"id": "a", "statement": "What is 1 + 1?"}\n'])
def test_a_file_of_something_else_is_not_overwritten(run: Run, tmp_path: Path, written: str) -> None:
    (tmp_path / "p.jsonl").write_text(written)
    done = run("problems", "countdown", "--count", 2, "--out", tmp_path / "p.jsonl")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"longthought: --out {tmp_path / 'p.jsonl'}: there is something else in it already; name a new file, or remove "
        "it\n"
    )
    assert (tmp_path / "p.jsonl").read_text() == written
    assert [path.name for path in tmp_path.iterdir()] == ["p.jsonl"]


def test_an_empty_file_is_filled(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").touch()
    assert run("problems", "countdown", "--count", 2, "--out", tmp_path / "p.jsonl").code == 0
    assert len(list(lt.load(tmp_path / "p.jsonl"))) == 2


async def test_a_job_from_start_to_show(tmp_path: Path) -> None:
    problems, out = sums.file(tmp_path / "p.jsonl", 11), tmp_path / "run"
    async with FakeServer([sums.debates()]) as server:
        job = ["generate", problems, "--out", out, *served(server.base_url)]
        done = await command(*job)
        assert (done.code, done.err) == (0, "")
        for words in ("10 (90.9% of 11 graded)", "11 answered", f"next: longthought show {out}\n"):
            assert words in done.out

        again = await command(*job, "--json")
        assert (again.code, again.err, again.out.count("\n")) == (0, "", 1)
        summary = json.loads(again.out)
        assert list(summary) == KEYS
        assert (summary["finished"], summary["solved"], summary["requests"]) == (11, 10, 66)
        assert len(server.chats) == 66

        other = await command(*job, "--rounds", "5")
        expect_one_line(other, 2, "rounds 32 -> 5", "choose another --out")
        solved = await command("solve", "What is 7 + 1000?", "--answer", "1007", *served(server.base_url))
        assert (solved.code, solved.err) == (0, "")
        for words in ("What is 7 + 1000?", "I guess.", "↩ backtrack", "■ terminate", "answer: 1007", "✔ right"):
            assert words in solved.out
        as_json = await command("solve", "What is 7 + 1000?", "--json", *served(server.base_url))
        assert as_json.out.count("\n") == 1
        assert json.loads(as_json.out)["answer"] == "1007"
    assert max(map(len, (done.out + solved.out).splitlines())) <= 100


def test_show(run: Run, tmp_path: Path) -> None:
    shown = stored(tmp_path / "run")
    table = run("show", tmp_path / "run")
    assert table.code == 0
    assert "2 debates, 1 ended, 0 of 1 solved (0.0%)" in table.out
    assert "unfinished" in table.out
    assert "countdown-8-11-16-16-35#2" in table.out
    assert run("show", tmp_path / "run", "--limit", "1").out.count("countdown") == 1

    debate = run("show", tmp_path / "run", "countdown-8-11-16-16-35#2")
    for words in (shown.problem.statement, "Tree", "Transcript", "vetoed", "reflection:", "✘ wrong"):
        assert words in debate.out
    assert "Look-ahead" not in debate.out
    assert max(map(len, (table.out + debate.out).splitlines())) <= 100

    example = run("show", tmp_path / "run", "--example")
    assert "Transcript" in example.out
    as_json = run("show", tmp_path / "run", "countdown-8-11-16-16-35#2", "--json")
    assert json.loads(as_json.out)["solved"] is False
    lines = [json.loads(line) for line in run("show", tmp_path / "run", "--json").out.splitlines()]
    assert [line["id"] for line in lines] == ["countdown-8-11-16-16-35#2", "other#0"]
    expect_one_line(run("show", tmp_path / "run", "countdown-8"), 2, "has no debate 'countdown-8#0'")


def test_show_a_thought(run: Run, tmp_path: Path) -> None:
    shown = stored(tmp_path / "run")
    debate = (tmp_path / "run", "countdown-8-11-16-16-35#2")
    thought = run("show", *debate, "--thought")
    assert (thought.code, thought.err) == (0, "")
    assert " ".join(shown.long_thought().text.split()) in " ".join(thought.out.split())
    assert "chronological: 4 steps, 2 wrong turns, graded: wrong" in thought.out
    assert max(map(len, thought.out.splitlines())) <= 100
    as_json = json.loads(run("show", *debate, "--thought", "--json").out)
    assert (as_json["text"], as_json["walk"]) == (shown.long_thought().text, "chronological")
    assert "What is [bold]it[/]?" in run("show", tmp_path / "run", "other", "--thought").out
    expect_one_line(run("show", tmp_path / "run", "--thought"), 2, "--thought shows one debate", "--example")


def test_tell(run: Run, tmp_path: Path) -> None:
    shown = stored(tmp_path / "run")
    debate = ("tell", tmp_path / "run", "countdown-8-11-16-16-35#2")
    told = run(*debate, "--seed", "3")
    assert " ".join(shown.long_thought(seed=3).text.split()) in " ".join(told.out.split())
    assert json.loads(run(*debate, "--json").out)["text"] == shown.long_thought().text
    tagged = run(*debate, "--form", "tagged").out
    record = json.loads(run(*debate, "--form", "tagged", "--json").out)
    assert record == {"id": shown.id, "tagged": tagged.removesuffix("\n")}
    assert tagged.strip() == shown.long_thought().tagged()
    assert read_tags(tagged)
    brief = run(*debate, "--form", "summary").out
    assert "Tried and dropped: “16 + 8 = 25” (it is 24); “16 - 16 = 0” (zero is not positive)." in brief
    compact = run(*debate, "--form", "compact")
    expect_one_line(compact, 2, "compact")  # a step was doubted in words, and compact has none
    expect_one_line(run(*debate, "--walk", "depth_first"), 2, "no answer that is known to be right", "label its steps")
    expect_one_line(run(*debate, "--walk", "best"), 2, "--walk best", "depth_first")
    expect_one_line(run(*debate, "--form", "verse"), 2, "--form verse", "tagged or summary")
    expect_one_line(run(*debate, "--form", "tagged", "--model", "openai:fake"), 2, "--model openai:fake", "summary")


def test_tell_goes_by_the_labels_of_the_run(run: Run, tmp_path: Path) -> None:
    *ungraded, _ = logs.plain()
    with RunFolder.create_or_resume(tmp_path / "run", {"graph": "debate"}) as opened:
        opened.append(ungraded)
    debate = ("tell", tmp_path / "run", "countdown-8-11-16-16-35#2", "--walk", "shortcut")
    assert run(*debate).code == 2
    with LabelWriter(tmp_path / "run") as labels:
        labels.append([Label(trajectory=debate[2], node=5, live=True, method=Method.HUMAN)])
    assert "(16 / 16) * 35" in run(*debate).out


def test_tell_gives_figures_of_all_thoughts(run: Run, tmp_path: Path) -> None:
    stored(tmp_path / "run")
    done = run("tell", tmp_path / "run")
    assert "4 numbers, wrong" in done.out
    assert "math, ungraded" in done.out
    assert max(map(len, done.out.splitlines())) <= 100
    rows = [json.loads(line) for line in run("tell", tmp_path / "run", "--json").out.splitlines()]
    assert [(row["difficulty"], row["thoughts"], row["steps"]) for row in rows] == [("4 numbers", 1, 4), ("math", 1, 0)]
    assert rows[0]["wrong_turns"] == 2
    expect_one_line(run("tell", tmp_path / "run", "--walk", "shortcut"), 2, "no debate can be told", "2 not told")
    expect_one_line(run("tell", tmp_path / "run", "--form", "summary"), 2, "name a debate")


async def test_tell_in_the_words_of_a_model(tmp_path: Path) -> None:
    shown = stored(tmp_path / "run")
    debate = ("tell", tmp_path / "run", "countdown-8-11-16-16-35#2", "--model", "openai:fake", "--base-url")
    async with FakeServer([says("[[1]] It is 36.")]) as server:
        done = await command(*debate, server.base_url)
    assert " ".join(shown.long_thought().text.split()) in " ".join(done.out.split())
    assert "not in the words of openai:fake, since" in done.err
    words = "16 + 8 = 25 was tried, and it is 24.\nAnswer: (16 / 16) * 35"
    async with FakeServer([says(words)]) as server:
        done = await command(*debate, server.base_url, "--form", "summary")
    assert (done.out.strip(), done.err) == (words, "")


def stored(folder: Path) -> Trajectory:
    """Write a run of two debates made by hand, one of them unfinished."""
    plain, other = logs.plain(), logs.Log("What is [bold]it[/]?", id="other")
    with RunFolder.create_or_resume(folder, {"graph": "debate"}) as opened:
        opened.append(plain)
        opened.append(other)
    return Trajectory(plain.name, plain)


async def test_debates_that_fail_are_told_of_and_the_exit_code_says_so(tmp_path: Path) -> None:
    problems, out = sums.file(tmp_path / "p.jsonl", 3), tmp_path / "run"
    refusal = refuses(400, "the prompt is too long")

    async def act(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        fits = sums.number_in(payload["messages"][-1]["content"]) == 0
        return await (sums.debates() if fits else refusal)(server, request, payload)

    async with FakeServer([act]) as server:
        done = await command("generate", problems, "--out", out, "--json", *served(server.base_url))
        assert done.code == 1
        assert json.loads(done.out)["failed"] == 2
        assert done.err.startswith("longthought: 2 debates failed: ")
        assert "the prompt is too long" in done.err
        assert done.err.rstrip().endswith("run the same command with --retry-failed to play them on")
        solved = await command("solve", "What is 7 + 1000?", *served(server.base_url))
        assert solved.code == 1
        assert "the prompt is too long" in " ".join(solved.out.split())
        assert "failed before the first step" in solved.out
        assert "tokens" not in solved.out
        assert "Traceback" not in solved.err + done.err


# Disks.


@pytest.mark.parametrize("processes", [[], ["--processes", "2"]])
async def test_a_disk_without_room_stops_a_job_which_goes_on_when_there_is(
    tmp_path: Path, processes: list[str]
) -> None:
    problems, out = sums.file(tmp_path / "p.jsonl", 12), tmp_path / "run"

    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (12_345, 12_345))  # bytes a file: a line is written in part

    async with FakeServer([sums.debates()]) as server:
        words = ["generate", problems, "--out", out, "--concurrency", "5", *served(server.base_url), *processes]
        full = await end(await start(*words, "--json", first=no_room))
        expect_one_line(
            full, 1, "can't be written (File too large)", "make room", "Run the same command again to go on."
        )
        before = {path: path.read_bytes() for path in out.glob("events-*.jsonl")}
        assert all(not data or data.endswith(b"\n") for data in before.values())
        done = await command(*words, "--json")
    assert (done.code, json.loads(done.out)["finished"], json.loads(done.out)["solved"]) == (0, 12, 11)
    assert all(path.read_bytes().startswith(data) for path, data in before.items())
    for trajectory in lt.Run(out).trajectories():
        kinds = Counter(event.kind for event in trajectory.events)
        assert (kinds["started"], kinds["finished"], kinds["graded"], kinds["failed"]) == (1, 1, 1, 0)


# Ctrl-C.


async def test_ctrl_c_stops_a_job_which_says_how_to_go_on_and_does(tmp_path: Path) -> None:
    problems, out = sums.file(tmp_path / "p.jsonl", 12), tmp_path / "run"
    awake, answer = asyncio.Event(), sums.debates()

    async def falls_asleep(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        return await (answer if awake.is_set() or len(server.chats) <= 30 else hangs)(server, request, payload)

    async with FakeServer([falls_asleep]) as server:
        words = ["generate", problems, "--out", out, "--concurrency", "5", *served(server.base_url)]
        job = await start(*words)
        while len(server.chats) < 35:  # five requests hang, one of each debate in flight
            assert job.returncode is None
            await asyncio.sleep(0.01)
        job.send_signal(signal.SIGINT)
        stopped = await end(job)
        assert stopped.code == 130
        assert stopped.err.startswith("longthought: stopped with ")
        assert "Run the same command again to go on." in stopped.err
        assert stopped.err.count("\n") == 1
        before = (out / "events-0000.jsonl").read_bytes()

        awake.set()
        done = await command(*words, "--json")
    assert done.code == 0
    assert json.loads(done.out)["resumed"] == 5
    assert json.loads(done.out)["finished"] == 12
    assert (out / "events-0000.jsonl").read_bytes().startswith(before)
    for trajectory in lt.Run(out).trajectories():
        kinds = Counter(event.kind for event in trajectory.events)
        assert (kinds["started"], kinds["finished"], kinds["graded"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("words", "place", "said"),
    [
        (["label", "run"], "longthought.labels.job.label", "stopped; run the same command again to go on"),
        (["show", "run"], "longthought.trajectories.run.Run", "stopped"),
    ],
)
def test_ctrl_c_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch, words: list[str], place: str, said: str) -> None:
    monkeypatch.setattr(place, lambda *_, **__: signal.raise_signal(signal.SIGINT))
    assert run(*words) == Done(130, "", f"longthought: {said}\n")


def test_ctrl_c_while_commands_are_imported_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupting(MetaPathFinder):
        def find_spec(self, fullname: str, path: object, target: object = None) -> None:
            if fullname == "longthought.cli.app":
                signal.raise_signal(signal.SIGINT)

    monkeypatch.delitem(sys.modules, "longthought.cli.app", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupting(), *sys.meta_path])
    assert run("doctor") == Done(130, "", "longthought: stopped\n")


async def test_ctrl_c_stops_a_debate() -> None:
    async with FakeServer([hangs]) as server:
        job = await start("solve", "What is 7 + 1000?", *served(server.base_url))
        while not server.chats:
            assert job.returncode is None
            await asyncio.sleep(0.01)
        job.send_signal(signal.SIGINT)
        stopped = await end(job)
    assert stopped.code == 130
    assert stopped.err.startswith("longthought: stopped")
    assert stopped.err.count("\n") == 1


# How it looks.


def drawn(width: int, *things: Any) -> list[str]:
    file = io.StringIO()
    console = Console(file=file, width=width, highlight=False)
    for thing in things:
        console.print(thing)
    return file.getvalue().splitlines()


@pytest.mark.parametrize("width", [50, 80, 100])
def test_a_debate_fits_the_terminal(width: int) -> None:
    log = logs.plain()
    lines = drawn(width, *debate.debate_panels(Trajectory(log.name, log)))
    assert max(map(len, lines)) <= width
    transcript = lines[lines.index("Transcript") + 1 :]
    said = transcript[: next(i for i, line in enumerate(transcript) if line.startswith("╭"))]
    assert all(line[:3].strip().isdecimal() or line.startswith("    ") for line in said), said


def test_what_models_say_is_never_taken_for_markup() -> None:
    log = logs.Log("What is [bold]it[/]?", id="[red]x[/]")
    log.add(logs.Proposed, logs.POLICY, node=1, parent=0, text="[i]one[/] [/nope]", answer="[b]1[/]")
    log.judge(1, logs.Action.TERMINATE, 0.9, "[green]fine[/]")
    log.add(logs.Moved, logs.CRITIC, to=1, cause=logs.Cause.ACCEPTED, accepted=(1,))
    log.add(logs.Finished, logs.CRITIC, reason=logs.StopReason.ANSWERED, node=1, answer="[b]1[/]")
    text = "\n".join(drawn(100, *debate.debate_panels(Trajectory(log.name, log))))
    for words in ("[bold]it[/]", "[red]x[/]#0", "[i]one[/] [/nope]", "answer: [b]1[/]", "[green]fine[/]"):
        assert words in text


# The bundled agents.


@pytest.fixture
def bundled() -> None:
    """Fail where the weights are missing: they ship with the package."""
    weights = BUNDLED / "countdown" / "policy" / "model.safetensors"
    assert weights.exists(), f"{weights} is missing; rebuild it with `longthought train bundled`"


@pytest.mark.usefixtures("bundled")
async def test_the_bundled_agents_from_problems_to_show(tmp_path: Path) -> None:
    problems, out = tmp_path / "p.jsonl", tmp_path / "run"
    written = await command("problems", "countdown", "--count", "5", "--split", "test", "--out", problems)
    assert written.code == 0
    done = await command("generate", problems, "--out", out, "--json")
    assert (done.code, done.err) == (0, "")
    summary = json.loads(done.out)
    assert (summary["trajectories"], summary["finished"], summary["failed"], summary["graded"]) == (5, 5, 0, 5)
    assert summary["solved"] >= 1
    solved = next(t for t in lt.Run(out).trajectories() if t.solved)
    shown = await command("show", out, solved.problem.id)
    assert (shown.code, shown.err) == (0, "")
    assert solved.answer is not None
    assert solved.answer in shown.out
    assert "Look-ahead: “7 need 53 39 have 68 28 none” holds 7 back" in shown.out

    debate = await command("solve", solved.problem.statement, "--json")
    assert (debate.code, debate.err) == (0, "")
    assert json.loads(debate.out)["finished"]
    other = await command("solve", "What is 1 + 1000?")
    expect_one_line(other, 2, "bundled:countdown can't read", "openai:NAME")


# A person in the terminal, and threads.


def test_a_person_is_asked_in_the_terminal_and_the_debate_is_kept(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("hm\nbacktrack 0 look again\nstep 20 + 16 = 36 left 36 7 3\n"))
    done = run("solve", "Use 3, 7, 16 and 20, each once, to make 46.", "--interactive", "--out", tmp_path / "kept")
    assert done.code == 0, done.err
    assert "can't be read" in done.out
    (kept,) = lt.Run(tmp_path / "kept").trajectories()
    assert f"as {kept.id}" in done.out
    assert kept.solved is not None
    by_hand = [event.kind for event in kept.events if event.by == "human"]
    assert by_hand == ["judged", "moved", "moved", "proposed"]
    assert "20 + 16 = 36" in str(kept.long_thought("chronological"))


def test_a_thread_is_imported_once_for_each_call(run: Run, tmp_path: Path) -> None:
    thread = f"{tmp_path}/threads.sqlite#mine"
    assert run("solve", "Use 3, 5 and 8, each once, to make 29.", "--thread", thread).code == 0
    for _ in range(2):
        assert run("import-thread", thread, "--out", tmp_path / "kept").code == 0
    first, second = lt.Run(tmp_path / "kept").trajectories()
    assert (first.sample, second.sample) == (0, 1)
    assert first.solved is not None
    assert [e.at for e in first.events[:-1]] == [e.at for e in second.events[:-1]]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("nothing",), "holds no debate yet"),
        (("x", "--url", "http://127.0.0.1:9"), "can't be asked"),
    ],
)
def test_a_thread_that_is_not_there(run: Run, tmp_path: Path, words: tuple[str, ...], reason: str) -> None:
    done = run("import-thread", *words, "--out", tmp_path / "kept")
    assert done.code in (1, 2)
    assert reason in done.err
    assert not (tmp_path / "kept").exists()
