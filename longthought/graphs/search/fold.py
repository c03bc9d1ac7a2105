"""A search folded from its log: the tree, the work due on each new step, and a strategy that is told every fact.

Everything is folded from events, so a search goes on from a log cut at any event: steps that were asked for and not
proposed are asked for again. This module calls no model, tool or clock, and makes no event.
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from longthought.graphs.path_value import score_of
from longthought.graphs.search.adaptive import Adaptive
from longthought.graphs.search.beam import Beam
from longthought.graphs.search.best_first import BestFirst
from longthought.graphs.search.facts import Dead, Expanded, Expansion, Grown, Pruning, Scored, Selected
from longthought.graphs.search.mcts import Mcts
from longthought.graphs.search.settings import Prune, SearchContext, StrategyName
from longthought.graphs.search.strategy import SearchStrategy, StrategySettings
from longthought.trajectories.events import (
    Action,
    AnyEvent,
    Author,
    Cause,
    Checked,
    EvidenceStatus,
    Failed,
    Finished,
    Graded,
    Judged,
    Moved,
    Observed,
    Proposed,
    Reopened,
    Started,
    StopReason,
)
from longthought.trajectories.tree import Node, Tree

STRATEGIES: Final[dict[StrategyName, Callable[[StrategySettings], SearchStrategy]]] = {
    StrategyName.BEAM: Beam,
    StrategyName.DVTS: lambda settings: Beam(settings, diverse=True),
    StrategyName.BEST_FIRST: BestFirst,
    StrategyName.MCTS: Mcts,
    StrategyName.ADAPTIVE: Adaptive,
}


class CheckStep(NamedTuple):
    """The tools have to check a step."""

    node: int


class JudgeStep(NamedTuple):
    """The critic has to judge a step."""

    node: int


class ExpandNode(NamedTuple):
    """The policy has to be asked for steps."""

    node: int
    width: int
    kind: str = ""
    """The kind of step wanted; empty if the settings name no kinds."""


class LeaveStep(NamedTuple):
    """A step has to be left."""

    node: int
    cause: Cause
    by: Author
    reason: str


class EndSearch(NamedTuple):
    """The search is over."""

    reason: StopReason
    node: int | None


Work: TypeAlias = CheckStep | JudgeStep | ExpandNode | LeaveStep | Expansion | Pruning | EndSearch
"""The next work of a search."""


@dataclass(slots=True)
class OpenExpansion:
    """A selection for which not all steps have been proposed."""

    number: int
    wanted: int
    kind: str = ""
    gave_steps: bool = False


def _strategy(settings: SearchContext, trajectory: str) -> SearchStrategy:
    """Return the strategy of a search at its beginning; the name of the debate seeds it."""
    return STRATEGIES[StrategyName(settings.strategy)](settings.for_strategy(trajectory))


class Search:
    """One search, folded event by event."""

    def __init__(self, settings: SearchContext) -> None:
        """Start empty."""
        self.settings = settings
        self.tree = Tree()
        self.strategy = _strategy(settings, "")
        self.states: dict[str, int] = {}
        """By state that a step led to, if the dialect names it: the node that stands for it."""
        self.step_events: dict[int, list[Proposed | Observed | Checked]] = {}
        """By step: its proposal and what the tools printed and found, for debates that go on from there."""
        self.borrowed_from: dict[int, str] = {}
        """By step of an answer that such a debate found: the name of the debate."""
        self._selections = 0
        self._due: dict[int, CheckStep | JudgeStep | LeaveStep] = {}
        self._open_expansions: dict[int, OpenExpansion] = {}
        self._answered: list[int] = []
        self._accepted: set[int] = set()
        self._failed = False

    @property
    def events(self) -> int:
        """Number of events folded so far."""
        return self.tree.events

    @property
    def started(self) -> Started | None:
        """The first event; None before it."""
        return self.tree.started

    @property
    def finished(self) -> Finished | None:
        """The last event; None before the search has ended."""
        return self.tree.finished

    def apply(self, event: AnyEvent) -> None:
        """Fold one more event in."""
        new = len(self.tree.nodes)
        self.tree.apply(event)
        if self.settings.debate is not None:
            self._keep_step_events(event, new)
        match event:
            case Started():
                self.strategy = _strategy(self.settings, event.trajectory)
            case Proposed():
                self._apply_proposal(event, merged=event.node < new)
            case Checked() if isinstance(self._due.get(event.node), CheckStep):
                self._apply_check(self.tree.nodes[event.node])
            case Judged():
                self._apply_verdict(event)
            case Failed():
                self._apply_failure(event)
            case Reopened():
                self._failed = False
            case Moved(cause=Cause.SELECTED | Cause.ROLLOUT):
                self._apply_selection(event)
            case Moved():
                for node in event.abandoned:
                    self._due.pop(node, None)
                    self._accepted.discard(node)
                    self.strategy.tell(Dead(node))
            case _:
                pass

    def _keep_step_events(self, event: AnyEvent, new: int) -> None:
        if isinstance(event, Proposed) and event.node == new:
            self.step_events[event.node] = [event]
            if event.by is Author.STRATEGY and event.trajectories:
                self.borrowed_from[event.node] = event.trajectories[-1]
        elif isinstance(event, Observed | Checked):
            self.step_events[event.node].append(event)

    # The next work.

    @property
    def kind(self) -> str:
        """The kind of step that the next selection asks for; empty if the settings name none."""
        kinds = self.settings.kinds
        return kinds[self._selections % len(kinds)] if kinds else ""

    def next(self, busy: AbstractSet[int] = frozenset()) -> Work | None:
        """Return the next work; None if only `busy` nodes, which are being worked on, have work left.

        Raises:
            ValueError: if the search is over.

        """
        if isinstance(self.tree.last, Finished | Graded):
            raise ValueError("the search is over")
        if (leave := next((due for due in self._due.values() if isinstance(due, LeaveStep)), None)) is not None:
            return leave
        work = None if self._is_done() else self._next_work(busy)
        return work if work or busy else self._end()

    def best(self) -> Node | None:
        """Return the node of the best answer so far: an accepted one, or else one that no tool or person rejected."""
        nodes = [self.tree.nodes[n] for n in self._answered]
        sound = [n for n in nodes if n.rejected_by not in (Author.TOOL, Author.HUMAN)]
        return max(
            sound,
            key=lambda n: (n.id in self._accepted, bool(n.verdicts), self.strategy.value(n.id), -n.id),
            default=None,
        )

    def why(self, node: Node) -> str:
        """Return the reason for an answer."""
        count, value = len(self._answered), self.strategy.value(node.id)
        if node.id in self._accepted:
            return (
                f"value {value:.2f}, the best of {len(self._accepted)} accepted" if count > 1 else f"value {value:.2f}"
            )
        return f"value {value:.2f}, the best of {count}, none of them accepted"

    def _next_work(self, busy: AbstractSet[int]) -> Work | None:
        may_ask = self.settings.spent(self.tree) is None
        for node, expansion in self._open_expansions.items():
            if node not in busy and may_ask and (width := min(expansion.wanted, self._room(but=expansion))) > 0:
                return ExpandNode(node, width, expansion.kind)
        for node, due in self._due.items():
            if node not in busy and (may_ask or isinstance(due, CheckStep)):
                return due
        if (pruning := self.strategy.prune()) is not None:
            return pruning
        return self.strategy.ask() if may_ask and self._room() > 0 else None

    def _is_done(self) -> bool:
        return self._failed or len(self._accepted) >= self.settings.answers

    def _room(self, but: OpenExpansion | None = None) -> int:
        """Return how many more steps may be asked for, beyond those that are being asked for."""
        wanted = sum(expansion.wanted for expansion in self._open_expansions.values() if expansion is not but)
        return self.settings.rounds - self.tree.rounds - wanted

    def _end(self) -> EndSearch:
        best = self.best()
        node = None if best is None or self._failed else best.id
        if self._failed:
            reason = StopReason.FAILED
        elif self._is_done():
            reason = StopReason.ANSWERED
        elif self._due or self._open_expansions or self.strategy.ask() is not None:
            reason = self.settings.spent(self.tree) or StopReason.ROUNDS
        elif self._accepted:
            reason = StopReason.ANSWERED
        else:
            reason = StopReason.GAVE_UP if self.tree.nodes[0].children else StopReason.STUCK
        return EndSearch(reason, node)

    # What an event changes.

    def _apply_selection(self, event: Moved) -> None:
        rollout = event.cause is Cause.ROLLOUT
        width = max(0, min(1 if rollout else self.strategy.width(event.to), self._room()))
        path = (0, *event.path) if event.path else self.strategy.path(event.to)
        self._open_expansions[event.to] = OpenExpansion(event.seq, width, self.kind)
        self._selections += 1
        self.strategy.tell(Selected(event.seq, event.to, width, path, rollout))
        if rollout:
            return
        for child in self.tree.nodes[event.to].children:  # a rollout's steps become ordinary steps
            state = self.strategy.node_states.get(child)
            if state is not None and not state.judged and child not in self._due:
                self._due[child] = JudgeStep(child)
                self.strategy.tell(Grown(event.seq, event.to, child, state.answered))

    def _apply_proposal(self, event: Proposed, *, merged: bool) -> None:
        expansion = self._open_expansions.get(event.parent) if event.by is Author.POLICY else None
        number = expansion.number if expansion else event.seq
        answered = event.answer is not None
        self.strategy.tell(Grown(number, event.parent, event.node, answered, merged))
        if expansion is None:
            self.strategy.tell(Expanded(number, event.parent))
        else:
            expansion.gave_steps = True
            expansion.wanted -= max(1, len(event.calls))
            if expansion.wanted <= 0:
                self._close_expansion(event.parent, expansion)
        if merged:
            return
        self._due[event.node] = CheckStep(event.node)
        if answered:
            self._answered.append(event.node)
        if event.state is not None:
            self.states.setdefault(event.state, event.node)

    def _close_expansion(self, node: int, expansion: OpenExpansion) -> None:
        del self._open_expansions[node]
        self.strategy.tell(Expanded(expansion.number, node, barren=not expansion.gave_steps))

    def _apply_check(self, node: Node) -> None:
        refuted = next((e for e in node.evidence if e.status is EvidenceStatus.REFUTED), None)
        if refuted is not None and self.settings.veto:
            reason = f"{refuted.tool}: {refuted.detail or refuted.claim}"
            self._due[node.id] = LeaveStep(node.id, Cause.VETOED, Author.TOOL, reason)
        elif self._on_a_rollout(node):
            del self._due[node.id]
        else:
            self._due[node.id] = JudgeStep(node.id)

    def _on_a_rollout(self, node: Node) -> bool:
        """Say whether a rollout goes on from a step, so that the step needs no verdict."""
        goes_on = node.answer is None and node.depth < self.settings.depth
        return goes_on and all(selection.rollout for selection in self.strategy.node_states[node.id].proposed_in)

    def _apply_verdict(self, event: Judged) -> None:
        node, verdict = event.node, event.verdict
        self._due.pop(node, None)
        self.strategy.tell(Scored(node, score_of(verdict)))
        if verdict.action is Action.BACKTRACK and self.settings.prune == Prune.VERDICT:
            self._due[node] = LeaveStep(node, Cause.REJECTED, event.by, verdict.critique)
        elif verdict.action is Action.TERMINATE and self.tree.nodes[node].answer is not None:
            self._accepted.add(node)

    def _apply_failure(self, event: Failed) -> None:
        if event.fatal:
            self._failed = True
        elif event.node in self._due:
            reason = f"no usable verdict: {event.detail}"
            self._due[event.node] = LeaveStep(event.node, Cause.EXHAUSTED, Author.STRATEGY, reason)
        elif event.by is Author.POLICY and (expansion := self._open_expansions.get(event.node or 0)) is not None:
            self._close_expansion(event.node or 0, expansion)
