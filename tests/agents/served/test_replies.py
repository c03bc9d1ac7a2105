"""Replies in other forms than a plain completion: parts, streams, refusals, broken characters."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from longthought.agents.calls import call_of
from longthought.agents.served.chat_model import ServedChatModel
from longthought.agents.served.failures import retry_after
from longthought.errors import EndpointError, OutageError
from longthought.trajectories.events import Author, Proposed
from longthought.trajectories.segment import encode
from tests.fakes.server import Act, FakeServer, answers, echoes, refuses, says


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


async def ask(*script: Act, text: str = "x", **settings: Any) -> AIMessage:
    async with FakeServer(script) as server:
        given = {"model": "fake-model", "base_url": server.base_url, "backoff": 0.0, "attempts": 2, **settings}
        return await ServedChatModel(**given).answer([HumanMessage(text)])


def message(**fields: Any) -> Act:
    return says(choices=[{"message": {"role": "assistant", **fields}, "finish_reason": "stop"}])


TEXT = {"type": "text", "text": "four"}


@pytest.mark.parametrize(
    ("fields", "text", "thinking"),
    [
        ({"content": [TEXT]}, "four", None),
        ({"content": [TEXT, {"type": "text", "text": "teen"}]}, "fourteen", None),
        ({"content": [{"type": "output_text", "text": "four"}]}, "four", None),
        ({"content": ["four"]}, "four", None),
        ({"content": TEXT}, "four", None),
        ({"content": [{"type": "thinking", "thinking": "hm"}, TEXT]}, "four", "hm"),
        ({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, TEXT]}, "four", "hm"),
        ({"content": [{"type": "reasoning", "text": "hm"}, TEXT]}, "four", "hm"),
        ({"content": [{"type": "image_url", "image_url": {"url": "x"}}, TEXT]}, "four", None),
        ({"content": [], "reasoning_content": "hm"}, "", "hm"),
        ({"content": "four", "reasoning": [{"type": "text", "text": "hm"}]}, "four", "hm"),
        ({"content": "four", "reasoning": {"summary": "hm"}}, "four", "hm"),
        ({"content": None}, "", None),
        ({}, "", None),
    ],
)
async def test_parts_are_joined_and_thoughts_set_apart(fields: Any, text: str, thinking: str | None) -> None:
    reply = await ask(message(**fields))
    assert reply.content == text
    assert reply.additional_kwargs.get("reasoning_content") == thinking


@pytest.mark.parametrize(
    "fields",
    [
        {"content": None, "refusal": "I can't help with that."},
        {"content": [{"type": "refusal", "refusal": "I can't help with that."}]},
    ],
)
async def test_a_refusal_of_the_model_is_kept(fields: Any) -> None:
    reply = await ask(message(**fields))
    assert reply.content == ""
    assert reply.response_metadata["refusal"] == "I can't help with that."


async def test_a_call_of_a_tool_is_an_empty_reply_with_its_reason() -> None:
    calls = [{"id": "1", "type": "function", "function": {"name": "python", "arguments": "{}"}}]
    choice = {"message": {"content": None, "tool_calls": calls}, "finish_reason": "tool_calls"}
    reply = await ask(says(choices=[choice]))
    assert (reply.content, reply.response_metadata["finish_reason"]) == ("", "tool_calls")


def stream(*events: Any, end: str = "data: [DONE]\n\n", before: str = "") -> Act:
    lines = "".join(f"data: {json.dumps(event, ensure_ascii=False)}\r\n\r\n" for event in events)
    return answers(200, before + lines + end, "text/event-stream")


def delta(index: int = 0, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"model": "streamed", "choices": [{"index": index, "delta": fields, "finish_reason": finish}]}


async def test_a_stream_is_read_as_one_reply() -> None:
    usage = {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}
    events = [delta(role="assistant", reasoning_content="h"), delta(reasoning_content="m"), delta(content="fo\u2028")]
    reply = await ask(stream(*events, delta(content="ur", finish="length"), usage, before=": PROCESSING\n\n"))
    assert reply.content == "fo\u2028ur"
    assert reply.additional_kwargs == {"reasoning_content": "hm"}
    assert reply.response_metadata == {"model_name": "streamed", "finish_reason": "length"}
    assert reply.usage_metadata
    assert reply.usage_metadata["output_tokens"] == 2


async def test_a_stream_of_several_answers_keeps_them_apart_with_their_tokens() -> None:
    first, second = delta(1, content="b"), delta(0, content="a")
    for event, number in ((first, 2), (second, 1)):
        logprobs = {"content": [{"token": "t", "logprob": -number}]}
        event["choices"][0] |= {"token_ids": [number], "logprobs": logprobs}
    async with FakeServer([stream(first, second)]) as server:
        model = ServedChatModel(model="m", base_url=server.base_url)
        found = await model.answers([HumanMessage("x")], 2)
    assert [(a.content, a.response_metadata["token_ids"], a.response_metadata["logprobs"]) for a in found] == [
        ("a", [1], [-1.0]),
        ("b", [2], [-2.0]),
    ]


@pytest.mark.parametrize(
    "fault",
    [
        stream(delta(content="fo"), end=""),
        stream({"error": {"message": "overloaded", "code": 502}}),
        answers(200, "data: {broken\n\ndata: [DONE]\n\n", "text/event-stream"),
        answers(200, "data: 7\n\ndata: [DONE]\n\n", "text/event-stream"),
        answers(200, "data: [DONE]\n\n", "text/event-stream"),
    ],
)
async def test_a_stream_that_breaks_off_is_tried_again(fault: Act) -> None:
    assert (await ask(fault, says("at last"))).content == "at last"
    with pytest.raises(EndpointError, match="tried 2 times"):
        await ask(fault)


async def test_a_stream_that_ends_with_a_reason_is_whole() -> None:
    assert (await ask(stream(delta(content="four", finish="stop"), end=""))).content == "four"


@pytest.mark.parametrize("before", ["\n         \n\n", "\r\n"])
async def test_blank_lines_before_a_reply_that_keep_the_line_open_are_dropped(before: str) -> None:
    body = json.dumps({"choices": [{"message": {"content": "four"}}]})
    assert (await ask(answers(200, before + body))).content == "four"


# Halves of UTF-16 pairs.


async def test_half_a_character_in_a_reply_can_be_stored() -> None:
    body = r'{"choices": [{"message": {"content": "\ud83d Compute \uD83D\uDE00 é"}, "finish_reason": "stop"}]}'
    reply = await ask(answers(200, body))
    assert reply.content == "\ufffd Compute 😀 é"


async def test_half_a_character_in_a_request_is_replaced() -> None:
    assert (await ask(echoes, text="a \ud83d b 😀")).content == "a \ufffd b 😀"


def test_half_a_character_of_another_model_can_be_stored() -> None:
    call = call_of("m", AIMessage("a \ud83d b"), 0.0)
    event = Proposed(trajectory="p#0", seq=1, by=Author.POLICY, at=0.0, node=1, parent=0, text=call.text, calls=(call,))
    assert "a \ufffd b" in encode(event).decode()


async def test_half_a_character_in_an_error_can_be_said() -> None:
    with pytest.raises(EndpointError) as caught:
        await ask(answers(400, r'{"error": {"message": "bad \ud83d"}}'))
    assert "bad \ufffd" in str(caught.value)
    str(caught.value).encode()


# Waits.


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        (" 1.5 ", 1.5),
        ("1s", 1),
        ("2 seconds", 2),
        ("500ms", 0.5),
        ("2m", 120),
        ("1 minute", 60),
        ("-5", 0),
        ("-5s", 0),
        ("+3", 3),
        ("inf", None),
        ("nan", None),
        ("1e400", None),
        ("", None),
        ("a while", None),
        ("Thu, 99 Foo 2026 99:99:99", None),
        ("9" * 400, None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Thu, 01 Jan 1970 00:00:00", 0),
        ("Thu, 01 Jan 1970 00:00:00 -0000", 0),
    ],
)
def test_a_wait_is_read_in_any_form(value: str, seconds: float | None) -> None:
    assert retry_after(value) == seconds


def test_a_date_without_a_time_zone_is_in_utc() -> None:
    at = datetime.now(UTC) + timedelta(minutes=30)
    wait = retry_after(at.strftime("%a, %d %b %Y %H:%M:%S"))
    assert wait is not None
    assert 1700 < wait <= 1800


@pytest.mark.parametrize("value", ["0s", "soon", "-1", "Thu, 01 Jan 1970 00:00:00"])
async def test_any_wait_is_waited_and_no_more(value: str) -> None:
    assert (await ask(refuses(429, "busy", Retry_After=value), says("at last"))).content == "at last"


async def test_an_account_without_credit_is_not_asked_again() -> None:
    body = '{"error": {"message": "over your quota", "code": "insufficient_quota"}}'
    async with FakeServer([answers(429, body)]) as server:
        with pytest.raises(OutageError, match=r"429 \(over your quota\); the account has no credit left"):
            await ServedChatModel(model="m", base_url=server.base_url).answer([HumanMessage("x")])
    assert len(server.chats) == 1
