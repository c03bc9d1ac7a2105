"""A policy that goes on from the accepted steps in its own turn, and servers that can't have that."""

import logging
from typing import Any

import pytest
from aiohttp import web
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

import longthought as lt
from longthought.agents import catalogue
from longthought.agents.agent import Policy
from longthought.agents.dialects.dialect import Step
from longthought.agents.dialects.prose import Prose
from longthought.agents.served.chat_model import ServedChatModel
from longthought.agents.view import TriedStep, View
from longthought.errors import ConfigError
from longthought.problems.problem import Problem
from longthought.trajectories.events import Author
from tests.fakes.scripted import ScriptedChatModel
from tests.fakes.server import Act, FakeServer, refuses, says

PROBLEM = Problem(id="p", statement="What is 2 * 3 + 4?", domain="math")
STEP, NEXT = "First, 2 * 3 = 6.", "Then 6 + 4 = 10."
SEEN = View(PROBLEM, (STEP,), (1,), ())
PATH = f"Step 1:\n{STEP}\n\n"
PREFILLED = Prose(prefill=True)
ORDINARY = Prose().ask_policy(SEEN)
WARNING = "shown to the model"


def served(server: FakeServer, **settings: Any) -> Policy:
    model = ServedChatModel(model="fake-model", base_url=server.base_url, backoff=0.0, attempts=2, **settings)
    return Policy("openai:fake", model, PREFILLED)


def roles(payload: dict[str, Any]) -> list[str]:
    return [message["role"] for message in payload["messages"]]


def refuses_if_it_ends_with_the_policy(fault: Act) -> Act:
    async def act(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        return await (fault if roles(payload)[-1] == "assistant" else says(NEXT))(server, request, payload)

    return act


def test_the_path_is_the_beginning_of_the_reply_and_everything_else_comes_before() -> None:
    tried = TriedStep("Then 6 + 4 = 11.", "It is 10.", Author.CRITIC)
    view = View(PROBLEM, (STEP,), (1,), (tried,))
    messages = PREFILLED.ask_from_path(view)
    assert messages is not None
    assert [type(message) for message in messages] == [SystemMessage, HumanMessage, AIMessage]
    ordinary = PREFILLED.ask_policy(view)
    assert (messages[0], messages[2].content) == (ordinary[0], PATH)
    assert messages[1].content == str(ordinary[1].content).replace(PATH, "")


def test_without_a_path_or_the_setting_it_is_asked_as_ever() -> None:
    assert PREFILLED.ask_from_path(View(PROBLEM, (), (), ())) is None
    assert Prose().ask_from_path(SEEN) is None


async def test_a_server_is_asked_to_go_on_from_the_last_message() -> None:
    async with FakeServer([says(NEXT)]) as server:
        policy = served(server)
        reply = await policy.propose(SEEN)
        await policy.aclose()
        (payload,) = (chat.payload for chat in server.chats)
    assert reply.read == Step(NEXT)
    assert (payload["continue_final_message"], payload["add_generation_prompt"]) == (True, False)
    assert payload["messages"][-1] == {"role": "assistant", "content": PATH}
    assert set(payload) == {"model", "messages", "continue_final_message", "add_generation_prompt"}


@pytest.mark.parametrize(
    "words",
    [
        "Unrecognized request argument supplied: continue_final_message",
        "Expected last role User or Tool for serving but got assistant",
        "Assistant response prefill is incompatible with enable_thinking.",
        "Bad request",
    ],
)
async def test_one_that_refuses_is_asked_in_the_ordinary_way_from_then_on(
    caplog: pytest.LogCaptureFixture, words: str
) -> None:
    async with FakeServer([refuses_if_it_ends_with_the_policy(refuses(400, words))]) as server:
        policy = served(server)
        with caplog.at_level(logging.WARNING):
            replies = [await policy.propose(SEEN), *await policy.propose_many(SEEN, 1)]
        await policy.aclose()
        payloads = [chat.payload for chat in server.chats]
    assert [reply.read for reply in replies] == [Step(NEXT)] * 2
    assert [roles(payload)[-1] for payload in payloads] == ["assistant", "user", "user"]
    assert [payload["messages"][-1]["content"] for payload in payloads[1:]] == [ORDINARY[-1].content] * 2
    assert not {"continue_final_message", "add_generation_prompt"} & payloads[1].keys()
    assert caplog.text.count(WARNING) == 1


async def test_a_refusal_of_something_else_changes_only_that() -> None:
    async def act(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        fault = refuses(400, "Unrecognized request argument supplied: top_k")
        return await (fault if "top_k" in payload else says(NEXT))(server, request, payload)

    async with FakeServer([act]) as server:
        policy = served(server, extra_body={"top_k": 20})
        await policy.propose(SEEN)
        await policy.aclose()
        assert [roles(chat.payload)[-1] for chat in server.chats] == ["assistant"] * 2


async def test_a_repair_is_asked_for_in_the_ordinary_way() -> None:
    async with FakeServer([says(""), says(NEXT)]) as server:
        policy = served(server)
        await policy.propose(SEEN)
        await policy.aclose()
        first, second = (chat.payload for chat in server.chats)
    assert roles(first) == ["system", "user", "assistant"]
    assert roles(second) == ["system", "user", "assistant", "user"]
    assert second["messages"][1]["content"] == ORDINARY[1].content
    assert "continue_final_message" not in second


async def test_another_model_is_asked_in_the_ordinary_way_and_that_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = ScriptedChatModel([NEXT, NEXT])
    policy = Policy("fake:policy", model, PREFILLED)
    for _ in range(2):
        assert (await policy.propose(SEEN)).read == Step(NEXT)
    asked: list[list[BaseMessage]] = [ORDINARY, ORDINARY]
    assert model.seen == asked
    assert caplog.text.count("can't go on from a message of its own") == 1


def test_it_is_a_setting_of_a_policy_that_writes_prose() -> None:
    url = "http://localhost:8000/v1"
    policy = lt.policy("openai:m", base_url=url, prefill=True)
    assert isinstance(policy.dialect, Prose)
    assert policy.dialect.prefill
    alone = catalogue.alone(policy.dialect)
    assert isinstance(alone, Prose)
    assert alone.prefill
    with pytest.raises(ConfigError, match="`prefill`: bundled:countdown speaks compact"):
        lt.policy("bundled:countdown", prefill=True)
    with pytest.raises(ConfigError, match="only a policy"):
        lt.critic("openai:m", base_url=url, prefill=True)
