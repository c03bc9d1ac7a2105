"""The span of a model call, by OpenTelemetry's conventions for generative AI.

A span holds the request's settings and what it cost. It holds what the model read and wrote only if the user's
environment asks for it (`longthought.telemetry.observation.CONTENT`).
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final
from urllib.parse import urlsplit

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage

from longthought.agents.endings import finish_reason
from longthought.telemetry.observation import OFF, Attributes, Observation, observed, tracer

SETTINGS: Final = ("temperature", "top_p", "top_k", "max_tokens", "seed")
"""Settings of requests that have an attribute of the same name."""
_ROLES: Final = {"human": "user", "ai": "assistant"}


class CallSpan:
    """Opens the span of each call of one chat model."""

    def __init__(self, model: BaseChatModel, name: str, agent: str) -> None:
        """Take the model, its name `provider:model`, and the role of the agent that asks; both names may be empty."""
        provider, found, asked = name.partition(":")
        asked = asked if found else name or model.get_name()
        self._model = model
        self._name = f"chat {asked}"
        self._fixed: Attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": provider if found else "unknown",
            "gen_ai.request.model": asked,
            "gen_ai.agent.name": agent or None,
            **_address(getattr(model, "base_url", None)),
        }

    def __call__(self, session: str, options: Mapping[str, Any], count: int = 1) -> AbstractContextManager[Observation]:
        """Open the span of a call in a debate; if spans are off, do nothing."""
        if tracer() is None:
            return nullcontext(OFF)
        settings = {name: options.get(name, getattr(self._model, name, None)) for name in SETTINGS}
        attributes: Attributes = {
            **self._fixed,
            "gen_ai.conversation.id": session or None,
            "gen_ai.request.choice.count": count if count > 1 else None,
            **{f"gen_ai.request.{name}": value for name, value in settings.items() if isinstance(value, int | float)},
        }
        return observed(self._name, attributes, remote="server.address" in self._fixed)


def add_answers(span: Observation, messages: Sequence[BaseMessage], answers: Sequence[AIMessage]) -> None:
    """Add what the answers to a request cost and how they ended; and the words, if they are asked for."""
    if not span.has_span or not answers:
        return
    usages = [answer.usage_metadata for answer in answers if answer.usage_metadata]
    cached = [usage.get("input_token_details", {}).get("cache_read") or 0 for usage in usages]
    ends = [finish_reason(answer.response_metadata) or "" for answer in answers]
    named: object = answers[0].response_metadata.get("model_name")
    span.add({
        "gen_ai.usage.input_tokens": sum(usage["input_tokens"] for usage in usages),
        "gen_ai.usage.output_tokens": sum(usage["output_tokens"] for usage in usages),
        "gen_ai.usage.cache_read.input_tokens": sum(cached),
        "gen_ai.response.finish_reasons": ends if any(ends) else None,
        "gen_ai.response.model": named if isinstance(named, str) else None,
    })  # fmt: skip
    if span.has_content:
        told = [{**_message(answer), "finish_reason": end} for answer, end in zip(answers, ends, strict=True)]
        span.add({
            "gen_ai.input.messages": json.dumps([_message(message) for message in messages]),
            "gen_ai.output.messages": json.dumps(told),
        })  # fmt: skip


def _message(message: BaseMessage) -> dict[str, Any]:
    return {
        "role": _ROLES.get(message.type, message.type),
        "parts": [{"type": "text", "content": message.text}],
    }


def _address(base_url: object) -> Attributes:
    """Return the address of a server; nothing for several servers, or for a model in this process."""
    if not isinstance(base_url, str) or "," in base_url:
        return {}
    url = urlsplit(base_url)
    port = url.port or {"http": 80, "https": 443}.get(url.scheme)
    return {"server.address": url.hostname, "server.port": port} if url.hostname else {}
