"""Journeys rewritten by a chat model: written down as they come, asked for once, and taken by the export that fits."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from langchain_core.messages import BaseMessage

import longthought as lt
from longthought.agents.agent import Critic, Policy
from longthought.agents.dialects.prose import Prose
from longthought.agents.dialects.thinkers import VOICES
from longthought.errors import ConfigError, ModelError, OutageError, RefusedError, RunFolderError
from longthought.labels.label import Label, LabelWriter, Method
from longthought.thoughts.walks import Walk
from longthought.training.data.editing_job import RewriteCounts, rewrite
from longthought.training.data.report import ExportReport
from longthought.training.data.request import RewriteRequest
from longthought.training.data.rewrites import FILE, Rewrite, RewriteBook, RewriteWriter, fingerprint
from longthought.trajectories.run import Run
from tests.fakes import sums
from tests.fakes.scripted import ScriptedChatModel
from tests.fakes.server import Act, FakeServer, completion, hangs

COUNT = 4
"""Debates, all solved."""
COMMAND = str(Path(sys.executable).with_name("longthought"))


def fluent(prompt: str) -> str:
    """Rewrite a thought a little; nothing that counts is lost."""
    return prompt.partition("Thought:\n")[2].replace("I guess", "I simply guess")


def clumsy(prompt: str) -> str:
    """Lose every thousand of some problems."""
    return fluent(prompt).replace("1001", "1002") if sums.number_in(prompt) == 1 else fluent(prompt)


def editor(write: Callable[[str], str | Exception] = fluent) -> ScriptedChatModel:
    def answer(messages: list[BaseMessage]) -> str | Exception:
        return write(messages[-1].text)

    return ScriptedChatModel(answer)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Debates about sums, by scripted agents that speak prose."""
    policy, critic = (
        ScriptedChatModel(lambda seen, say=say: say(str(seen[-1].content)))
        for say in (sums.policy_says, sums.critic_says)
    )
    agents: dict[str, Any] = {
        "policy": Policy("fake:policy", policy, Prose()), "critic": Critic("fake:critic", critic, Prose())
    }  # fmt: skip
    assert all(t.solved for t in lt.generate(sums.tasks(COUNT), out=tmp_path / "run", tools=[], **agents))
    return tmp_path / "run"


def rewritten(run: Path, writer: ScriptedChatModel, **more: Any) -> tuple[RewriteCounts, list[Rewrite]]:
    tally = RewriteCounts()
    request = RewriteRequest(**{"model": "fake:editor", "concurrency": 2, **more})
    found = list(rewrite(run, request, writer=writer, tally=tally))
    return tally, found


def rows(made: ExportReport) -> list[dict[str, Any]]:
    return [json.loads(line) for side in made.counts for line in (made.out / f"{side}.jsonl").read_text().splitlines()]


def texts(made: ExportReport) -> dict[str, tuple[str, str | None]]:
    return {row["debate"]: (row["completion"][0]["content"], row.get("by")) for row in rows(made)}


def journey(run: Path, name: str) -> str:
    trajectory = Run(run).trajectory(name)
    labels = {node.id: trajectory.solved is True for node in trajectory.path} | {1: False}
    return trajectory.long_thought("depth_first", labels=labels, voice=VOICES["prose"]).text


# Made.


def test_what_is_accepted_and_what_is_refused_is_written_with_its_provenance(run: Path) -> None:
    tally, found = rewritten(run, editor(clumsy))
    assert (tally.rewritten, tally.kept, tally.failed, tally.known, tally.debates) == (COUNT - 1, 1, 0, 0, COUNT)
    assert set(tally.objections) == {"lost the answer", "lost a number", "made up a number"}
    assert tally.usage.completion > 100
    book = RewriteBook(run)
    assert len(book) == len(found) == COUNT
    (refused,) = book.all_of("sum-1#0")
    assert not refused.accepted
    assert refused.sentences == ()
    assert any("lost the final answer 1001" in said for said in refused.objections)
    (taken,) = book.all_of("sum-2#0")
    assert (taken.walk, taken.wrong, taken.seed, taken.model) == (Walk.DEPTH_FIRST, 3, 0, "fake:editor")
    assert taken.plain == fingerprint(journey(run, "sum-2#0"))
    assert "I simply guess" in taken.text
    trajectory = Run(run).trajectory("sum-2#0")
    assert {s.node for s in taken.sentences} >= {1, 2, 3}
    for sentence in taken.sentences:
        assert sentence.events
        assert max(sentence.events) < len(trajectory.events)
    assert taken.usage.prompt > 0


def test_what_was_made_or_refused_is_not_asked_for_again_but_another_model_may_try_what_was_refused(run: Path) -> None:
    rewritten(run, editor(clumsy), limit=2)
    second = editor(clumsy)
    tally, _ = rewritten(run, second)
    assert (tally.known, tally.rewritten, len(second.seen)) == (2, COUNT - 2, COUNT - 2)
    third = editor()
    tally, (found,) = rewritten(run, third, model="fake:other")
    assert (tally.known, found.trajectory, found.model) == (COUNT - 1, "sum-1#0", "fake:other")


def test_new_labels_make_another_thought_which_is_asked_for(run: Path) -> None:
    rewritten(run, editor())
    with LabelWriter(run) as writer:
        writer.append([
            Label(trajectory="sum-0#0", node=1, method=Method.HUMAN, live=True),
            Label(trajectory="sum-1#0", node=1, method=Method.HUMAN, live=False),
        ])  # fmt: skip
    _, found = rewritten(run, editor())
    assert [one.trajectory for one in found] == ["sum-0#0"]


@pytest.mark.parametrize("fault", [RefusedError("too long", status=400, said="too long"), ModelError("too long")])
def test_a_journey_that_cannot_be_asked_for_is_counted_and_tried_again(run: Path, fault: Exception) -> None:
    tally, found = rewritten(run, editor(lambda prompt: fault if sums.number_in(prompt) == 1 else fluent(prompt)))
    assert (tally.rewritten, tally.failed, tally.last_failure, len(found)) == (COUNT - 1, 1, "too long", COUNT - 1)
    tally, found = rewritten(run, editor())
    assert (tally.known, [one.trajectory for one in found]) == (COUNT - 1, ["sum-1#0"])


def test_an_outage_stops_the_job_and_what_came_before_is_kept(run: Path) -> None:
    gone = OutageError("gone")
    with pytest.raises(OutageError, match="gone"):
        rewritten(run, editor(lambda p: gone if sums.number_in(p) == 2 else fluent(p)), concurrency=1)
    assert RewriteBook(run).trajectories() == ["sum-0#0", "sum-1#0"]


def test_two_jobs_never_rewrite_one_run_and_a_torn_line_is_cut_off(run: Path) -> None:
    with RewriteWriter(run), pytest.raises(RunFolderError, match=r"rewrites.jsonl is being written by another"):
        rewritten(run, editor())
    rewritten(run, editor(), limit=1)
    with (run / FILE).open("ab") as file:
        file.write(b'{"trajectory":"sum-1#0","wa')
    assert rewritten(run, editor())[0].known == 1
    assert len(RewriteBook(run)) == COUNT


def test_rewrites_of_a_newer_schema_are_refused(run: Path, exported: Callable[..., ExportReport]) -> None:
    _, (first,) = rewritten(run, editor(), limit=1)
    line = json.loads(first.model_dump_json()) | {"schema_version": 9}
    (run / FILE).write_text(json.dumps(line, separators=(",", ":")) + "\n")
    for use in (lambda: rewritten(run, editor()), lambda: exported(run, "sft-journey", rewritten=True)):
        with pytest.raises(RunFolderError, match=r"rewrites of schema 9.*upgrade"):
            use()


# Taken.


def test_an_export_takes_the_accepted_rewrites_and_says_so(run: Path, exported: Callable[..., ExportReport]) -> None:
    rewritten(run, editor(clumsy))
    made = exported(run, "sft-journey", rewritten=True)
    found = texts(made)
    assert len(found) == COUNT
    for name, (text, by) in found.items():
        assert ("I simply guess" in text, by) == ((False, "rule") if name == "sum-1#0" else (True, "fake:editor"))
    assert found["sum-1#0"][0] == journey(run, "sum-1#0")
    assert made.rewritten == {"fake:editor": COUNT - 1}
    card = (made.out / "README.md").read_text()
    assert "Of 4 journeys, 3 are rewritten by a chat model (3 by `fake:editor`)" in card
    assert "`by` names the model" in card
    assert json.loads((made.out / "meta.json").read_text())["rewritten"] == {"fake:editor": COUNT - 1}
    plain = exported(run, "sft-journey")
    assert not any("simply" in text or by for text, by in texts(plain).values())
    assert "rewritten" not in (plain.out / "README.md").read_text()


def test_the_shortcut_twin_stays_plain(run: Path, exported: Callable[..., ExportReport]) -> None:
    rewritten(run, editor())
    made = exported(run, "sft-journey", "sft-shortcut", rewritten=True)
    found = rows(made)
    journeys = [row for row in found if "simply" in row["completion"][0]["content"]]
    assert [row["by"] for row in journeys] == ["fake:editor"] * COUNT
    assert [row["by"] for row in found if row not in journeys] == ["rule"] * COUNT


def test_rewrites_of_another_walk_do_not_fit(run: Path, exported: Callable[..., ExportReport]) -> None:
    with pytest.raises(ConfigError, match="there are no rewrites yet; make some with `longthought rewrite"):
        exported(run, "sft-journey", rewritten=True)
    rewritten(run, editor(), walk=Walk.CHRONOLOGICAL)
    with pytest.raises(ConfigError, match=r"none of its 4 rewrites .*--walk depth_first --wrong 0 --seed 0`"):
        exported(run, "sft-journey", rewritten=True, wrong=0)
    made = exported(run, "sft-journey", rewritten=True, walk=Walk.CHRONOLOGICAL)
    assert made.rewritten == {"fake:editor": COUNT}


def test_rewrites_where_there_can_be_none_are_refused(run: Path, exported: Callable[..., ExportReport]) -> None:
    for formats, more, words in (
        (("sft-shortcut",), {}, "`rewritten` is for sft-journey alone"),
        (("policy",), {}, "`rewritten` is for sft-journey alone"),
        (("sft-journey",), {"dialect": "compact"}, "this is in compact; give `dialect=prose`"),
    ):
        with pytest.raises(ConfigError, match=words):
            exported(run, *formats, rewritten=True, **more)


# As a person runs it.


def edits(sleeps: asyncio.Event | None = None) -> Act:
    """Rewrite as the scripted editor does; the third request and those after it hang until told otherwise."""

    usage = {"prompt_tokens": 12, "completion_tokens": 60}

    async def act(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        if sleeps and not sleeps.is_set() and len(server.chats) > 2:
            return await hangs(server, request, payload)
        return web.json_response(completion(clumsy(payload["messages"][-1]["content"]), usage=usage))

    return act


async def start(*words: str | Path) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(COMMAND, *map(str, words), stdout=pipe, stderr=pipe, env=os.environ)


async def test_ctrl_c_loses_nothing_and_the_same_command_goes_on(run: Path, tmp_path: Path) -> None:
    awake = asyncio.Event()
    async with FakeServer([edits(awake)]) as server:
        words = ["rewrite", run, "--model", "openai:fake", "--base-url", server.base_url, "--concurrency", "2"]
        job = await start(*words)
        while len(server.chats) < 4:
            assert job.returncode is None
            await asyncio.sleep(0.01)
        job.send_signal(signal.SIGINT)
        _, said = await job.communicate()
        assert job.returncode == 130
        assert b"stopped with 1 rewritten, 1 kept plain, 0 could not be asked" in said
        assert said.count(b"\n") == 1
        assert len(RewriteBook(run)) == 2
        awake.set()
        job = await start(*words)
        out, said = await job.communicate()
        assert job.returncode == 0, said
        assert b"2 rewritten, 0 kept plain, 0 could not be asked; 2 were known" in out
        assert b"120 tokens written, 24 read" in out
    assert {payload.payload["max_tokens"] for payload in server.chats} == {4096}
    job = await start("export", run, "--rewritten", "--out", tmp_path / "data")
    out, said = await job.communicate()
    assert job.returncode == 0, said
    assert b"rewritten: 3 by openai:fake" in out


async def test_a_server_that_is_not_there_costs_one_line(run: Path) -> None:
    job = await start("rewrite", run, "--model", "openai:fake", "--base-url", "http://127.0.0.1:1/v1")
    out, said = await job.communicate()
    assert (job.returncode, out, said.count(b"\n")) == (1, b"", 1)
    assert b"127.0.0.1:1" in said
    assert b"Run the same command again to go on" in said
    assert not (run / FILE).exists()
