"""The debate: policy and critic as two agents in dialogue, the critic picking the action.

    propose → check → judge → act        with reflect between rounds when the critic asks for it

Whose turn it is follows from the last event; what a turn asks is in `turns`, what follows from a verdict in `rules`.

After Qin et al., "O1 Replication Journey: A Strategic Progress Report", 2024 (third attempt: two agents).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from pydantic import ValidationError

from longthought.errors import ConfigError
from longthought.graphs import rules, turns
from longthought.graphs.context import Context
from longthought.graphs.machine import Delegate, Machine
from longthought.graphs.rules import Rules, Turn
from longthought.graphs.seats import Seats
from longthought.trajectories.events import AnyEvent, Author
from longthought.trajectories.tree import Tree


@dataclass(kw_only=True)
class DebateContext(Context):
    """The settings of a debate."""

    graph: ClassVar[str] = "debate"

    backtracks: int | None = None
    """Times the cursor may go back."""
    reflections: int = 1
    """Reflections a step."""
    patience: int = 3
    """Proposals in a row, repeated or unreadable, after which a node is left."""
    within: int = 0
    """For a debate that begins in the middle of another one: the step that it must not go back behind."""

    def expect_sound(self) -> None:
        """Raise if a setting makes no sense."""
        super().expect_sound()
        self.rules()

    def rules(self) -> Rules:
        """Return the part that the rules of the debate need.

        Raises:
            ConfigError: if a setting makes no sense.

        """
        try:
            return Rules(
                rounds=self.rounds,
                backtracks=self.backtracks,
                tokens=self.tokens,
                computed=self.computed,
                seconds=self.seconds,
                reflections=self.reflections,
                veto=self.veto,
                patience=self.patience,
                within=self.within,
            )
        except ValidationError as error:
            wrong = error.errors()[0]
            raise ConfigError(f"{wrong['loc'][0]} = {wrong['input']!r}: {wrong['msg'].lower()}") from error


class Debate(Machine[DebateContext, Tree]):
    """The debate as a graph."""

    context = DebateContext
    turns = tuple(turn.value for turn in Turn if turn is not Turn.END)
    judge_is: ClassVar[Author] = Author.CRITIC
    """Who sits in the critic's chair, and pays for the verdicts."""

    def __init__(self, seats: Seats | None = None, delegate: Delegate | None = None) -> None:
        """Seat the agents; see `Machine`."""
        super().__init__(seats, delegate)
        self._settled: tuple[DebateContext, Rules] | None = None

    def begin(self, settings: DebateContext) -> Tree:
        """Start with an empty tree."""
        return Tree()

    def turn(self, fold: Tree, settings: DebateContext) -> str:
        """Ask the rules."""
        return rules.turn(fold, self._rules(settings)).value

    async def take(self, turn: str, fold: Tree, settings: DebateContext) -> Sequence[AnyEvent]:
        """Ask whoever's turn it is, or let the rules move the cursor."""
        if turn == Turn.ACT:
            return [rules.act(fold, self._rules(settings), at=time.time())]
        failure = partial(turns.broken, Turn(turn), fold, judge_is=self.judge_is)
        return await turns.or_failure(self._ask(Turn(turn), fold, settings), failure)

    async def _ask(self, turn: Turn, tree: Tree, settings: DebateContext) -> Sequence[AnyEvent]:
        settled = self._rules(settings)
        told = self.notice(tree, settled)
        seats = await self.seats(settings)
        return await turns.take(turn, tree, seats, settled, judge_is=self.judge_is, notice=told)

    def notice(self, tree: Tree, settled: Rules) -> str:
        """Say what whoever is asked next should be told besides; in a debate, nothing."""
        return ""

    def _rules(self, settings: DebateContext) -> Rules:
        """Return the rules of the settings, made once for as long as they are the same object."""
        if self._settled is None or self._settled[0] is not settings:
            self._settled = settings, settings.rules()
        return self._settled[1]


graph = Debate().compile()
