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
from typing import Any, ClassVar, Final

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, convert_to_openai_messages
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field, PrivateAttr, SecretStr

from longthought.agents.estimates import contradicted, counted
from longthought.agents.model import OPENAI_KEY
from longthought.agents.served.failures import excerpt, public_url
from longthought.agents.served.refusals import (
    ASKED_SINGLY,
    ESTIMATED_USAGE,
    OTHERWISE,
    Change,
    Lessons,
    continued,
    lessons_of,
    next_best,
)
from longthought.agents.served.replies import answer_of, counts_one, usage_of
from longthought.agents.served.transport import HttpTransport, Transport
from longthought.errors import EndpointError, RefusedError


class ServedChatModel(BaseChatModel):
    """One model of an OpenAI-compatible server, or of several servers; only settings that are given are sent.

    The reply's `response_metadata` holds `model_name` and `finish_reason` and, if the server returns them, `token_ids`
    and `logprobs`, one number per token. With `n` over 1 the first message carries the usage of all. The option
    `session` is not sent: requests of one session go to the same server. With the option `otherwise` the model goes on
    from the last message, and a server that refuses to gets these messages instead.
    """

    continues: ClassVar[bool] = True

    model: str
    """The name of the model on the server."""
    base_url: str
    """The URL of the API, such as `http://localhost:8000/v1`; separate several servers by commas."""
    api_key: SecretStr | None = Field(default_factory=lambda: _key_from_environment(), repr=False, exclude=True)
    """Sent as a bearer token; `OPENAI_API_KEY` by default."""
    key_name: str = Field(default=OPENAI_KEY, exclude=True)
    """The environment variable of the key, for messages."""
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
    _lessons: Lessons = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Set up the transport; no connection is made yet."""
        super().model_post_init(context)
        self._transport = self.transport or HttpTransport(
            self.base_urls, self.api_key, headers=self.headers, key_name=self.key_name, timeout=self.timeout,
            attempts=self.attempts, backoff=self.backoff, deadline=self.deadline, max_in_flight=self.max_in_flight,
        )  # fmt: skip
        url = ", ".join(map(public_url, self.base_urls))
        self._lessons = Lessons(f"{self.model} at {url}") if self.transport else lessons_of(url, self.model)

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
        return (await self._complete(messages, session, options))[0]

    async def answers(
        self, messages: Sequence[BaseMessage], count: int, *, session: str = "", **options: Any
    ) -> list[AIMessage]:
        """Return several answers to one request; the first of those that came together carries the usage of all."""
        return await self._complete(messages, session, {**options, "n": count})

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
        answers = await self._complete(messages, session, kwargs | ({"stop": stop} if stop else {}))
        generations = [
            ChatGeneration(message=m, generation_info={"finish_reason": m.response_metadata["finish_reason"]})
            for m in answers
        ]
        return ChatResult(
            generations=generations, llm_output={"model_name": answers[0].response_metadata["model_name"]}
        )

    async def _complete(
        self, messages: Sequence[BaseMessage], session: str, options: Mapping[str, Any]
    ) -> list[AIMessage]:
        """Send a request as the server wants it, and one for each answer that `n` was to bring and didn't."""
        given = dict(options)
        otherwise: Sequence[BaseMessage] | None = given.pop("otherwise", None)
        payload = self._settings() | {key: value for key, value in given.items() if value is not None}
        payload["messages"] = to_openai(messages)
        if otherwise is not None:
            continued(payload, to_openai(otherwise))
        count: int = payload.get("n", 1)
        self._lessons.apply(payload)
        if count == 1:
            return await self._send(payload, session)
        answers = await self._send(payload, session) if "n" in payload else []
        if len(answers) < count and "n" in payload:
            self._lessons.learn(ASKED_SINGLY, f"of {count} answers in one request it gave {len(answers)}")
        return [*answers[:count], *await self._single(messages, payload, session, range(len(answers), count))]

    async def _single(
        self, messages: Sequence[BaseMessage], payload: dict[str, Any], session: str, numbers: range
    ) -> list[AIMessage]:
        """Ask for one answer in each request, all at once; each has a seed of its own and a usage."""
        plain = {key: value for key, value in payload.items() if key != "n"}
        seeds = [{"seed": plain["seed"] + number} if "seed" in plain else {} for number in numbers]
        try:
            async with asyncio.TaskGroup() as tasks:
                sent = [tasks.create_task(self._send(plain | seed, session)) for seed in seeds]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return [counted(messages, task.result())[0] for task in sent]

    async def _send(self, payload: dict[str, Any], session: str) -> list[AIMessage]:
        """Send a request; if the server refuses it, send the next best one, and remember what it takes."""
        tried = dict[Change, str]()
        while True:
            try:
                sent = {name: value for name, value in payload.items() if name != OTHERWISE}
                body = await self._transport.post("/chat/completions", sent, session=session)
            except RefusedError as refused:
                change = next_best(refused, payload, tuple(tried))
                if change is None:
                    raise
                change.apply(payload)
                tried[change] = refused.said
                continue
            if tried:
                self._lessons.learn_all(tried)
            return self._messages(body)

    def _messages(self, body: Mapping[str, Any]) -> list[AIMessage]:
        try:
            name = str(body.get("model") or self.model)
            messages = [answer_of(choice, name) for choice in body["choices"]]
            messages[0].usage_metadata = self._believed(usage_of(body.get("usage")), messages, body)
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            raise EndpointError(
                f"{public_url(self.base_urls[0])} sent JSON that is no chat completion ({type(error).__name__}: "
                f"{error}): {excerpt(json.dumps(body))}; check that the base URL is that of an OpenAI-compatible server"
            ) from error
        return messages

    def _believed(
        self, usage: UsageMetadata | None, answers: Sequence[AIMessage], body: Mapping[str, Any]
    ) -> UsageMetadata | None:
        """Return a usage unless the answers contradict it; say so once."""
        if usage is None or not (contradicted(answers, usage["output_tokens"]) or counts_one(body)):
            return usage
        length = sum(len(str(answer.content)) for answer in answers)
        reason = f"it counts {usage['output_tokens']} tokens for {length:,} characters in {_answers(len(answers))}"
        self._lessons.learn(ASKED_SINGLY if len(answers) > 1 else ESTIMATED_USAGE, reason)
        return None


def _answers(count: int) -> str:
    return "1 answer" if count == 1 else f"{count} answers"


def _key_from_environment() -> SecretStr | None:
    key = os.environ.get(OPENAI_KEY)
    return SecretStr(key) if key else None


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
