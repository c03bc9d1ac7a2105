"""What happens in each turn of a debate: an agent or the tools are asked, and events come back.

Turns read a tree and never change it; whose turn it is, and what follows from a verdict, is in `rules`. Nothing here
knows LangGraph, so a graph may take one turn a node, to be watched, or all of them in one loop, to be fast.
"""

import asyncio
import itertools
import logging
import time
from collections import ChainMap
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Any

from longthought.agents.dialects.dialect import Unreadable
from longthought.agents.view import view
from longthought.errors import LogError, LongthoughtError, OutageError
from longthought.graphs import operators, rules
from longthought.graphs.rules import DebateContext, Turn
from longthought.graphs.seats import Seats
from longthought.problems.problem import Problem
from longthought.tools.verifier import Claim, Interpreter, Verifier
from longthought.trajectories.events import (
    AnyEvent,
    Author,
    Call,
    Checked,
    Evidence,
    EvidenceStatus,
    Failed,
    Failure,
    Judged,
    Observed,
    Proposed,
    Reflected,
    Verdict,
)
from longthought.trajectories.stamps import stamped
from longthought.trajectories.tree import Node, Tree

log = logging.getLogger(__name__)


async def or_failure(
    asking: Awaitable[Sequence[AnyEvent]], failure: Callable[[LongthoughtError], AnyEvent]
) -> Sequence[AnyEvent]:
    """Return the events of a turn that asks somebody, or the event of its failure if they can't be had.

    Args:
        asking: The turn.
        failure: Makes an event of the error.

    Raises:
        OutageError: if a server fails every request: no run is to blame.
        LogError: likewise, if the log of a sub-debate can't be written.

    """
    try:
        return await asking
    except (OutageError, LogError):
        raise
    except LongthoughtError as error:
        return [failure(error)]


async def take(
    turn: Turn, tree: Tree, seats: Seats, settings: DebateContext, *, judge_is: Author = Author.CRITIC, notice: str = ""
) -> Sequence[AnyEvent]:
    """Take a turn that asks somebody, and return its events, not yet folded into the tree.

    Args:
        turn: Whose turn it is.
        tree: The debate so far.
        seats: Whom to ask.
        settings: Its settings, which the rules read.
        judge_is: Who sits in the critic's chair, and pays for the verdicts.
        notice: What whoever is asked should be told besides.

    Raises:
        LongthoughtError: if a model can't be had; `broken` makes an event of it.

    """
    match turn:
        case Turn.PROPOSE:
            return [await propose(tree, seats, notice=notice)]
        case Turn.CHECK:
            return await check(tree, seats, _candidate(tree))
        case Turn.JUDGE:
            node = _candidate(tree)
            illegal = partial(rules.illegal, tree, settings)
            return [await judge(tree, seats, node, illegal, by=judge_is, notice=notice)]
        case Turn.REFLECT:
            return [await reflect(tree, seats, _candidate(tree), notice=notice)]
        case Turn.ACT | Turn.END:
            raise ValueError(f"{turn} asks nobody")


async def propose(tree: Tree, seats: Seats, *, notice: str = "") -> AnyEvent:
    """Ask the policy for the next step."""
    seen = view(tree, notice=notice)
    if objection := seats.policy.unsuitable(seen) or seats.critic.unsuitable(seen):
        return _fail(tree, Author.STRATEGY, Failure.MODEL, objection, fatal=True)
    reply = await seats.policy.propose(seen)
    if isinstance(reply.read, Unreadable):
        return _fail(tree, Author.POLICY, Failure.UNREADABLE_STEP, reply.read.reason, calls=reply.calls)
    if earlier := rules.repeated(tree, reply.read.text):
        detail = f"proposed step {earlier.id} again: {reply.read.text}"
        return _fail(tree, Author.POLICY, Failure.REPEATED_STEP, detail, calls=reply.calls)
    return stamped(
        tree, Proposed, Author.POLICY, node=len(tree.nodes), parent=tree.cursor, text=reply.read.text,
        answer=reply.read.answer, calls=reply.calls,
    )  # fmt: skip


async def propose_many(
    tree: Tree, seats: Seats, at: int, count: int, states: MutableMapping[str, int] | None = None, *, notice: str = ""
) -> Sequence[AnyEvent]:
    """Ask the policy for several next steps from a node; those that say the same are one, in the words of the first.

    What was read comes back as proposals, and if that is nothing new, as one failure that carries the cost. With
    `states`, the nodes of states reached before, a step that leads to one of them is proposed as that node.
    """
    seen = view(tree, at=at, notice=notice)
    if objection := seats.policy.unsuitable(seen) or seats.critic.unsuitable(seen):
        return [_fail(tree, Author.STRATEGY, Failure.MODEL, objection, fatal=True)]
    replies = await seats.policy.propose_many(seen, count)
    known = {tuple(tree.nodes[child].text.split()) for child in tree.node(at).children}
    there = set(tree.node(at).children)
    merged = ChainMap(dict[str, int](), states or {})
    events, lost, reason = list[AnyEvent](), tuple[Call, ...](), "the policy gave nothing"
    new = len(tree.nodes)
    for reply in replies:
        step, lost = reply.read, lost + reply.calls
        if isinstance(step, Unreadable):
            reason = step.reason
        elif (words := tuple(step.text.split())) in known or _is_merged(tree, merged, step.state, at, there):
            reason = f"proposed again: {step.text}"
        else:
            node = merged.get(step.state, new) if step.state is not None and states is not None else new
            event = stamped(
                tree, Proposed, Author.POLICY, node=node, parent=at, text=step.text, answer=step.answer,
                state=step.state, calls=lost,
            )  # fmt: skip
            events.append(event.model_copy(update={"seq": tree.events + len(events)}))
            known.add(words)
            there.add(node)
            if step.state is not None:
                merged.setdefault(step.state, node)
            new, lost = new + (node == new), ()
    if not events:
        said = Failure.REPEATED_STEP if reason.startswith("proposed") else Failure.UNREADABLE_STEP
        return [_fail(tree, Author.POLICY, said, reason, node=at or None, calls=lost)]
    return [*events[:-1], events[-1].model_copy(update={"calls": (*events[-1].calls, *lost)})]


async def check(tree: Tree, seats: Seats, node: Node) -> Sequence[AnyEvent]:
    """Let every verifier look at a new step, side by side."""
    path = view(tree, node.id).path
    looks = await asyncio.gather(*(_look(v, tree.problem, path, node.text) for v in seats.verifiers))
    found = list(itertools.chain.from_iterable(looks))
    assert tree.last is not None
    stamp: Any = {"trajectory": tree.last.trajectory, "by": Author.TOOL, "at": time.time(), "node": node.id}
    printed = [(evidence.tool, output) for evidence, output in found if output]
    events: list[AnyEvent] = [
        Observed(seq=tree.events + n, tool=tool, output=output, **stamp) for n, (tool, output) in enumerate(printed)
    ]
    evidence = tuple(evidence for evidence, _ in found)
    return [*events, Checked(seq=tree.events + len(events), evidence=evidence, **stamp)]


async def judge(
    tree: Tree,
    seats: Seats,
    node: Node,
    illegal: Callable[[Verdict], str | None],
    *,
    by: Author = Author.CRITIC,
    notice: str = "",
) -> AnyEvent:
    """Ask the critic for a verdict on a new step; `illegal` says what is wrong with a verdict, if anything."""
    reply = await seats.critic.judge(view(tree, node.id, notice=notice))
    if isinstance(reply.read, Unreadable):
        return _fail(tree, by, Failure.UNREADABLE_VERDICT, reply.read.reason, node=node.id, calls=reply.calls)
    if fault := illegal(reply.read):
        detail = f"{reply.read.action}: {fault}"
        return _fail(tree, by, Failure.ILLEGAL_VERDICT, detail, node=node.id, calls=reply.calls)
    return stamped(tree, Judged, by, node=node.id, verdict=reply.read, calls=reply.calls)


async def reflect(tree: Tree, seats: Seats, node: Node, *, notice: str = "") -> AnyEvent:
    """Ask the policy to re-examine a step in doubt."""
    reply = await seats.policy.reflect(view(tree, node.id, notice=notice))
    if isinstance(reply.read, Unreadable):
        return _fail(tree, Author.POLICY, Failure.UNREADABLE_STEP, reply.read.reason, node=node.id, calls=reply.calls)
    return stamped(
        tree, Reflected, Author.POLICY, node=len(tree.nodes), parent=node.id, text=reply.read, calls=reply.calls
    )  # fmt: skip


def broken(turn: Turn, tree: Tree, error: LongthoughtError, *, judge_is: Author = Author.CRITIC) -> AnyEvent:
    """Return the event of a turn whose model can't be had: the debate ends."""
    match turn:
        case Turn.JUDGE:
            return _fail(tree, judge_is, Failure.MODEL, str(error), node=_candidate(tree).id, fatal=True)
        case Turn.REFLECT:
            return _fail(tree, Author.POLICY, Failure.MODEL, str(error), node=_candidate(tree).id, fatal=True)
        case Turn.PROPOSE:
            return _fail(tree, Author.POLICY, Failure.MODEL, str(error), fatal=True)
        case _:
            return _fail(tree, Author.STRATEGY, Failure.MODEL, str(error), fatal=True)


def _is_merged(tree: Tree, states: Mapping[str, int], state: str | None, at: int, there: AbstractSet[int]) -> bool:
    """Say whether a state is reached from a node already, or is one that the node itself was made from."""
    node = None if state is None else states.get(state)
    return node is not None and (node in there or (node < len(tree.nodes) and tree.is_made_from(node, at)))


def _candidate(tree: Tree) -> Node:
    node = rules.candidate(tree)
    assert node is not None
    return node


def _fail(tree: Tree, by: Author, failure: Failure, detail: str, **fields: Any) -> AnyEvent:
    return stamped(tree, Failed, by, failure=failure, detail=detail, **fields)


async def _look(verifier: Verifier, problem: Problem, path: Sequence[str], step: str) -> list[tuple[Evidence, str]]:
    """Let one tool look at a step; a broken tool is no evidence, and no reason to end the debate."""
    try:
        claims = verifier.claims(problem, path, step)
    except Exception as error:
        return [(_unavailable(verifier, step, error), "")]
    return await asyncio.gather(*(_check(verifier, claim) for claim in claims))


async def _check(verifier: Verifier, claim: Claim) -> tuple[Evidence, str]:
    """Return what was found, with the time it took, and what was printed."""
    began = time.perf_counter()
    try:
        if isinstance(verifier, Interpreter):
            evidence, output = await operators.act(verifier, claim)
        else:
            evidence, output = await verifier.check(claim), ""
    except Exception as error:
        evidence, output = _unavailable(verifier, claim.text, error), ""
    return evidence.model_copy(update={"seconds": round(time.perf_counter() - began, 6)}), output


def _unavailable(verifier: Verifier, claim: str, error: Exception) -> Evidence:
    log.exception("the tool %s failed on %r", verifier.name, claim)
    return Evidence(tool=verifier.name, status=EvidenceStatus.UNAVAILABLE, claim=claim, detail=repr(error))
