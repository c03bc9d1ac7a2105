"""A search as its log tells it: the tree, what each new step waits for, and a strategy that is told of it all.

Everything is folded from events, so a search goes on from any log, cut wherever it may be: what was asked for and not
given is asked for again. Nothing here calls a model, a tool or a clock, or makes an event.
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from longthought.graphs.path_value import score_of
from longthought.graphs.search.adaptive import Adaptive
from longthought.graphs.search.beam import Beam
from longthought.graphs.search.best_first import BestFirst
from longthought.graphs.search.facts import Asked, Dead, Expansion, Grown, Pruning, Scored, Selected
from longthought.graphs.search.mcts import Mcts
from longthought.graphs.search.settings import Prune, SearchContext, Way
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
    Started,
    StopReason,
)
from longthought.trajectories.tree import Node, Tree

STRATEGIES: Final[dict[Way, Callable[[StrategySettings], SearchStrategy]]] = {
    Way.BEAM: Beam,
    Way.DVTS: lambda plan: Beam(plan, diverse=True),
    Way.BEST_FIRST: BestFirst,
    Way.MCTS: Mcts,
    Way.ADAPTIVE: Adaptive,
}


class CheckStep(NamedTuple):
    """The tools have to look at a step."""

    node: int


class JudgeStep(NamedTuple):
    """The critic has to judge a step."""

    node: int


class ExpandNode(NamedTuple):
    """The policy has to be asked for steps."""

    node: int
    width: int
    kind: str = ""
    """What kind of step, where the settings name kinds."""


class LeaveStep(NamedTuple):
    """A step is to be left."""

    node: int
    cause: Cause
    by: Author
    reason: str


class EndSearch(NamedTuple):
    """The search is over."""

    reason: StopReason
    node: int | None


Work: TypeAlias = CheckStep | JudgeStep | ExpandNode | LeaveStep | Expansion | Pruning | EndSearch
"""What comes next."""


@dataclass(slots=True)
class OpenExpansion:
    """A selection that the policy has not answered in full."""

    number: int
    wanted: int
    kind: str = ""
    found: bool = False


class Search:
    """One search, folded event by event."""

    def __init__(self, settings: SearchContext) -> None:
        """Start empty."""
        self.settings = settings
        self.tree = Tree()
        self.strategy: SearchStrategy = STRATEGIES[Way(settings.strategy)](settings.plan(""))
        self.states: dict[str, int] = {}
        """The node that stands for each state a step led to, where the dialect can tell."""
        self.said: dict[int, list[Proposed | Observed | Checked]] = {}
        """Of each step, how it was proposed and what tools said: for debates that go on from there."""
        self.borrowed: dict[int, str] = {}
        """Of each step to an answer that such a debate found, its name."""
        self._selections = 0
        self._due: dict[int, CheckStep | JudgeStep | LeaveStep] = {}
        self._asking: dict[int, OpenExpansion] = {}
        self._answered: list[int] = []
        self._accepted: set[int] = set()
        self._broken = False

    @property
    def events(self) -> int:
        """Events folded so far."""
        return self.tree.events

    @property
    def started(self) -> Started | None:
        """The first of them."""
        return self.tree.started

    @property
    def finished(self) -> Finished | None:
        """The end, if it has come."""
        return self.tree.finished

    def apply(self, event: AnyEvent) -> None:
        """Fold one more event in."""
        known = len(self.tree.nodes)
        self.tree.apply(event)
        if self.settings.debate is not None:
            self._keep(event, known)
        match event:
            case Started():
                self.strategy = STRATEGIES[Way(self.settings.strategy)](self.settings.plan(event.trajectory))
            case Proposed():
                self._propose(event, merged=event.node < known)
            case Checked() if isinstance(self._due.get(event.node), CheckStep):
                self._check(self.tree.nodes[event.node])
            case Judged():
                self._judge(event)
            case Failed():
                self._fail(event)
            case Moved(cause=Cause.SELECTED | Cause.ROLLOUT):
                self._select(event)
            case Moved():
                for node in event.abandoned:
                    self._due.pop(node, None)
                    self._accepted.discard(node)
                    self.strategy.tell(Dead(node))
            case _:
                pass

    def _keep(self, event: AnyEvent, known: int) -> None:
        if isinstance(event, Proposed) and event.node == known:
            self.said[event.node] = [event]
            if event.by is Author.STRATEGY and event.trajectories:
                self.borrowed[event.node] = event.trajectories[-1]
        elif isinstance(event, Observed | Checked):
            self.said[event.node].append(event)

    # What comes next.

    @property
    def kind(self) -> str:
        """The kind of step that the next selection asks for; empty where the settings name none."""
        kinds = self.settings.kinds
        return kinds[self._selections % len(kinds)] if kinds else ""

    def next(self, busy: AbstractSet[int] = frozenset()) -> Work | None:
        """Return what comes next; `busy` nodes are being worked on, and None is for when only they are left.

        Raises:
            ValueError: if the search is over.

        """
        if isinstance(self.tree.last, Finished | Graded):
            raise ValueError("the search is over")
        if (leave := next((due for due in self._due.values() if isinstance(due, LeaveStep)), None)) is not None:
            return leave
        work = None if self._enough() else self._go_on(busy)
        return work if work or busy else self._end()

    def best(self) -> Node | None:
        """Return the best answer so far: one that was accepted, or else one that no tool has refuted."""
        nodes = [self.tree.nodes[n] for n in self._answered]
        sound = [n for n in nodes if n.rejected_by not in (Author.TOOL, Author.HUMAN)]
        return max(
            sound,
            key=lambda n: (n.id in self._accepted, bool(n.verdicts), self.strategy.value(n.id), -n.id),
            default=None,
        )

    def why(self, node: Node) -> str:
        """Say why an answer is given."""
        count, value = len(self._answered), self.strategy.value(node.id)
        if node.id in self._accepted:
            return (
                f"value {value:.2f}, the best of {len(self._accepted)} accepted" if count > 1 else f"value {value:.2f}"
            )
        return f"value {value:.2f}, the best of {count}, none of them accepted"

    def _go_on(self, busy: AbstractSet[int]) -> Work | None:
        asks = self.settings.spent(self.tree) is None
        for node, asking in self._asking.items():
            if node not in busy and asks and (width := min(asking.wanted, self._room(but=asking))) > 0:
                return ExpandNode(node, width, asking.kind)
        for node, due in self._due.items():
            if node not in busy and (asks or isinstance(due, CheckStep)):
                return due
        if (pruning := self.strategy.prune()) is not None:
            return pruning
        return self.strategy.ask() if asks and self._room() > 0 else None

    def _enough(self) -> bool:
        return self._broken or len(self._accepted) >= self.settings.answers

    def _room(self, but: OpenExpansion | None = None) -> int:
        """Return how many more steps may be asked for, those that are being asked for set aside."""
        asked = sum(asking.wanted for asking in self._asking.values() if asking is not but)
        return self.settings.rounds - self.tree.rounds - asked

    def _end(self) -> EndSearch:
        best = self.best()
        node = None if best is None or self._broken else best.id
        if self._broken:
            reason = StopReason.FAILED
        elif self._enough():
            reason = StopReason.ANSWERED
        elif self._due or self._asking or self.strategy.ask() is not None:
            reason = self.settings.spent(self.tree) or StopReason.ROUNDS
        elif self._accepted:
            reason = StopReason.ANSWERED
        else:
            reason = StopReason.GAVE_UP if self.tree.nodes[0].children else StopReason.STUCK
        return EndSearch(reason, node)

    # What an event says.

    def _select(self, event: Moved) -> None:
        rollout = event.cause is Cause.ROLLOUT
        width = max(0, min(1 if rollout else self.strategy.width(event.to), self._room()))
        path = (0, *event.path) if event.path else self.strategy.path(event.to)
        self._asking[event.to] = OpenExpansion(event.seq, width, self.kind)
        self._selections += 1
        self.strategy.tell(Selected(event.seq, event.to, width, path, rollout))
        if rollout:
            return
        for child in self.tree.nodes[event.to].children:  # a rollout's steps become steps like others
            place = self.strategy.places.get(child)
            if place is not None and not place.judged and child not in self._due:
                self._due[child] = JudgeStep(child)
                self.strategy.tell(Grown(event.seq, event.to, child, place.answered))

    def _propose(self, event: Proposed, *, merged: bool) -> None:
        asking = self._asking.get(event.parent) if event.by is Author.POLICY else None
        number = asking.number if asking else event.seq
        answered = event.answer is not None
        self.strategy.tell(Grown(number, event.parent, event.node, answered, merged))
        if asking is None:
            self.strategy.tell(Asked(number, event.parent))
        else:
            asking.found = True
            asking.wanted -= max(1, len(event.calls))
            if asking.wanted <= 0:
                self._asked(event.parent, asking)
        if merged:
            return
        self._due[event.node] = CheckStep(event.node)
        if answered:
            self._answered.append(event.node)
        if event.state is not None:
            self.states.setdefault(event.state, event.node)

    def _asked(self, node: int, asking: OpenExpansion) -> None:
        del self._asking[node]
        self.strategy.tell(Asked(asking.number, node, barren=not asking.found))

    def _check(self, node: Node) -> None:
        refuted = next((e for e in node.evidence if e.status is EvidenceStatus.REFUTED), None)
        if refuted is not None and self.settings.veto:
            reason = f"{refuted.tool}: {refuted.detail or refuted.claim}"
            self._due[node.id] = LeaveStep(node.id, Cause.VETOED, Author.TOOL, reason)
        elif self._on_a_rollout(node):
            del self._due[node.id]
        else:
            self._due[node.id] = JudgeStep(node.id)

    def _on_a_rollout(self, node: Node) -> bool:
        """Say whether a rollout goes on from a step, so that nobody has to judge it."""
        goes_on = node.answer is None and node.depth < self.settings.depth
        return goes_on and all(run.rollout for run in self.strategy.places[node.id].births)

    def _judge(self, event: Judged) -> None:
        node, verdict = event.node, event.verdict
        self._due.pop(node, None)
        self.strategy.tell(Scored(node, score_of(verdict)))
        if verdict.action is Action.BACKTRACK and self.settings.prune == Prune.VERDICT:
            self._due[node] = LeaveStep(node, Cause.REJECTED, event.by, verdict.critique)
        elif verdict.action is Action.TERMINATE and self.tree.nodes[node].answer is not None:
            self._accepted.add(node)

    def _fail(self, event: Failed) -> None:
        if event.fatal:
            self._broken = True
        elif event.node in self._due:
            reason = f"no usable verdict: {event.detail}"
            self._due[event.node] = LeaveStep(event.node, Cause.EXHAUSTED, Author.STRATEGY, reason)
        elif event.by is Author.POLICY and (asking := self._asking.get(event.node or 0)) is not None:
            self._asked(event.node or 0, asking)
