"""A disk that fills at 20 moments of a real job: one line, and with room again nothing is lost or done twice."""

import asyncio
import errno
import json
import os
import shutil
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

import longthought as lt
from longthought.cli.main import main
from tests.fakes import data_folders, sums
from tests.fakes.server import FakeServer

COUNT, MOMENTS = 3, 20
ROOT = Path(lt.__file__).parents[1]
OLD = Path(__file__).parents[1] / "fixtures" / "first_edition"


async def commands(*given: tuple[int | None, list[str]]) -> list[tuple[int, str]]:
    """Run commands one after another in one process, each with a limit on the size of files or none."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.fakes.limited"), stdin=pipe, stdout=pipe, cwd=ROOT
    )
    said, _ = await process.communicate(json.dumps(given).encode())
    return json.loads(said)


def command(problems: Path, url: str, out: Path, *options: str) -> list[str]:
    return [
        *("generate", str(problems), "--out", str(out), "--policy", "openai:fake", "--critic", "openai:fake"),
        *("--base-url", url, "--tools", "none", "--json", *options),
    ]


def lines(run: Path) -> list[bytes]:
    return (run / "labels.jsonl").read_bytes().splitlines()


def expect_one_line(*said: str, reason: str = "File too large") -> None:
    for line in said:
        assert line.count("\n") == 1, line
        assert line.startswith("longthought: ")
        assert f"can't be written ({reason}" in line
        assert "make room" in line


def expect_whole(out: Path) -> None:
    """Every debate has been begun, ended and graded once, with all of its events."""
    run = lt.Run(out)
    assert sorted(run.ids()) == sorted(f"sum-{n}#0" for n in range(COUNT))
    assert run.holes() == {}
    for trajectory in run.trajectories():
        kinds = Counter(event.kind for event in trajectory.events)
        assert (kinds["started"], kinds["finished"], kinds["graded"], kinds["failed"]) == (1, 1, 1, 0)
        assert [event.seq for event in trajectory.events] == list(range(len(trajectory.events)))
        assert (trajectory.rounds, trajectory.requests, trajectory.solved) == (sums.ROUNDS, sums.REQUESTS, True)


async def test_a_disk_that_fills_costs_nothing_but_the_time_until_there_is_room(tmp_path: Path) -> None:
    problems, whole = sums.file(tmp_path / "problems.jsonl", COUNT), tmp_path / "whole"
    async with FakeServer([sums.debates()]) as server:
        generate = partial(command, problems, server.base_url)
        assert [code for code, _ in await commands((None, generate(whole)))] == [0]
        most = (whole / "events-0000.jsonl").stat().st_size
        outs = {most * n // MOMENTS: tmp_path / f"run-{n}" for n in range(MOMENTS)}
        results = await commands(*((limit, generate(out)) for size, out in outs.items() for limit in (size, None)))
    for number, out in enumerate(outs.values()):
        (full, said), (code, _) = results[2 * number : 2 * number + 2]
        assert (full, code) in ((1, 0), (2, 0)), said
        expect_one_line(said)
        expect_whole(out)


async def test_processes_stop_too(tmp_path: Path) -> None:
    problems, out = sums.file(tmp_path / "problems.jsonl", COUNT), tmp_path / "run"
    async with FakeServer([sums.debates()]) as server:
        words = command(problems, server.base_url, out, "--processes", "2")
        (full, said), (code, _) = await commands((6_000, words), (None, words))
    assert (full, code) == (1, 0)
    expect_one_line(said)
    expect_whole(out)


async def test_problems_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    out = tmp_path / "problems.jsonl"
    words = ["problems", "countdown", "--count", "40", "--out", str(out)]
    (full, said), *_ = await commands((1_000, words))
    assert (full, os.listdir(tmp_path)) == (2, [])
    expect_one_line(said, reason="")
    assert [code for code, _ in await commands((None, words), (None, words))] == [0, 0]
    assert len(out.read_bytes().splitlines()) == 40


async def test_labels_and_exports_are_whole_or_not_there(tmp_path: Path) -> None:
    run = Path(shutil.copytree(OLD / "run-debate", tmp_path / "run"))
    (run / "labels.jsonl").unlink()
    label = ["label", str(run), "--method", "exact"]
    assert [code for code, _ in await commands((1_500, label))] == [1]
    assert (run / "labels.jsonl").read_bytes()[-1:] in (b"", b"\n")
    datas = {size: tmp_path / f"data-{size}" for size in (0, 2_000, 9_000)}
    export = ["export", str(run), "--format", "critic", "--out"]
    exports = [(size, [*export, str(out)]) for size, out in datas.items()]
    (labelled, _), *full, (again, _) = await commands((None, label), *exports, (None, [*export, str(datas[0])]))
    assert (labelled, again) == (0, 0)
    assert [code for code, _ in full] == [1, 1, 1]
    expect_one_line(*(said for _, said in full), reason="")
    assert sorted(os.listdir(tmp_path)) == ["data-0", "run"]
    assert len(lines(run)) == len(lines(OLD / "run-debate"))


async def test_a_training_says_so_and_goes_on(tmp_path: Path) -> None:
    step = {"prompt": [{"role": "user", "content": "use 3 4 make 7 step"}]}
    step["completion"] = [{"role": "assistant", "content": "3 + 4 = 7 left 7"}]
    data, out = data_folders.write(tmp_path / "data", [step], format="policy", role="policy"), tmp_path / "out"
    words = ["train", "sft", str(data), "--base", "new:d64x1", "--steps", "4", "--out", str(out)]
    (full, said), (code, _) = await commands((40_000, words), (None, words))
    assert (full, code) == (1, 0)
    line = said.splitlines()[-1]
    assert line.startswith(f"longthought: {out}: the disk is full (")
    assert line.endswith("; make room, then run the same command again")
    assert (out / "model.safetensors").exists()


def test_any_other_file_that_has_no_room_ends_the_command_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def write(**_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("longthought.cli.app.app", write)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    said = capsys.readouterr().err
    assert (
        said == "longthought: the disk is full (No space left on device); make room, then run the same command again\n"
    )
