"""The graph in a real LangGraph server, driven as Studio drives it: forms, streamed updates, editing and forking."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from langgraph_sdk import get_client

from longthought.errors import ConfigError
from longthought.graphs.rules import DebateContext
from longthought.graphs.sampling.settings import SamplingContext
from longthought.graphs.search.settings import SearchContext
from longthought.graphs.studio import form
from longthought.graphs.studio.fetching import from_server
from longthought.trajectories.events import (
    EVENT,
    Action,
    AnyEvent,
    Author,
    Cause,
    Finished,
    Graded,
    Judged,
    Moved,
    Proposed,
    Started,
    StopReason,
)
from longthought.trajectories.run import Run
from longthought.trajectories.tree import Standing, Tree

pytestmark = pytest.mark.studio

ROOT = Path(__file__).parents[2]
STATEMENT = "Use 3, 7, 16 and 20, each once, to make 46."
OTHER = "Use 2, 5 and 9, each once, to make 19."
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


async def failing(client: Any, typed: Any, thread: str | None = None, graph: str = "debate", **more: Any) -> str:
    """Return what the server says of a run that can't be."""
    thread = thread or (await client.threads.create())["thread_id"]
    parts = [p async for p in client.runs.stream(thread, graph, input=typed, stream_mode="updates", **more)]
    assert parts[-1].event == "error", parts[-1]
    return parts[-1].data["message"]


async def test_the_forms_have_every_setting_with_its_default(server: str) -> None:
    async with get_client(url=server) as client:
        assistants = {a["graph_id"]: a["assistant_id"] for a in await client.assistants.search()}
        assert set(assistants) == set(json.loads((ROOT / "langgraph.json").read_text())["graphs"])
        schemas = await client.assistants.get_schemas(assistants["debate"])
        assert set(schemas["input_schema"]["properties"]) == {"statement", "domain"}
        assert set(schemas["output_schema"]["properties"]) == {"answer", "solved", "path"}
        settings = schemas["context_schema"]["properties"]
        shown = {name: field.get("default") for name, field in settings.items()}
        assert shown == {**vars(DebateContext()), "pause": "never", "out": None}
        assert all(field["description"] for field in settings.values())
        assert settings["dialect"]["anyOf"][0]["enum"][:2] == ["prose", "compact"]
        assert "algebra" in settings["tools"]["anyOf"][0]["items"]["enum"]
        schemas = await client.assistants.get_schemas(assistants["tree_search"])
        shown = {name: field.get("default") for name, field in schemas["context_schema"]["properties"].items()}
        assert shown == {**vars(SearchContext()), "out": None}
        schemas = await client.assistants.get_schemas(assistants["sampling"])
        assert "majority" in schemas["context_schema"]["properties"]["choose"]["enum"]


async def test_the_drawings_have_a_node_for_each_turn_and_the_edges_that_occur(server: str) -> None:
    async with get_client(url=server) as client:
        drawn = await client.assistants.get_graph("debate")
        assert {"setup", "propose", "check", "judge", "reflect", "act"} <= {node["id"] for node in drawn["nodes"]}
        edges = {(edge["source"], edge["target"]) for edge in drawn["edges"]}
        assert ("judge", "act") in edges
        assert ("propose", "judge") not in edges
        assert len(edges) < 20
        drawn = await client.assistants.get_graph("tree_search")
        assert {"setup", "select", "expand", "check", "judge", "act"} <= {node["id"] for node in drawn["nodes"]}


async def test_a_search_runs_a_node_for_each_turn(server: str) -> None:
    async with get_client(url=server) as client:
        thread = (await client.threads.create())["thread_id"]
        updates = await run(client, thread, {"statement": STATEMENT}, graph="tree_search", context={"rounds": 9})
        assert [node for node, _ in updates][:5] == ["setup", "select", "expand", "check", "judge"]
        assert all(written["narration"] for _, written in updates)
        log = log_of(await client.threads.get_state(thread))
        assert isinstance(log[-1], Finished | Graded)
        assert next(e for e in log if isinstance(e, Finished)).reason is not StopReason.FAILED


async def test_a_debate_streams_what_people_read_and_says_what_it_came_to(server: str) -> None:
    async with get_client(url=server) as client:
        thread = (await client.threads.create())["thread_id"]
        updates = await run(client, thread, {"statement": STATEMENT})
        nodes = [node for node, _ in updates]
        assert nodes[:3] == ["setup", "propose", "check"]
        assert nodes[-1] == "close"
        assert {"judge", "act"} <= set(nodes)
        told = [written["narration"] for _, written in updates]
        assert all(told)
        state = await client.threads.get_state(thread)
        first, *_, last, grade = (log := log_of(state))
        assert isinstance(first, Started)
        assert (first.by, first.problem.statement, first.problem.domain) == (Author.HUMAN, STATEMENT, "countdown")
        assert isinstance(last, Finished)
        assert isinstance(grade, Graded)
        assert last.reason is StopReason.ANSWERED, "the bundled agents solve it with seed 0"
        assert told[-2:] == [f"answered: {last.answer}", "graded: solved"]
        values = state["values"]
        assert (values["answer"], values["solved"]) == (last.answer, True)
        assert values["path"] == [node.text for node in Tree.fold(log).path(last.node)]
        said = [(m["type"], m["name"]) for m in values["messages"]]
        assert said[:2] == [("human", "person"), ("ai", "policy")]
        assert ("ai", "critic") in said
        assert values["messages"][0]["content"] == STATEMENT
        assert state["next"] == []
        assert "token_ids" not in json.dumps(values)
        assert all(set(written) <= {"narration", "messages", "answer", "solved", "path"} for _, written in updates)
        assert all(event.calls[-1].usage.completion > 0 for event in log if isinstance(event, Proposed))


async def test_a_seed_means_the_same_debate(server: str) -> None:
    async with get_client(url=server) as client:
        texts: list[list[str]] = []
        for _ in range(2):
            thread = (await client.threads.create())["thread_id"]
            await run(client, thread, {"statement": STATEMENT}, context={"seed": 5})
            log = log_of(await client.threads.get_state(thread))
            texts.append([event.text for event in log if isinstance(event, Proposed)])
        assert texts[0] == texts[1]


async def test_a_new_statement_begins_a_new_debate_in_its_thread(server: str) -> None:
    async with get_client(url=server) as client:
        thread = (await client.threads.create())["thread_id"]
        await run(client, thread, {"statement": STATEMENT}, interrupt_before=["judge"])  # breaks off
        await run(client, thread, {"statement": OTHER})
        values = (await client.threads.get_state(thread))["values"]
        log = log_of({"values": values})
        assert Tree.fold(log).problem.statement == OTHER
        assert values["answer"] == next(e for e in log if isinstance(e, Finished)).answer
        await run(client, thread, {"messages": [{"role": "user", "content": STATEMENT}]})  # as the chat pane does
        values = (await client.threads.get_state(thread))["values"]
        assert Tree.fold(log_of({"values": values})).problem.statement == STATEMENT
        said = [m["content"] for m in values["messages"] if m["type"] == "human"]
        assert said == [STATEMENT, OTHER, STATEMENT]


async def test_a_person_takes_a_step_back_and_forks(server: str) -> None:
    async with get_client(url=server) as client:
        thread = (await client.threads.create())["thread_id"]
        await run(client, thread, {"statement": STATEMENT})
        history = await client.threads.get_history(thread, limit=1_000)
        there = next(s for s in reversed(history) if s["next"] == ["propose"] and Tree.fold(log_of(s)).path())
        before = log_of(there)
        path = [node.id for node in Tree.fold(before).path()]
        edit = {"to": 0, "reason": "try another way"}
        forked = await client.threads.update_state(
            thread, {"events": [edit]}, as_node="act", checkpoint=there["checkpoint"]
        )
        assert (await client.threads.get_state(thread))["next"] == ["propose"]
        await run(client, thread, None, checkpoint=forked["checkpoint"])
        state = await client.threads.get_state(thread)
        after = log_of(state)
        assert after[: len(before)] == before
        moved = after[len(before)]
        assert isinstance(moved, Moved)
        assert (moved.by, moved.cause, moved.to, moved.abandoned) == (Author.HUMAN, Cause.EDITED, 0, tuple(path))
        assert after[len(before) + 1].by is Author.POLICY
        tree = Tree.fold(after)
        assert [tree.nodes[n].standing for n in path] == [Standing.ABANDONED] * len(path)
        assert tree.nodes[path[0]].reason == "try another way"
        assert not {node.id for node in tree.path()} & set(path)
        assert "back to the problem: try another way" in [m["content"] for m in state["values"]["messages"]]
        first_end, fork = await from_server(server, thread)
        assert fork.events == tuple(after)
        assert first_end.events[: len(before)] == tuple(before)
        assert first_end.finished
        with pytest.raises(ConfigError, match="has no thread"):
            await from_server(server, str(uuid.uuid4()))


async def test_a_person_edits_a_verdict_in_the_list_of_events(server: str) -> None:
    async with get_client(url=server) as client:
        thread = (await client.threads.create())["thread_id"]
        await run(client, thread, {"statement": STATEMENT})
        history = await client.threads.get_history(thread, limit=1_000)
        there = next(s for s in reversed(history) if isinstance((log_of(s) or [None])[-1], Judged))
        events = there["values"]["events"]
        events[-1]["verdict"] |= {"action": "backtrack", "target": 0, "critique": "look again"}
        forked = await client.threads.update_state(thread, {"events": events}, checkpoint=there["checkpoint"])
        await run(client, thread, None, checkpoint=forked["checkpoint"])
        log = log_of(await client.threads.get_state(thread))
        edited, moved = log[len(events) - 1 :][:2]
        assert isinstance(edited, Judged)
        assert (edited.by, edited.verdict.critique) == (Author.HUMAN, "look again")
        assert isinstance(moved, Moved)
        assert (moved.by, moved.cause, moved.to) == (Author.HUMAN, Cause.REJECTED, 0)


async def test_a_person_is_asked_about_each_verdict_and_the_debate_is_kept(server: str, tmp_path: Path) -> None:
    async with get_client(url=server) as client:
        thread = (await client.threads.create())["thread_id"]
        context = {"pause": "verdicts", "out": str(tmp_path / "kept")}

        async def reply(said: Any) -> Any:
            updates = await run(client, thread, None, command={"resume": said})
            return dict(updates).get("__interrupt__")

        updates = await run(client, thread, {"statement": STATEMENT}, context=context)
        assert [node for node, _ in updates] == ["setup", "propose", "check", "judge", "__interrupt__"]
        asked = updates[-1][1][0]["value"]
        assert asked["question"].startswith("The critic says ")
        assert (
            asked["step"]
            == next(e for e in log_of(await client.threads.get_state(thread)) if isinstance(e, Proposed)).text
        )
        refused = (await reply({"action": "jump"}))[0]["value"]
        assert "`action` must be one of" in refused["fault"]
        assert await reply({"action": "backtrack", "critique": "another way"})
        assert await reply({"step": "20 + 16 = 36 left 36 7 3"})
        log = log_of(await client.threads.get_state(thread))
        by_hand = [event for event in log if event.by is Author.HUMAN]
        started, judged, back, left, step = by_hand
        assert isinstance(started, Started)
        assert isinstance(judged, Judged)
        assert (judged.verdict.action, judged.verdict.critique) == (Action.BACKTRACK, "another way")
        assert isinstance(back, Moved)
        assert isinstance(left, Moved)
        assert isinstance(step, Proposed)
        for _ in range(100):
            if not await reply("approve"):
                break
        log = log_of(await client.threads.get_state(thread))
        assert isinstance(log[-1], Graded)
        (kept,) = Run(tmp_path / "kept").trajectories()
        assert [event.kind for event in kept.events] == [event.kind for event in log]
        assert kept.finished


async def test_settings_count_and_a_debate_stops_at_any_node(server: str) -> None:
    async with get_client(url=server) as client:
        thread = (await client.threads.create())["thread_id"]
        context = {"rounds": 1, "tools": [], "dialect": "", "temperature": None}  # two were cleared in the form
        updates = await run(client, thread, {"statement": STATEMENT}, context=context, interrupt_before=["judge"])
        assert [node for node, _ in updates] == ["setup", "propose", "check", "__interrupt__"]
        assert (await client.threads.get_state(thread))["next"] == ["judge"]
        nodes = [n for n, _ in await run(client, thread, None)]
        assert nodes[0] == "judge"
        log = log_of(await client.threads.get_state(thread))
        assert isinstance(log[0], Started)
        assert log[0].config["rounds"] == 1
        assert log[0].config["tools"] == []
        assert sum(isinstance(event, Proposed) for event in log) == 1


MISTAKES: list[tuple[Any, dict[str, Any], str]] = [
    ({"statement": " "}, {}, "the statement is empty"),
    ({"statement": STATEMENT}, {"rounds": "abc"}, "`rounds` must be a valid integer"),
    ({"statement": STATEMENT}, {"ronuds": 3}, "unknown setting ronuds of debate"),
    ({"statement": STATEMENT}, {"pause": "often"}, "`pause` must be"),
    ({"statement": STATEMENT}, {"policy": "nobody"}, "'nobody' is not a model"),
    ({"statement": STATEMENT}, {"out": str(ROOT)}, "is not empty and is not a run folder"),
    ({"statement": STATEMENT, "domain": "cooking"}, {}, "cooking"),
    ({"statement": "Use 2 and 2, each once, to make 99."}, {}, "has no solution"),
    ({"statement": "What is 12 * 13?"}, {}, "Countdown"),
    ({"events": [{"kind": "judged"}]}, {}, "events"),
]


@pytest.mark.parametrize(("typed", "context", "sentence"), MISTAKES, ids=lambda given: str(given)[:40])
async def test_a_mistake_is_answered_with_the_sentence_of_the_command_line(
    server: str, typed: Any, context: dict[str, Any], sentence: str
) -> None:
    async with get_client(url=server) as client:
        assert sentence in await failing(client, typed, context=context)


def test_a_graph_that_never_pauses_refuses_to() -> None:
    with pytest.raises(ConfigError, match="`pause`: sampling has no verdicts that move it"):
        form.read(SamplingContext, {"pause": "verdicts"}, pauses=False)
    assert form.read(SamplingContext, {"pause": "never"}, pauses=False)[0] is None


async def test_an_event_by_hand_that_does_not_fit_is_refused_in_words(server: str) -> None:
    async with get_client(url=server) as client:
        thread = (await client.threads.create())["thread_id"]
        await run(client, thread, {"statement": STATEMENT}, interrupt_before=["judge"])
        with pytest.raises(httpx.HTTPStatusError) as refused:
            await client.threads.update_state(thread, {"events": [{"action": "jump"}]}, as_node="judge")
        assert "action" in refused.value.response.text


def test_make_studio_starts_this_server_and_says_where_it_is() -> None:
    said = subprocess.run(["make", "-n", "studio", "PORT=2025"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "baseUrl=http://127.0.0.1:2025" in said.stdout
    assert "langgraph dev --no-browser --no-reload --port 2025" in said.stdout
