"""Policy and critic: each is a chat model with a dialect.

An agent turns a view into a reply and records what the model calls cost. The rules of the debate decide whether a
verdict is legal and what follows from it.
"""

import itertools
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar, runtime_checkable

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage

from longthought.agents.dialects.dialect import Dialect, Step, Unreadable, WholeDialect
from longthought.agents.endings import expect_unbroken, finish_reason, unusable
from longthought.agents.estimates import ESTIMATED
from longthought.agents.invocation import Invocation
from longthought.agents.served.failures import fails_all
from longthought.agents.surrogates import without_lone_surrogates
from longthought.agents.view import View
from longthought.errors import EndpointError, LongthoughtError, ModelError, OutageError
from longthought.problems.worked import Worked
from longthought.trajectories.events import Call, Usage, Verdict

T = TypeVar("T")
ALREADY_REJECTED: Final = "this step was tried from here before and rejected; propose another"


@runtime_checkable
class Closeable(Protocol):
    """A chat model that holds connections or an engine until it is closed."""

    async def aclose(self) -> None:
        """Release them."""
        ...


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """What was read from a reply, or why nothing could be, and every model call made for it."""

    read: T | Unreadable
    calls: tuple[Call, ...]


class Proposer(Protocol):
    """An agent or a program in the role of the policy."""

    name: str

    def unsuitable(self, view: View) -> str | None:
        """Return why it can't work on a problem; None if it can."""
        ...

    async def propose(self, view: View) -> Reply[Step]:
        """Propose the next step."""
        ...

    async def propose_many(self, view: View, count: int) -> Sequence[Reply[Step]]:
        """Propose several next steps; some may be equal."""
        ...

    async def reflect(self, view: View) -> Reply[str]:
        """Re-examine the candidate in words."""
        ...

    async def aclose(self) -> None:
        """Release its connections or its model."""
        ...


@runtime_checkable
class Solver(Proposer, Protocol):
    """A policy that may also be able to write whole solutions."""

    @property
    def solves(self) -> bool:
        """Whether it can write whole solutions."""
        ...

    async def solve(self, view: View, count: int, examples: Sequence[Worked] = ()) -> Sequence[Reply[Step]]:
        """Write several whole solutions."""
        ...


class Judge(Protocol):
    """An agent or a program in the role of the critic."""

    name: str

    def unsuitable(self, view: View) -> str | None:
        """Return why it can't work on a problem; None if it can."""
        ...

    async def judge(self, view: View) -> Reply[Verdict]:
        """Judge the candidate."""
        ...

    async def aclose(self) -> None:
        """Release its connections or its model."""
        ...


class Agent:
    """A chat model that speaks a dialect."""

    limit: ClassVar[str]
    """The setting that limits the length of its replies."""

    def __init__(self, name: str, model: BaseChatModel, dialect: Dialect) -> None:
        """Create an agent; its name is `provider:model`, as on the command line."""
        self.name, self.model, self.dialect = name, model, dialect
        self._invocation = Invocation(model)

    def unsuitable(self, view: View) -> str | None:
        """Return why the agent's dialect can't express a problem; None if it can."""
        return self.dialect.unsuitable(view)

    async def aclose(self) -> None:
        """Release what the model holds."""
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
        request = list(messages)
        while True:
            began = time.perf_counter()
            with model_errors(self.name):
                warmer = self._raised_temperature(len(calls))
                message = await self._invocation(request, session=view.trajectory, **options, **warmer)
            calls.append(call_of(self.name, message, time.perf_counter() - began))
            content = self._unusable(calls[-1]) or read(calls[-1])
            fault = content.told or content.reason if isinstance(content, Unreadable) else objection(content)
            if fault is None or len(calls) > self.dialect.repairs or _withheld(content):
                return Reply(content, tuple(calls))
            request = self.dialect.ask_again(messages, calls[-1].text, fault)

    async def _ask_many(
        self, view: View, messages: Sequence[BaseMessage], options: Mapping[str, Any], count: int
    ) -> list[Call]:
        began = time.perf_counter()
        with model_errors(self.name):
            answers = await self._invocation.several(messages, count, session=view.trajectory, **options)
        return calls_of(self.name, answers, time.perf_counter() - began)

    def _unusable(self, call: Call) -> Unreadable | None:
        """Return why a reply can't be used for what ended it; None if it can."""
        return unusable(call, self.limit if getattr(self.model, "max_tokens", None) else None)

    def _raised_temperature(self, repairs: int) -> Mapping[str, Any]:
        """Return the temperature of a repair request, if the dialect raises it with each one."""
        if not repairs or not self.dialect.warming:
            return {}
        return {"temperature": (getattr(self.model, "temperature", None) or 0.0) + repairs * self.dialect.warming}


@contextmanager
def model_errors(name: str) -> Generator[None]:
    """Turn errors of a model's client into an OutageError or an EndpointError that names the model."""
    try:
        yield
    except LongthoughtError:
        raise
    except Exception as error:
        if is_defect(error):
            raise
        kind = OutageError if fails_all(getattr(error, "status_code", None)) else EndpointError
        raise kind(f"{name}: {type(error).__name__}: {error}") from error


def _withheld(content: object) -> bool:
    return isinstance(content, Unreadable) and content.withheld


def is_defect(error: Exception) -> bool:
    """Say whether an error is a mistake in code: failing clients raise their own types, an OSError or a ValueError."""
    return type(error).__module__ == "builtins" and not isinstance(error, (OSError, ValueError))


class Policy(Agent):
    """An agent that proposes one step at a time."""

    limit = "max_tokens"

    async def propose(self, view: View) -> Reply[Step]:
        """Ask for the next step; if the reply repeats a rejected one, ask again."""
        dialect = self.dialect
        return await self._ask(
            view,
            dialect.ask_policy(view),
            dialect.policy_options(),
            lambda call: dialect.read_step(call.text, view),
            lambda step: ALREADY_REJECTED if view.rejects(step.text) else None,
        )

    async def propose_many(self, view: View, count: int) -> Sequence[Reply[Step]]:
        """Ask for several next steps at once; if there are more than one, unreadable ones are not repaired."""
        if count == 1:
            return [await self.propose(view)]
        dialect = self.dialect
        calls = await self._ask_many(view, dialect.ask_policy(view), dialect.policy_options(), count)
        return [Reply(self._unusable(call) or dialect.read_step(call.text, view), (call,)) for call in calls]

    @property
    def solves(self) -> bool:
        """Whether its dialect can express a whole solution."""
        return isinstance(self.dialect, WholeDialect)

    async def solve(self, view: View, count: int, examples: Sequence[Worked] = ()) -> Sequence[Reply[Step]]:
        """Ask for several whole solutions at once; none is repaired, so that each reply is one sample.

        Raises:
            ModelError: if the dialect can express only steps.

        """
        dialect = self.dialect
        if not isinstance(dialect, WholeDialect):
            raise ModelError(f"{self.name}: the {dialect.name} dialect knows only steps, not whole solutions")
        calls = await self._ask_many(view, dialect.ask_solution(view, examples), dialect.policy_options(), count)
        return [Reply(self._unusable(call) or dialect.read_solution(call.text, view), (call,)) for call in calls]

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
    """An agent that judges the newest step."""

    limit = "critic_max_tokens"

    async def judge(self, view: View) -> Reply[Verdict]:
        """Ask for a verdict on the candidate."""
        dialect = self.dialect
        return await self._ask(
            view,
            dialect.ask_critic(view),
            dialect.critic_options(view),
            lambda call: dialect.read_verdict(call.text, view, call.logprobs),
        )

    def _unusable(self, call: Call) -> Unreadable | None:
        """Return why a verdict can't be used; one that was cut can, if its beginning says it all."""
        fault = super()._unusable(call)
        return None if fault and self.dialect.begins and not fault.withheld else fault


def call_of(name: str, message: AIMessage, latency: float) -> Call:
    """Turn a model's message into a call: text, usage and, if the server returned them, token ids and logprobs.

    Raises:
        EndpointError: if the server broke the reply off.

    """
    ended = finish_reason(message.response_metadata)
    expect_unbroken(name, ended)
    usage = message.usage_metadata
    details: Mapping[str, Any] = usage.get("input_token_details", {}) if usage else {}
    ids: Sequence[Any] | None = message.response_metadata.get("token_ids")
    logprobs: Sequence[Any] | None = message.response_metadata.get("logprobs")
    thinking: object = message.additional_kwargs.get("reasoning_content")
    return Call(
        model=name,
        text=without_lone_surrogates(message.text or str(message.response_metadata.get("refusal") or "")),
        thinking=without_lone_surrogates(thinking) if isinstance(thinking, str) else None,
        finish_reason=ended,
        usage=Usage(
            prompt=usage["input_tokens"], cached=details.get("cache_read") or 0, completion=usage["output_tokens"],
            estimated=message.response_metadata.get(ESTIMATED, False),
        )
        if usage
        else Usage(),
        latency=latency,
        token_ids=_numbers(ids),
        logprobs=_numbers(logprobs),
    )  # fmt: skip


def calls_of(name: str, messages: Sequence[AIMessage], latency: float) -> list[Call]:
    """Turn several answers into calls; the usage of answers to one request, which the first carries, is divided."""
    calls = [call_of(name, message, latency if index == 0 else 0.0) for index, message in enumerate(messages)]
    first = [index for index, message in enumerate(messages) if message.usage_metadata or index == 0]
    groups = [calls[begin:end] for begin, end in itertools.pairwise([*first, len(calls)])]
    return [call for group in groups for call in _shared(group)]


def _shared(calls: Sequence[Call]) -> Sequence[Call]:
    """Divide the usage of one request, which its first call carries, among its calls exactly."""
    if len(calls) < 2:
        return calls
    total = calls[0].usage
    shares = _shares(total.completion, [len(call.token_ids or call.logprobs or call.text) for call in calls])
    usages = [Usage(completion=share, estimated=total.estimated) for share in shares]
    usages[0] += Usage(prompt=total.prompt, cached=total.cached)
    return [call.model_copy(update={"usage": usage}) for call, usage in zip(calls, usages, strict=True)]


def _shares(total: int, weights: Sequence[int]) -> list[int]:
    """Divide a number of tokens by weight; the shares add up to it."""
    weight, distributed, shares = sum(weights), 0, list[int]()
    for weight_so_far in itertools.accumulate(weights):
        shares.append((total * weight_so_far // weight if weight else total) - distributed)
        distributed += shares[-1]
    return shares


def _numbers(values: Sequence[Any] | None) -> tuple[Any, ...] | None:
    """Return a plain list of numbers as a tuple; None for anything else that a server sends under the same name."""
    if not isinstance(values, list | tuple) or not all(isinstance(value, float | int) for value in values):
        return None
    return tuple(values)
