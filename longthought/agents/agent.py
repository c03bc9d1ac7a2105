"""Policy and critic: a chat model plus a dialect, and the one way each is asked.

An agent turns a view into a reply and keeps the bill. Whether a verdict is legal, and what follows from it, is for
the rules of the debate.
"""

import itertools
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar, runtime_checkable

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage

from longthought.agents.dialects.dialect import Dialect, Step, Unreadable, WholeDialect
from longthought.agents.invocation import Invocation
from longthought.agents.served.endpoint import fails_all
from longthought.agents.view import View
from longthought.errors import EndpointError, LongthoughtError, ModelError, OutageError
from longthought.problems.worked import Worked
from longthought.trajectories.events import Call, Usage, Verdict

T = TypeVar("T")
ALREADY_REJECTED: Final = "this step was tried from here before and rejected; propose another"


@runtime_checkable
class Closeable(Protocol):
    """A chat model that holds connections or an engine."""

    async def aclose(self) -> None:
        """Let go of them."""
        ...


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """What was read, or why nothing could be, and every call it took."""

    read: T | Unreadable
    calls: tuple[Call, ...]


class Proposer(Protocol):
    """Whoever sits in the policy's chair."""

    name: str

    def unsuitable(self, view: View) -> str | None:
        """Say why it can't take a problem on; None if it can."""
        ...

    async def propose(self, view: View) -> Reply[Step]:
        """Give the next step."""
        ...

    async def propose_many(self, view: View, count: int) -> Sequence[Reply[Step]]:
        """Give several next steps, of which some may be the same."""
        ...

    async def reflect(self, view: View) -> Reply[str]:
        """Re-examine the candidate in words."""
        ...

    async def aclose(self) -> None:
        """Let go of what it holds."""
        ...


@runtime_checkable
class Solver(Proposer, Protocol):
    """A policy that may also be able to write a solution whole."""

    @property
    def solves(self) -> bool:
        """Whether it can."""
        ...

    async def solve(self, view: View, count: int, examples: Sequence[Worked] = ()) -> Sequence[Reply[Step]]:
        """Write several whole solutions."""
        ...


class Judge(Protocol):
    """Whoever sits in the critic's chair."""

    name: str

    def unsuitable(self, view: View) -> str | None:
        """Say why it can't take a problem on; None if it can."""
        ...

    async def judge(self, view: View) -> Reply[Verdict]:
        """Judge the candidate."""
        ...

    async def aclose(self) -> None:
        """Let go of what it holds."""
        ...


class Agent:
    """A chat model that speaks a dialect."""

    def __init__(self, name: str, model: BaseChatModel, dialect: Dialect) -> None:
        """Name it as on the command line: `provider:model`."""
        self.name, self.model, self.dialect = name, model, dialect
        self._asking = Invocation(model)

    def unsuitable(self, view: View) -> str | None:
        """Say why a problem can't be put in the agent's dialect; None if it can."""
        return self.dialect.unsuitable(view)

    async def aclose(self) -> None:
        """Let go of what the model holds."""
        if isinstance(self.model, Closeable):
            await self.model.aclose()

    async def _ask(
        self,
        view: View,
        messages: Sequence[BaseMessage],
        options: Mapping[str, Any],
        read: Callable[[Call], T | Unreadable],
        objection: Callable[[T], str | None] = lambda _: None,
    ) -> Reply[T]:
        calls: list[Call] = []
        asked = list(messages)
        while True:
            began = time.perf_counter()
            with failures(self.name):
                message = await self._asking(asked, session=view.trajectory, **options, **self._warmth(len(calls)))
            calls.append(call_of(self.name, message, time.perf_counter() - began))
            found = read(calls[-1])
            fault = found.reason if isinstance(found, Unreadable) else objection(found)
            if fault is None or len(calls) > self.dialect.repairs:
                return Reply(found, tuple(calls))
            asked = self.dialect.ask_again(messages, calls[-1].text, fault)

    async def _ask_many(
        self, view: View, messages: Sequence[BaseMessage], options: Mapping[str, Any], count: int
    ) -> list[Call]:
        began = time.perf_counter()
        with failures(self.name):
            found = await self._asking.several(messages, count, session=view.trajectory, **options)
        return calls_of(self.name, found, time.perf_counter() - began)

    def _warmth(self, asked: int) -> Mapping[str, Any]:
        """Raise the temperature each time the same is asked again, where the dialect wants it."""
        if not asked or not self.dialect.warming:
            return {}
        return {"temperature": getattr(self.model, "temperature", 0.0) + asked * self.dialect.warming}


@contextmanager
def failures(name: str) -> Generator[None]:
    """Make an error of our own of what a client raises when a model can't be had."""
    try:
        yield
    except LongthoughtError:
        raise
    except Exception as error:
        if is_defect(error):
            raise
        kind = OutageError if fails_all(getattr(error, "status_code", None)) else EndpointError
        raise kind(f"{name}: {type(error).__name__}: {error}") from error


def is_defect(error: Exception) -> bool:
    """Tell a mistake in code from a client that failed: those raise types of their own, or what input and output do."""
    return type(error).__module__ == "builtins" and not isinstance(error, (OSError, ValueError))


class Policy(Agent):
    """Proposes one step at a time."""

    async def propose(self, view: View) -> Reply[Step]:
        """Ask for the next step; one that was rejected from here before is asked for again."""
        dialect = self.dialect
        return await self._ask(
            view,
            dialect.ask_policy(view),
            dialect.policy_options(),
            lambda call: dialect.read_step(call.text, view),
            lambda step: ALREADY_REJECTED if view.rejects(step.text) else None,
        )

    async def propose_many(self, view: View, count: int) -> Sequence[Reply[Step]]:
        """Ask for several next steps at once; of many, unreadable ones are not asked for again."""
        if count == 1:
            return [await self.propose(view)]
        dialect = self.dialect
        asked, options = dialect.ask_policy(view), dialect.policy_options()
        calls = await self._ask_many(view, asked, options, count)
        return [Reply(dialect.read_step(call.text, view), (call,)) for call in calls]

    @property
    def solves(self) -> bool:
        """Whether its dialect has words for a whole solution."""
        return isinstance(self.dialect, WholeDialect)

    async def solve(self, view: View, count: int, examples: Sequence[Worked] = ()) -> Sequence[Reply[Step]]:
        """Ask for several whole solutions in one request; none is asked for again, so that each is one sample.

        Raises:
            ModelError: if the dialect knows only steps.

        """
        dialect = self.dialect
        if not isinstance(dialect, WholeDialect):
            raise ModelError(f"{self.name}: the {dialect.name} dialect knows only steps, not whole solutions")
        calls = await self._ask_many(view, dialect.ask_solution(view, examples), dialect.policy_options(), count)
        return [Reply(dialect.read_solution(call.text, view), (call,)) for call in calls]

    async def reflect(self, view: View) -> Reply[str]:
        """Ask for a re-examination of the candidate, in words."""
        dialect = self.dialect
        return await self._ask(
            view,
            dialect.ask_reflection(view),
            dialect.policy_options(),
            lambda call: dialect.read_reflection(call.text),
        )


class Critic(Agent):
    """Judges the newest step."""

    async def judge(self, view: View) -> Reply[Verdict]:
        """Ask for a verdict on the candidate."""
        dialect = self.dialect
        return await self._ask(
            view,
            dialect.ask_critic(view),
            dialect.critic_options(),
            lambda call: dialect.read_verdict(call.text, view, call.logprobs),
        )


def call_of(name: str, message: AIMessage, latency: float) -> Call:
    """Read a model's message into a call: text, usage, and tokens where the server gives them."""
    usage = message.usage_metadata
    details: Mapping[str, Any] = usage.get("input_token_details", {}) if usage else {}
    ids: Sequence[Any] | None = message.response_metadata.get("token_ids")
    logprobs: Sequence[Any] | None = message.response_metadata.get("logprobs")
    return Call(
        model=name,
        text=message.text,
        usage=Usage(
            prompt=usage["input_tokens"], cached=details.get("cache_read") or 0, completion=usage["output_tokens"]
        )
        if usage
        else Usage(),
        latency=latency,
        token_ids=_numbers(ids),
        logprobs=_numbers(logprobs),
    )


def calls_of(name: str, messages: Sequence[AIMessage], latency: float) -> list[Call]:
    """Read several answers into calls; what one request cost in all is spread over them, and adds up to it exactly."""
    calls = [call_of(name, message, latency if index == 0 else 0.0) for index, message in enumerate(messages)]
    if len(calls) < 2 or any(message.usage_metadata for message in messages[1:]):
        return calls
    whole = calls[0].usage
    shares = _shares(whole.completion, [len(call.token_ids or call.logprobs or call.text) for call in calls])
    usages = [Usage(completion=share) for share in shares]
    usages[0] += Usage(prompt=whole.prompt, cached=whole.cached)
    return [call.model_copy(update={"usage": usage}) for call, usage in zip(calls, usages, strict=True)]


def _shares(total: int, weights: Sequence[int]) -> list[int]:
    """Split a number of tokens by weight; the shares add up to it."""
    whole, given, shares = sum(weights), 0, list[int]()
    for done in itertools.accumulate(weights):
        shares.append((total * done // whole if whole else total) - given)
        given += shares[-1]
    return shares


def _numbers(values: Sequence[Any] | None) -> tuple[Any, ...] | None:
    """Keep plain lists of numbers; some servers give richer things under the same name."""
    if not isinstance(values, list | tuple) or not all(isinstance(value, float | int) for value in values):
        return None
    return tuple(values)
