"""Fields that a server refuses: the next best request, what is remembered of it, and what is said."""

import gc
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import ref

import pytest
from aiohttp import web
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from longthought.agents.dialects.prose import Prose
from longthought.agents.served.chat_model import ServedChatModel
from longthought.agents.served.refusals import lessons_of
from longthought.agents.view import View
from longthought.errors import EndpointError, RefusedError
from longthought.problems.problem import Problem
from tests.fakes.server import Act, FakeServer, answers, completion, refuses, says

FORMAT = Prose().critic_options(View(Problem(id="p", statement="?"), path=(), path_nodes=(), attempts=()))
"""The option that asks for a verdict by its schema."""


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def chat(server: FakeServer, **settings: Any) -> ServedChatModel:
    return ServedChatModel(
        **{"model": "fake-model", "base_url": server.base_url, "backoff": 0.0, "attempts": 2, **settings}
    )


def refuses_if(is_refused: Any, fault: Act) -> Act:
    """Refuse the payloads that a function picks; answer the others, with as many choices as they ask for."""

    async def act(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        if is_refused(payload):
            return await fault(server, request, payload)
        one = completion()["choices"][0]
        return await says(choices=[one] * payload.get("n", 1))(server, request, payload)

    return act


def sent(server: FakeServer, *names: str) -> list[dict[str, Any]]:
    """Return the fields of every request, or only those named."""
    return [{k: v for k, v in seen.payload.items() if not names or k in names} for seen in server.chats]


def formats(server: FakeServer) -> list[str | None]:
    return [seen.payload.get("response_format", {}).get("type") for seen in server.chats]


async def twice(server: FakeServer, options: Mapping[str, Any] | None = None, **settings: Any) -> None:
    """Ask twice, by two chat models of the same server, as policy and critic are."""
    first, second = chat(server, **settings), chat(server, **settings)
    for model in (first, second):
        assert (await model.answer([HumanMessage("x")], **(options or {}))).content == "ok"


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("temperature", 0.0, "'temperature' of 0.0? This model takes only its default (1)."),
        ("temperature", 0.5, "`temperature` may not be changed for this model"),
        ("seed", 3, 'Invalid JSON payload received. Unknown name "seed": Cannot find field.'),
        ("stop", ["END"], "Unsupported parameter: 'stop' is not supported with this model."),
        ("top_k", 20, "Unrecognized request argument supplied: top_k"),
        ("min_p", 0.1, "property 'min_p' is unsupported"),
        ("logprobs", True, "logprobs is not supported by this model"),
        ("reasoning_effort", "none", "Unsupported value: reasoning_effort does not support 'none'"),
        ("chat_template_kwargs", {"enable_thinking": False}, "unexpected keyword enable_thinking"),
    ],
)
async def test_a_field_that_is_named_is_left_out_and_remembered(
    status: int, field: str, value: Any, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with FakeServer([refuses_if(lambda payload: field in payload, refuses(status, words))]) as server:
        await twice(server, extra_body={field: value, "kept": 1})
    assert [field in payload for payload in sent(server)] == [True, False, False]
    assert all(payload["kept"] == 1 for payload in sent(server))
    (line,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert f"from now on `{field}` is left out" in line
    assert server.base_url in line


async def test_fields_that_a_validator_lists_are_all_left_out() -> None:
    faults = [{"loc": ["body", name], "msg": "Extra inputs are not permitted", "input": "x" * 400} for name in "ab"]
    fault = answers(422, json.dumps({"detail": faults}))
    async with FakeServer([refuses_if(lambda payload: "a" in payload or "b" in payload, fault)]) as server:
        await twice(server, extra_body={"a": 1, "b": 2, "c": 3})
    assert sent(server, "a", "b", "c") == [{"a": 1, "b": 2, "c": 3}, {"c": 3}, {"c": 3}]


async def test_the_field_that_the_server_blames_goes_and_others_that_it_mentions_stay() -> None:
    body = '{"error": {"message": "top_k works only without top_p", "param": "top_k", "type": "bad"}}'
    async with FakeServer([refuses_if(lambda payload: "top_k" in payload, answers(400, body))]) as server:
        await twice(server, extra_body={"top_k": 1, "top_p": 0.5})
    assert sent(server, "top_k", "top_p") == [{"top_k": 1, "top_p": 0.5}, {"top_p": 0.5}, {"top_p": 0.5}]


async def test_what_a_provider_behind_a_router_said_is_read() -> None:
    body = '{"error": {"message": "Provider returned error", "metadata": {"raw": "seed: not supported"}}}'
    async with FakeServer([refuses_if(lambda payload: "seed" in payload, answers(400, body))]) as server:
        await twice(server, seed=1)
    assert [payload.get("seed") for payload in sent(server)] == [1, None, None]


async def test_a_refusal_with_status_200_is_one() -> None:
    body = '{"error": {"message": "seed is not supported", "code": 400}}'
    async with FakeServer([refuses_if(lambda payload: "seed" in payload, answers(200, body))]) as server:
        await twice(server, seed=1)
    assert [payload.get("seed") for payload in sent(server)] == [1, None, None]


async def test_a_router_without_a_provider_that_takes_the_parameters_has_the_model_all_the_same() -> None:
    fault = refuses(404, "No endpoints found that can handle the requested parameters.")
    async with FakeServer([refuses_if(lambda payload: "response_format" in payload, fault)]) as server:
        await twice(server, FORMAT)
    assert formats(server) == ["json_schema", "json_object", None, None]


LIMITS = ("max_tokens", "max_completion_tokens")


@pytest.mark.parametrize(("old", "new"), [LIMITS, LIMITS[::-1]])
async def test_the_limit_is_sent_under_its_other_name(old: str, new: str) -> None:
    fault = refuses(400, f"'{old}' does not work with this model; send '{new}'")
    async with FakeServer([refuses_if(lambda payload: old in payload, fault)]) as server:
        await twice(server, extra_body={old: 9})
    assert sent(server, *LIMITS) == [{old: 9}, {new: 9}, {new: 9}]


async def test_a_server_that_takes_no_limit_gets_none() -> None:
    async def act(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        named = next((name for name in LIMITS if name in payload), None)
        return await (refuses(400, f"{named} is unknown here") if named else says())(server, request, payload)

    async with FakeServer([act]) as server:
        await twice(server, max_tokens=9)
    assert sent(server, *LIMITS)[-2:] == [{}, {}]


@pytest.mark.parametrize(
    "words",
    [
        "max_tokens is too large: 40000. This model supports at most 8192 completion tokens, whereas you gave 40000.",
        "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]",
        "max_tokens: 40000 > 8192, which is the maximum allowed number of output tokens",
    ],
)
async def test_a_limit_beyond_the_servers_own_becomes_that(words: str) -> None:
    async with FakeServer([refuses_if(lambda payload: payload["max_tokens"] > 8192, refuses(400, words))]) as server:
        await twice(server, max_tokens=40_000)
    assert [payload["max_tokens"] for payload in sent(server)] == [40_000, 8192, 8192]


async def test_a_server_that_takes_any_temperature_but_none_gets_almost_none() -> None:
    fault = refuses(422, "`temperature` must be strictly positive")
    async with FakeServer([refuses_if(lambda payload: not payload["temperature"], fault)]) as server:
        await twice(server, temperature=0.0)
    assert [payload["temperature"] for payload in sent(server)] == [0.0, 0.01, 0.01]


@pytest.mark.parametrize("status", [400, 422, 500])
@pytest.mark.parametrize(
    ("words", "tried"),
    [
        ("response_format is not supported", ["json_schema", None, None]),
        ("JSON mode is switched off for this model", ["json_schema", None, None]),
        ("the schema has features that xgrammar does not know", ["json_schema", "json_object", None]),
        ("failed to parse grammar", ["json_schema", "json_object", None]),
        ("This response_format type is unavailable now", ["json_schema", "json_object", None]),
    ],
)
async def test_a_schema_gives_way_to_any_json_and_that_to_nothing(
    status: int, words: str, tried: list[str | None]
) -> None:
    async with FakeServer([refuses_if(lambda payload: "response_format" in payload, refuses(status, words))]) as server:
        await twice(server, FORMAT)
    assert formats(server) == ([*tried, None] if tried[1] else tried)


@pytest.mark.parametrize("words", ["bad request", "", "code 20024", "The request could not be processed"])
async def test_a_refusal_without_a_word_on_the_format_is_tried_without_it(words: str) -> None:
    async with FakeServer([refuses_if(lambda payload: "response_format" in payload, refuses(400, words))]) as server:
        await twice(server, FORMAT)
    assert formats(server) == ["json_schema", "json_object", None, None]


async def test_a_schema_gives_up_its_lengths_before_it_gives_way(caplog: pytest.LogCaptureFixture) -> None:
    words = "Invalid schema for response_format 'verdict': 'maxLength' is not permitted."
    async with FakeServer([refuses_if(lambda payload: "maxLength" in str(payload), refuses(400, words))]) as server:
        await twice(server, FORMAT)
    assert formats(server) == ["json_schema", "json_schema", "json_schema"]
    schema = FORMAT["response_format"]["json_schema"]["schema"]
    assert "maxLength" in schema["properties"]["critique"], "the dialect's own schema stays as it is"
    asked = [seen.payload["response_format"]["json_schema"]["schema"] for seen in server.chats]
    assert asked[1] == asked[2] == schema | {"properties": schema["properties"] | {"critique": {"type": "string"}}}
    (line,) = caplog.messages
    assert "from now on the schema of verdicts limits no length" in line


async def test_only_the_last_change_of_a_field_is_said(caplog: pytest.LogCaptureFixture) -> None:
    async with FakeServer(
        [refuses_if(lambda payload: "response_format" in payload, refuses(400, "schema?"))]
    ) as server:
        await twice(server, FORMAT)
    (line,) = [record.getMessage() for record in caplog.records]
    assert "schema?; from now on `response_format` is left out" in line


async def test_any_json_is_kept_where_it_is_taken(caplog: pytest.LogCaptureFixture) -> None:
    def has_schema(payload: dict[str, Any]) -> bool:
        return payload.get("response_format", {}).get("type") == "json_schema"

    async with FakeServer([refuses_if(has_schema, refuses(400, "unknown json_schema"))]) as server:
        await twice(server, FORMAT)
    assert formats(server) == ["json_schema", "json_object", "json_object"]
    assert len(caplog.records) == 1


@pytest.mark.parametrize("words", ["no", "the prompt offends", "no response_format of this kind", "seed is wrong"])
async def test_a_refusal_that_stays_is_raised_and_teaches_nothing(words: str, caplog: pytest.LogCaptureFixture) -> None:
    async with FakeServer([refuses(400, words)]) as server:
        model = chat(server, seed=1)
        with pytest.raises(RefusedError, match=words):
            await model.answer([HumanMessage("x")], **FORMAT)
        server.script = [says()]
        await model.answer([HumanMessage("x")], **FORMAT)
    assert formats(server)[-1] == "json_schema"
    assert sent(server)[-1]["seed"] == 1
    assert not caplog.records


async def test_a_failure_of_the_server_that_names_a_grammar_is_none_of_a_request_without_a_schema() -> None:
    async with FakeServer([refuses(500, "the grammar engine restarts"), says()]) as server:
        assert (await chat(server).answer([HumanMessage("x")])).content == "ok"
    assert len(server.chats) == 2


def roles(server: FakeServer) -> list[list[str]]:
    return [[message["role"] for message in seen.payload["messages"]] for seen in server.chats]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "This template knows no system role"),
        (400, "Conversation roles must alternate user/assistant/user/assistant/..."),
        (400, "Developer instruction is not enabled for this model"),
        (500, "template error: System role unknown"),
    ],
)
async def test_a_system_message_becomes_the_beginning_of_the_users(status: int, words: str) -> None:
    def is_refused(payload: dict[str, Any]) -> bool:
        return payload["messages"][0]["role"] != "user"

    asked = [
        SystemMessage("be brief"),
        HumanMessage("2 + 2?"),
        AIMessage("5"),
        HumanMessage("again"),
        HumanMessage("!"),
    ]
    async with FakeServer([refuses_if(is_refused, refuses(status, words))]) as server:
        model = chat(server)
        for _ in range(2):
            await model.answer(asked)
    assert roles(server)[1:] == [["user", "assistant", "user"]] * 2
    assert [m["content"] for m in server.chats[-1].payload["messages"]] == ["be brief\n\n2 + 2?", "5", "again\n\n!"]


async def test_a_user_message_of_parts_keeps_them() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:,"}}
    fault = refuses(400, "no system messages")
    async with FakeServer([refuses_if(lambda payload: payload["messages"][0]["role"] == "system", fault)]) as server:
        await chat(server).answer([SystemMessage("look"), HumanMessage([{"type": "text", "text": "!"}, picture])])
    (message,) = server.chats[-1].payload["messages"]
    assert [part["type"] for part in message["content"]] == ["text", "text", "image_url"]


@pytest.mark.parametrize(
    "words",
    [
        "one completion choice per request, please",
        "'n' : number must be at most 1",
        "n > 1 is not supported",
        "multiple completions are not available",
        "n must be 1 when using greedy sampling, got 3",
        "bad request",
    ],
)
async def test_several_answers_are_asked_for_singly_where_n_is_refused(words: str) -> None:
    async with FakeServer([refuses_if(lambda payload: "n" in payload, refuses(400, words))]) as server:
        model = chat(server, seed=7)
        for _ in range(2):
            found = await model.answers([HumanMessage("x")], 3)
            assert [(answer.content, bool(answer.usage_metadata)) for answer in found] == [("ok", True)] * 3
    assert [payload.get("n") for payload in sent(server)] == [3, *[None] * 6]
    assert sorted(payload["seed"] for payload in sent(server)[1:]) == [7, 7, 8, 8, 9, 9]


@pytest.mark.parametrize("given", [1, 2])
async def test_a_server_that_gives_fewer_answers_in_silence_is_asked_for_the_rest(
    given: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def act(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        one = completion()["choices"][0]
        return await says(choices=[one] * min(given, payload.get("n", 1)))(server, request, payload)

    async with FakeServer([act]) as server:
        model = chat(server)
        for _ in range(2):
            assert len(await model.answers([HumanMessage("x")], 4)) == 4
    assert [payload.get("n") for payload in sent(server)] == [4, *[None] * (8 - given)]
    (line,) = [record.getMessage() for record in caplog.records]
    assert f"of 4 answers in one request it gave {given}; from now on several answers" in line


async def test_one_failure_of_single_requests_is_that_of_all() -> None:
    async with FakeServer([refuses(400, "n is wrong: 'n'"), says(), refuses(403, "not yours")]) as server:
        with pytest.raises(EndpointError, match="not yours"):
            await chat(server).answers([HumanMessage("x")], 3)


async def test_models_of_one_server_do_not_learn_from_each_other() -> None:
    async with FakeServer([refuses_if(lambda payload: "seed" in payload, refuses(400, "seed?"))]) as server:
        first, second = chat(server, seed=1), chat(server, model="other", seed=1)
        for model in (first, second, first, second):
            await model.answer([HumanMessage("x")])
    assert [payload.get("seed") for payload in sent(server)] == [1, None, 1, None, None, None]


def test_lessons_are_forgotten_with_the_last_chat_model() -> None:
    model = ServedChatModel(model="m", base_url="http://localhost:1/v1")
    lessons = lessons_of("http://localhost:1/v1", "m")
    assert lessons is lessons_of("http://localhost:1/v1", "m")
    kept = ref(lessons)
    del lessons, model
    gc.collect()
    assert kept() is None


def within(room: int, words: str) -> Act:
    return refuses_if(lambda payload: payload["max_tokens"] > room, refuses(400, words))


CONTEXT: Sequence[str] = (
    (
        "This model's maximum context length is 1024 tokens. However, you requested 1424 tokens (400 in the "
        "messages, 1024 in the completion)."
    ),
    (
        "'max_tokens' is too large: 1024. This model's maximum context length is 1024 tokens and "
        "your request has 400 input tokens (1024 > 1024 - 400)."
    ),
    (
        "You passed 400 input tokens and requested 1024 output tokens. However, the model's context length is only "
        "1024 tokens, resulting in a maximum input length of 0 tokens."
    ),
    (
        "Requested token count exceeds the model's maximum context length of 1,024 tokens. You requested a "
        "total of 1,424 tokens: 400 tokens from the input messages and 1,024 tokens for the completion."
    ),
    (
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 1024. Given: 400 `inputs` "
        "tokens and 1024 `max_new_tokens`"
    ),
    "input length and `max_tokens` exceed context limit: 400 + 1024 > 1024, decrease input length or `max_tokens`",
    (
        "This endpoint's maximum context length is 1024 tokens. However, you requested about 1424 tokens (400 of text "
        "input, 1024 in the output)."
    ),
)


@pytest.mark.parametrize("words", CONTEXT)
async def test_a_limit_beyond_the_context_becomes_what_fits_for_that_request(
    words: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with FakeServer([within(624, words)]) as server:
        model = chat(server, max_tokens=1024)
        assert (await model.answer([HumanMessage("x")])).content == "ok"
        server.script = [says()]
        await model.answer([HumanMessage("y")])
    assert [payload["max_tokens"] for payload in sent(server)] == [1024, 624, 1024]
    assert not caplog.records


@pytest.mark.parametrize(
    "words",
    [
        "This model's maximum context length is 2048 tokens. However, your request has 3000 input tokens.",
        "The input (3000 tokens) is longer than the model's context length (2048 tokens).",
        "request (3000 tokens) exceeds the available context size (2048 tokens), try increasing it",
        "Prompt contains 3000 tokens and 0 draft tokens, too large for model with 2048 maximum context length",
        "prompt is too long: 3000 tokens > 2048 maximum",
        "Input tokens exceed the configured limit of 2048 tokens. Your messages resulted in 3000 tokens.",
        "The input token count (3000) exceeds the maximum number of tokens allowed (2048).",
        (
            "This model's maximum context length is 2048 tokens. However, you requested 4024 tokens (3000 in the "
            "messages, 1024 in the completion)."
        ),
    ],
)
async def test_a_prompt_beyond_the_context_is_said_so(words: str) -> None:
    async with FakeServer([refuses(400, words)]) as server:
        with pytest.raises(EndpointError, match=r"doesn't fit.*3,000 tokens, and fake-model has a context of 2,048"):
            await chat(server, max_tokens=1024).answer([HumanMessage("x")], **FORMAT)
    assert len(server.chats) == 1


async def test_room_for_a_few_words_is_no_room() -> None:
    words = "maximum context length is 1024 tokens. However, you requested 2000 tokens (1010 in the messages)"
    async with FakeServer([refuses(400, words)]) as server:
        with pytest.raises(EndpointError, match="doesn't fit"):
            await chat(server, max_tokens=990).answer([HumanMessage("x")])


async def test_a_context_without_numbers_is_the_servers_own_words() -> None:
    async with FakeServer([refuses(400, "Please shorten it: context length exceeded")]) as server:
        with pytest.raises(RefusedError, match="Please shorten it"):
            await chat(server, max_tokens=990).answer([HumanMessage("x")], **FORMAT)
    assert len(server.chats) == 1
