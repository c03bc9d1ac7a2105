"""Ask for attempts: whole, several in one request, or step by step. Events are returned, not folded in.

This module decides what the policy sees; it does not know which attempt wins.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from longthought.agents.agent import Proposer, Reply, Solver, solver_of
from longthought.agents.dialects.dialect import Step, Unreadable
from longthought.agents.view import TriedStep, View, view
from longthought.errors import ConfigError
from longthought.graphs import operators
from longthought.graphs.sampling.attempts import Attempts
from longthought.graphs.sampling.settings import SamplingContext
from longthought.graphs.seats import Seats
from longthought.problems.worked import Worked, examples_for
from longthought.trajectories.events import AnyEvent, Author, Call, Event, Failed, Failure, Proposed
from longthought.trajectories.stamps import stamped

NO_ANSWER: Final = "it ends without a final answer"


async def attempt(fold: Attempts, seats: Seats, settings: SamplingContext) -> Sequence[AnyEvent]:
    """Write several whole attempts in one request, or the next step of one, and return the events.

    Raises:
        LongthoughtError: if the model fails, or can't do what the settings ask for.

    """
    policy, solver, opened = seats.policy, solver_of(seats.policy), fold.open
    if opened is not None and solver is not None:  # the log broke off before the failure was written
        return [failed(fold, Author.POLICY, Failure.UNREADABLE_STEP, NO_ANSWER, node=opened.tip)]
    seen = _shown(fold, settings)
    if objection := policy.unsuitable(seen) or seats.critic.unsuitable(seen):
        return [failed(fold, Author.STRATEGY, Failure.MODEL, objection, fatal=True)]
    if solver is not None:
        return await _written_whole(fold, solver, seen, settings)
    for name, wanted in (("few_shot", settings.few_shot), ("merge", settings.merge)):
        if wanted:
            raise ConfigError(
                f"`{name}` is {wanted!r}, and {policy.name} writes steps, not whole solutions; leave it out"
            )
    return await _one_step(fold, policy, seen, settings)


async def _written_whole(fold: Attempts, policy: Solver, seen: View, settings: SamplingContext) -> Sequence[AnyEvent]:
    examples, sources = await _examples(settings, seen), _sources(fold, settings)
    if sources:
        earlier = fold.tree.node(sources[0])
        critique = earlier.verdicts[-1].critique if earlier.verdicts else ""
        replies = [await operators.refine(policy, seen, earlier.text, critique, examples)]
    else:
        made = len(fold.all)
        left = min(settings.attempts - made, settings.rounds - fold.tree.rounds, settings.affordable(fold.tree, made))
        replies = await operators.generate(policy, seen, 1 if settings.revise else min(settings.batch, left), examples)
    return _recorded(fold, replies, sources)


def _recorded(fold: Attempts, replies: Sequence[Reply[Step]], sources: tuple[int, ...]) -> Sequence[AnyEvent]:
    """Return whole solutions as events; an attempt without an answer is followed by a failure."""
    draft = _Draft(fold)
    for reply in replies:
        if isinstance(reply.read, Unreadable):
            draft.lose(None, reply.read, reply.calls)
            continue
        node = draft.propose(0, reply.read.text, reply.read.answer, reply.calls, sources)
        if reply.read.answer is None:
            draft.fail(node, NO_ANSWER)
    return draft.events


async def merge(fold: Attempts, tips: Sequence[int], seats: Seats, settings: SamplingContext) -> Sequence[AnyEvent]:
    """Write one more attempt from those that end at the given nodes.

    Raises:
        LongthoughtError: if the model fails.

    """
    policy = seats.policy
    assert isinstance(policy, Solver)  # `attempt` has checked it
    seen = view(fold.tree, at=0)
    earlier = [operators.restructure(fold.tree, tip) for tip in tips]
    reply = await operators.aggregate(policy, seen, earlier, await _examples(settings, seen))
    return _recorded(fold, [reply], tuple(tips))


async def _one_step(fold: Attempts, policy: Proposer, seen: View, settings: SamplingContext) -> Sequence[AnyEvent]:
    """Propose the next step of the open attempt, or the first of a new one."""
    opened = fold.open
    tip = opened.tip if opened else 0
    reply = await policy.propose(seen)
    draft = _Draft(fold)
    if isinstance(reply.read, Unreadable):
        draft.lose(tip or None, reply.read, reply.calls)
        return draft.events
    sources = () if tip else _sources(fold, settings)
    node = draft.propose(tip, reply.read.text, reply.read.answer, reply.calls, sources)
    if reply.read.answer is None and len(seen.path) + 1 >= settings.steps:
        draft.fail(node, f"{settings.steps} steps, and no final answer")
    return draft.events


def _shown(fold: Attempts, settings: SamplingContext) -> View:
    """Return the view of the open attempt; with `revise`, earlier steps from its node count as rejected."""
    opened = fold.open
    seen = view(fold.tree, at=opened.tip if opened else 0)
    if not settings.revise:
        return seen
    paths = [[n.text for n in fold.tree.path(attempt.tip)] for attempt in fold.all if attempt.over and attempt.tip]
    depth = len(seen.path)
    earlier = dict.fromkeys(path[depth] for path in paths if path[:depth] == list(seen.path) and len(path) > depth)
    return replace(seen, attempts=tuple(TriedStep(text, "", Author.STRATEGY) for text in earlier))


def _sources(fold: Attempts, settings: SamplingContext) -> tuple[int, ...]:
    """Return the tip of the attempt that the next one revises; empty if it revises none."""
    tips = [attempt.tip for attempt in fold.all if attempt.over and attempt.tip]
    return (tips[-1],) if settings.revise and tips else ()


async def _examples(settings: SamplingContext, seen: View) -> Sequence[Worked]:
    """Return the worked examples, without the problem itself."""
    if settings.few_shot is None:
        return ()
    return await asyncio.to_thread(examples_for, Path(settings.few_shot), seen.problem.statement)


class _Draft:
    """The events of one turn, numbered from the end of the log."""

    def __init__(self, fold: Attempts) -> None:
        self._fold, self._nodes = fold, len(fold.tree.nodes)
        self.events: list[AnyEvent] = []

    def propose(
        self, parent: int, text: str, answer: str | None, calls: tuple[Call, ...], sources: tuple[int, ...]
    ) -> int:
        node, self._nodes = self._nodes, self._nodes + 1
        self._add(Proposed, node=node, parent=parent, text=text, answer=answer, calls=calls, sources=sources)
        return node

    def lose(self, node: int | None, read: Unreadable, calls: tuple[Call, ...]) -> None:
        """Record a reply that could not be read."""
        self._add(Failed, failure=read.step_failure, detail=read.reason, node=node, calls=calls)

    def fail(self, node: int, detail: str) -> None:
        """Record that an attempt came to no answer."""
        self._add(Failed, failure=Failure.UNREADABLE_STEP, detail=detail, node=node)

    def _add(self, kind: type[Event], **fields: Any) -> None:
        self.events.append(stamped(self._fold, kind, Author.POLICY, after=len(self.events), **fields))


def failed(fold: Attempts, by: Author, failure: Failure, detail: str, **fields: Any) -> AnyEvent:
    """Return a failure as the next event."""
    return stamped(fold, Failed, by, failure=failure, detail=detail, **fields)
