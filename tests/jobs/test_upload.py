"""A copy of the run folder on shared storage: chunk by chunk, whole lines only, and a run folder itself."""

import asyncio
import logging
import shutil
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

import longthought as lt
from longthought.agents.agent import Critic, Policy
from longthought.agents.dialects.prose import Prose
from longthought.errors import ConfigError, RunError, RunFolderError
from longthought.jobs import upload
from longthought.jobs.upload import Copy, uploading
from tests.fakes import sums
from tests.fakes.scripted import ScriptedChatModel


def generate(problems: int, out: Path, **more: Any) -> list[str]:
    def last(messages: list[BaseMessage]) -> str:
        return str(messages[-1].content)

    policy = Policy("scripted:policy", ScriptedChatModel(lambda m: sums.policy_says(last(m))), Prose())
    critic = Critic("scripted:critic", ScriptedChatModel(lambda m: sums.critic_says(last(m))), Prose())
    tasks = sums.tasks(problems)
    return [t.id for t in lt.generate(tasks, out=out, policy=policy, critic=critic, tools=[], **more)]


def log(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob("events-*.jsonl")))


def test_the_copy_is_a_run_folder_that_a_job_can_go_on_with(tmp_path: Path) -> None:
    out, store = tmp_path / "run", tmp_path / "bucket" / "run"
    generate(4, out, upload=f"file://{store}")
    generate(7, out, upload=f"file://{store}")
    assert log(store) == log(out)
    assert {t.id: t.events for t in lt.Run(store).trajectories()} == {
        t.id: t.events for t in lt.Run(out).trajectories()
    }
    assert generate(9, store, concurrency=1) == ["sum-7#0", "sum-8#0"]


def test_the_copy_that_was_fetched_goes_on_with_the_same_command(tmp_path: Path) -> None:
    store, fetched = tmp_path / "bucket" / "run", tmp_path / "fetched"
    generate(4, tmp_path / "run", upload=f"file://{store}")
    shutil.copytree(store, fetched)
    assert generate(6, fetched, upload=f"file://{store}", concurrency=1) == ["sum-4#0", "sum-5#0"]
    assert {t.id: t.events for t in lt.Run(store).trajectories()} == {
        t.id: t.events for t in lt.Run(fetched).trajectories()
    }
    assert generate(7, fetched, upload=f"file://{store}", concurrency=1) == ["sum-6#0"]
    assert len(lt.Run(store)) == 7


def test_chunks_end_with_a_line_and_a_torn_end_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "CHUNK", 1_000)
    out, store = tmp_path / "run", tmp_path / "copy"
    generate(3, out)
    (out / "events-0001.jsonl").write_bytes(b"")
    with (out / "events-0000.jsonl").open("ab") as file:
        file.write(b'{"trajectory":"torn')
    assert Copy(out, f"file://{store}").round() > 3
    whole = log(out).removesuffix(b'{"trajectory":"torn')
    assert log(store) == whole
    assert all(path.read_bytes().endswith(b"\n") for path in store.glob("events-*"))
    (store / sorted(path.name for path in store.glob("events-*"))[-1]).write_bytes(b"cut o")  # an upload that broke off
    again = Copy(out, f"file://{store}")
    assert again.round() == 1
    assert again.round() == 0
    assert log(store) == whole


def test_an_object_store_will_do(tmp_path: Path) -> None:
    import fsspec

    generate(3, tmp_path / "run", upload="memory://bucket/first")
    store = fsspec.filesystem("memory")
    names = sorted(store.find("/bucket/first"))
    assert names[-1] == "/bucket/first/run.json"
    assert b"".join(store.cat_file(name) for name in names[:-1]) == log(tmp_path / "run")


def test_another_place_is_asked_for_where_something_else_is(tmp_path: Path) -> None:
    generate(1, tmp_path / "one")
    generate(1, tmp_path / "two", rounds=9)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "novel.txt").write_text("Call me Ishmael.")
    Copy(tmp_path / "one", f"file://{tmp_path}/copy").round()
    with pytest.raises(RunFolderError, match="is the copy of another run"):
        Copy(tmp_path / "two", f"file://{tmp_path}/copy")
    with pytest.raises(RunFolderError, match="holds something else"):
        Copy(tmp_path / "one", f"file://{tmp_path}/full")
    (tmp_path / "one" / "events-0000.jsonl").write_bytes(b"")
    with pytest.raises(RunFolderError, match=r"has more of events-0000\.jsonl"):
        Copy(tmp_path / "one", f"file://{tmp_path}/copy")


@pytest.mark.parametrize("url", ["nowhere://bucket/run", "file:///proc/run"])
def test_storage_that_cannot_be_used_is_said_before_any_debate(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match=f"`upload` {url}"):
        generate(1, tmp_path / "run", upload=url)
    assert not lt.Run(tmp_path / "run").ids()


async def test_a_round_that_fails_is_tried_again_and_only_the_last_must_succeed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(upload, "SECONDS", 0.05)
    out, store = tmp_path / "run", tmp_path / "copy"
    await asyncio.to_thread(generate, 2, out)
    with caplog.at_level(logging.WARNING):
        async with uploading(out, f"file://{store}"):
            store.rename(tmp_path / "away")
            async with asyncio.timeout(20):
                while "is tried again" not in caplog.text:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            (tmp_path / "away").rename(store)
    assert log(store) == log(out)
    (store / "events-0000.000000000000.jsonl").unlink()
    with pytest.raises(RunError, match="the copy is not complete"):
        async with uploading(out, f"file://{store}"):
            store.rename(tmp_path / "away")
