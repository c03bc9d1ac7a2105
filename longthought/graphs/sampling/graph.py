"""Sampling: several attempts at one problem, then a choice; these are the baselines that a debate must beat.

    attempt → (check) → … → (judge) → … → conclude        one tree, each attempt a branch from the problem

If the policy's dialect can ask for whole solutions, one request writes several attempts whole. If it knows only steps,
each attempt is a chain of proposals that ends with an answer or an unreadable step, one attempt after the other. The
policy sees the problem alone, after the worked examples of `few_shot`. With `revise` it also sees the previous attempt
and its critique (in steps: the steps of earlier attempts from the same node, as rejected). With `merge`, a last attempt
sees the best of those whose answers differ. The critic, asked only if `choose` needs scores, sees one attempt and never
the others. The vote sees answers and scores.

By default no tool checks an attempt. The methods compared against use none, and if a tool can check a final answer, as
with Countdown in prose, a vote filtered by it is really a selection by the checker; that selection can be made
afterwards, over the answers in the log. So obviously wrong answers stay in the vote by default. With tools, refuted
attempts leave the vote, unless `veto` is off, and the critic sees the evidence.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar, Final

from longthought.domains.conventions import conventions
from longthought.graphs import turns
from longthought.graphs.machine import OVER, Machine
from longthought.graphs.sampling import votes
from longthought.graphs.sampling.attempts import Attempts
from longthought.graphs.sampling.proposals import attempt, failed, merge
from longthought.graphs.sampling.settings import SamplingContext
from longthought.problems.problem import Problem
from longthought.trajectories.events import AnyEvent, Author, Cause, Failed, Failure, Finished, Moved, StopReason
from longthought.trajectories.stamps import stamped

ATTEMPT: Final = "attempt"
CHECK: Final = "check"
JUDGE: Final = "judge"
MERGE: Final = "merge"
CONCLUDE: Final = "conclude"
MOST_MERGED: Final = 4
"""Maximum number of attempts that are merged; models don't read more with care."""


class Sampling(Machine[SamplingContext, Attempts]):
    """Sampling as a graph."""

    context = SamplingContext
    turns = (ATTEMPT, CHECK, JUDGE, MERGE, CONCLUDE)
    edges: ClassVar[Mapping[str, Sequence[str]]] = {
        "setup": (ATTEMPT,),
        ATTEMPT: (ATTEMPT, CHECK, JUDGE, MERGE, CONCLUDE),
        CHECK: (ATTEMPT, CHECK, JUDGE, MERGE, CONCLUDE),
        JUDGE: (ATTEMPT, JUDGE, MERGE, CONCLUDE),
        MERGE: (CHECK, CONCLUDE),
        CONCLUDE: (CONCLUDE, OVER),
    }

    def begin(self, settings: SamplingContext) -> Attempts:
        """Start without attempts."""
        return Attempts(veto=settings.veto, aggregate=settings.aggregate)

    def turn(self, fold: Attempts, settings: SamplingContext) -> str:
        """Return the first turn that is due: check, go on with an attempt, judge, begin one, merge, conclude."""
        if fold.tree.finished is not None:
            return OVER
        if _failed(fold) or settings.spent(fold.tree):
            return CONCLUDE
        if settings.used_tools and fold.unchecked:
            return CHECK
        if fold.open is not None:
            return CONCLUDE if _out_of_rounds(fold, settings) else ATTEMPT
        if _verdict_due(fold, settings):
            return JUDGE
        if _out_of_rounds(fold, settings):
            return CONCLUDE
        if not _sampled(fold, settings):
            return ATTEMPT
        return MERGE if _to_merge(fold, settings) else CONCLUDE

    def answer(self, fold: Attempts, settings: SamplingContext) -> str | None:
        """Return the answer that the attempts so far would choose."""
        chosen = _chosen(fold, settings)
        return None if chosen is None else fold.all[chosen].answer

    async def take(self, turn: str, fold: Attempts, settings: SamplingContext) -> Sequence[AnyEvent]:
        """Ask the agent or tools whose turn it is, or choose an answer and end."""
        if turn == CONCLUDE:
            return [_conclusion(fold, settings)]
        by = Author.CRITIC if turn == JUDGE else Author.POLICY
        return await turns.or_failure(
            self._ask(turn, fold, settings), lambda error: failed(fold, by, Failure.MODEL, str(error), fatal=True)
        )

    async def _ask(self, turn: str, fold: Attempts, settings: SamplingContext) -> Sequence[AnyEvent]:
        seats = await self.seats(settings)
        match turn:
            case "check":
                return await turns.check(fold.tree, seats, fold.tree.node(fold.unchecked[0]))
            case "judge":
                return [await turns.judge(fold.tree, seats, fold.tree.node(fold.unjudged or 0))]
            case "merge":
                return await merge(fold, _to_merge(fold, settings), seats, settings)
            case _:
                return await attempt(fold, seats, settings)


def _chosen(fold: Attempts, settings: SamplingContext) -> int | None:
    """Return the attempt that wins: the merged one, if it has an answer, else the winner of the vote."""
    if _merged(fold, settings) and fold.ballots()[-1].answer is not None:
        return len(fold.all) - 1
    return votes.winner(fold.ballots(), settings.choose, _same_answer(fold.tree.problem))


# Whose turn it is.


def _failed(fold: Attempts) -> bool:
    return isinstance(fold.tree.last, Failed) and fold.tree.last.fatal


def _out_of_rounds(fold: Attempts, settings: SamplingContext) -> bool:
    return fold.tree.rounds >= settings.rounds


def _complete(fold: Attempts, settings: SamplingContext) -> bool:
    """Say whether nothing is left to do that could change the answer."""
    if fold.open is not None or _verdict_due(fold, settings) or (settings.used_tools and fold.unchecked):
        return False
    return _sampled(fold, settings) and not _to_merge(fold, settings)


def _verdict_due(fold: Attempts, settings: SamplingContext) -> bool:
    """Say whether a verdict is due; a merged attempt wins without one."""
    return settings.scored and fold.unjudged is not None and not _merged(fold, settings)


def _sampled(fold: Attempts, settings: SamplingContext) -> bool:
    """Say whether there are enough attempts; if they are to be merged, all of them are made."""
    left = settings.attempts - len(fold.all)
    if left <= 0 or not settings.stop_early or settings.merge:
        return left <= 0
    return votes.decided(fold.ballots(), left, settings.choose, _same_answer(fold.tree.problem))


def _merged(fold: Attempts, settings: SamplingContext) -> bool:
    return settings.merge and len(fold.all) > settings.attempts


def _to_merge(fold: Attempts, settings: SamplingContext) -> list[int]:
    """Return the tips of the attempts that are still to be merged: the best of each answer, most popular first."""
    if not settings.merge or _merged(fold, settings):
        return []
    ballots = fold.ballots()
    groups = sorted(votes.grouped(ballots, _same_answer(fold.tree.problem)), key=len, reverse=True)
    best = [max(group, key=lambda index: ballots[index].score) for group in groups[:MOST_MERGED]]
    return [fold.all[index].tip for index in best] if len(best) > 1 else []


# Events.


def _conclusion(fold: Attempts, settings: SamplingContext) -> AnyEvent:
    """Move to the chosen attempt; if that is done, or none is chosen, end."""
    tree = fold.tree
    chosen = None if _failed(fold) else _chosen(fold, settings)
    tip = None if chosen is None else fold.all[chosen].tip
    if tip and not isinstance(tree.last, Moved):
        path = tuple(node.id for node in tree.path(tip))
        reason = _reason(fold, settings, chosen or 0)
        return stamped(fold, Moved, Author.STRATEGY, to=tip, cause=Cause.SELECTED, accepted=path, reason=reason)
    if _failed(fold):
        reason = StopReason.FAILED
    elif _complete(fold, settings):
        reason = StopReason.ANSWERED if tip else StopReason.GAVE_UP
    else:
        reason = settings.spent(fold.tree) or StopReason.ROUNDS
    answer = None if chosen is None else fold.all[chosen].answer
    return stamped(fold, Finished, Author.STRATEGY, reason=reason, node=tip, answer=answer)


def _reason(fold: Attempts, settings: SamplingContext, chosen: int) -> str:
    """Say in words why an attempt was chosen."""
    ballots, total = fold.ballots(), len(fold.all)
    if _merged(fold, settings) and chosen == total - 1:
        return f"made of {len(fold.tree.node(fold.all[chosen].tip).sources)} others"
    match settings.choose:
        case "first" | "last":
            return f"the {settings.choose} answer of {total} attempts"
        case "critic":
            return f"score {ballots[chosen].score:.2f}, the best of {total} attempts"
        case "majority" | "weighted":
            groups = votes.grouped(ballots, _same_answer(fold.tree.problem))
            winners = next(group for group in groups if chosen in group)
            weight = f", {sum(ballots[index].score for index in winners):.2f} by weight" if settings.scored else ""
            return f"{len(winners)} of {total} votes{weight}"


def _same_answer(problem: Problem) -> votes.SameAnswer:
    return partial(conventions(problem).same_answer, problem)
