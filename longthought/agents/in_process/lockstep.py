"""Many debates that wait for each other, so that all replies of a round are written in one batch.

Reinforcement plays its debates on weights that change at every step, and only the total time counts. An engine of this
kind answers nobody until every debate that is still being played waits for some reply; then all are written at once by
`generate_all`. The order of the replies is fixed, so torch's generator alone decides the debates.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from longthought.agents.in_process.engine import Generation, Guide, SamplingParams
from longthought.agents.in_process.limits import Limited, limits, own_sampling
from longthought.agents.in_process.rollouts import generate_all
from longthought.errors import EngineError

T = TypeVar("T")
Note = Callable[[Sequence[int], Generation], None]
"""Called in the context of the debate with each prompt and its reply."""
_DEBATE: ContextVar[int] = ContextVar("debate")


@dataclass(frozen=True, eq=False)
class _Waiting:
    debate: int
    engine: "LockstepEngine"
    prompt: tuple[int, ...]
    sampling: SamplingParams
    reply: asyncio.Future[Generation]


class Lockstep:
    """The debates of one batch."""

    def __init__(self) -> None:
        """Wait for nobody yet."""
        self._playing = 0
        self._waiting: list[_Waiting] = []
        self._failure: Exception | None = None

    async def play(self, debates: Iterable[Awaitable[T]]) -> list[T]:
        """Play debates to their ends, and return what each returns, in their order.

        Raises:
            EngineError: if the model failed; debates take errors of a model as part of their logs.

        """
        debates = list(debates)
        self._playing = len(debates)
        played = await asyncio.gather(*(self._one(number, debate) for number, debate in enumerate(debates)))
        if self._failure is not None:
            raise EngineError(f"the model failed: {self._failure!r}; see the cause") from self._failure
        return played

    async def ask(self, engine: "LockstepEngine", prompt: Sequence[int], sampling: SamplingParams) -> Generation:
        """Return a reply, once all debates wait for one."""
        reply: asyncio.Future[Generation] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(_DEBATE.get(), engine, tuple(prompt), sampling, reply))
        self._look()
        return await reply

    async def _one(self, number: int, debate: Awaitable[T]) -> T:
        _DEBATE.set(number)
        try:
            return await debate
        finally:
            self._playing -= 1
            self._look()

    def _look(self) -> None:
        """Look whether all debates wait, after every request that they make now."""
        asyncio.get_running_loop().call_soon(self._answer)

    def _answer(self) -> None:
        self._waiting = [one for one in self._waiting if not one.reply.done()]  # a debate may have run out of time
        if not self._waiting or len({one.debate for one in self._waiting}) < self._playing:
            return
        waiting, self._waiting = sorted(self._waiting, key=lambda one: one.debate), []
        for engine, sampling in dict.fromkeys((one.engine, one.sampling) for one in waiting):
            alike = [one for one in waiting if (one.engine, one.sampling) == (engine, sampling)]
            try:
                written = generate_all(engine.model, [one.prompt for one in alike], sampling)
            except Exception as error:  # for `play`: a debate would hide it in its log
                self._failure = error
                for one in alike:
                    one.reply.set_exception(EngineError(f"generation failed: {error!r}"))
            else:
                for one, generation in zip(alike, written, strict=True):
                    one.reply.set_result(generation)


class LockstepEngine(Limited):
    """An `Engine` on a model that is already loaded, for the debates of one batch. Schemas don't hold its replies."""

    def __init__(self, lockstep: Lockstep, model: Any, *, temperature: float | None = None, note: Note | None = None):
        """Take the model as it is now.

        Args:
            lockstep: The debates.
            model: A transformers causal language model.
            temperature: The temperature of every reply, whatever a request says (default: as the request says).
            note: Called with each prompt and its reply.

        """
        super().__init__(limits(model), own_sampling(model))
        self.model = model
        self._lockstep, self._temperature, self._note = lockstep, temperature, note
        self._read: dict[int, list[list[int]]] = {}

    async def generate(self, prompt: Sequence[int], sampling: SamplingParams, guide: Guide | None = None) -> Generation:
        """Generate one completion; see `Engine.generate`."""
        if self._temperature is not None:
            sampling = replace(sampling, temperature=self._temperature, top_p=1.0, top_k=0)
        self._limits.check(prompt, sampling)
        generation = await self._lockstep.ask(self, prompt, sampling)
        generation = replace(generation, cached=self._cached(list(prompt), generation))
        if self._note is not None:
            self._note(prompt, generation)
        return generation

    async def aclose(self) -> None:
        """Do nothing: the model belongs to others."""

    def _cached(self, prompt: list[int], generation: Generation) -> int:
        """Return how many tokens of a prompt a prefix cache would hold from earlier turns of the same debate."""
        read = self._read.setdefault(_DEBATE.get(), [])
        shared = max((_shared(prompt, one) for one in read), default=0)
        read.append([*prompt, *generation.token_ids])
        return min(shared, len(prompt) - 1)


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """Return the number of tokens that two sequences begin with in common."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
