"""The debate as an environment of other trainers, with the installed packages and a fake server."""

import json
import os
import pickle
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import verifiers.v1 as vf
from aiohttp import web
from transformers.utils import get_json_schema
from verifiers.v1.clients import ModelContext

from longthought.training.environments.seats import DebateConfig, DebateEnv, _verdicts  # pyright: ignore[reportPrivateUsage]
from longthought.training.environments.tools import ACCEPTED, ENDED, DebateFactory, rows
from longthought.trajectories.events import Action, Author, Cause, Finished, Graded, Moved, Proposed, StopReason
from longthought.trajectories.trajectory import Trajectory
from tests.fakes.logs import Log
from tests.fakes.server import FakeServer, completion


def verdict(action: str) -> str:
    return json.dumps({"critique": "so I say", "action": action, "target": None, "score": 0.5})


async def debates(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
    """Answer wrongly first; the critic sends a wrong answer back."""
    asked = payload["messages"][-1]["content"]
    if "You are the critic" in asked:
        text = verdict("backtrack" if asked.count("boxed{5}") > asked.count("Rejected") else "terminate")
    else:
        text = r"It is \boxed{4}." if "Rejected" in asked else r"It is \boxed{5}."
    if not payload.get("stream"):
        return web.json_response(completion(text))
    body = completion(text)
    chunk = {**body, "object": "chat.completion.chunk"}
    chunk["choices"] = [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": "stop"}]
    stream = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n"
    return web.Response(text=stream, content_type="text/event-stream")


PLUGIN = """\
from longthought.training.environments import seats
from longthought.training.environments.seats import *

__all__ = seats.__all__
"""


async def test_a_debate_is_an_episode_with_a_trace_for_every_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "debates_here.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("KEY", "none")
    monkeypatch.setenv("PATH", os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))  # where uv is
    file = tmp_path / "sums.jsonl"
    file.write_text(json.dumps({"id": "s", "statement": "What is 2 + 2?", "answer": "4", "domain": "math"}) + "\n")
    given = {"taskset": {"id": "debates_here", "problems": str(file)}, "frozen": "critic"}
    async with FakeServer([debates]) as server:
        env = DebateEnv(DebateConfig.model_validate({**given, "settings": {"tools": [], "rounds": 4}}))
        (task,) = env.taskset
        client = vf.EvalClientConfig(base_url=server.base_url, api_key_var="KEY")
        async with env.serving():
            episode = await env.run_episode(task, ModelContext(model="fake", client=client))
    assert not episode.errors, episode.errors[0].traceback
    assert [trace.agent.name for trace in episode.traces] == ["policy", "critic", "policy", "critic"]
    assert [trace.agent.trainable for trace in episode.traces] == [True, False, True, False]
    assert [trace.reward for trace in episode.traces] == [1.0, 1.0, 1.0, 1.0]
    assert {trace.metrics["backtracks"] for trace in episode.traces} == {1.0}


# TRL's environments.


def sums(tmp_path: Path) -> list[dict[str, Any]]:
    file = tmp_path / "sums.jsonl"
    file.write_text(json.dumps({"id": "s", "statement": "What is 2 + 2?", "answer": "4", "domain": "math"}) + "\n")
    return rows(file)


async def test_a_model_debates_by_tool_calls_against_a_critic_on_a_server(tmp_path: Path) -> None:
    (row,) = sums(tmp_path)
    assert "What is 2 + 2?" in row["prompt"][0]["content"]
    assert r"\boxed{...}" in row["prompt"][0]["content"]
    async with FakeServer([debates]) as server:
        environment = DebateFactory("openai:fake", server.base_url, {"tools": [], "rounds": 4})()
        for _ in range(2):  # an instance is used for rollout after rollout
            environment.reset(**row)
            told = await environment.propose(r"It is \boxed{5}.")
            assert told == "Rejected by the critic: so I say. Propose another step after the problem."
            assert await environment.propose(r"It is \boxed{4}.") == ENDED
            assert await environment.propose("More.") == ENDED
            assert await environment.get_reward() == 1.0


async def test_tools_alone_veto_a_step_and_an_unfinished_debate_earns_nothing(tmp_path: Path) -> None:
    (row,) = sums(tmp_path)
    environment = DebateFactory(settings={"tools": ["algebra"], "rounds": 4})()
    environment.reset(**row)
    assert "algebra: 2 + 2 is 4, not 5" in await environment.propose("First, 2 + 2 = 5.")
    assert await environment.propose("First, 2 + 2 = 4.") == ACCEPTED
    assert await environment.get_reward() == 0.0
    environment.reset(**row)
    assert await environment.get_reward() == 0.0


def test_trl_takes_the_environment_as_it_is() -> None:
    methods = {name for name in dir(DebateFactory()()) if not name.startswith("_")}
    assert methods == {"reset", "propose", "get_reward"}
    schema = get_json_schema(DebateFactory()().propose)
    assert list(schema["function"]["parameters"]["properties"]) == ["step"]
    pickle.loads(pickle.dumps(DebateFactory("tools", None, {"rounds": 2})))()


def test_verdicts_of_the_same_words_are_told_apart_by_their_turns() -> None:
    log = Log("What is 2 * 3 + 4?")
    log.add(Proposed, Author.POLICY, node=1, parent=0, text="2 * 3 = 5", answer=None)
    log.judge(1, Action.CONTINUE, 0.5)
    log.add(Moved, Author.CRITIC, to=1, cause=Cause.ACCEPTED, accepted=(1,))
    log.add(Moved, Author.CRITIC, to=0, cause=Cause.REJECTED, abandoned=(1,), reason="no")
    log.add(Proposed, Author.POLICY, node=2, parent=0, text="2 * 3 = 6", answer=None)
    log.judge(2, Action.CONTINUE, 0.5)
    log.add(Moved, Author.CRITIC, to=2, cause=Cause.ACCEPTED, accepted=(2,))
    log.add(Proposed, Author.POLICY, node=3, parent=2, text="6 + 4 = 10", answer="10")
    log.judge(3, Action.TERMINATE, 0.9)
    log.add(Moved, Author.CRITIC, to=3, cause=Cause.ACCEPTED, accepted=(3,))
    log.add(Finished, Author.CRITIC, reason=StopReason.ANSWERED, node=3, answer="10")
    log.add(Graded, Author.GRADER, solved=True)
    debate = Trajectory(log.name, log)
    said = ["continue 0.5", "unreadable", "continue 0.5", "terminate 0.9"]
    turns: Any = [SimpleNamespace(id=n, messages=[SimpleNamespace(content=text)]) for n, text in enumerate(said)]
    assert _verdicts(debate, turns) == {0: False, 2: True, 3: True}
