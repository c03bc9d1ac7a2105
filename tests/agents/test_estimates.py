"""Token counts where a model gives none, or one that its answers contradict; and that budgets then hold."""

import asyncio
import itertools
import logging
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult

import longthought as lt
from longthought.agents.calls import call_of, calls_of
from longthought.agents.estimates import ESTIMATED, contradicted, counted, tokens_in
from longthought.agents.invocation import Invocation
from longthought.agents.served.chat_model import ServedChatModel
from longthought.errors import EndpointError
from longthought.evaluation.budgets import TokenBill
from longthought.trajectories.events import Usage
from tests.fakes.scripted import ScriptedChatModel
from tests.fakes.server import Act, FakeServer, completion

ASKED = [HumanMessage("How much is 2 + 2?")]
HUGE = 10**12


def chat(server: FakeServer, **settings: Any) -> ServedChatModel:
    return ServedChatModel(
        **{"model": "fake-model", "base_url": server.base_url, "backoff": 0.0, "attempts": 2, **settings}
    )


def with_usage(usage: Any, content: str = "four", **choice: Any) -> Act:
    """Answer with as many choices as are asked for, and with a usage or none."""

    async def act(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        one = {"message": {"content": content}, "finish_reason": "stop", **choice}
        body = completion(choices=[one] * payload.get("n", 1), usage=usage)
        if usage is None:
            del body["usage"]
        return web.json_response(body)

    return act


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        "many",
        [],
        {"prompt_tokens": 0, "completion_tokens": 0},
        {"prompt_tokens": -4, "completion_tokens": -1},
        {"prompt_tokens": "7", "completion_tokens": "2"},
        {"prompt_tokens": None, "completion_tokens": None},
        {"prompt_tokens": HUGE, "completion_tokens": HUGE},
        {"prompt_tokens": True, "completion_tokens": True},
        {"prompt_tokens": float("nan"), "completion_tokens": 3},
        {"prompt_tokens": 10, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 10}},
    ],
)
async def test_a_count_that_is_none_is_estimated_and_marked(usage: Any) -> None:
    async with FakeServer([with_usage(usage)]) as server:
        answer = await Invocation(chat(server))(ASKED)
    call = call_of("m", answer, 0.0)
    assert call.usage == Usage(prompt=4 + 5, completion=2, estimated=True)


async def test_a_sound_count_is_not_marked_and_reads_as_before() -> None:
    usage = {"prompt_tokens": 10.0, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 99}}
    async with FakeServer([with_usage(usage)]) as server:
        call = call_of("m", await Invocation(chat(server))(ASKED), 0.0)
    assert call.usage.model_dump() == {"prompt": 10, "cached": 10, "completion": 3}
    assert Usage.model_validate_json(call.usage.model_dump_json()) == call.usage


def test_sums_carry_the_mark() -> None:
    exact, estimated = Usage(prompt=1), Usage(completion=1, estimated=True)
    assert (exact + estimated).model_dump() == {"prompt": 1, "cached": 0, "completion": 1, "estimated": True}
    assert not (exact + exact).estimated


async def test_tokens_that_are_listed_are_counted() -> None:
    async with FakeServer([with_usage(None, token_ids=[1, 2, 3, 4, 5])]) as server:
        call = call_of("m", await Invocation(chat(server))(ASKED), 0.0)
    assert call.usage.completion == 5


async def test_several_answers_without_a_count_share_an_estimate() -> None:
    async with FakeServer([with_usage(None)]) as server:
        calls = calls_of("m", await Invocation(chat(server)).several(ASKED, 3), 0.0)
    assert [(call.usage.prompt, call.usage.completion) for call in calls] == [(9, 2), (0, 2), (0, 2)]
    assert all(call.usage.estimated for call in calls)


LONG = "We add the two numbers and find that their sum is four. " * 4


@pytest.mark.parametrize("count", [2, 4, 8])
async def test_a_usage_of_one_answer_among_several_is_noticed_and_said_once(
    count: int, caplog: pytest.LogCaptureFixture
) -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": len(LONG) // 5}
    async with FakeServer([with_usage(usage, LONG)]) as server:
        invocation = Invocation(chat(server))
        calls = calls_of("m", await invocation.several(ASKED, count), 0.0)
        assert sum(call.usage.completion for call in calls) == count * tokens_in(LONG)
        assert calls[0].usage.estimated
        calls = calls_of("m", await invocation.several(ASKED, count), 0.0)  # asked singly from now on
    assert [call.usage for call in calls] == [Usage(prompt=9, completion=len(LONG) // 5)] * count
    assert len(server.chats) == 1 + count
    (line,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert f"{count} answers" in line
    assert "asked for in one request each" in line


async def test_timings_of_one_answer_show_that_only_one_is_counted() -> None:
    async def act(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        choices = [{"message": {"content": "four"}, "finish_reason": "stop"}] * payload.get("n", 1)
        usage = {"prompt_tokens": 9, "completion_tokens": 2}
        return web.json_response(completion(choices=choices, usage=usage, timings={"predicted_n": 2}))

    async with FakeServer([act]) as server:
        invocation = Invocation(chat(server))
        assert not call_of("m", await invocation(ASKED), 0.0).usage.estimated
        calls = calls_of("m", await invocation.several(ASKED, 2), 0.0)
        assert calls[0].usage.estimated
        calls = calls_of("m", await invocation.several(ASKED, 2), 0.0)
    assert [call.usage for call in calls] == [Usage(prompt=9, completion=2)] * 2


async def test_tokens_that_are_listed_contradict_exactly() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 2}
    async with FakeServer([with_usage(usage, "ab", token_ids=[1, 2])]) as server:
        calls = calls_of("m", await Invocation(chat(server)).several(ASKED, 2), 0.0)
    assert [call.usage.completion for call in calls] == [2, 2]


def test_texts_of_usual_density_contradict_nothing() -> None:
    for text in (LONG, "x", "", "因为二加二等于四，所以答案是四。" * 9, "for i in range(10):\n        print(i)\n" * 9):
        for count in (1, 2, 8):
            answers = [AIMessage(text)] * count
            assert not contradicted(answers, count * tokens_in(text))


def test_a_single_answer_far_longer_than_its_count_is_estimated() -> None:
    assert contradicted([AIMessage("word " * 200)], 3)
    assert not contradicted([AIMessage("word " * 20)], 3)


async def test_thinking_is_counted() -> None:
    async with FakeServer([with_usage(None, message={"content": "4", "reasoning_content": "h" * 36})]) as server:
        call = call_of("m", await Invocation(chat(server))(ASKED), 0.0)
    assert call.usage.completion == 11


async def test_other_chat_models_without_usage_are_counted_too() -> None:
    class Silent(ScriptedChatModel):
        async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
            return ChatResult(generations=[ChatGeneration(message=AIMessage("four"))])

    answers = await Invocation(Silent([])).several(ASKED, 2)
    assert [answer.response_metadata[ESTIMATED] for answer in answers] == [True, True]
    assert [call.usage for call in calls_of("m", answers, 0.0)] == [Usage(prompt=9, completion=2, estimated=True)] * 2


async def test_a_model_that_gives_no_answer_to_several_is_an_error() -> None:
    class Mute(ServedChatModel):
        async def answers(self, *args: Any, **kwargs: Any) -> list[AIMessage]:
            return []

    with pytest.raises(EndpointError, match="gave none"):
        await Invocation(Mute(model="m", base_url="http://localhost:1/v1")).several(ASKED, 2)
    assert counted(ASKED, []) == []


def test_requests_of_a_mixed_list_keep_their_own_usage() -> None:
    def message(tokens: int) -> AIMessage:
        usage: Any = {"input_tokens": 5, "output_tokens": tokens, "total_tokens": 5 + tokens}
        return AIMessage("ab", usage_metadata=usage if tokens else None)

    calls = calls_of("m", [message(6), message(0), message(3)], 1.0)
    assert [(c.usage.prompt, c.usage.completion) for c in calls] == [(5, 3), (0, 3), (5, 3)]


@pytest.mark.parametrize("graph", ["sampling", "debate", "self_critique", "tree_search"])
@pytest.mark.parametrize("usage", [None, {"prompt_tokens": 5, "completion_tokens": 0, "total_tokens": 5}])
async def test_every_strategy_ends_with_its_tokens(tmp_path: Path, graph: str, usage: Any) -> None:
    numbers = itertools.count()

    async def act(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        verdict = '{"critique": "no", "action": "continue", "target": null, "score": 0.5}'
        is_critic = "You are the critic" in str(payload["messages"])
        content = verdict if is_critic else f"We note the number {next(numbers)}."
        return await with_usage(usage, content)(server, request, payload)

    settings: dict[str, Any] = {"policy": "openai:fake", "critic": "openai:fake", "graph": graph, "computed": 6000}
    settings |= {"rounds": 1_000_000, "tools": []} | ({"attempts": 1_000_000} if graph == "sampling" else {})
    async with FakeServer([act], models=["fake"]) as server:
        problem = lt.Problem(id="p", statement="How much is 2 + 2?")
        (ended,) = await asyncio.to_thread(
            lambda: list(
                lt.generate([lt.Task(problem=problem)], out=tmp_path / "r", base_url=server.base_url, **settings)
            )
        )
    assert ended.stop_reason == "tokens"
    assert ended.usage.total.estimated
    bill = TokenBill(ended.events).spent(len(ended.events))
    assert bill.estimated
    assert 6000 <= bill.computed < 20_000
