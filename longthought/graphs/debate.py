"""The debate: policy and critic as two agents in dialogue; the critic picks the action.

    propose → check → judge → act        with reflect between rounds when the critic asks for it

The last event decides whose turn it is. `turns` asks the agents, and `rules` says what follows from a verdict.

After Qin et al., "O1 Replication Journey: A Strategic Progress Report", 2024 (third attempt: two agents).
"""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar

from longthought.graphs import rules, turns
from longthought.graphs.machine import OVER, Machine
from longthought.graphs.rules import DebateContext, Turn
from longthought.graphs.studio.asking import asked
from longthought.trajectories.events import AnyEvent, Author
from longthought.trajectories.tree import Tree


class Debate(Machine[DebateContext, Tree]):
    """The debate as a graph."""

    context = DebateContext
    turns = tuple(turn.value for turn in Turn if turn is not Turn.END)
    edges: ClassVar[Mapping[str, Sequence[str]]] = {
        "setup": (Turn.PROPOSE,),
        Turn.PROPOSE: (Turn.CHECK, Turn.PROPOSE, Turn.ACT),
        Turn.CHECK: (Turn.CHECK, Turn.JUDGE, Turn.ACT),
        Turn.JUDGE: (Turn.ACT, Turn.JUDGE),
        Turn.REFLECT: (Turn.JUDGE, Turn.REFLECT, Turn.ACT),
        Turn.ACT: (Turn.PROPOSE, Turn.REFLECT, Turn.ACT, OVER),
    }
    pauses = True
    judge_is: ClassVar[Author] = Author.CRITIC
    """The author of the verdicts, who also pays for them."""

    def begin(self, settings: DebateContext) -> Tree:
        """Start with an empty tree."""
        return Tree()

    def turn(self, fold: Tree, settings: DebateContext) -> str:
        """Return whose turn it is by the rules."""
        return rules.turn(fold, settings).value

    def answer(self, fold: Tree, settings: DebateContext) -> str | None:
        """Return the answer that the debate would end with if it had to stop here."""
        return rules.answer_now(fold, settings)

    async def take(self, turn: str, fold: Tree, settings: DebateContext) -> Sequence[AnyEvent]:
        """Ask the agent or tools whose turn it is, or let the rules move the cursor."""
        if turn == Turn.ACT:
            by_hand = await asked(fold, (await self.seats(settings)).policy, self.ask) if self.ask else ()
            return by_hand or [rules.act(fold, settings, at=time.time())]
        failure = partial(turns.failed, Turn(turn), fold, judge_is=self.judge_is)
        return await turns.or_failure(self._ask(Turn(turn), fold, settings), failure)

    async def _ask(self, turn: Turn, tree: Tree, settings: DebateContext) -> Sequence[AnyEvent]:
        notice = self.notice(tree, settings)
        seats = await self.seats(settings)
        return await turns.take(turn, tree, seats, settings, judge_is=self.judge_is, notice=notice)

    def notice(self, tree: Tree, settings: DebateContext) -> str:
        """Return an extra notice for the next agent; empty in a debate."""
        return ""
