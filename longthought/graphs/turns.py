"""The turns of a debate: each asks an agent or the tools and returns events.

Turns read a tree and never change it; `rules` says whose turn it is and what follows from a verdict. This module knows
no LangGraph, so that one node may take each turn, to be watched, or one loop all of them, to be fast.
"""

import asyncio
import itertools
import json
import logging
import time
from collections import ChainMap
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Any, TypeAlias

from longthought.agents.dialects.dialect import Unreadable
from longthought.agents.view import view
from longthought.agents.wording import words
from longthought.errors import LogError, LongthoughtError, OutageError
from longthought.graphs import rules
from longthought.graphs.rules import DebateContext, Turn
from longthought.graphs.seats import Seats
from longthought.problems.problem import Problem
from longthought.telemetry.observation import OFF, Observation, observed
from longthought.tools.verifier import Asking, Claim, Interpreter, Verifier
from longthought.trajectories.events import (
    Action,
    AnyEvent,
    Author,
    Call,
    Checked,
    DraftStep,
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
    turn: Awaitable[Sequence[AnyEvent]], failure: Callable[[LongthoughtError], AnyEvent]
) -> Sequence[AnyEvent]:
    """Return the events of a turn, or the event of its failure if it raises.

    Args:
        turn: The turn, which asks an agent or the tools.
        failure: Makes an event of the error.

    Raises:
        OutageError: if a server fails every request, which is no run's fault.
        LogError: if the log of a sub-debate can't be written.

    """
    try:
        return await turn
    except (OutageError, LogError):
        raise
    except LongthoughtError as error:
        return [failure(error)]


async def take(
    turn: Turn, tree: Tree, seats: Seats, settings: DebateContext, *, judge_is: Author = Author.CRITIC, notice: str = ""
) -> Sequence[AnyEvent]:
    """Take a turn that asks an agent or the tools, and return its events, which are not folded in yet.

    Args:
        turn: Whose turn it is.
        tree: The tree of the debate so far.
        seats: The agents and tools.
        settings: The settings that the rules read.
        judge_is: The author of the verdicts, who also pays for them.
        notice: Extra text in the agent's view.

    Raises:
        LongthoughtError: if a model fails; `failed` makes an event of the error.

    """
    match turn:
        case Turn.PROPOSE:
            return [await propose(tree, seats, notice=notice)]
        case Turn.CHECK:
            return [_drafted(tree)] if isinstance(tree.last, Checked) else await check(tree, seats, _candidate(tree))
        case Turn.JUDGE:
            node = _candidate(tree)
            illegal, meant = partial(rules.illegal, tree, settings), partial(rules.meant, tree)
            actions = rules.legal_actions(tree, settings)
            return [await judge(tree, seats, node, illegal, meant, actions=actions, by=judge_is, notice=notice)]
        case Turn.REFLECT:
            return [await reflect(tree, seats, _candidate(tree), notice=notice)]
        case Turn.ACT | Turn.END:
            raise ValueError(f"the turn {turn} asks no agent")


async def propose(tree: Tree, seats: Seats, *, notice: str = "") -> AnyEvent:
    """Ask the policy for the next step and, where drafts are longer, for those after it."""
    seen = view(tree, notice=notice)
    if objection := seats.policy.unsuitable(seen) or seats.critic.unsuitable(seen):
        return _fail(tree, Author.STRATEGY, Failure.MODEL, objection, fatal=True)
    reply = await seats.policy.propose(seen)
    if isinstance(reply.read, Unreadable):
        return _fail(tree, Author.POLICY, reply.read.step_failure, reply.read.reason, calls=reply.calls)
    if earlier := seen.repeated(reply.read.texts):
        detail = f"proposed step {earlier.node} again: {reply.read.text}"
        return _fail(tree, Author.POLICY, Failure.REPEATED_STEP, detail, calls=reply.calls)
    return stamped(
        tree, Proposed, Author.POLICY, node=len(tree.nodes), parent=tree.cursor, text=reply.read.text,
        answer=reply.read.answer, calls=reply.calls,
        ahead=tuple(DraftStep(text=step.text, answer=step.answer) for step in reply.read.ahead),
    )  # fmt: skip


def _drafted(tree: Tree) -> AnyEvent:
    """Propose the next step of the draft, which the reply before holds."""
    ahead = tree.ahead[0]
    return stamped(
        tree, Proposed, Author.POLICY, node=len(tree.nodes), parent=_candidate(tree).id, text=ahead.text,
        answer=ahead.answer, drafted=True,
    )  # fmt: skip


async def propose_many(
    tree: Tree, seats: Seats, at: int, count: int, states: MutableMapping[str, int] | None = None, *, notice: str = ""
) -> Sequence[AnyEvent]:
    """Ask the policy for several next steps from a node; of steps with the same words, only the first is kept.

    Returns the new steps as proposals, or one failure that carries the cost if there are none. `states` maps each state
    reached before to its node; a step that leads to such a state is proposed as that node.
    """
    seen = view(tree, at=at, notice=notice)
    if objection := seats.policy.unsuitable(seen) or seats.critic.unsuitable(seen):
        return [_fail(tree, Author.STRATEGY, Failure.MODEL, objection, fatal=True)]
    replies = await seats.policy.propose_many(seen, count)
    earlier = {words(tree.nodes[child].text) for child in tree.node(at).children}
    children = set(tree.node(at).children)
    merged = ChainMap(dict[str, int](), states or {})
    events, lost = list[AnyEvent](), tuple[Call, ...]()
    failure, reason = Failure.UNREADABLE_STEP, "the policy gave nothing"
    new = len(tree.nodes)
    for reply in replies:
        step, lost = reply.read, lost + reply.calls
        if isinstance(step, Unreadable):
            failure, reason = step.step_failure, step.reason
        elif (said := words(step.text)) in earlier or _is_known(tree, merged, step.state, at, children):
            failure, reason = Failure.REPEATED_STEP, f"proposed again: {step.text}"
        else:
            node = merged.get(step.state, new) if step.state is not None and states is not None else new
            event = stamped(
                tree, Proposed, Author.POLICY, node=node, parent=at, text=step.text, answer=step.answer,
                state=step.state, calls=lost,
            )  # fmt: skip
            events.append(event.model_copy(update={"seq": tree.events + len(events)}))
            earlier.add(said)
            children.add(node)
            if step.state is not None:
                merged.setdefault(step.state, node)
            new, lost = new + (node == new), ()
    if not events:
        return [_fail(tree, Author.POLICY, failure, reason, node=at or None, calls=lost)]
    return [*events[:-1], events[-1].model_copy(update={"calls": (*events[-1].calls, *lost)})]


async def check(tree: Tree, seats: Seats, node: Node) -> Sequence[AnyEvent]:
    """Let all verifiers check a new step concurrently."""
    path = view(tree, node.id).path
    results = await asyncio.gather(*(_verify(v, tree.problem, path, node.text) for v in seats.verifiers))
    found = list(itertools.chain.from_iterable(results))
    assert tree.last is not None
    stamp: Any = {"trajectory": tree.last.trajectory, "by": Author.TOOL, "at": time.time(), "node": node.id}
    printed = [(evidence.tool, output) for evidence, output, _ in found if output]
    events: list[AnyEvent] = [
        Observed(seq=tree.events + n, tool=tool, output=output, **stamp) for n, (tool, output) in enumerate(printed)
    ]
    evidence, calls = tuple(evidence for evidence, _, _ in found), tuple(call for *_, asked in found for call in asked)
    return [*events, Checked(seq=tree.events + len(events), evidence=evidence, calls=calls, **stamp)]


async def judge(
    tree: Tree,
    seats: Seats,
    node: Node,
    illegal: Callable[[Verdict], str | None] = lambda _: None,
    meant: Callable[[Verdict], Verdict] = lambda verdict: verdict,
    *,
    actions: tuple[Action, ...] = tuple(Action),
    by: Author = Author.CRITIC,
    notice: str = "",
) -> AnyEvent:
    """Ask the critic for a verdict on a new step.

    Args:
        tree: The tree of the debate so far.
        seats: The agents and tools.
        node: The new step.
        illegal: Returns the fault of a verdict, None if it is legal.
        meant: Returns an illegal verdict as it must have been meant.
        actions: The actions that the critic may choose from.
        by: The author of the verdict.
        notice: Extra text in the critic's view.

    """
    reply = await seats.critic.judge(view(tree, node.id, actions=actions, notice=notice))
    if isinstance(reply.read, Unreadable):
        return _fail(tree, by, reply.read.verdict_failure, reply.read.reason, node=node.id, calls=reply.calls)
    verdict = meant(reply.read) if illegal(reply.read) else reply.read
    if fault := illegal(verdict):
        detail = f"{reply.read.action}: {fault}"
        return _fail(tree, by, Failure.ILLEGAL_VERDICT, detail, node=node.id, calls=reply.calls)
    return stamped(tree, Judged, by, node=node.id, verdict=verdict, calls=reply.calls)


async def reflect(tree: Tree, seats: Seats, node: Node, *, notice: str = "") -> AnyEvent:
    """Ask the policy to re-examine a step in doubt."""
    reply = await seats.policy.reflect(view(tree, node.id, notice=notice))
    if isinstance(reply.read, Unreadable):
        return _fail(tree, Author.POLICY, reply.read.step_failure, reply.read.reason, node=node.id, calls=reply.calls)
    return stamped(
        tree, Reflected, Author.POLICY, node=len(tree.nodes), parent=node.id, text=reply.read, calls=reply.calls
    )  # fmt: skip


def failed(turn: Turn, tree: Tree, error: LongthoughtError, *, judge_is: Author = Author.CRITIC) -> AnyEvent:
    """Return the event of a turn whose model failed, which ends the debate."""
    match turn:
        case Turn.JUDGE:
            return _fail(tree, judge_is, Failure.MODEL, str(error), node=_candidate(tree).id, fatal=True)
        case Turn.REFLECT:
            return _fail(tree, Author.POLICY, Failure.MODEL, str(error), node=_candidate(tree).id, fatal=True)
        case Turn.PROPOSE:
            return _fail(tree, Author.POLICY, Failure.MODEL, str(error), fatal=True)
        case _:
            return _fail(tree, Author.STRATEGY, Failure.MODEL, str(error), fatal=True)


def _is_known(tree: Tree, states: Mapping[str, int], state: str | None, at: int, children: AbstractSet[int]) -> bool:
    """Say whether a state was reached from the node `at` already, or is one that the node itself was made from."""
    node = None if state is None else states.get(state)
    if node is None or node >= len(tree.nodes):
        return node in children
    return node in children or at in tree.nodes[node].sources or tree.is_made_from(node, at)


def _candidate(tree: Tree) -> Node:
    node = rules.candidate(tree)
    assert node is not None
    return node


def _fail(tree: Tree, by: Author, failure: Failure, detail: str, **fields: Any) -> AnyEvent:
    return stamped(tree, Failed, by, failure=failure, detail=detail, **fields)


_Found: TypeAlias = tuple[Evidence, str, tuple[Call, ...]]


async def _verify(verifier: Verifier, problem: Problem, path: Sequence[str], step: str) -> list[_Found]:
    """Let one tool check a step; a tool that fails gives no evidence and doesn't end the debate."""
    try:
        claims = verifier.claims(problem, path, step)
    except Exception as error:
        return [(_unavailable(verifier, step, error), "", ())]
    return await asyncio.gather(*(_check(verifier, claim) for claim in claims))


async def _check(verifier: Verifier, claim: Claim) -> _Found:
    """Return the evidence on a claim, with the seconds it took, what the tool printed, and the models it asked."""
    began = time.perf_counter()
    output, calls = "", tuple[Call, ...]()
    attributes = {
        "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": verifier.name, "gen_ai.tool.type": "function",
    }  # fmt: skip
    try:
        with observed(f"execute_tool {verifier.name}", attributes, run="tool", inputs={"claim": claim.text}) as seen:
            match verifier:
                case Asking():
                    evidence, calls = await verifier.compute(claim)
                case Interpreter():
                    evidence, output = await verifier.observe(claim)
                case _:
                    evidence = await verifier.check(claim)
            _add_evidence(seen, evidence)
    except OutageError:
        raise
    except Exception as error:
        evidence = _unavailable(verifier, claim.text, error)
    seconds = time.perf_counter() - began - sum(call.latency for call in calls)  # which the calls count themselves
    return evidence.model_copy(update={"seconds": round(max(seconds, 0.0), 6)}), output, calls


def _add_evidence(seen: Observation, evidence: Evidence) -> None:
    """Add what a tool found to the observation of its check: the status and, if content is asked for, the words."""
    if seen is OFF:
        return
    found = evidence.model_dump(mode="json", exclude_none=True)
    seen.output(found)
    seen.add({"longthought.evidence.status": evidence.status.value})
    if seen.has_content:
        seen.add({"gen_ai.tool.call.arguments": evidence.claim, "gen_ai.tool.call.result": json.dumps(found)})


def _unavailable(verifier: Verifier, claim: str, error: Exception) -> Evidence:
    log.exception("the tool %s failed on %r", verifier.name, claim)
    return Evidence(tool=verifier.name, status=EvidenceStatus.UNAVAILABLE, claim=claim, detail=repr(error))
