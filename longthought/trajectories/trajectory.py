"""One debate as its readers see it: everything is derived from the events on request.

A trajectory never changes; a debate that continues is read as a new trajectory. It knows nothing of agents, dialects or
graphs.
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
    Reopened,
    Started,
    StopReason,
    Usage,
    Verdict,
    ends_debate,
)
from longthought.trajectories.tree import Node, NodeKind, Standing, Tree

if TYPE_CHECKING:
    from longthought.thoughts.thought import LongThought


@dataclass(frozen=True, slots=True)
class Spending:
    """The tokens used, by role."""

    policy: Usage
    critic: Usage

    @property
    def total(self) -> Usage:
        """The tokens of both roles together."""
        return self.policy + self.critic


@dataclass(frozen=True, slots=True)
class Utterance:
    """One entry of a transcript."""

    by: Author
    kind: str
    """The kind of the event behind it: `started` for the problem, `moved` for feedback, …"""
    text: str
    node: int | None = None
    """The node that the entry is about."""


class Trajectory:
    """One debate, finished or not."""

    def __init__(self, id: str, events: Sequence[AnyEvent]) -> None:
        """Keep the events; nothing is computed yet."""
        self._id = id
        self._events = tuple(events)

    def __repr__(self) -> str:
        """Show the name, the number of events and the stop reason."""
        state = self.stop_reason.value if self.stop_reason else "unfinished"
        return f"<Trajectory {self.id!r}: {len(self.events)} events, {state}>"

    @property
    def id(self) -> str:
        """`problem#sample`; for a sub-debate, the name of its parent and a number."""
        return self._id

    @property
    def events(self) -> tuple[AnyEvent, ...]:
        """The events, in order."""
        return self._events

    @cached_property
    def standing(self) -> tuple[AnyEvent, ...]:
        """The events without the ends that were lifted: what the debate amounts to by now."""
        reopened = max((n for n, event in enumerate(self._events) if isinstance(event, Reopened)), default=-1)
        return tuple(event for n, event in enumerate(self._events) if n > reopened or not ends_debate(event))

    @cached_property
    def tree(self) -> Tree:
        """The reasoning tree; it is shared, so don't apply events to it.

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
        """Why the debate ended; None if it has not ended."""
        return self.tree.stop_reason

    @property
    def answer(self) -> str | None:
        """The final answer, if there is one."""
        return self.tree.finished.answer if self.tree.finished else None

    @property
    def solved(self) -> bool | None:
        """Whether the answer is right; None without a grade, or if the grader can't tell."""
        return next((e.solved for e in reversed(self.standing) if isinstance(e, Graded)), None)

    @property
    def grade_detail(self) -> str:
        """The grader's reason; empty if it gave none."""
        return next((e.detail for e in reversed(self.standing) if isinstance(e, Graded)), "")

    @property
    def failure(self) -> str | None:
        """The detail of the failure that ended the debate; None if none did."""
        return next((e.detail for e in reversed(self.standing) if isinstance(e, Failed) and e.fatal), None)

    @property
    def steps(self) -> tuple[Node, ...]:
        """Every step proposed, in order, abandoned ones included."""
        return tuple(node for node in self.tree.nodes if node.kind is NodeKind.STEP)

    @property
    def path(self) -> tuple[Node, ...]:
        """The accepted nodes from below the problem to the answer, or to the cursor while there is no answer."""
        finished = self.tree.finished
        end = finished.node if finished else None
        return tuple(node for node in self.tree.path(end) if node.standing is Standing.ACCEPTED)

    @property
    def rounds(self) -> int:
        """Number of proposals, unreadable and repeated ones included."""
        return self.tree.rounds

    @property
    def backtracks(self) -> int:
        """Number of moves back."""
        return self.tree.backtracks

    @property
    def usage(self) -> Spending:
        """Tokens of policy and critic, sub-debates included."""
        return Spending(self.tree.policy_usage, self.tree.critic_usage)

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every model call of this debate, in order, without those of sub-debates."""
        return tuple(call for event in self._events for call in event.calls)

    @property
    def requests(self) -> int:
        """Number of model calls, sub-debates included."""
        delegated = [e.delegated for e in self._events if isinstance(e, Proposed | Judged) and e.delegated is not None]
        return len(self.calls) + sum(cost.requests for cost in delegated)

    @property
    def seconds(self) -> float:
        """Time spent in models and tools."""
        return self.tree.seconds

    @property
    def labels(self) -> Mapping[int, bool]:
        """The grade as a label of the node that holds the answer; empty without a grade or an answer."""
        final = self.tree.finished.node if self.tree.finished else None
        return {} if final is None or self.solved is None else {final: self.solved}

    def long_thought(self, walk: str = "chronological", **options: Any) -> "LongThought":
        """Compile the debate into one long thought; `str()` of it is its text.

        The options are those of `longthought.thoughts.compiler.long_thought`: wrong, labels, reasons, seed, voice.

        Raises:
            ConfigError: if there is no such walk, no right answer to walk to, or the voice can't express the debate.

        """
        from longthought.thoughts.compiler import long_thought

        return long_thought(self, walk, **options)

    def _repr_html_(self) -> str:
        """Show the debate in a notebook."""
        from longthought.trajectories import html

        return html.debate(self)

    def to_json(self) -> str:
        """Return one line of JSON: the outcome, the cost and every event."""
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
        """Return the debate from the side of the policy or of the critic.

        The policy sees the problem, the output of its tools and why the cursor moved. The critic sees the problem and,
        for each step that it judged, the step, its evidence and the reflections on it.

        Raises:
            ValueError: if the role is neither policy nor critic.

        """
        match role:
            case Author.POLICY:
                return [entry for event in self.standing for entry in _to_policy(event)]
            case Author.CRITIC:
                judged = {e.node for e in self._events if isinstance(e, Judged)}
                judged |= {e.node for e in self._events if isinstance(e, Failed) and e.by is Author.CRITIC and e.node}
                return [entry for event in self.standing for entry in _to_critic(event, judged)]
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
            move = _MOVES.get(event.cause, "back to {to}").format(to=event.to)
            return [_utterance(event, f"{move}: {event.reason}" if event.reason else move, event.to)]
        case Failed() if event.by is Author.POLICY:
            return _failure(event)
        case Judged() if event.by is Author.POLICY:  # one agent is both policy and critic
            return [_utterance(event, _verdict(event.verdict), event.node)]
        case Started() | Proposed() | Reflected() | Observed():
            return _content(event)
        case _:
            return []


def _to_critic(event: AnyEvent, judged: set[int]) -> list[Utterance]:
    match event:
        case Judged():
            return [_utterance(event, _verdict(event.verdict), event.node)]
        case Failed() if event.by is Author.CRITIC:
            return _failure(event)
        case Checked() if event.node in judged:
            return [_utterance(event, _evidence(evidence), event.node) for evidence in event.evidence]
        case Started():
            return _content(event)
        case Proposed() | Observed() if event.node in judged:
            return _content(event)
        case Reflected() if event.parent in judged or event.node in judged:
            return _content(event)
        case _:
            return []


def _content(event: Started | Proposed | Reflected | Observed) -> list[Utterance]:
    match event:
        case Started():
            return [_utterance(event, event.problem.statement, 0)]
        case Observed():
            return [Utterance(Author.TOOL, event.kind, event.output, event.node)]
        case _:
            return [_utterance(event, event.text, event.node)]


def _failure(event: Failed) -> list[Utterance]:
    """Return the replies and why they were not used; the reason is the strategy's."""
    replies = [_utterance(event, call.text, event.node) for call in event.calls]
    return [*replies, Utterance(Author.STRATEGY, event.kind, f"{event.failure}: {event.detail}", event.node)]


def _utterance(event: Event, text: str, node: int | None) -> Utterance:
    return Utterance(event.by, getattr(event, "kind", ""), text, node)


def _verdict(verdict: Verdict) -> str:
    to = "" if verdict.target is None else f" to {verdict.target}"
    return f"{verdict.action}{to}: {verdict.critique}" if verdict.critique else f"{verdict.action}{to}"


def _evidence(evidence: Evidence) -> str:
    detail = f" ({evidence.detail})" if evidence.detail else ""
    return f"{evidence.tool} {evidence.status}: {evidence.claim}{detail}"
