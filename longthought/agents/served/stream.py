"""A reply that a server or a proxy streams although nobody asked for a stream: its events, read as one completion."""

import json
from typing import Any, Final, cast

from longthought.agents.served.failures import TransientError

_TEXTS: Final = ("content", "reasoning_content", "reasoning", "refusal")


def is_stream(body: bytes) -> bool:
    """Say whether a body is a stream of server-sent events."""
    return body.lstrip().startswith((b"data:", b"event:", b": "))


def completion_of(body: bytes) -> dict[str, Any]:
    """Join the events of a stream into the body of a completion, or return the error that the stream reports.

    Raises:
        TransientError: if the stream breaks off.
        ValueError: if an event is no JSON.

    """
    whole: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    over = False
    for line in body.decode(errors="replace").split("\n"):  # not splitlines, which also splits inside JSON strings
        data = line.removeprefix("data:").strip() if line.startswith("data:") else ""
        if data == "[DONE]":
            over = True
        elif data:
            event: Any = json.loads(data)
            if not isinstance(event, dict):
                raise ValueError("an event that is no object")
            event = cast("dict[str, Any]", event)
            if event.get("error"):
                return event
            whole |= {name: event[name] for name in ("model", "usage") if event.get(name)}
            for choice in event.get("choices") or ():
                _add(choices.setdefault(choice.get("index") or 0, {"message": {}, "finish_reason": None}), choice)
    if not over and not (choices and all(choice["finish_reason"] for choice in choices.values())):
        raise TransientError("its stream broke off", "look at the server's log", unreachable=True)
    return {**whole, "choices": [choices[index] for index in sorted(choices)]}


def _add(choice: dict[str, Any], event: dict[str, Any]) -> None:
    """Add one event to its choice."""
    message: dict[str, Any] = choice["message"]
    delta: dict[str, Any] = event.get("delta") or event.get("message") or {}
    for name in _TEXTS:
        if isinstance(delta.get(name), str):
            message[name] = message.get(name, "") + delta[name]
    if event.get("token_ids"):
        choice["token_ids"] = [*choice.get("token_ids", ()), *event["token_ids"]]
    logprobs: dict[str, Any] = event.get("logprobs") or {}
    if logprobs.get("content"):
        choice.setdefault("logprobs", {"content": []})["content"].extend(logprobs["content"])
    choice["finish_reason"] = event.get("finish_reason") or choice["finish_reason"]
