"""The served chat model against a real server on a real socket: what is sent, what is read, what is tried again."""

import asyncio
import logging
import socket
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from tenacity import AsyncRetrying

from longthought.agents.dialects.prose import Prose
from longthought.agents.served import endpoint, transport
from longthought.agents.served.chat_model import ServedChatModel
from longthought.agents.served.connections import OPEN
from longthought.agents.served.transport import HttpTransport
from longthought.agents.view import Candidate, View
from longthought.errors import EndpointError, ModelError
from longthought.problems.problem import Problem
from tests.fakes.server import (
    Act,
    FakeServer,
    answers,
    breaks_off,
    completion,
    echoes,
    gathers,
    hangs,
    refuses,
    resets,
    says,
)


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def chat(server: FakeServer, **settings: Any) -> ServedChatModel:
    return ServedChatModel(
        **{"model": "fake-model", "base_url": server.base_url, "backoff": 0.0, "attempts": 3, **settings}
    )


async def test_a_reply_carries_text_usage_and_metadata() -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 64}}
    choice = {
        "message": {"role": "assistant", "content": "four"},
        "finish_reason": "length",
        "token_ids": [5, 6],
        "logprobs": {"content": [{"token": "a", "logprob": -0.25}, {"token": "b", "logprob": -1}]},
    }
    async with FakeServer([says(usage=usage, choices=[choice], model="served-name")]) as server:
        reply = await chat(server).ainvoke("2 + 2?")
    assert isinstance(reply, AIMessage)
    assert reply.content == "four"
    assert reply.usage_metadata == {
        "input_tokens": 100, "output_tokens": 7, "total_tokens": 107, "input_token_details": {"cache_read": 64},
    }  # fmt: skip
    assert reply.response_metadata["model_name"] == "served-name"
    assert reply.response_metadata["finish_reason"] == "length"
    assert reply.response_metadata["token_ids"] == [5, 6]
    assert reply.response_metadata["logprobs"] == [-0.25, -1.0]


async def test_only_what_is_given_is_sent() -> None:
    async with FakeServer() as server:
        await chat(server).ainvoke([SystemMessage("be brief"), HumanMessage("hello")])
    messages = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"}]
    assert server.chats[0].payload == {"model": "fake-model", "messages": messages}
    assert "Authorization" not in server.chats[0].headers


async def test_settings_and_options_are_sent_and_options_win() -> None:
    async with FakeServer() as server:
        model = chat(server, temperature=0.0, max_tokens=9, seed=3, extra_body={"return_token_ids": True})
        await model.ainvoke("hello", stop=["END"], temperature=0.5, n=2, logprobs=None)
    payload = server.chats[0].payload
    del payload["messages"]
    assert payload == {
        "model": "fake-model", "temperature": 0.5, "max_tokens": 9, "seed": 3, "return_token_ids": True,
        "stop": ["END"], "n": 2,
    }  # fmt: skip


async def test_several_choices_share_one_usage() -> None:
    choices = [{"message": {"content": text}, "finish_reason": "stop"} for text in ("a", "b")]
    async with FakeServer([says(choices=choices)]) as server:
        result = await chat(server).agenerate([[HumanMessage("x")]], n=2)
    messages = [generation.message for generation in result.generations[0]]  # pyright: ignore
    assert [m.content for m in messages] == ["a", "b"]
    assert [m.usage_metadata and m.usage_metadata["total_tokens"] for m in messages] == [15, None]


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_a_reasoning_server_that_says_nothing_else_gives_empty_text(field: str) -> None:
    choice = {"message": {"role": "assistant", "content": None, field: "hmm"}, "finish_reason": "length"}
    async with FakeServer([says(choices=[choice], usage=None)]) as server:
        reply = await chat(server).ainvoke("x")
    assert reply.content == ""
    assert reply.additional_kwargs == {"reasoning_content": "hmm"}
    assert isinstance(reply, AIMessage)
    assert reply.usage_metadata is None


async def test_the_key_is_sent_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    caplog.set_level(logging.DEBUG)
    async with FakeServer([refuses(401, "bad key sk-very-secret")]) as server:
        model = chat(server)
        with pytest.raises(EndpointError, match=r"401 \(bad key \*\*\*\).*OPENAI_API_KEY") as caught:
            await model.ainvoke("x")
    assert server.chats[0].headers["Authorization"] == "Bearer sk-very-secret"
    shown = [repr(model), str(model), str(caught.value), caplog.text, str(model.model_dump()), str(model.asdict())]
    assert not [text for text in shown if "very-secret" in text]


@pytest.mark.parametrize(
    "fault",
    [
        resets,
        breaks_off,
        refuses(408, "too slow"),
        refuses(429, "busy", Retry_After="0"),
        refuses(500, "oops"),
        answers(502, "<html>Bad gateway</html>", "text/html"),
        refuses(503, "loading"),
        answers(200, '{"choices": [{"mess'),
        answers(200, ""),
        answers(200, '{"error": {"message": "upstream is busy", "code": 502}}'),
        answers(200, "<p>One moment", "text/html"),
    ],
)
async def test_what_passes_is_tried_again(fault: Act) -> None:
    async with FakeServer([fault, fault, says("at last")]) as server:
        reply = await chat(server).ainvoke("x")
    assert reply.content == "at last"
    assert len(server.chats) == 3
    assert server.chats[0].payload == server.chats[2].payload


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (resets, "connection broke"),
        (breaks_off, "connection broke"),
        (refuses(429, "busy"), r"429 \(busy\); lower the concurrency"),
        (refuses(500, "oops"), r"500 \(oops\); look at the server's log"),
        (answers(502, "<html>Bad gateway</html>", "text/html"), r"502 \(a web page\)"),
        (answers(500, ""), r"500 \(without a word\)"),
        (answers(200, '{"choices": [{"mess'), "broken JSON"),
        (answers(200, "<!doctype html><p>hi", "text/html"), "web page.*ends in /v1"),
        (answers(200, "[1]"), r"no chat completion \(\[1\]\)"),
        (answers(200, '{"choices": []}'), "no chat completion"),
        (answers(200, '{"choices": null}'), "no chat completion"),
        (answers(200, '{"error": {"message": "upstream is busy", "code": 502}}'), r"completion \(upstream is busy\)"),
    ],
)
async def test_what_does_not_pass_is_given_up(fault: Act, message: str) -> None:
    async with FakeServer([fault]) as server:
        with pytest.raises(EndpointError, match=rf"{server.base_url}.*was tried 3 times without success: .*{message}"):
            await chat(server).ainvoke("x")
    assert len(server.questions) == 3


async def test_a_server_that_hangs_times_out() -> None:
    async with FakeServer([hangs]) as server:
        with pytest.raises(EndpointError, match=r"tried 2 times .*no answer within 0\.2 seconds"):
            await chat(server, timeout=0.2, attempts=2).ainvoke("x")
    assert len(server.chats) == 2


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (refuses(400, "context length is 8"), r"400 \(context length is 8\); change the request"),
        (answers(422, '{"detail": "no such field"}'), r"422 \(no such field\)"),
        (answers(422, '{"detail": [{"loc": ["seed"]}]}'), r'422 \(\[\{"loc": \["seed"\]\}\]\)'),
        (refuses(403, "not yours"), r"403 \(not yours\); set OPENAI_API_KEY"),
        (answers(307, "", Location="http://elsewhere/v1"), r"307 .*base URL to where it points: http://elsewhere/v1"),
        (refuses(429, "quota spent", Retry_After="86400"), r"429 \(quota spent\) and asks to wait 86400 seconds"),
    ],
)
async def test_what_can_not_pass_is_not_tried_again(fault: Act, message: str) -> None:
    async with FakeServer([fault]) as server:
        with pytest.raises(EndpointError, match=message) as caught:
            await chat(server).ainvoke("x")
    assert server.base_url in str(caught.value)
    assert len(server.chats) == 1


async def test_an_unknown_model_lists_the_known_ones() -> None:
    async with FakeServer([refuses(404, "no model `lama`")], models=["llama", "alpaca"]) as server:
        with pytest.raises(EndpointError, match=r"404 \(no model `lama`\); the models it has are llama, alpaca"):
            await chat(server, model="lama").ainvoke("x")
    assert [seen.path for seen in server.log] == ["/v1/chat/completions", "/v1/models"]


@pytest.mark.parametrize("models", [None, [], "hello", '{"data": null}', "[]"])
async def test_a_404_without_models_points_at_the_base_url(models: list[str] | str | None) -> None:
    async with FakeServer([refuses(404, "not found")], models=models) as server:
        with pytest.raises(EndpointError, match=r"/v1/models lists no models either.*ends in /v1"):
            await chat(server).ainvoke("x")


async def test_an_unreachable_server_is_named() -> None:
    with socket.socket() as unused:  # bound but not listening: nobody else gets the port, and nobody answers
        unused.bind(("127.0.0.1", 0))
        url = f"http://user:hidden@127.0.0.1:{unused.getsockname()[1]}/v1"
        model = ServedChatModel(model="m", base_url=url, attempts=2, backoff=0.0)
        with pytest.raises(EndpointError, match=r"http://127\.0\.0\.1:\d+/v1/.*can't connect.*check that") as caught:
            await model.ainvoke("x")
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["localhost:8000/v1", "", "ftp://host/v1", "http://", "http://[::1/v1", "http://host:port/v1"]
)
def test_a_base_url_that_is_none_is_a_users_mistake(url: str) -> None:
    with pytest.raises(ModelError, match=r"give one such as http://localhost:8000/v1"):
        ServedChatModel(model="m", base_url=url)


@pytest.mark.parametrize(
    ("header", "low", "high"),
    [("0", 0, 0), ("7", 7, 7), ("-3", 0, 0), ("soon", None, None), ("nan", None, None), (None, None, None)],
)
def test_retry_after_in_seconds(header: str | None, low: float | None, high: float | None) -> None:
    wait = endpoint.retry_after(header)  # pyright: ignore[reportPrivateUsage]
    assert (wait is None and low is None) or (low is not None and high is not None and wait in (low, high))


def test_retry_after_as_a_date() -> None:
    at = datetime.now(UTC) + timedelta(hours=1)
    wait = endpoint.retry_after(format_datetime(at, usegmt=True))  # pyright: ignore[reportPrivateUsage]
    assert wait is not None
    assert 3000 < wait <= 3600


async def test_retry_after_is_what_is_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(transport, "AsyncRetrying", partial(AsyncRetrying, sleep=sleep))
    async with FakeServer([refuses(429, "busy", Retry_After="42"), refuses(503, "busy", Retry_After="7"), says()]) as s:
        await chat(s).ainvoke("x")
    assert waited == [42.0, 7.0]


def a_view() -> View:
    new = Candidate(node=1, text="1 + 1 = 2", answer=None, evidence=(), observations=(), remarks=())
    return View(Problem(id="p", statement="1 + 1?"), (), (), (), candidate=new)


async def test_the_critic_asks_for_a_format_and_the_policy_for_none() -> None:
    prose = Prose()
    async with FakeServer() as server:
        model = chat(server)
        await model.ainvoke(prose.ask_policy(a_view()), **prose.policy_options())
        await model.ainvoke(prose.ask_critic(a_view()), **prose.critic_options(a_view()))
    policy, critic = (seen.payload for seen in server.chats)
    assert "response_format" not in policy
    assert critic["response_format"]["type"] == "json_schema"
    assert critic["response_format"]["json_schema"]["name"] == "verdict"
    assert set(critic["response_format"]["json_schema"]["schema"]["properties"]) == {
        "action", "target", "score", "critique",
    }  # fmt: skip


async def test_a_refused_format_is_left_out_from_then_on() -> None:
    async with FakeServer([refuses(400, "response_format is not supported"), says()]) as server:
        model = chat(server)
        options = Prose().critic_options(a_view())
        assert (await model.ainvoke("x", **options)).content == "ok"
        assert (await model.ainvoke("y", **options)).content == "ok"
    assert ["response_format" in seen.payload for seen in server.chats] == [True, False, False]


async def test_a_400_that_is_not_about_the_format_keeps_it() -> None:
    async with FakeServer([refuses(400, "too long"), says()]) as server:
        model = chat(server)
        options = Prose().critic_options(a_view())
        with pytest.raises(EndpointError, match="too long"):
            await model.ainvoke("x", **options)
        await model.ainvoke("y", **options)
    assert ["response_format" in seen.payload for seen in server.chats] == [True, True]


async def test_a_request_refused_also_without_format_fails_and_nothing_is_remembered() -> None:
    fault = refuses(422, "bad request: seed; got response_format and seed")
    async with FakeServer([fault, fault, says()]) as server:
        model = chat(server)
        options = Prose().critic_options(a_view())
        with pytest.raises(EndpointError, match="bad request: seed"):
            await model.ainvoke("x", **options)
        await model.ainvoke("y", **options)
    assert ["response_format" in seen.payload for seen in server.chats] == [True, False, True]


async def test_tokens_are_asked_for_and_left_out_where_refused() -> None:
    refusal = refuses(400, "Unrecognized request argument supplied: return_token_ids")
    async with FakeServer([says(), refusal, says()]) as server:
        await chat(server).ainvoke("x")
        model = chat(server, tokens=True)
        await model.ainvoke("x")
        await model.ainvoke("y", **Prose().critic_options(a_view()))
    asked = [{"return_token_ids", "logprobs", "response_format"} & seen.payload.keys() for seen in server.chats]
    assert asked == [set(), {"return_token_ids", "logprobs"}, {"logprobs"}, {"logprobs", "response_format"}]


async def test_a_server_that_takes_none_of_it_is_asked_plainly() -> None:
    refused = [refuses(400, f"{name} is not supported") for name in ("return_token_ids", "response_format", "logprobs")]
    async with FakeServer([*refused, says()]) as server:
        model = chat(server, tokens=True)
        for _ in range(2):
            assert (await model.ainvoke("x", **Prose().critic_options(a_view()))).content == "ok"
    assert len(server.chats) == 5
    assert server.chats[-1].payload.keys() == {"model", "messages"}


async def test_many_requests_are_in_flight_at_once_and_answers_do_not_mix() -> None:
    async with FakeServer([gathers(200)]) as server:
        model = chat(server, timeout=60.0)
        replies = await asyncio.gather(*(model.ainvoke(f"question {i}") for i in range(200)))
    assert [reply.content for reply in replies] == [f"question {i}" for i in range(200)]


async def test_models_of_one_loop_share_a_session_and_a_finished_loop_leaves_none() -> None:
    def run() -> int:
        async def both() -> int:
            async with FakeServer() as server:
                await chat(server).ainvoke("x")
                before = set(OPEN)
                await chat(server, model="other").ainvoke("x")
                assert asyncio.get_running_loop() in before
                return len(set(OPEN) - before)  # pyright: ignore[reportPrivateUsage]

        return asyncio.run(both())

    before = set(OPEN)
    assert await asyncio.to_thread(run) == 0
    assert set(OPEN) == before


async def test_it_answers_synchronously_with_and_without_a_running_loop() -> None:
    async with FakeServer([echoes]) as server:
        model = chat(server)
        assert (await asyncio.to_thread(model.invoke, "from a thread")).content == "from a thread"

        def notebook() -> Any:
            async def cell() -> Any:
                return model.invoke("from a loop")

            return asyncio.run(cell())

        assert (await asyncio.to_thread(notebook)).content == "from a loop"


async def test_the_transport_can_be_replaced() -> None:
    class Loopback:
        async def post(self, path: str, payload: Mapping[str, Any], *, session: str = "") -> dict[str, Any]:
            return completion(f"{path} {payload['model']}")

    model = ServedChatModel(model="m", base_url="http://nowhere.invalid/v1", transport=Loopback())
    assert (await model.ainvoke("x")).content == "/chat/completions m"


def test_http_is_the_default_transport() -> None:
    model = ServedChatModel(model="m", base_url="http://localhost:1/v1/")
    assert isinstance(model._transport, HttpTransport)  # pyright: ignore[reportPrivateUsage]
