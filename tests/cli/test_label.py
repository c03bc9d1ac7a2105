"""`longthought label` and `longthought export` as a person runs them, keys pressed in a terminal among it."""

import json
import os
import pty
import select
import shutil
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

import longthought as lt
from longthought.labels.label import Label, LabelBook, LabelWriter, Method
from longthought.labels.outcomes import settled
from tests.fakes.played import play

COMMAND = [sys.executable, "-c", "from longthought.cli.main import main; main()"]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run that nobody writes to."""
    return play(tmp_path_factory.mktemp("played") / "run", 12)


@pytest.fixture
def run(played: Path, tmp_path: Path) -> Path:
    """Return a copy of the run, to be labelled."""
    return Path(shutil.copytree(played, tmp_path / "run"))


def longthought(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False)


def press(keys: str, *arguments: str | Path) -> str:
    """Run a command in a terminal and press a key each time it waits for one; return what it showed."""
    master, slave = pty.openpty()
    shown, deadline = b"", time.monotonic() + 120
    with subprocess.Popen([*COMMAND, *map(str, arguments)], stdin=slave, stdout=slave, stderr=slave) as process:
        os.close(slave)
        try:
            for turn, key in enumerate(keys, 1):  # it has asked, and waits for a key and not for a line
                while shown.count(b"uit\r\n") < turn or termios.tcgetattr(master)[3] & termios.ICANON:
                    assert time.monotonic() < deadline, shown.decode()
                    shown += read(master)
                os.write(master, key.encode())
            while process.poll() is None or select.select([master], [], [], 0)[0]:
                assert time.monotonic() < deadline, shown.decode()
                try:
                    shown += read(master)
                except OSError:  # the other end is closed
                    break
        finally:
            process.kill()
    os.close(master)
    assert process.returncode == 0, shown.decode()
    return shown.decode()


def read(terminal: int) -> bytes:
    return os.read(terminal, 65_536) if select.select([terminal], [], [], 0.02)[0] else b""


def human(run: Path) -> list[tuple[str, int, bool | None]]:
    book = LabelBook(run)
    return [
        (one.trajectory, one.node, one.live)
        for name in book.trajectories()
        for one in book.of(name).values()
        if one.method is Method.HUMAN
    ]


def open_questions(run: Path) -> list[tuple[str, int]]:
    """Return the steps that neither a tool nor a right answer has settled."""
    debates = list(lt.Run(run).trajectories())
    return [(t.id, node.id) for t in debates for node in t.steps if node.id not in settled(t, {})]


def test_a_person_judges_doubtful_steps_by_keys_takes_one_back_and_goes_on_later(run: Path) -> None:
    doubts = 4
    steps = open_questions(run)[:doubts]
    assert len(steps) == doubts
    with LabelWriter(run) as writer:
        for name, node in steps:
            writer.append([Label(trajectory=name, node=node, method=Method.MODEL, live=True, value=0.6, doubtful=True)])
    shown = press("gsbzuq", "label", run, "--review")
    assert f"1 of {doubts}" in shown
    assert "2 labelled by hand" in shown
    first = human(run)
    assert [live for *_, live in first] in ([True, None], [None, True])  # the b was taken back and made unsure
    shown = press("bq", "label", run, "--review")
    assert f"1 of {doubts - 2}" in shown
    assert len(human(run)) == 3


def test_a_judgement_that_is_taken_back_is_as_if_never_made(run: Path) -> None:
    with LabelWriter(run) as writer:
        for name, node in open_questions(run)[:2]:
            writer.append([Label(trajectory=name, node=node, method=Method.MODEL, live=True, value=0.6, doubtful=True)])
    for _ in range(2):
        shown = press("uzsq", "label", run, "--review")
        assert "1 of 2" in shown
        assert "0 labelled by hand" in shown
        assert human(run) == []


def test_expensive_labels_outlive_a_kill(run: Path) -> None:
    command = [*COMMAND, "label", str(run), "--method", "monte-carlo", "-k", "2", "--concurrency", "2"]
    deadline = time.monotonic() + 300
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            while not len(LabelBook(run)):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.02)
        finally:
            process.kill()
    kept = len(LabelBook(run))
    tried = set(lt.Run(run / "continuations-2").finished_ids())
    counts = json.loads(longthought(*command[3:], "--json").stdout)
    assert (counts["known"], len(LabelBook(run))) == (kept, kept + counts["labels"])
    assert counts["labels"] > 0
    assert tried < set(lt.Run(run / "continuations-2").finished_ids())


def test_label_and_export_report_in_a_line_or_in_json(run: Path, tmp_path: Path) -> None:
    labelled = longthought("label", run)
    assert labelled.returncode == 0, labelled.stderr
    assert "steps labelled (0 were known)" in labelled.stdout
    counts = json.loads(longthought("label", run, "--json").stdout)
    assert counts["labels"] == 0 < counts["known"]
    done = longthought("export", run, "--format", "policy", "--out", tmp_path / "data", "--validation", "0.4")
    assert done.returncode == 0, done.stderr
    assert "for training" in done.stdout
    assert "for validation" in done.stdout
    card = (tmp_path / "data" / "README.md").read_text()
    assert f"longthought export {run} --format policy" in card
    meta = json.loads(
        longthought("export", run, "--format", "sft-journey,sft-shortcut", "--mix", "sft-journey=0.5,sft-shortcut=0.5",
                    "--out", tmp_path / "both", "--json", "--wrong", "-1", "--against", "none").stdout
    )  # fmt: skip
    assert meta["role"] == "thinker"
    assert meta["settings"]["wrong"] is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--format", "sft"], "--format must be one or more of sft-journey"),
        (["--backtracks", "many"], "--backtracks must be a number or a range"),
        (["--backtracks", "5-2"], "--backtracks must have its lower limit first, such as 2-5"),
        (["--outcome", "drawn"], "--outcome must be one of solved, failed, got 'drawn'"),
        (["--agreement", "2"], "--agreement must be at most 1"),
        (["--max-length", "0"], "--max-length must be at least 1, got 0"),
        (["--mix", "a=b"], "--mix must be written NAME=SHARE"),
        (["--walk", "shortcut"], "--walk must be depth_first or chronological"),
        (["--pair-by", "age"], "--pair-by must be one of siblings, samples"),
        (["--validation", "nowhere"], "nowhere does not exist"),
        (["--against", "gone.jsonl"], "gone.jsonl: no such file"),
        (["--tokenizer", "/nowhere"], "--tokenizer /nowhere"),
    ],
)
def test_mistakes_cost_one_line(played_once: Path, tmp_path: Path, arguments: list[str], words: str) -> None:
    done = longthought("export", played_once, "--out", tmp_path / "data", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--review"], "--review: reads keys from a terminal"),
        (["--all"], "--all: "),
        (["--limit", "-5"], "--limit"),
        (["--limit", "0"], "--limit"),
    ],
)
def test_labels_that_cannot_be_made_so_cost_one_line(played_once: Path, arguments: list[str], words: str) -> None:
    done = subprocess.run(
        [*COMMAND, "label", str(played_once), *arguments],
        input="gg", capture_output=True, text=True, check=False, start_new_session=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (played_once / "labels.jsonl").exists()


@pytest.fixture(scope="session")
def played_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return play(tmp_path_factory.mktemp("played") / "run", 1)
