"""Asking a chat model straight, and when LangChain's way is taken instead."""

from dataclasses import replace
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    convert_to_openai_messages,
)
from langchain_core.runnables import RunnableLambda

from longthought.agents.agent import Critic, Policy
from longthought.agents.dialects.prose import Prose
from longthought.agents.invocation import Invocation
from longthought.agents.served.chat_model import ServedChatModel, to_openai
from longthought.agents.view import Candidate, View
from longthought.problems.problem import Problem
from tests.fakes.scripted import ScriptedChatModel
from tests.fakes.server import FakeServer, says


class Listener(AsyncCallbackHandler):
    """Counts the model calls it hears of."""

    def __init__(self) -> None:
        self.heard = 0

    async def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        self.heard += 1


def chat(server: FakeServer, **settings: Any) -> ServedChatModel:
    return ServedChatModel(model="fake-model", base_url=server.base_url, backoff=0.0, **settings)


def count_straight(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which way each request of a served model takes."""
    ways: list[str] = []
    straight, usual = ServedChatModel.answer, BaseChatModel.ainvoke

    async def answer(self: Any, *args: Any, **kwargs: Any) -> Any:
        ways.append("straight")
        return await straight(self, *args, **kwargs)

    async def ainvoke(self: Any, *args: Any, **kwargs: Any) -> Any:
        ways.append("langchain")
        return await usual(self, *args, **kwargs)

    monkeypatch.setattr(ServedChatModel, "answer", answer)
    monkeypatch.setattr(BaseChatModel, "ainvoke", ainvoke)
    return ways


async def test_both_ways_say_and_send_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    messages = [SystemMessage("be brief"), HumanMessage("2 + 2?")]
    ways = count_straight(monkeypatch)
    async with FakeServer([says("four")]) as server:
        straight = await Invocation(chat(server))(messages, session="p#0", temperature=0.5)
        heard = await Invocation(chat(server, callbacks=[Listener()]))(messages, session="p#0", temperature=0.5)
    assert ways == ["straight", "langchain"]
    assert straight.text == heard.text == "four"
    assert straight.usage_metadata == heard.usage_metadata is not None
    assert server.chats[0].payload == server.chats[1].payload
    assert "session" not in server.chats[0].payload


async def test_whoever_listens_around_the_agent_hears_of_every_call(monkeypatch: pytest.MonkeyPatch) -> None:
    ways, listener = count_straight(monkeypatch), Listener()
    async with FakeServer() as server:
        asking = Invocation(chat(server))
        node: Any = RunnableLambda(lambda _: None, afunc=lambda _: asking([HumanMessage("x")]))  # pyright: ignore
        await node.ainvoke(1)
        await node.ainvoke(1, config={"callbacks": [listener]})
    assert ways == ["straight", "langchain"]
    assert listener.heard == 1


@pytest.mark.parametrize("setting", ["cache", "verbose", "tracing"])
async def test_caches_and_tracers_are_not_passed_by(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ways = count_straight(monkeypatch)
    async with FakeServer() as server:
        if setting == "tracing":
            monkeypatch.setattr("longthought.agents.invocation.tracing_is_enabled", lambda: True)
        settings = {"cache": {"cache": InMemoryCache()}, "verbose": {"verbose": True}}.get(setting, {})
        asking = Invocation(chat(server, **settings))
        for _ in range(2):
            await asking([HumanMessage("x")])
    assert ways == ["langchain"] * 2
    assert len(server.chats) == (1 if setting == "cache" else 2)


async def test_other_chat_models_are_not_told_of_sessions() -> None:
    model = ScriptedChatModel(["hello"])
    assert (await Invocation(model)([HumanMessage("x")], session="p#0", temperature=0.5)).text == "hello"
    assert model.options == [{"temperature": 0.5}]


async def test_an_agent_keeps_a_debate_to_its_session() -> None:
    sessions: list[str] = []

    class Carrier:
        async def post(self, path: str, payload: Any, *, session: str = "") -> dict[str, Any]:
            sessions.append(session)
            return {"choices": [{"message": {"content": "Let me see."}}]}

    view = View(Problem(id="p", statement="1 + 1?"), (), (), (), trajectory="p#3")
    model = ServedChatModel(model="m", base_url="http://localhost/v1", transport=Carrier())
    await Policy("openai:m", model, Prose()).propose(view)
    candidate = Candidate(node=1, text="1 + 1 = 2", answer=None, evidence=(), observations=(), remarks=())
    await Critic("openai:m", model, Prose()).judge(replace(view, candidate=candidate))  # unreadable: asked twice
    assert sessions == ["p#3"] * 3


@pytest.mark.parametrize(
    "messages",
    [
        [SystemMessage("s"), HumanMessage("h"), AIMessage("a"), HumanMessage("")],
        [HumanMessage("h", name="ann")],
        [HumanMessage([{"type": "text", "text": "in parts"}])],
        [AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "1"}]), ToolMessage("done", tool_call_id="1")],
        [AIMessage("a", additional_kwargs={"reasoning_content": "hmm"}, id="run-1")],
    ],
)
def test_messages_are_written_as_langchain_writes_them(messages: list[BaseMessage]) -> None:
    assert to_openai(messages) == convert_to_openai_messages(messages)
