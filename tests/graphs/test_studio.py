"""The graph in a real LangGraph server, driven as Studio drives it: forms, streamed updates, editing and forking."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from langgraph_sdk import get_client

from longthought.graphs.debate import DebateContext
from longthought.graphs.search.settings import SearchContext
from longthought.trajectories.events import (
    EVENT,
    AnyEvent,
    Author,
    Cause,
    Finished,
    Moved,
    Proposed,
    Started,
    StopReason,
)
from longthought.trajectories.tree import Standing, Tree

pytestmark = pytest.mark.studio

ROOT = Path(__file__).parents[2]
STATEMENT = "Use 3, 7, 16 and 20, each once, to make 46."
START_UP = 120
"""Seconds that a busy machine may need to start the server."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start `langgraph dev` as the guide says, blocking calls forbidden, on the project's own langgraph.json."""
    folder = tmp_path_factory.mktemp("studio")
    shutil.copy(ROOT / "langgraph.json", folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        str(Path(sys.executable).parent / "langgraph"),
        "dev",
        "--no-browser",
        "--no-reload",
        "--port",
        str(port),
    ]
    quiet = {"LANGSMITH_TRACING": "false", "LANGGRAPH_CLI_NO_ANALYTICS": "1", "OMP_NUM_THREADS": "1"}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=os.environ | quiet, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + START_UP
        while not is_up(url):
            assert process.poll() is None, (folder / "server.log").read_text()
            assert time.monotonic() < deadline, (folder / "server.log").read_text()
            time.sleep(0.5)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ok", timeout=5).is_success
    except httpx.HTTPError:
        return False


def log_of(state: Any) -> list[AnyEvent]:
    return [EVENT.validate_python(event) for event in state["values"].get("events", [])]


async def run(client: Any, thread: str, typed: Any, graph: str = "debate", **more: Any) -> list[tuple[str, Any]]:
    """Run a thread to its end; return which node wrote what, in order."""
    updates: list[tuple[str, Any]] = []
    async for part in client.runs.stream(thread, graph, input=typed, stream_mode="updates", **more):
        assert part.event in ("metadata", "updates"), part
        updates += part.data.items() if part.event == "updates" else ()
    return updates


async def test_the_forms_have_every_setting_with_its_default(server: str) -> None:
    async with get_client(url=server) as client:
        assistants = {a["graph_id"]: a["assistant_id"] for a in await client.assistants.search()}
        assert set(assistants) == set(json.loads((ROOT / "langgraph.json").read_text())["graphs"])
        schemas = await client.assistants.get_schemas(assistants["debate"])
        shown = {name: field.get("default") for name, field in schemas["context_schema"]["properties"].items()}
        assert shown == vars(DebateContext())
        assert shown["policy"] == "bundled:countdown"
        for form in ("input_schema", "output_schema"):
            assert schemas[form]["properties"]["statement"]["type"] == "string"
        graph = await client.assistants.get_graph(assistants["debate"])
        drawn = {node["id"] for node in graph["nodes"]}
        assert {"setup", "propose", "check", "judge", "reflect", "act"} <= drawn
        schemas = await client.assistants.get_schemas(assistants["tree_search"])
        shown = {name: field.get("default") for name, field in schemas["context_schema"]["properties"].items()}
        assert shown == vars(SearchContext())
        graph = await client.assistants.get_graph(assistants["tree_search"])
        drawn = {node["id"] for node in graph["nodes"]}
        assert {"setup", "select", "expand", "check", "judge", "act"} <= drawn


async def test_a_search_runs_a_node_for_each_turn(server: str) -> None:
    async with get_client(url=server) as client:
        thread = (await client.threads.create())["thread_id"]
        updates = await run(client, thread, {"statement": STATEMENT}, graph="tree_search", context={"rounds": 9})
        assert [node for node, _ in updates][:5] == ["setup", "select", "expand", "check", "judge"]
        assert all(written["narration"] for _, written in updates)
        log = log_of(await client.threads.get_state(thread))
        assert isinstance(log[-1], Finished)
        assert log[-1].reason is not StopReason.FAILED


async def test_a_debate_runs_is_read_and_is_forked_by_a_person(server: str) -> None:
    async with get_client(url=server) as client:
        thread = (await client.threads.create())["thread_id"]
        updates = await run(client, thread, {"statement": STATEMENT})
        nodes = [node for node, _ in updates]
        assert nodes[:3] == ["setup", "propose", "check"]
        assert {"judge", "act"} <= set(nodes)
        assert all(written["narration"] for _, written in updates)

        state = await client.threads.get_state(thread)
        first, last = (log := log_of(state))[0], log[-1]
        assert isinstance(first, Started)
        assert (first.by, first.problem.statement, first.problem.domain) == (Author.HUMAN, STATEMENT, "countdown")
        assert isinstance(last, Finished)
        assert last.reason is not StopReason.FAILED
        assert state["next"] == []
        assert state["values"]["narration"] == f"finished {last.reason}"
        assert sum(len(written["events"]) for _, written in updates) == len(log)
        assert all(event.calls[-1].usage.completion > 0 for event in log if isinstance(event, Proposed))

        # Go back to where a step had been accepted, and take it back by hand.
        history = await client.threads.get_history(thread, limit=1_000)
        there = next(s for s in reversed(history) if s["next"] == ["propose"] and Tree.fold(log_of(s)).path())
        before = log_of(there)
        path = [node.id for node in Tree.fold(before).path()]
        edit = Moved(
            trajectory=first.trajectory, seq=len(before), by=Author.HUMAN, at=time.time(), to=0, cause=Cause.EDITED,
            abandoned=tuple(path), reason="try another way",
        )  # fmt: skip
        forked = await client.threads.update_state(
            thread,
            {"events": [edit.model_dump(mode="json")]},
            as_node="act",
            checkpoint=there["checkpoint"],
        )
        assert (await client.threads.get_state(thread))["next"] == ["propose"]
        await run(client, thread, None, checkpoint=forked["checkpoint"])
        after = log_of(await client.threads.get_state(thread))
        assert after[: len(before) + 1] == [*before, edit]
        assert after[len(before) + 1].by is Author.POLICY
        assert isinstance(after[-1], Finished)
        assert after[-1].reason is not StopReason.FAILED
        tree = Tree.fold(after)
        assert [tree.nodes[n].standing for n in path] == [Standing.ABANDONED] * len(path)
        assert tree.nodes[path[0]].reason == "try another way"
        assert not {node.id for node in tree.path()} & set(path)


async def test_settings_count_and_a_debate_stops_at_any_node(server: str) -> None:
    async with get_client(url=server) as client:
        thread = (await client.threads.create())["thread_id"]
        context = {"rounds": 1, "tools": []}
        nodes = [
            n
            for n, _ in await run(client, thread, {"statement": STATEMENT}, context=context, interrupt_before=["judge"])
        ]
        assert nodes == ["setup", "propose", "check", "__interrupt__"]
        state = await client.threads.get_state(thread)
        assert state["next"] == ["judge"]
        nodes = [n for n, _ in await run(client, thread, None, context=context)]
        assert nodes[0] == "judge"
        log = log_of(await client.threads.get_state(thread))
        assert isinstance(log[0], Started)
        assert log[0].config["rounds"] == 1
        assert log[0].config["tools"] == []
        assert sum(isinstance(event, Proposed) for event in log) == 1
        assert isinstance(log[-1], Finished)
