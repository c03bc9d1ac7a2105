"""Decompose: the policy plans, each question of the plan has its own debate, and a last debate composes the answers.

    plan → (delegate → keep) → … → propose → check → judge → act        delegate once for each question

The plan and the answers are the first steps of an ordinary debate: the agents see them as an accepted path, so the step
that composes them is proposed, checked and judged like any other, and the critic may backtrack past an answer that it
doesn't believe. A question's debate sees the whole problem and the earlier answers as context. If no plan can be read,
the problem is debated as a whole.

After Zhou et al., "Least-to-Most Prompting Enables Complex Reasoning in Large Language Models", 2022, and Wang et al.,
"Plan-and-Solve Prompting", 2023.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from pydantic.dataclasses import dataclass

from longthought.agents.agent import solver_of
from longthought.agents.dialects.dialect import Unreadable
from longthought.agents.view import view
from longthought.errors import ConfigError
from longthought.graphs import operators, turns
from longthought.graphs.context import Positive
from longthought.graphs.debate import Debate
from longthought.graphs.rules import DebateContext, Turn
from longthought.graphs.subdebates import Subdebates, begun, paid
from longthought.trajectories.events import (
    AnyEvent,
    Author,
    Cause,
    Failed,
    Failure,
    Moved,
    Proposed,
    Started,
    StopReason,
)
from longthought.trajectories.stamps import stamped
from longthought.trajectories.tree import Tree

PLAN: Final = "plan"
DELEGATE: Final = "delegate"
KEEP: Final = "keep"


@dataclass(kw_only=True)
class DecomposeContext(DebateContext):
    """The settings of decompose; `rounds` applies to each debate, and the plan and each answer count as one round."""

    graph: ClassVar[str] = "decompose"

    questions: Positive = 8
    """Maximum number of questions of a plan."""


class PlanTree(Tree):
    """A tree that knows whether its first step is a plan."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self.plan: str | None = None

    def apply(self, event: AnyEvent) -> None:
        """Fold one more event in; a proposal right after the start is the plan."""
        opens = isinstance(self.last, Started)
        super().apply(event)
        if opens and isinstance(event, Proposed):
            self.plan = event.text


class Decompose(Debate):
    """Decompose as a graph."""

    context = DecomposeContext
    turns = (PLAN, DELEGATE, KEEP, *Debate.turns)
    edges: ClassVar[Mapping[str, Sequence[str]]] = {
        **Debate.edges,
        "setup": (PLAN,),
        PLAN: (KEEP, Turn.PROPOSE, Turn.ACT),
        DELEGATE: (KEEP, Turn.ACT),
        KEEP: (DELEGATE, Turn.PROPOSE, Turn.ACT),
    }

    def begin(self, settings: DebateContext) -> PlanTree:
        """Start with an empty tree."""
        return PlanTree()

    def turn(self, fold: Tree, settings: DebateContext) -> str:
        """Return the turn: plan, delegate the next question, keep its answer, or a turn of the debate."""
        assert isinstance(settings, DecomposeContext)
        if _to_keep(fold, settings):
            return KEEP
        due = super().turn(fold, settings)
        if due != Turn.PROPOSE:
            return due
        if isinstance(fold.last, Started):
            return PLAN
        return DELEGATE if _next_question(fold, settings) else due

    async def take(self, turn: str, fold: Tree, settings: DebateContext) -> Sequence[AnyEvent]:
        """Plan, delegate a question, accept the plan or an answer unchanged, or take a turn of the debate."""
        assert isinstance(settings, DecomposeContext)
        if turn == KEEP:
            node = len(fold.nodes) - 1
            return [stamped(fold, Moved, Author.STRATEGY, to=node, cause=Cause.ACCEPTED, accepted=(node,))]
        if turn not in (PLAN, DELEGATE):
            return await super().take(turn, fold, settings)
        answering = (self._plan if turn == PLAN else self._have_answered)(fold, settings)
        return await turns.or_failure(answering, lambda error: _failure(fold, Author.POLICY, str(error)))

    async def _plan(self, tree: Tree, settings: DecomposeContext) -> Sequence[AnyEvent]:
        """Ask the policy for a plan."""
        seats = await self.seats(settings)
        policy, seen = seats.policy, view(tree)
        if solver_of(policy) is None:
            raise ConfigError(
                f"graph = 'decompose': {policy.name} knows only the steps of a game and can't write a plan; "
                "take a policy that speaks prose"
            )
        if objection := policy.unsuitable(seen) or seats.critic.unsuitable(seen):
            return [_failure(tree, Author.STRATEGY, objection)]
        reply = await operators.decompose(policy, seen, settings.questions)
        if isinstance(reply.read, Unreadable):
            fields: dict[str, Any] = {"failure": reply.read.step_failure, "detail": reply.read.reason}
            return [stamped(tree, Failed, Author.POLICY, **fields, calls=reply.calls)]
        return [stamped(tree, Proposed, Author.POLICY, node=1, parent=0, text=reply.read.text, calls=reply.calls)]

    async def _have_answered(self, tree: Tree, settings: DecomposeContext) -> Sequence[AnyEvent]:
        """Have the next question debated, and return its answer as a step."""
        node, question = len(tree.nodes), _next_question(tree, settings)
        assert question is not None
        earlier = [step.text for step in tree.path()[1:]]
        problem = operators.part(tree.problem, node - 1, question, earlier)
        first = begun(tree, settings, problem, number=node - 1, node=tree.cursor, rounds=settings.rounds)
        ended = await (self._delegate or Subdebates(await self.seats(settings)).play)([first])
        if ended.stop_reason is StopReason.FAILED:
            return [_failure(tree, Author.STRATEGY, f"{ended.id}: {ended.failure}")]
        answer = stamped(
            tree, Proposed, Author.STRATEGY, node=node, parent=tree.cursor,
            text=operators.answer_step(question, ended.answer), trajectories=(ended.id,), delegated=paid(ended),
        )  # fmt: skip
        return [answer]


def _next_question(tree: Tree, settings: DecomposeContext) -> str | None:
    """Return the next question to answer; the nodes are the problem, the plan and one answer per question."""
    questions, done = _questions(tree, settings), len(tree.nodes) - 2
    return questions[done] if 0 <= done < len(questions) else None


def _to_keep(tree: Tree, settings: DecomposeContext) -> bool:
    """Say whether the last event is the plan or an answer that is not accepted yet."""
    last = tree.last
    return isinstance(last, Proposed) and last.node <= len(_questions(tree, settings)) + (1 if _plan_of(tree) else 0)


def _questions(tree: Tree, settings: DecomposeContext) -> list[str]:
    plan = _plan_of(tree)
    return operators.questions(plan, settings.questions) if plan else []


def _plan_of(tree: Tree) -> str | None:
    assert isinstance(tree, PlanTree)
    return tree.plan


def _failure(tree: Tree, by: Author, detail: str) -> AnyEvent:
    return stamped(tree, Failed, by, failure=Failure.MODEL, detail=detail, fatal=True)
