"""Several proposals at once: one request where the model takes `n`, and a bill that adds up however they came."""

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from longthought.agents.agent import Policy
from longthought.agents.calls import calls_of
from longthought.agents.dialects.dialect import Step
from longthought.agents.dialects.prose import Prose
from longthought.agents.served.chat_model import ServedChatModel
from longthought.agents.view import view
from longthought.graphs.context import started
from longthought.graphs.debate import DebateContext
from longthought.problems.problem import Problem
from longthought.trajectories.tree import Tree
from tests.fakes.scripted import ScriptedChatModel
from tests.fakes.server import FakeServer, completion

SEEN = view(Tree.fold([started(Problem(id="p", statement="What is 2 + 2?", domain="math"), DebateContext())]))


async def chooses(server: FakeServer, request: web.Request, payload: dict[str, object]) -> web.StreamResponse:
    count = payload.get("n", 1)
    assert isinstance(count, int)
    body = completion()
    body["choices"] = [
        {"index": i, "message": {"role": "assistant", "content": "a step " * (i + 1)}, "finish_reason": "stop"}
        for i in range(count)
    ]
    body["usage"] = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    return web.json_response(body)


async def test_a_served_policy_is_asked_once_and_the_shares_add_up() -> None:
    async with FakeServer([chooses]) as server:
        policy = Policy("openai:fake", ServedChatModel(model="fake", base_url=server.base_url), Prose())
        replies = await policy.propose_many(SEEN, 3)
        await policy.aclose()
        assert [chat.payload["n"] for chat in server.chats] == [3]
    assert [reply.read for reply in replies] == [Step(("a step " * n).strip()) for n in (1, 2, 3)]
    usages = [call.usage for reply in replies for call in reply.calls]
    assert sum(usage.prompt for usage in usages) == 11
    assert [usage.completion for usage in usages] == [1, 2, 4]


async def test_another_model_is_asked_as_often_as_wanted() -> None:
    model = ScriptedChatModel(["one", "two", "three"])
    replies = await Policy("fake:policy", model, Prose()).propose_many(SEEN, 3)
    assert {reply.read.text for reply in replies if isinstance(reply.read, Step)} == {"one", "two", "three"}
    assert len(model.prompts) == 3


async def test_one_proposal_is_asked_for_again_when_it_cannot_be_read() -> None:
    model = ScriptedChatModel(["", "one"])
    [reply] = await Policy("fake:policy", model, Prose()).propose_many(SEEN, 1)
    assert (reply.read, len(reply.calls)) == (Step("one"), 2)


@given(st.lists(st.text(max_size=9), min_size=1, max_size=9), st.integers(0, 500), st.integers(0, 500))
def test_what_one_request_cost_is_spread_without_remainder(texts: list[str], prompt: int, completion: int) -> None:
    usage = {"input_tokens": prompt, "output_tokens": completion, "total_tokens": prompt + completion}
    messages = [AIMessage(text) for text in texts]
    messages[0].usage_metadata = usage  # pyright: ignore
    calls = calls_of("fake:policy", messages, 1.5)
    assert [call.text for call in calls] == texts
    assert sum(call.usage.prompt for call in calls) == prompt
    assert sum(call.usage.completion for call in calls) == completion
    assert all(call.usage.completion >= 0 for call in calls)
    assert sum(call.latency for call in calls) == pytest.approx(1.5)
