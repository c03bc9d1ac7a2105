"""Tree search: a strategy picks a node, the policy proposes several steps from it, and the critic scores each step.

    select → expand → check → judge → act        until an answer is accepted, nothing is left, or a budget is spent

The critic's verdict is a process reward here, and the strategy moves the cursor. The next work follows from the log
alone (`search.fold`), and the next node from the strategy's facts (`search.mcts` and its siblings). Up to `parallel`
calls of one search are in flight: no call waits for a level or a batch, and events are logged as replies come. With
`debate`, a debate that goes on from each new step takes the place of its verdict (`search.nested`); with `kinds`, the
kind of step is chosen first, and then steps of that kind are proposed.

After Qin et al., "O1 Replication Journey: A Strategic Progress Report", 2024 (first attempt: reward trees), and Besta
et al., "Reasoning Language Models: A Blueprint", 2025, for the parts that searches are made of.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Final

from longthought.agents.agent import solver_of
from longthought.errors import ConfigError, LongthoughtError
from longthought.graphs import operators, turns
from longthought.graphs.machine import OVER, Machine, Observer
from longthought.graphs.search import nested
from longthought.graphs.search.facts import Expansion, Pruning
from longthought.graphs.search.fold import CheckStep, EndSearch, ExpandNode, JudgeStep, LeaveStep, Search, Work
from longthought.graphs.search.settings import SearchContext
from longthought.graphs.seats import Seats
from longthought.graphs.subdebates import Subdebates
from longthought.trajectories.events import (
    Action,
    AnyEvent,
    Author,
    Cause,
    Failed,
    Failure,
    Finished,
    Graded,
    Moved,
    Verdict,
)
from longthought.trajectories.stamps import stamped
from longthought.trajectories.tree import Node, Tree

_TURNS: Final[dict[type[Any], str]] = {
    Expansion: "select",
    ExpandNode: "expand",
    CheckStep: "check",
    JudgeStep: "judge",
    LeaveStep: "act",
    Pruning: "act",
    EndSearch: "act",
}


class TreeSearch(Machine[SearchContext, Search]):
    """Tree search as a graph."""

    context = SearchContext
    turns = tuple(dict.fromkeys(_TURNS.values()))
    edges: ClassVar[Mapping[str, Sequence[str]]] = {
        "setup": ("select",),
        "select": ("expand",),
        "expand": ("check", "expand", "select", "act"),
        "check": ("judge", "check", "expand", "select", "act"),
        "judge": ("judge", "check", "expand", "select", "act"),
        "act": ("select", "expand", "check", "judge", "act", OVER),
    }

    def begin(self, settings: SearchContext) -> Search:
        """Start with an empty tree."""
        return Search(settings)

    def turn(self, fold: Search, settings: SearchContext) -> str:
        """Return the turn of the next work."""
        if _over(fold):
            return OVER
        work = fold.next()
        assert work is not None
        return _TURNS[type(work)]

    async def take(self, turn: str, fold: Search, settings: SearchContext) -> Sequence[AnyEvent]:
        """Do the next work."""
        work = fold.next()
        assert work is not None
        return await self._do(work, fold, settings)

    async def take_all(self, fold: Search, settings: SearchContext, record: Observer) -> None:
        """Do all work to the end, with up to `parallel` calls in flight."""
        running: dict[asyncio.Task[None], int] = {}

        async def do(work: Work) -> None:
            record(await self._do(work, fold, settings))

        try:
            while not _over(fold):
                busy = frozenset(running.values())
                work = fold.next(busy) if len(running) < settings.parallel else None
                if work is None:
                    done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        del running[task]
                        task.result()
                elif isinstance(work, ExpandNode | CheckStep | JudgeStep) and settings.parallel > 1:
                    running[asyncio.create_task(do(work))] = work.node
                else:
                    await do(work)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def answer(self, fold: Search, settings: SearchContext) -> str | None:
        """Return the best answer so far."""
        if fold.finished is not None:
            return fold.finished.answer
        best = fold.best()
        return None if best is None else best.answer

    async def _do(self, work: Work, fold: Search, settings: SearchContext) -> Sequence[AnyEvent]:
        if isinstance(work, ExpandNode | CheckStep | JudgeStep):
            return await turns.or_failure(self._ask(work, fold, settings), partial(_failure, work, fold))
        return _move(work, fold)

    async def _ask(
        self, work: ExpandNode | CheckStep | JudgeStep, fold: Search, settings: SearchContext
    ) -> Sequence[AnyEvent]:
        """Ask an agent or the tools."""
        tree, node = fold.tree, work.node
        seats = await self.seats(settings)
        match work:
            case ExpandNode():
                return await turns.propose_many(
                    tree, seats, node, work.width, fold.states, notice=_kind_notice(work, seats)
                )  # fmt: skip
            case CheckStep():
                return await turns.check(tree, seats, tree.nodes[node])
            case JudgeStep() if node in fold.borrowed_from:
                return [nested.borrowed_verdict(fold, node, time.time())]
            case JudgeStep() if settings.debate is not None and tree.nodes[node].answer is None:
                delegate = self._delegate or Subdebates(seats).play
                ended = await delegate(nested.opening(fold, node, settings))
                return nested.outcome(fold, node, ended, time.time())
            case JudgeStep():
                return [await _judge(tree, seats, tree.nodes[node])]


async def _judge(tree: Tree, seats: Seats, node: Node) -> AnyEvent:
    """Ask the critic whether a step is to be kept; to accept a final answer is to terminate, however it is said."""
    accepts = Action.CONTINUE if node.answer is None else Action.TERMINATE

    def illegal(verdict: Verdict) -> str | None:
        return "it carries a final answer" if verdict.action.accepts and verdict.action is not accepts else None

    def meant(verdict: Verdict) -> Verdict:
        return verdict.model_copy(update={"action": accepts, "said": verdict.action})

    return await turns.judge(tree, seats, node, illegal, meant, actions=(accepts, Action.BACKTRACK))


def _failure(work: ExpandNode | CheckStep | JudgeStep, fold: Search, error: LongthoughtError) -> AnyEvent:
    """Return the event of a turn whose model failed, which ends the search."""
    by = Author.CRITIC if isinstance(work, JudgeStep) else Author.POLICY
    fields: dict[str, Any] = {"failure": Failure.MODEL, "detail": str(error), "fatal": True}
    return stamped(fold, Failed, by, node=work.node or None, **fields)


def _kind_notice(work: ExpandNode, seats: Seats) -> str:
    """Return the notice for the policy about the kind of step wanted; empty if any kind will do."""
    if not work.kind:
        return ""
    if solver_of(seats.policy) is None:
        raise ConfigError(
            f"`kinds` holds {work.kind!r}, and {seats.policy.name} knows only the steps of a game; leave it out, or "
            "take a policy that speaks prose"
        )
    return operators.of_kind(work.kind)


def _over(fold: Search) -> bool:
    return isinstance(fold.tree.last, Finished | Graded)


def _move(work: Expansion | Pruning | LeaveStep | EndSearch, fold: Search) -> Sequence[AnyEvent]:
    """Return the events of work that needs no agent or tool."""
    match work:
        case Expansion():
            cause = Cause.ROLLOUT if work.rollout else Cause.SELECTED
            reason = f"{work.reason}; wanted: {fold.kind}" if fold.kind else work.reason
            fields: dict[str, Any] = {"to": work.node, "path": work.path[1:], "reason": reason}
            return [stamped(fold, Moved, Author.STRATEGY, cause=cause, **fields)]
        case Pruning():
            fields = {"to": fold.tree.cursor, "abandoned": work.nodes, "reason": work.reason}
            return [stamped(fold, Moved, Author.STRATEGY, cause=Cause.PRUNED, **fields)]
        case LeaveStep():
            fields = {"to": fold.tree.nodes[work.node].parent or 0, "abandoned": (work.node,), "reason": work.reason}
            return [stamped(fold, Moved, work.by, cause=work.cause, **fields)]
        case EndSearch():
            return _finish(work, fold)


def _finish(end: EndSearch, fold: Search) -> Sequence[AnyEvent]:
    """Move to the answer, if there is one, and end."""
    tree = fold.tree
    if end.node is None:
        return [stamped(fold, Finished, Author.STRATEGY, reason=end.reason)]
    node = tree.nodes[end.node]
    fields: dict[str, Any] = {"reason": end.reason, "node": node.id, "answer": node.answer}
    if isinstance(tree.last, Moved) and tree.last.cause is Cause.ACCEPTED:  # the log was cut between the two events
        return [stamped(fold, Finished, Author.STRATEGY, **fields)]
    path = tuple(n.id for n in tree.path(node.id))
    moved = stamped(
        fold, Moved, Author.STRATEGY, to=node.id, cause=Cause.ACCEPTED, path=path, accepted=path,
        reason=fold.why(node),
    )  # fmt: skip
    return [moved, stamped(fold, Finished, Author.STRATEGY, after=1, **fields)]
