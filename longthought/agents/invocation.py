"""How an agent asks its chat model: as LangChain does, or straight, where nobody would notice the difference.

`ainvoke` wraps each call in callbacks, tracing and caches, which costs more than the request itself. A model that can
answer without them is asked straight as long as nothing listens; in Studio, under a tracer or with any callback, and
for every other chat model, it is `ainvoke`. Nothing here knows dialects or debates.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from langchain_core.globals import get_debug, get_llm_cache, get_verbose
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration
from langchain_core.runnables.config import var_child_runnable_config
from langsmith.utils import tracing_is_enabled  # pyright: ignore[reportUnknownVariableType]


@runtime_checkable
class Direct(Protocol):
    """A chat model that can be asked without LangChain's callbacks, and keeps a session to one server."""

    async def answer(self, messages: Sequence[BaseMessage], *, session: str = "", **options: Any) -> AIMessage:
        """Answer as `ainvoke` does; the session is taken as an option by both."""
        ...

    async def answers(
        self, messages: Sequence[BaseMessage], count: int, *, session: str = "", **options: Any
    ) -> list[AIMessage]:
        """Give several answers for one request; the first carries the usage of all."""
        ...


class Invocation:
    """One chat model, asked the cheapest way that nobody would notice."""

    def __init__(self, model: BaseChatModel) -> None:
        """Find out once what the model can do."""
        self._model = model
        self._direct = model if isinstance(model, Direct) else None

    async def __call__(self, messages: Sequence[BaseMessage], *, session: str = "", **options: Any) -> AIMessage:
        """Ask; requests of one session go to one server, where there are several."""
        if self._direct is None:
            return await self._model.ainvoke(messages, **options)
        if noticed(self._model):
            return await self._model.ainvoke(messages, session=session, **options)
        return await self._direct.answer(messages, session=session, **options)

    async def several(
        self, messages: Sequence[BaseMessage], count: int, *, session: str = "", **options: Any
    ) -> list[AIMessage]:
        """Ask for several answers: in one request where the model takes `n`, in as many as that otherwise.

        Where one request gave them all, the first carries the usage of all.
        """
        if self._direct is None:
            return await asyncio.gather(*(self(messages, **options) for _ in range(count)))
        if noticed(self._model):
            found = await self._model.agenerate([list(messages)], n=count, session=session, **options)
            answers = [g.message for g in found.generations[0] if isinstance(g, ChatGeneration)]
            return [answer for answer in answers if isinstance(answer, AIMessage)]
        return await self._direct.answers(messages, count, session=session, **options)


def noticed(model: BaseChatModel) -> bool:
    """Say whether anything would miss LangChain's way of asking a model: a callback, a tracer, a cache, a limiter."""
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
