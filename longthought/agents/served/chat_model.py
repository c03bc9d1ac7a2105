"""A chat model behind an OpenAI-compatible server: vLLM, SGLang, llama.cpp, or a hosted one.

It is thin because the client limits the speed of a batch job: one request is one aiohttp POST on a connection pool that
all models of an event loop share. `ServedChatModel` knows messages and replies; the `Transport` chooses the server,
sends the request and retries it. Nothing here knows debates.
"""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, Final

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, convert_to_openai_messages
from langchain_core.messages.ai import InputTokenDetails, UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field, PrivateAttr, SecretStr

from longthought.agents.served.endpoint import excerpt, public_url
from longthought.agents.served.transport import HttpTransport, Transport
from longthought.errors import EndpointError, RefusedError


class ServedChatModel(BaseChatModel):
    """One model of an OpenAI-compatible server, or of several servers; only settings that are given are sent.

    The reply's `response_metadata` holds `model_name` and `finish_reason` and, if the server returns them, `token_ids`
    and `logprobs`, one number per token. With `n` over 1 the first message carries the usage of all. The option
    `session` is not sent: requests of one session go to the same server.
    """

    model: str
    """The name of the model on the server."""
    base_url: str
    """The URL of the API, such as `http://localhost:8000/v1`; separate several servers by commas."""
    api_key: SecretStr | None = Field(default_factory=lambda: _key_from_environment(), repr=False, exclude=True)
    """Sent as a bearer token; `OPENAI_API_KEY` by default."""
    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    tokens: bool = False
    """Request token ids and logprobs, for training; they are left out for servers that refuse them."""
    timeout: float = Field(default=600.0, gt=0)
    """Seconds for one attempt, from connecting to the last byte."""
    deadline: float | None = Field(default=None, gt=0)
    """Seconds for a request, including all attempts and waits; no limit by default."""
    attempts: int = Field(default=8, ge=1)
    """Maximum number of attempts per request; eight take half a minute on average, longer while a server is down."""
    backoff: float = Field(default=0.5, ge=0)
    """Upper bound of the first random wait between attempts, in seconds; it doubles with each attempt."""
    max_in_flight: int | None = Field(default=None, ge=1)
    """Maximum number of requests in flight per server (default: none); models with equal server and limit share it."""
    headers: dict[str, str] = Field(default_factory=dict[str, str], repr=False, exclude=True)
    """Additional headers of every request."""
    extra_body: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Additional fields of every request, such as `{"top_k": 20}`."""
    transport: Transport | None = Field(default=None, repr=False, exclude=True)
    """The transport of the requests; by default HTTP with the settings above."""

    _transport: Transport = PrivateAttr()
    _refused: set[str] = PrivateAttr(default_factory=set[str])
    """Fields that the server has refused."""

    def model_post_init(self, context: Any, /) -> None:
        """Set up the transport; no connection is made yet."""
        super().model_post_init(context)
        self._transport = self.transport or HttpTransport(
            self.base_urls, self.api_key, headers=self.headers, timeout=self.timeout, attempts=self.attempts,
            backoff=self.backoff, deadline=self.deadline, max_in_flight=self.max_in_flight,
        )  # fmt: skip

    @property
    def base_urls(self) -> list[str]:
        """The base URL of each server."""
        return [url.strip() for url in self.base_url.split(",")]

    @property
    def _llm_type(self) -> str:
        return "longthought-served"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"base_url": self.base_url, **self._settings()}

    def _settings(self) -> dict[str, Any]:
        sampling = {"temperature": self.temperature, "max_tokens": self.max_tokens, "seed": self.seed}
        requested = {"return_token_ids": True, "logprobs": True} if self.tokens else {}
        given = {key: value for key, value in sampling.items() if value is not None}
        return {"model": self.model} | given | requested | self.extra_body

    async def expect_ready(self) -> None:
        """Check that the server can be reached, accepts the key and has the model.

        Raises:
            OutageError: if not; its message says why.

        """
        if isinstance(self._transport, HttpTransport):
            await self._transport.expect_model(self.model)

    async def answer(self, messages: Sequence[BaseMessage], *, session: str = "", **options: Any) -> AIMessage:
        """Answer as `ainvoke` does, but without callbacks, tracers and caches."""
        return self._messages(await self._complete(messages, session, options))[0]

    async def answers(
        self, messages: Sequence[BaseMessage], count: int, *, session: str = "", **options: Any
    ) -> list[AIMessage]:
        """Return several answers to one request; the first carries the usage of all."""
        return self._messages(await self._complete(messages, session, {**options, "n": count}))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        """Answer on a short-lived event loop, in a separate thread if this one already runs a loop."""
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
        *,
        session: str = "",
        **kwargs: Any,
    ) -> ChatResult:
        answers = self._messages(await self._complete(messages, session, kwargs | ({"stop": stop} if stop else {})))
        generations = [
            ChatGeneration(message=m, generation_info={"finish_reason": m.response_metadata["finish_reason"]})
            for m in answers
        ]
        return ChatResult(
            generations=generations, llm_output={"model_name": answers[0].response_metadata["model_name"]}
        )

    async def _complete(
        self, messages: Sequence[BaseMessage], session: str, options: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Send a request; if the server refuses a dispensable field, leave it out and send again."""
        payload = self._settings() | {key: value for key, value in options.items() if value is not None}
        payload["messages"] = to_openai(messages)
        for name in self._refused:
            payload.pop(name, None)
        omitted: set[str] = set()
        while True:
            try:
                body = await self._transport.post("/chat/completions", payload, session=session)
            except RefusedError as refused:
                blamed = _dispensable(refused) & payload.keys()
                if not blamed:
                    raise
                omitted |= blamed
                for name in blamed:
                    del payload[name]
                continue
            self._refused |= omitted
            return body

    def _messages(self, body: Mapping[str, Any]) -> list[AIMessage]:
        try:
            name = str(body.get("model") or self.model)
            messages = [_message(choice, name) for choice in body["choices"]]
            messages[0].usage_metadata = _usage(body.get("usage"))
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            raise EndpointError(
                f"{public_url(self.base_urls[0])} sent JSON that is no chat completion ({type(error).__name__}: "
                f"{error}): {excerpt(json.dumps(body))}; check that the base URL is that of an OpenAI-compatible server"
            ) from error
        return messages


def _key_from_environment() -> SecretStr | None:
    key = os.environ.get("OPENAI_API_KEY")
    return SecretStr(key) if key else None


_DISPENSABLE: Final[Mapping[str, Sequence[str]]] = {
    "response_format": ("response_format", "response format", "json_schema", "structured output"),
    "return_token_ids": ("return_token_ids",),
    "logprobs": ("logprobs",),
}
"""Dispensable fields of a request, with words by which a server's message of refusal names each."""


def _dispensable(refused: RefusedError) -> set[str]:
    """Return the dispensable fields that a refusal names."""
    message = refused.said.lower()
    if refused.status not in (400, 422):
        return set()
    return {name for name, words in _DISPENSABLE.items() if any(word in message for word in words)}


# Writing messages and reading a reply.

_ROLES: Final[Mapping[type[BaseMessage], str]] = {SystemMessage: "system", HumanMessage: "user", AIMessage: "assistant"}


def to_openai(messages: Sequence[BaseMessage]) -> list[Any]:
    """Write messages in the form of OpenAI's API; plain ones directly, at a tenth of the cost of LangChain's way."""
    if all(type(m) in _ROLES and isinstance(m.content, str) and not _has_more(m) for m in messages):
        return [{"role": _ROLES[type(m)], "content": m.content} for m in messages]
    return convert_to_openai_messages(messages)


def _has_more(message: BaseMessage) -> bool:
    """Say whether a message has more than a role and content."""
    calls = isinstance(message, AIMessage) and (message.tool_calls or message.invalid_tool_calls)
    return bool(message.name or message.additional_kwargs or calls)


def _message(choice: Mapping[str, Any], name: str) -> AIMessage:
    reply = choice["message"]
    metadata: dict[str, Any] = {"model_name": name, "finish_reason": choice.get("finish_reason")}
    if choice.get("token_ids") is not None:
        metadata["token_ids"] = list(choice["token_ids"])
    logprobs: Mapping[str, Any] = choice.get("logprobs") or {}
    if logprobs.get("content") is not None:
        metadata["logprobs"] = [float(token["logprob"]) for token in logprobs["content"]]
    thinking = reply.get("reasoning_content") or reply.get("reasoning")
    return AIMessage(
        content=reply.get("content") or "",
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
