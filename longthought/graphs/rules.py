"""The rules of the debate: pure functions from a tree to the next turn or event.

| action        | the new step is                                   | the cursor    | legal when                       |
|---------------|---------------------------------------------------|---------------|----------------------------------|
| continue      | accepted                                          | moves to it   | the step carries no final answer |
| backtrack(to) | abandoned, with every step below `to` on the path | moves to `to` | `to` is on the path, or 0        |
| reflect       | kept in doubt                                     | stays         | at most r times a step           |
| terminate     | accepted as the last                              | moves to it   | it carries a final answer, or    |
|               |                                                   |               | nothing is left to try           |

Where the policy writes several steps before the critic speaks, a draft, they hang below each other and the new step is
the last of them: what is done to it is done to those before it, and `to` may be one of them.

This module calls no model, tool or clock.
"""

import math
from collections.abc import Sequence
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, TypeAlias

from pydantic import Field
from pydantic.dataclasses import dataclass

from longthought.agents.model import TOOLS_ALONE
from longthought.domains.conventions import conventions
from longthought.errors import ConfigError
from longthought.graphs.context import Context, Positive
from longthought.problems.worked import load_worked
from longthought.trajectories.events import (
    Action,
    AnyEvent,
    Author,
    Cause,
    Checked,
    Evidence,
    EvidenceStatus,
    Failed,
    Failure,
    Finished,
    Graded,
    Judged,
    Moved,
    Observed,
    Proposed,
    Reflected,
    StopReason,
    Verdict,
)
from longthought.trajectories.tree import BACKWARD, Node, NodeKind, Standing, Tree


@dataclass(kw_only=True)
class DebateContext(Context):
    """The settings of a debate, which the rules read."""

    graph: ClassVar[str] = "debate"
    newer: ClassVar[frozenset[str]] = Context.newer | {"few_shot", "afresh"}

    backtracks: Annotated[int, Field(ge=0)] | None = None
    """Maximum number of backtracks, vetoes included; the debate ends when one more is due."""
    reflections: Annotated[int, Field(ge=0)] = 1
    """Maximum number of reflections that a critic may ask for on one step."""
    patience: Positive = 3
    """Number of repeated or unreadable proposals, or of unusable verdicts, in a row after which a node is left."""
    draft: Positive | None = 1
    """Maximum number of steps that the policy may write before the critic speaks; none for a whole solution."""
    afresh: bool | None = None
    """Write each whole draft without a look at those before it, and keep nothing of a rejected one (default: if the
    critic names no mistakes: tools alone, or one in the dialect yes-no)."""
    within: Annotated[int, Field(ge=0)] = 0
    """The accepted step that the debate is about; a backtrack past it ends the debate."""
    few_shot: str | None = None
    """File of worked solutions, shown to both agents before the problem; for agents that read prose."""

    @cached_property
    def starts_afresh(self) -> bool:
        """Whether what is rejected is left whole, and the next draft written without a look at it."""
        if self.afresh is not None or self.draft is not None:
            return bool(self.afresh)
        if self.critic == TOOLS_ALONE:
            return True
        from longthought.agents.catalogue import dialect_of

        return dialect_of(self.critic, self.critic_dialect or self.dialect).name == "yes-no"

    def __post_init__(self) -> None:
        """Check that only whole drafts are written afresh.

        Raises:
            ConfigError: if `draft` is a number.

        """
        super().__post_init__()
        if self.afresh and self.draft is not None:
            raise ConfigError(
                f"`afresh` is for whole drafts: leave it out, or write draft=none instead of {self.draft}"
            )

    def written(self) -> dict[str, Any]:
        """Return the settings as a log keeps them; of whole drafts also whether they are written afresh."""
        return {**super().written(), **({"afresh": self.starts_afresh} if self.draft is None else {})}

    def expect_readable(self) -> None:
        """Raise if the examples can't be read.

        Raises:
            ProblemError: naming the file and the line.

        """
        if self.few_shot is not None:
            load_worked(Path(self.few_shot))


_UNKNOWN: Final = 0.5
"""The weight of an answer that nobody has scored."""


class Turn(StrEnum):
    """Whose turn it is."""

    PROPOSE = "propose"
    """The policy proposes a step."""
    CHECK = "check"
    """The tools check it, or the next step of a draft is taken for them to check."""
    JUDGE = "judge"
    """The critic judges it."""
    REFLECT = "reflect"
    """The policy re-examines it."""
    ACT = "act"
    """The rules move the cursor or end the debate."""
    END = "end"
    """The debate has ended."""


def turn(tree: Tree, settings: DebateContext) -> Turn:
    """Return whose turn it is, from the tree alone, so that a debate can go on from any log."""
    wanted = _turn(tree, settings)
    if wanted is Turn.PROPOSE and _spent(tree, settings, new_round=True):
        return Turn.ACT
    if wanted in (Turn.JUDGE, Turn.REFLECT) and _spent(tree, settings, new_round=isinstance(tree.last, Failed)):
        return Turn.ACT
    return wanted


def _turn(tree: Tree, settings: DebateContext) -> Turn:
    match tree.last:
        case Finished() | Graded():
            return Turn.END
        case Proposed() | Observed():
            return Turn.CHECK
        case Checked(evidence=evidence):
            if vetoing(tree, settings):
                return Turn.ACT
            return Turn.CHECK if tree.ahead and not _refuting(evidence) else Turn.JUDGE
        case Reflected():
            return Turn.JUDGE
        case Judged():
            return Turn.ACT
        case Failed() as failed:
            return Turn.ACT if failed.fatal or _out_of_patience(tree, settings, failed) else _retry(failed)
        case Moved() as moved if moved.cause is Cause.DOUBTED:
            return Turn.REFLECT
        case Moved() as moved if _answered(tree) or (moved.cause in BACKWARD and moved.to < settings.within):
            return Turn.ACT
        case _:
            return Turn.PROPOSE


def _retry(failed: Failed) -> Turn:
    if failed.node is None:
        return Turn.PROPOSE
    of_policy = failed.failure in (Failure.UNREADABLE_STEP, Failure.WITHHELD_STEP)
    return Turn.REFLECT if of_policy else Turn.JUDGE


def _out_of_patience(tree: Tree, settings: DebateContext, failed: Failed) -> bool:
    at = tree.cursor if failed.node is None else failed.node
    return tree.repeats.get(at, 0) >= settings.patience


def _spent(tree: Tree, settings: DebateContext, *, new_round: bool) -> StopReason | None:
    """Return the exhausted budget that forbids another model call; None if there is none."""
    if spent := settings.spent(tree):
        return spent
    return StopReason.ROUNDS if new_round and tree.rounds >= settings.rounds else None


def candidate(tree: Tree) -> Node | None:
    """Return the step that waits for tools, a verdict or a reflection, which the last event is about."""
    match tree.last:
        case Proposed(node=number) | Observed(node=number) | Checked(node=number) | Judged(node=number):
            return tree.node(number)
        case Failed(node=int() as number) | Reflected(parent=number) | Moved(cause=Cause.DOUBTED, doubted=(*_, number)):
            return tree.node(number)
        case _:
            return None


def vetoing(tree: Tree, settings: DebateContext) -> Evidence | None:
    """Return the evidence that vetoes the candidate; None without any."""
    node = candidate(tree)
    return _refuting(node.evidence) if settings.veto and node is not None else None


def _refuting(evidence: Sequence[Evidence]) -> Evidence | None:
    return next((e for e in evidence if e.status is EvidenceStatus.REFUTED), None)


def illegal(tree: Tree, settings: DebateContext, verdict: Verdict) -> str | None:
    """Say why a verdict on the candidate is not allowed; None if it is."""
    node = candidate(tree)
    if node is None:
        return "there is no step to judge"
    match verdict.action:
        case Action.CONTINUE if node.answer is not None:
            return "the step carries a final answer: terminate accepts it, backtrack rejects it"
        case Action.TERMINATE if node.answer is None and not _nothing_left(tree, settings):
            return "the step carries no final answer, and there is something left to try"
        case Action.REFLECT if sum(v.action is Action.REFLECT for v in node.verdicts) >= settings.reflections:
            return f"the step has been reflected on {settings.reflections} times already"
        case Action.BACKTRACK if verdict.target is not None:
            return illegal_target(tree, node, verdict.target)
        case _:
            return None


def meant(tree: Tree, verdict: Verdict) -> Verdict:
    """Return an illegal verdict as a legal one, if it can have meant only that; otherwise as it is.

    To accept a final answer is to terminate, and to accept any other step is to continue; to end without an answer may
    also mean to give up, which a low score says. To go back to the new step itself names the step that is wrong instead
    of the one before it.
    """
    node = candidate(tree)
    assert node is not None
    match verdict.action:
        case Action.CONTINUE if node.answer is not None:
            change: dict[str, Any] = {"action": Action.TERMINATE}
        case Action.TERMINATE if node.answer is None and verdict.score is not None and verdict.score > 0.5:
            change = {"action": Action.CONTINUE}
        case Action.BACKTRACK if verdict.target == node.id:
            change = {"target": node.parent}
        case _:
            return verdict
    return verdict.model_copy(update={**change, "said": verdict.action})


def legal_actions(tree: Tree, settings: DebateContext) -> tuple[Action, ...]:
    """Return the actions that are legal on the candidate."""
    return tuple(action for action in Action if illegal(tree, settings, Verdict(action=action)) is None)


def _answered(tree: Tree) -> bool:
    return tree.node(tree.cursor).answer is not None


def _nothing_left(tree: Tree, settings: DebateContext) -> bool:
    return tree.rounds >= settings.rounds


def illegal_target(tree: Tree, node: Node, target: int) -> str | None:
    """Return why a verdict on a node can't go back to another; None if it can."""
    allowed = [0, *(n.id for n in tree.path(node.parent) if n.kind is NodeKind.STEP)]
    if target in allowed:
        return None
    return f"node {target} is not an accepted step on the path; choose one of {', '.join(map(str, allowed))}"


def act(tree: Tree, settings: DebateContext, *, at: float) -> AnyEvent:
    """Return the event of the rules' own turn, stamped with the time `at`."""
    make, by, fields = _follow(tree, settings)
    if fields.get("cause") in BACKWARD and settings.backtracks is not None and tree.backtracks >= settings.backtracks:
        make, by, fields = _end(tree, settings, StopReason.BACKTRACKS)
    name = tree.problem.id if tree.last is None else tree.last.trajectory
    return make(trajectory=name, seq=tree.events, by=by, at=at, **fields)


_Draft: TypeAlias = tuple[type[Moved] | type[Failed] | type[Finished], Author, dict[str, Any]]


def _follow(tree: Tree, settings: DebateContext) -> _Draft:
    node = candidate(tree)
    match tree.last:
        case Failed() as failed if failed.fatal:
            return _end(tree, settings, StopReason.FAILED)
        case Judged() as judged if node is not None:
            return _obey(tree, settings, node, judged.verdict, judged.by)
        case Checked() if node is not None and (veto := vetoing(tree, settings)):
            reason = f"{veto.tool}: {veto.detail or veto.claim}"
            to = _before_draft(tree, node) if settings.starts_afresh else node.parent or 0
            return _leave(tree, node, to, Cause.VETOED, Author.TOOL, reason)
        case Failed() as failed if _out_of_patience(tree, settings, failed):
            return _give_up(tree, settings, node)
        case Moved() as moved if _answered(tree):
            end = {"reason": StopReason.ANSWERED, "node": tree.cursor, "answer": tree.node(tree.cursor).answer}
            return Finished, moved.by, end
        case _:
            return _end(tree, settings, _spent(tree, settings, new_round=True) or StopReason.GAVE_UP)


def _obey(tree: Tree, settings: DebateContext, node: Node, verdict: Verdict, by: Author) -> _Draft:
    match verdict.action:
        case Action.REFLECT:
            stay = {"to": tree.cursor, "cause": Cause.DOUBTED, "doubted": (node.id,), "reason": verdict.critique}
            return Moved, by, stay
        case Action.BACKTRACK:
            named = None if settings.starts_afresh else verdict.target
            to = named if named is not None else _before_draft(tree, node)
            # the targets of critics and replies are checked before they are logged; those of edited logs are not
            if fault := illegal_target(tree, node, to):
                detail = f"{verdict.action}: {fault}"
                return Failed, by, {"failure": Failure.ILLEGAL_VERDICT, "detail": detail, "node": node.id}
            return _leave(tree, node, to, Cause.REJECTED, by, verdict.critique)
        case Action.TERMINATE if node.answer is None:
            return _end(tree, settings, StopReason.GAVE_UP)
        case Action.CONTINUE | Action.TERMINATE:
            return _accept(tree, node, by)


def _end(tree: Tree, settings: DebateContext, reason: StopReason) -> _Draft:
    """End the debate; without an accepted answer, one in drafts ends with the answer that has the most votes."""
    node = None if reason is StopReason.FAILED else _vote(tree, settings)
    return Finished, Author.STRATEGY, {"reason": reason, **({"node": node.id, "answer": node.answer} if node else {})}


def answer_now(tree: Tree, settings: DebateContext) -> str | None:
    """Return the answer of a debate that has to stop here: the accepted one or, in drafts, the one with most votes."""
    if tree.finished is not None:
        return tree.finished.answer
    node = tree.node(tree.cursor) if _answered(tree) else _vote(tree, settings)
    return None if node is None else node.answer


def _vote(tree: Tree, settings: DebateContext) -> Node | None:
    return None if settings.draft == 1 else last_resort(tree)


def last_resort(tree: Tree) -> Node | None:
    """Return the step with the answer that has the most votes along the way; None if every one is refuted.

    Each step with an answer is a vote of the critic's score of it, or of one half without a score; so is each result
    that a tool came to by itself. Of answers with equal votes, the latest counts.
    """
    problem, same = tree.problem, conventions(tree.problem).same_answer
    given = [n for n in tree.nodes if n.answer is not None and not _refuting(n.evidence)]
    votes = [(n.answer or "", _score(n)) for n in given]
    votes += [(e.found, _UNKNOWN) for n in tree.nodes for e in n.evidence if e.found is not None]
    weights = {
        n.id: math.fsum(weight for answer, weight in votes if same(problem, n.answer or "", answer)) for n in given
    }
    return max(given, key=lambda n: (weights[n.id], n.id), default=None)


def _score(node: Node) -> float:
    return next((v.score for v in reversed(node.verdicts) if v.score is not None), _UNKNOWN)


def _accept(tree: Tree, node: Node, by: Author) -> _Draft:
    accepted = (*_drafted(tree, node.parent), node.id, *_reflections(tree, node))
    return Moved, by, {"to": node.id, "cause": Cause.ACCEPTED, "accepted": accepted}


def _leave(tree: Tree, node: Node, to: int, cause: Cause, by: Author, reason: str) -> _Draft:
    path = [n.id for n in tree.path(node.id)]
    left = path[path.index(to) + 1 :] if to else path
    abandoned = [number for step in left for number in (step, *_reflections(tree, tree.node(step)))]
    kept = {"accepted": accepted} if (accepted := _drafted(tree, to)) else {}
    return Moved, by, {"to": to, "cause": cause, **kept, "abandoned": tuple(abandoned), "reason": reason}


def _drafted(tree: Tree, number: int | None) -> tuple[int, ...]:
    """Return the steps of the draft on the path to a node: those not acted on yet."""
    return tuple(n.id for n in tree.path(number) if n.standing is Standing.OPEN) if number else ()


def _before_draft(tree: Tree, node: Node) -> int:
    """Return the last step before the draft that a step belongs to; 0 if there is none."""
    before = [n.id for n in tree.path(node.parent) if n.standing is not Standing.OPEN] if node.parent else []
    return before[-1] if before else 0


def _reflections(tree: Tree, node: Node) -> list[int]:
    return [c for c in node.children if tree.nodes[c].kind is NodeKind.REFLECTION]


def _give_up(tree: Tree, settings: DebateContext, unjudged: Node | None) -> _Draft:
    """Leave a step without a usable verdict, or a node without new steps; at the problem, the debate ends."""
    if unjudged is not None:
        reason = f"no usable verdict: {unjudged.failures[-1]}"
        return _leave(tree, unjudged, _before_draft(tree, unjudged), Cause.EXHAUSTED, Author.STRATEGY, reason)
    here = tree.node(tree.cursor)
    if here.parent is None:
        return _end(tree, settings, StopReason.STUCK)
    return _leave(tree, here, here.parent, Cause.EXHAUSTED, Author.STRATEGY, "nothing new came from here")
