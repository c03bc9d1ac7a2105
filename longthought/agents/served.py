"""A chat model behind an OpenAI-compatible server: vLLM, SGLang, llama.cpp, or a hosted one.

It is thin because the client, not the graph, is what caps a batch job: one request is one aiohttp POST on a connection
pool that all models of an event loop share. `ServedChatModel` knows messages and replies; how bytes travel, and what
is tried again, is known to the `Transport` alone. Nothing here knows debates.
"""

import asyncio
import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, convert_to_openai_messages
from langchain_core.messages.ai import InputTokenDetails, UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field, PrivateAttr, SecretStr

from longthought.agents.transport import HttpTransport, Transport, beginning, shown
from longthought.errors import EndpointError, RefusedError


class ServedChatModel(BaseChatModel):
    """One model of an OpenAI-compatible server; only what is set is sent.

    The reply's `response_metadata` holds `model_name` and `finish_reason` and, where the server returns them,
    `token_ids` and `logprobs`, one number per token. With `n` over 1 the first message carries the usage of all.
    """

    model: str
    """Its name on the server."""
    base_url: str
    """Where the API begins, such as `http://localhost:8000/v1`."""
    api_key: SecretStr | None = Field(default_factory=lambda: _key_from_environment(), repr=False, exclude=True)
    """Sent as a bearer token; `OPENAI_API_KEY` by default."""
    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    timeout: float = Field(default=600.0, gt=0)
    """Seconds for one attempt, from connecting to the last byte."""
    attempts: int = Field(default=6, ge=1)
    """How often one request is tried in all."""
    backoff: float = Field(default=0.5, ge=0)
    """Seconds that bound the first random wait between attempts; the bound doubles each time."""
    extra_body: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Further fields of every request, such as `{"return_token_ids": True}`."""
    transport: Transport | None = Field(default=None, repr=False, exclude=True)
    """What carries the requests; by default HTTP with the settings above."""

    _carrier: Transport = PrivateAttr()
    _takes_format: bool = PrivateAttr(default=True)

    def model_post_init(self, context: Any, /) -> None:
        """Set up the transport; no connection is made yet."""
        super().model_post_init(context)
        self._carrier = self.transport or HttpTransport(
            self.base_url, self.api_key, timeout=self.timeout, attempts=self.attempts, backoff=self.backoff
        )

    @property
    def _llm_type(self) -> str:
        return "longthought-served"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"base_url": self.base_url, **self._settings()}

    def _settings(self) -> dict[str, Any]:
        own = {"temperature": self.temperature, "max_tokens": self.max_tokens, "seed": self.seed}
        return {"model": self.model} | {key: value for key, value in own.items() if value is not None} | self.extra_body

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        """Answer on a short-lived event loop, in a thread of its own if this one already runs a loop."""
        answer = self._agenerate(messages, stop, **kwargs)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(answer)
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(copy_context().run, asyncio.run, answer).result()

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        payload = self._settings() | {key: value for key, value in kwargs.items() if value is not None}
        payload["messages"] = convert_to_openai_messages(messages)
        if stop:
            payload["stop"] = stop
        if not self._takes_format:
            payload.pop("response_format", None)
        try:
            body = await self._carrier.post("/chat/completions", payload)
        except RefusedError as refused:
            if "response_format" not in payload or not _is_about_format(refused):
                raise
            del payload["response_format"]
            body = await self._carrier.post("/chat/completions", payload)
            self._takes_format = False
        return _chat_result(body, self.model, self.base_url)


def _key_from_environment() -> SecretStr | None:
    key = os.environ.get("OPENAI_API_KEY")
    return SecretStr(key) if key else None


def _is_about_format(refused: RefusedError) -> bool:
    said = refused.said.lower()
    return refused.status in (400, 422) and any(
        word in said for word in ("response_format", "response format", "json_schema", "structured output")
    )


# Reading a reply.


def _chat_result(body: Mapping[str, Any], model: str, base_url: str) -> ChatResult:
    try:
        name = str(body.get("model") or model)
        messages = [_message(choice, name) for choice in body["choices"]]
        messages[0].usage_metadata = _usage(body.get("usage"))
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise EndpointError(
            f"{shown(base_url)} sent JSON that is no chat completion ({type(error).__name__}: {error}): "
            f"{beginning(json.dumps(body))}; check that the base URL is that of an OpenAI-compatible server"
        ) from error
    generations = [
        ChatGeneration(message=m, generation_info={"finish_reason": m.response_metadata["finish_reason"]})
        for m in messages
    ]
    return ChatResult(generations=generations, llm_output={"model_name": name})


def _message(choice: Mapping[str, Any], name: str) -> AIMessage:
    said = choice["message"]
    metadata: dict[str, Any] = {"model_name": name, "finish_reason": choice.get("finish_reason")}
    if choice.get("token_ids") is not None:
        metadata["token_ids"] = list(choice["token_ids"])
    logprobs: Mapping[str, Any] = choice.get("logprobs") or {}
    if logprobs.get("content") is not None:
        metadata["logprobs"] = [float(token["logprob"]) for token in logprobs["content"]]
    thinking = said.get("reasoning_content") or said.get("reasoning")
    return AIMessage(
        content=said.get("content") or "",
        additional_kwargs={"reasoning_content": thinking} if thinking else {},
        response_metadata=metadata,
    )


def _usage(usage: Mapping[str, Any] | None) -> UsageMetadata | None:
    if not usage:
        return None
    prompt, completion = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
    details: Mapping[str, Any] = usage.get("prompt_tokens_details") or {}
    return UsageMetadata(
        input_tokens=prompt,
        output_tokens=completion,
        total_tokens=prompt + completion,
        input_token_details=InputTokenDetails(cache_read=int(details.get("cached_tokens") or 0)),
    )
