"""The debate: policy and critic as two agents in dialogue, the critic picking the action.

    propose → check → judge → act        with reflect between rounds when the critic asks for it

Whose turn it is follows from the last event; what a turn asks is in `turns`, what follows from a verdict in `rules`.

After Qin et al., "O1 Replication Journey: A Strategic Progress Report", 2024 (third attempt: two agents).
"""

import time
from typing import ClassVar

from longthought.errors import LongthoughtError, OutageError
from longthought.graphs import rules, turns
from longthought.graphs.machine import Machine, Observer
from longthought.graphs.rules import DebateContext, Turn
from longthought.trajectories.events import Author
from longthought.trajectories.tree import Tree


class Debate(Machine[DebateContext, Tree]):
    """The debate as a graph."""

    context = DebateContext
    turns = tuple(turn.value for turn in Turn if turn is not Turn.END)
    judge_is: ClassVar[Author] = Author.CRITIC
    """Who sits in the critic's chair, and pays for the verdicts."""

    def begin(self, settings: DebateContext) -> Tree:
        """Start with an empty tree."""
        return Tree()

    def turn(self, fold: Tree, settings: DebateContext) -> str:
        """Ask the rules."""
        return rules.turn(fold, settings).value

    async def take(self, turn: str, fold: Tree, settings: DebateContext, record: Observer) -> None:
        """Ask whoever's turn it is, or let the rules move the cursor."""
        if turn == Turn.ACT:
            record([rules.act(fold, settings, at=time.time())])
            return
        told = self.notice(fold, settings)
        try:
            seats = await self.seats(settings)
            record(await turns.take(Turn(turn), fold, seats, settings, judge_is=self.judge_is, notice=told))
        except OutageError:
            raise
        except LongthoughtError as error:
            record([turns.broken(Turn(turn), fold, error, judge_is=self.judge_is)])

    def notice(self, tree: Tree, settings: DebateContext) -> str:
        """Say what whoever is asked next should be told besides; in a debate, nothing."""
        return ""


graph = Debate().compile()
