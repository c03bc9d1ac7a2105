"""One debate as its readers want it: everything here is derived from the events when it is asked for.

A trajectory is a view and never changes; a debate that went on is another trajectory. It knows nothing of agents,
dialects or graphs.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from longthought.problems.problem import Problem
from longthought.trajectories.events import (
    AnyEvent,
    Author,
    Call,
    Cause,
    Checked,
    Event,
    Evidence,
    Failed,
    Graded,
    Judged,
    Moved,
    Observed,
    Proposed,
    Reflected,
    Started,
    StopReason,
    Usage,
    Verdict,
)
from longthought.trajectories.tree import Node, NodeKind, Standing, Tree

if TYPE_CHECKING:
    from longthought.thoughts.thought import LongThought


@dataclass(frozen=True, slots=True)
class Spending:
    """The token bill, by role."""

    policy: Usage
    critic: Usage

    @property
    def total(self) -> Usage:
        """Both roles together."""
        return self.policy + self.critic


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something said in a debate."""

    by: Author
    kind: str
    """The kind of event it comes from: `started` is the problem, `moved` the feedback, …"""
    text: str
    node: int | None = None
    """The node it is about."""


class Trajectory:
    """One debate, finished or not."""

    def __init__(self, id: str, events: Sequence[AnyEvent]) -> None:
        """Keep the events; nothing is computed yet."""
        self._id = id
        self._events = tuple(events)

    def __repr__(self) -> str:
        """Name it and say how far it came."""
        state = self.stop_reason.value if self.stop_reason else "unfinished"
        return f"<Trajectory {self.id!r}: {len(self.events)} events, {state}>"

    @property
    def id(self) -> str:
        """`problem#sample`; of a sub-debate, its parent's name and a number."""
        return self._id

    @property
    def events(self) -> tuple[AnyEvent, ...]:
        """The facts, in order."""
        return self._events

    @cached_property
    def tree(self) -> Tree:
        """The reasoning tree; shared, so don't apply events to it.

        Raises:
            TreeError: if the events don't fit together.

        """
        return Tree.fold(self._events)

    @property
    def problem(self) -> Problem:
        """The problem under debate."""
        return self.tree.problem

    @property
    def sample(self) -> int:
        """Which of several debates on the same problem."""
        return self.tree.started.sample if self.tree.started else 0

    @property
    def finished(self) -> bool:
        """Whether the debate has ended."""
        return self.tree.finished is not None

    @property
    def stop_reason(self) -> StopReason | None:
        """Why it ended; None while it goes on."""
        return self.tree.stop_reason

    @property
    def answer(self) -> str | None:
        """The final answer, if it was given one."""
        return self.tree.finished.answer if self.tree.finished else None

    @property
    def solved(self) -> bool | None:
        """The grader's word; None if there is none, or it can't tell."""
        return next((e.solved for e in reversed(self._events) if isinstance(e, Graded)), None)

    @property
    def grade_detail(self) -> str:
        """Why the grader said so, where it gave a reason."""
        return next((e.detail for e in reversed(self._events) if isinstance(e, Graded)), "")

    @property
    def failure(self) -> str | None:
        """What ended it, if it was a failure."""
        return next((e.detail for e in reversed(self._events) if isinstance(e, Failed) and e.fatal), None)

    @property
    def steps(self) -> tuple[Node, ...]:
        """Every step proposed, in order, abandoned ones included."""
        return tuple(node for node in self.tree.nodes if node.kind is NodeKind.STEP)

    @property
    def path(self) -> tuple[Node, ...]:
        """The accepted nodes from below the problem down to the answer, or to the cursor while there is none."""
        finished = self.tree.finished
        end = finished.node if finished else None
        return tuple(node for node in self.tree.path(end) if node.standing is Standing.ACCEPTED)

    @property
    def rounds(self) -> int:
        """Proposals, unreadable and repeated ones included."""
        return self.tree.rounds

    @property
    def backtracks(self) -> int:
        """Times the cursor went back."""
        return self.tree.backtracks

    @property
    def usage(self) -> Spending:
        """Tokens of policy and critic, those of its sub-debates among them."""
        return Spending(self.tree.policy_usage, self.tree.critic_usage)

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every model call of its own, in order."""
        return tuple(call for event in self._events for call in event.calls)

    @property
    def requests(self) -> int:
        """Number of model calls, those of its sub-debates among them."""
        delegated = [e.delegated for e in self._events if isinstance(e, Proposed | Judged) and e.delegated is not None]
        return len(self.calls) + sum(paid.requests for paid in delegated)

    @property
    def seconds(self) -> float:
        """Time spent in models and tools."""
        return self.tree.seconds

    @property
    def labels(self) -> Mapping[int, bool]:
        """What the grade says of the node where the answer stands; empty without a grade or an answer."""
        final = self.tree.finished.node if self.tree.finished else None
        return {} if final is None or self.solved is None else {final: self.solved}

    def long_thought(self, walk: str = "chronological", **how: Any) -> "LongThought":
        """Compile the debate into one long thought; `str()` of it is its text.

        The options are those of `longthought.thoughts.compiler.long_thought`: wrong, labels, reasons, seed, voice.

        Raises:
            ConfigError: if there is no such walk, no right answer to walk to, or the voice can't say what happened.

        """
        from longthought.thoughts.compiler import long_thought

        return long_thought(self, walk, **how)

    def to_json(self) -> str:
        """Return one line of JSON: the outcome, the bill, and every event."""
        outcome = {
            "id": self.id,
            "problem": self.problem.model_dump(mode="json"),
            "finished": self.finished,
            "stop_reason": self.stop_reason,
            "answer": self.answer,
            "solved": self.solved,
            "rounds": self.rounds,
            "backtracks": self.backtracks,
            "requests": self.requests,
            "seconds": round(self.seconds, 3),
            "tokens": {
                "policy": self.usage.policy.model_dump(),
                "critic": self.usage.critic.model_dump(),
            },
            "events": [event.model_dump(mode="json") for event in self.events],
        }
        return json.dumps(outcome, ensure_ascii=False)

    def transcript(self, role: Author) -> list[Utterance]:
        """Return the debate as the policy or the critic lived it.

        The policy hears the problem, what its tools print and why the cursor moved; the critic sees the problem and,
        of each step that it was asked about, the step, the evidence and the reflections.

        Raises:
            ValueError: if the role is neither.

        """
        match role:
            case Author.POLICY:
                return [r for event in self._events for r in _to_policy(event)]
            case Author.CRITIC:
                asked = {e.node for e in self._events if isinstance(e, Judged)}
                asked |= {e.node for e in self._events if isinstance(e, Failed) and e.by is Author.CRITIC and e.node}
                return [r for event in self._events for r in _to_critic(event, asked)]
            case _:
                raise ValueError(f"{role} has no transcript; policy and critic have one")


_MOVES: Final = {
    Cause.ACCEPTED: "accepted",
    Cause.DOUBTED: "doubted",
    Cause.EDITED: "moved to {to}",
    Cause.SELECTED: "on from {to}",
    Cause.ROLLOUT: "on from {to}",
    Cause.PRUNED: "pruned",
}


def _to_policy(event: AnyEvent) -> list[Utterance]:
    match event:
        case Moved():
            words = _MOVES.get(event.cause, "back to {to}").format(to=event.to)
            return [_remark(event, f"{words}: {event.reason}" if event.reason else words, event.to)]
        case Failed() if event.by is Author.POLICY:
            return _failure(event)
        case Judged() if event.by is Author.POLICY:  # where one agent sits in both chairs
            return [_remark(event, _verdict(event.verdict), event.node)]
        case Started() | Proposed() | Reflected() | Observed():
            return _said(event)
        case _:
            return []


def _to_critic(event: AnyEvent, asked: set[int]) -> list[Utterance]:
    match event:
        case Judged():
            return [_remark(event, _verdict(event.verdict), event.node)]
        case Failed() if event.by is Author.CRITIC:
            return _failure(event)
        case Checked() if event.node in asked:
            return [_remark(event, _evidence(evidence), event.node) for evidence in event.evidence]
        case Started():
            return _said(event)
        case Proposed() | Observed() if event.node in asked:
            return _said(event)
        case Reflected() if event.parent in asked or event.node in asked:
            return _said(event)
        case _:
            return []


def _said(event: Started | Proposed | Reflected | Observed) -> list[Utterance]:
    match event:
        case Started():
            return [_remark(event, event.problem.statement, 0)]
        case Observed():
            return [Utterance(Author.TOOL, event.kind, event.output, event.node)]
        case _:
            return [_remark(event, event.text, event.node)]


def _failure(event: Failed) -> list[Utterance]:
    """Return what was said and why it didn't count; the latter is the state machine's word."""
    said = [_remark(event, call.text, event.node) for call in event.calls]
    return [*said, Utterance(Author.STRATEGY, event.kind, f"{event.failure}: {event.detail}", event.node)]


def _remark(event: Event, text: str, node: int | None) -> Utterance:
    return Utterance(event.by, getattr(event, "kind", ""), text, node)


def _verdict(verdict: Verdict) -> str:
    to = "" if verdict.target is None else f" to {verdict.target}"
    return f"{verdict.action}{to}: {verdict.critique}" if verdict.critique else f"{verdict.action}{to}"


def _evidence(evidence: Evidence) -> str:
    detail = f" ({evidence.detail})" if evidence.detail else ""
    return f"{evidence.tool} {evidence.status}: {evidence.claim}{detail}"
