"""Policy and critic: each is a chat model with a dialect.

An agent turns a view into a reply and records what the model calls cost. The rules of the debate decide whether a
verdict is legal and what follows from it.
"""

import logging
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar, runtime_checkable

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from longthought.agents.calls import call_of, calls_of
from longthought.agents.dialects.dialect import Dialect, SolutionsOnly, Step, Unreadable, WholeDialect
from longthought.agents.endings import unusable
from longthought.agents.invocation import Continuing, Invocation
from longthought.agents.served.failures import fails_all
from longthought.agents.view import View
from longthought.errors import EndpointError, LongthoughtError, ModelError, OutageError
from longthought.problems.worked import Worked
from longthought.telemetry.fields import fields
from longthought.trajectories.events import Call, Verdict

log = logging.getLogger(__name__)
T = TypeVar("T")
ALREADY_REJECTED: Final = "the same was tried from here before and rejected{reason}; write something else"
RAISED: Final = 1.0
"""Maximum temperature that a request is raised to, and that of a model whose own is not known.

Hotter than that, small models lose the thread, and no model's own is hotter.
"""


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


def solver_of(policy: Proposer) -> Solver | None:
    """Return a policy that can write whole solutions; None for any other."""
    return policy if isinstance(policy, Solver) and policy.solves else None


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
    role: ClassVar[str]
    """Its role in the debate."""

    def __init__(self, name: str, model: BaseChatModel, dialect: Dialect) -> None:
        """Create an agent; its name is `provider:model`, as on the command line."""
        self.name, self.model, self.dialect = name, model, dialect
        self._invocation, self._warned = Invocation(model, name, self.role), False

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
        rejected: int = 0,
        salvage: Callable[[Call], T | None] = lambda _: None,
        opening: Sequence[BaseMessage] | None = None,
    ) -> Reply[T]:
        """Ask until a reply can be used, as often as the dialect repairs; the reply that is returned is the last call.

        After an objection several replies are asked for at once, and the first one that can be used counts. `salvage`
        takes what is whole of a reply that was cut off. An `opening` is asked first if the model can go on from its
        last message.
        """
        calls: list[Call] = []
        request, options = self._opened(messages, opening, options)
        count = 1
        again = 0
        while True:
            warmer = self._raised_temperature(self.dialect.rise(rejected, again))
            came = await self._calls(view, request, {**options, **warmer}, count)
            contents = [self._content(call, read, salvage) for call in came]
            faults = [_told(content) if isinstance(content, Unreadable) else objection(content) for content in contents]
            used = faults.index(None) if None in faults else len(came) - 1
            content, fault = contents[used], faults[used]
            calls += [*came[:used], *came[used + 1 :], came[used]]
            if fault is None or again >= self.dialect.repairs or _withheld(content):
                return Reply(content, tuple(calls))
            again += 1
            rejected += not isinstance(content, Unreadable)  # it said a rejected step again
            request = self.dialect.ask_again(messages, calls[-1].text, fault)
            options = {name: value for name, value in options.items() if name != "otherwise"}
            count = 1 if isinstance(content, Unreadable) else self.dialect.candidates

    def _content(
        self, call: Call, read: Callable[[Call], T | Unreadable], salvage: Callable[[Call], T | None]
    ) -> T | Unreadable:
        fault = self._unusable(call)
        if fault is None:
            return read(call)
        whole = None if fault.withheld else salvage(call)
        return fault if whole is None else whole

    def _opened(
        self, messages: Sequence[BaseMessage], opening: Sequence[BaseMessage] | None, options: Mapping[str, Any]
    ) -> tuple[list[BaseMessage], Mapping[str, Any]]:
        """Return the first request, which goes on from a message of the model itself if there is one and it can."""
        if opening is None:
            return list(messages), options
        if isinstance(self.model, Continuing):
            return list(opening), {**options, "otherwise": messages}
        if not self._warned:
            self._warned = True
            log.warning(
                "%s: it can't go on from a message of its own; it is shown the accepted steps", self.name,
                extra={"model": self.name},
            )  # fmt: skip
        return list(messages), options

    async def _calls(
        self, view: View, messages: Sequence[BaseMessage], options: Mapping[str, Any], count: int
    ) -> list[Call]:
        if count > 1:
            return await self._ask_many(view, messages, options, count)
        began = time.perf_counter()
        with model_errors(self.name), fields(model=self.name):
            message = await self._invocation(messages, session=view.trajectory, **options)
        return [call_of(self.name, message, time.perf_counter() - began)]

    async def _ask_many(
        self, view: View, messages: Sequence[BaseMessage], options: Mapping[str, Any], count: int
    ) -> list[Call]:
        began = time.perf_counter()
        with model_errors(self.name), fields(model=self.name):
            answers = await self._invocation.several(messages, count, session=view.trajectory, **options)
        return calls_of(self.name, answers, time.perf_counter() - began)

    def _unusable(self, call: Call) -> Unreadable | None:
        """Return why a reply can't be used for what ended it; None if it can."""
        return unusable(call, self.limit if getattr(self.model, "max_tokens", None) else None)

    def _raised_temperature(self, rise: float) -> Mapping[str, Any]:
        """Return the temperature of a request that is raised above the model's own; nothing if it isn't."""
        if not rise:
            return {}
        own: float | None = getattr(self.model, "temperature", None)
        return {"temperature": RAISED if own is None else max(own, min(own + rise, RAISED))}


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


def _told(content: Unreadable) -> str:
    return content.told or content.reason


def _withheld(content: object) -> bool:
    return isinstance(content, Unreadable) and content.withheld


def is_defect(error: Exception) -> bool:
    """Say whether an error is a mistake in code: failing clients raise their own types, an OSError or a ValueError."""
    return type(error).__module__ == "builtins" and not isinstance(error, (OSError, ValueError))


class Policy(Agent):
    """An agent that proposes one step at a time."""

    limit, role = "max_tokens", "policy"

    async def propose(self, view: View) -> Reply[Step]:
        """Ask for the next step; if the reply repeats a rejected one, ask again for others.

        Where the dialect knows whole solutions alone, one of them is the step.
        """
        dialect = self.dialect
        if isinstance(dialect, SolutionsOnly):
            return (await self.solve(view, 1))[0]
        return await self._ask(
            view,
            dialect.ask_policy(view),
            dialect.policy_options(),
            lambda call: dialect.read_step(call.text, view),
            partial(_repetition, view),
            len(view.attempts),
            lambda call: None if view.draft == 1 else _whole(dialect.read_step(call.text, view)),
            dialect.ask_from_path(view),
        )

    async def propose_many(self, view: View, count: int) -> Sequence[Reply[Step]]:
        """Ask for several next steps at once; if there are more than one, unreadable ones are not repaired."""
        if count == 1:
            return [await self.propose(view)]
        dialect = self.dialect
        warmer = self._raised_temperature(dialect.rise(len(view.attempts), 0))
        asked, options = self._opened(
            dialect.ask_policy(view), dialect.ask_from_path(view), {**dialect.policy_options(), **warmer}
        )
        calls = await self._ask_many(view, asked, options, count)
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


def _whole(draft: Step | Unreadable) -> Step | None:
    """Return a draft that was cut off without its last step; None if nothing is left."""
    if isinstance(draft, Unreadable) or not draft.ahead:
        return None
    return replace(draft, ahead=draft.ahead[:-1])


def _repetition(view: View, step: Step) -> str | None:
    """Say that a proposal repeats a rejected one, and why that was rejected; None if it is new."""
    earlier = view.repeated(step.texts)
    if earlier is None:
        return None
    reason = earlier.reason.strip().rstrip(".")
    return ALREADY_REJECTED.format(reason=f" ({reason})" if reason else "")


class Critic(Agent):
    """An agent that judges the newest step."""

    limit, role = "critic_max_tokens", "critic"

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
