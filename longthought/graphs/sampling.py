"""Sampling: several attempts at one problem, then a choice. The baselines that a debate must beat.

    attempt → (check) → … → (judge) → … → conclude        one tree, each attempt a branch from the problem

An attempt is written whole in one request where the policy's dialect has words for that, several at once; where it
knows only steps, an attempt is a chain of proposals, up to an answer or a step that can't be read, one attempt after
the other. Who sees what: the policy sees the problem alone, with `few_shot` worked examples before it, and with
`revise` the attempt before (in steps: what earlier attempts did from the same place, as rejected). The critic, asked
only where `choose` needs scores, sees one attempt and never the others. The vote sees answers and scores.

No tool looks at an attempt unless tools are chosen. The methods compared against have none, and where a tool can check
a final answer, as with Countdown in prose, a vote that it filters is no longer a vote but selection by the checker;
that selection is made afterwards, over the answers in the log. So answers that are wrong on the face of it stay in the
vote by default. With tools, refuted attempts are out of it, or with `veto` off stay in, and the critic sees what was
found.
"""

from collections.abc import Sequence
from typing import Any, Final

from longthought.errors import LongthoughtError, OutageError
from longthought.graphs import turns, votes
from longthought.graphs.attempting import attempt, failed, stamped
from longthought.graphs.attempts import Attempts
from longthought.graphs.machine import OVER, Graph, Machine, Observer
from longthought.graphs.sampling_context import SamplingContext
from longthought.graphs.seats import Seats
from longthought.tools.alike import alike
from longthought.trajectories.events import AnyEvent, Author, Cause, Failed, Failure, Finished, Moved, StopReason

ATTEMPT: Final = "attempt"
CHECK: Final = "check"
JUDGE: Final = "judge"
CONCLUDE: Final = "conclude"


class Sampling(Machine[SamplingContext, Attempts]):
    """Sampling as a graph."""

    context = SamplingContext
    turns = (ATTEMPT, CHECK, JUDGE, CONCLUDE)

    def begin(self, settings: SamplingContext) -> Attempts:
        """Start without attempts."""
        return Attempts(veto=settings.veto, aggregate=settings.aggregate)

    def turn(self, fold: Attempts, settings: SamplingContext) -> str:
        """Check what is new, go on with an attempt, have it judged, begin more, conclude: the first that is due."""
        if fold.tree.finished is not None:
            return OVER
        if _failed(fold) or _spent(fold, settings):
            return CONCLUDE
        if settings.tools and fold.unchecked:
            return CHECK
        if fold.open is not None:
            return CONCLUDE if _out_of_rounds(fold, settings) else ATTEMPT
        if settings.scored and fold.unjudged is not None:
            return JUDGE
        return CONCLUDE if _complete(fold, settings) or _out_of_rounds(fold, settings) else ATTEMPT

    def conclude(self, events: Sequence[AnyEvent], settings: SamplingContext) -> str | None:
        """Return what the attempts in these events come to."""
        return conclude(events)

    async def take(self, turn: str, fold: Attempts, settings: SamplingContext, record: Observer) -> None:
        """Ask whoever's turn it is, or choose and end."""
        if turn == CONCLUDE:
            record([_conclusion(fold, settings)])
            return
        try:
            seats = await self.seats(settings)
            match turn:
                case "check":
                    record(await turns.check(fold.tree, seats, fold.tree.node(fold.unchecked[0])))
                case "judge":
                    node = fold.tree.node(fold.unjudged or 0)
                    record([await turns.judge(fold.tree, seats, node, lambda _: None)])
                case _:
                    record(await attempt(fold, seats, settings))
        except OutageError:
            raise
        except LongthoughtError as error:
            by = Author.CRITIC if turn == JUDGE else Author.POLICY
            record([failed(fold, by, Failure.MODEL, str(error), fatal=True)])


def read(events: Sequence[AnyEvent]) -> tuple[Attempts, SamplingContext]:
    """Return the attempts in a log and the settings it was made with; a cut log will do."""
    config: dict[str, Any] = getattr(events[0], "config", {})
    settings = SamplingContext.read(config)
    fold = Attempts(veto=settings.veto, aggregate=settings.aggregate)
    for event in events:
        fold.apply(event)
    return fold, settings


def conclude(events: Sequence[AnyEvent]) -> str | None:
    """Say what the answer would be if a run had to stop at the end of these events; a log cut anywhere will do."""
    fold, settings = read(events)
    chosen = _chosen(fold, settings)
    return None if chosen is None else fold.all[chosen].answer


def _chosen(fold: Attempts, settings: SamplingContext) -> int | None:
    return votes.winner(fold.ballots(), settings.choose, alike(fold.tree.problem))


# Whose turn it is.


def _failed(fold: Attempts) -> bool:
    return isinstance(fold.tree.last, Failed) and fold.tree.last.fatal


def _spent(fold: Attempts, settings: SamplingContext) -> StopReason | None:
    tree = fold.tree
    if settings.spent(tree.policy_usage + tree.critic_usage):
        return StopReason.TOKENS
    if settings.seconds is not None and tree.seconds >= settings.seconds:
        return StopReason.SECONDS
    return None


def _out_of_rounds(fold: Attempts, settings: SamplingContext) -> bool:
    return fold.tree.rounds >= settings.rounds


def _complete(fold: Attempts, settings: SamplingContext) -> bool:
    """Say whether there is nothing left to do, or nothing that could change the answer."""
    owed = fold.open is not None or (settings.scored and fold.unjudged is not None)
    if owed or (settings.tools and fold.unchecked):
        return False
    left = settings.samples - len(fold.all)
    if left <= 0:
        return True
    return settings.stop_early and votes.decided(fold.ballots(), left, settings.choose, alike(fold.tree.problem))


# Events.


def _conclusion(fold: Attempts, settings: SamplingContext) -> AnyEvent:
    """Move to the attempt that was chosen; when that is done, or there is none, end."""
    tree = fold.tree
    chosen = None if _failed(fold) else _chosen(fold, settings)
    tip = None if chosen is None else fold.all[chosen].tip
    if tip and not isinstance(tree.last, Moved):
        path = tuple(node.id for node in tree.path(tip))
        reason = _because(fold, settings, chosen or 0)
        return stamped(fold, Moved, Author.STRATEGY, to=tip, cause=Cause.SELECTED, accepted=path, reason=reason)
    if _failed(fold):
        reason = StopReason.FAILED
    elif _complete(fold, settings):
        reason = StopReason.ANSWERED if tip else StopReason.GAVE_UP
    else:
        reason = _spent(fold, settings) or StopReason.ROUNDS
    answer = None if chosen is None else fold.all[chosen].answer
    return stamped(fold, Finished, Author.STRATEGY, reason=reason, node=tip, answer=answer)


def _because(fold: Attempts, settings: SamplingContext, chosen: int) -> str:
    """Say in words why an attempt was chosen."""
    ballots, made = fold.ballots(), len(fold.all)
    match settings.choose:
        case "first" | "last":
            return f"the {settings.choose} answer of {made} attempts"
        case "critic":
            return f"score {ballots[chosen].score:.2f}, the best of {made} attempts"
        case "majority" | "weighted":
            groups = votes.grouped(ballots, alike(fold.tree.problem))
            mine = next(group for group in groups if chosen in group)
            weight = f", {sum(ballots[index].score for index in mine):.2f} by weight" if settings.scored else ""
            return f"{len(mine)} of {made} votes{weight}"


def build(
    seats: Seats | None = None, observe: Observer | None = None, *, unbroken: bool = False
) -> tuple[Graph, Sampling]:
    """Compile sampling; see `Machine.compile`."""
    sampling = Sampling(seats, observe)
    return sampling.compile(unbroken=unbroken), sampling


graph = build()[0]
