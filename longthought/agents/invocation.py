"""How an agent calls its chat model: through LangChain's `ainvoke`, or directly if the result is the same.

`ainvoke` wraps each call in callbacks, tracing and caches, which cost more than the request itself. A model that offers
`answer` is called directly as long as none of them is in use; in Studio, under a tracer or with any callback, and for
every other chat model, `ainvoke` is called. Nothing here knows dialects or debates.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

from langchain_core.globals import get_debug, get_llm_cache, get_verbose
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import var_child_runnable_config
from langsmith.utils import tracing_is_enabled  # pyright: ignore[reportUnknownVariableType]

from longthought.agents.call_span import CallSpan, add_answers
from longthought.agents.estimates import counted
from longthought.errors import EndpointError


@runtime_checkable
class Direct(Protocol):
    """A chat model that can be called without LangChain's callbacks and sends a session to one server."""

    async def answer(self, messages: Sequence[BaseMessage], *, session: str = "", **options: Any) -> AIMessage:
        """Answer as `ainvoke` does; both accept the option `session`."""
        ...

    async def answers(
        self, messages: Sequence[BaseMessage], count: int, *, session: str = "", **options: Any
    ) -> list[AIMessage]:
        """Return several answers to one request; the first carries the usage of all."""
        ...


@runtime_checkable
class Continuing(Protocol):
    """A chat model that goes on from a last message of its own.

    With the option `otherwise` it is given the messages to answer instead, if its server or its template can't.
    """

    continues: ClassVar[bool]


class Invocation:
    """Calls one chat model in the cheapest way that bypasses nothing in use."""

    def __init__(self, model: BaseChatModel, name: str = "", agent: str = "") -> None:
        """Check once whether the model can be called directly; its name and the agent that asks are for spans."""
        self._model = model
        self._span = CallSpan(model, name, agent)
        self._run_name = f"{agent} {name}".strip() or None
        """What a tracer of LangChain shows."""
        self._direct = model if isinstance(model, Direct) else None

    async def __call__(self, messages: Sequence[BaseMessage], *, session: str = "", **options: Any) -> AIMessage:
        """Call the model; if it has several servers, requests of one session go to the same one.

        The answer has a usage, which is estimated if the model gives none.
        """
        config: RunnableConfig | None = {"run_name": self._run_name} if self._run_name else None
        with self._span(session, options) as span:
            if self._direct is None:
                answer = await self._model.ainvoke(messages, config, **options)
            elif needs_ainvoke(self._model):
                answer = await self._model.ainvoke(messages, config, session=session, **options)
            else:
                answer = await self._direct.answer(messages, session=session, **options)
            answers = counted(messages, [answer])
            add_answers(span, messages, answers)
        return answers[0]

    async def several(
        self, messages: Sequence[BaseMessage], count: int, *, session: str = "", **options: Any
    ) -> Sequence[AIMessage]:
        """Ask for several answers: in one request if the model supports `n`, else in one request each.

        If one request gave them all, the first answer carries the usage of all, which is estimated if there is none.

        Raises:
            EndpointError: if the model gives no answer, so that no strategy asks it for ever.

        """
        if self._direct is None:
            return await asyncio.gather(*(self(messages, session=session, **options) for _ in range(count)))
        with self._span(session, options, count) as span:
            if needs_ainvoke(self._model):
                result = await self._model.agenerate(
                    [list(messages)], run_name=self._run_name, n=count, session=session, **options
                )
                generations = [g.message for g in result.generations[0] if isinstance(g, ChatGeneration)]
                answers = [message for message in generations if isinstance(message, AIMessage)]
            else:
                answers = await self._direct.answers(messages, count, session=session, **options)
            if not answers:
                raise EndpointError("it was asked for several answers and gave none; check the model")
            answers = counted(messages, answers)
            add_answers(span, messages, answers)
        return answers


def needs_ainvoke(model: BaseChatModel) -> bool:
    """Say whether a callback, a tracer, a cache or a rate limiter is in use, which only `ainvoke` serves."""
    config = var_child_runnable_config.get() or {}
    callbacks: Any = config.get("callbacks")
    return bool(
        getattr(callbacks, "handlers", callbacks)
        or model.callbacks
        or model.cache
        or model.rate_limiter
        or model.verbose
        or get_llm_cache()
        or get_verbose()
        or get_debug()
        or tracing_is_enabled()
    )
