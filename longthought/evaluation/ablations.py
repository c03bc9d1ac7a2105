"""Critics without a model, which show what a real critic adds. They take the critic's seat in any debate.

The oracle asks the exact solver. The random critic draws its actions at the rates of a real critic. The leaf critic
judges only answers, which makes the debate a depth-first search. None of them writes a token. The critic that leaves
everything to the tools is `longthought.agents.accepting.AcceptingCritic`.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from longthought.agents.agent import Reply
from longthought.agents.view import View
from longthought.problems.countdown import game, notation
from longthought.trajectories.events import Action, Judged, Verdict
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory


class TokenlessCritic:
    """A critic that calls no model. It judges Countdown steps only, unless a subclass takes more."""

    name = "tokenless"

    def unsuitable(self, view: View) -> str | None:
        """Refuse problems that are not Countdown."""
        return (
            None if notation.read_statement(view.problem.statement) else f"the {self.name} critic plays Countdown only"
        )

    async def judge(self, view: View) -> Reply[Verdict]:
        """Judge the candidate step; the reply holds no calls."""
        return Reply(self.verdict(view), ())

    def verdict(self, view: View) -> Verdict:
        """Return the verdict on the candidate step."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Do nothing: there is no connection to close."""


class OracleCritic(TokenlessCritic):
    """Judges by the exact solver, and goes back to the deepest state from which the target can be made."""

    name = "oracle"

    def verdict(self, view: View) -> Verdict:
        """Ask the solver whether the target can still be made."""
        remaining = _remaining(view)
        if remaining is not None and game.solvable(remaining, _target(view)):
            return Verdict(action=Action.TERMINATE if len(remaining) == 1 else Action.CONTINUE, score=1.0)
        return Verdict(action=Action.BACKTRACK, target=last_live(view), score=0.0)


class LeafCritic(TokenlessCritic):
    """Continues until one number is left, and goes back one step if that misses the target: depth-first search."""

    name = "leaf-only"

    def verdict(self, view: View) -> Verdict:
        """Compare the last number with the target in the statement."""
        remaining = _remaining(view)
        if remaining is None or (len(remaining) == 1 and remaining[0] != _target(view)):
            return Verdict(action=Action.BACKTRACK)
        return Verdict(action=Action.TERMINATE if len(remaining) == 1 else Action.CONTINUE)


ActionRates = Mapping[tuple[int, bool], Counter[tuple[Action, int]]]
"""Counts of (action, steps gone back), by the depth of the judged step and by whether it holds an answer."""


class RandomCritic(TokenlessCritic):
    """Draws its action, and how far it goes back, at the rates of a real critic on steps of the same depth."""

    name = "random"

    def __init__(self, rates: ActionRates, seed: int = 0) -> None:
        """Keep the counts to draw from."""
        self.rates, self._seed = rates, seed

    def unsuitable(self, view: View) -> str | None:
        """Accept every problem."""
        return None

    @classmethod
    def like(cls, trajectories: Iterable[Trajectory], seed: int = 0) -> "RandomCritic":
        """Measure the rates in debates of a real critic."""
        rates: dict[tuple[int, bool], Counter[tuple[Action, int]]] = defaultdict(Counter)
        for trajectory in trajectories:
            tree = trajectory.tree
            for event in trajectory.events:
                if isinstance(event, Judged):
                    node, target = tree.node(event.node), event.verdict.target
                    steps_back = 0 if target is None else node.depth - 1 - tree.node(target).depth
                    rates[node.depth, node.answer is not None][event.verdict.action, steps_back] += 1
        return cls(rates, seed)

    def verdict(self, view: View) -> Verdict:
        """Draw a verdict; the same step of the same debate and seed always gets the same one."""
        counts = self.rates.get((len(view.path) + 1, view.answers))
        if not counts:
            return Verdict(action=Action.BACKTRACK)
        remarks = view.candidate.remarks if view.candidate else ()
        draw_key = f"{self._seed} {view.trajectory} {view.candidate.node if view.candidate else 0} {len(remarks)}"
        action, steps_back = random.Random(draw_key).choices(list(counts), weights=list(counts.values()))[0]
        if action is not Action.BACKTRACK:
            return Verdict(action=action)
        depth = max(0, len(view.path) - steps_back)
        return Verdict(action=Action.BACKTRACK, target=view.path_nodes[depth - 1] if depth else 0)


STAND_INS: Final = {critic.name: critic for critic in (OracleCritic, LeafCritic)}
"""Critics without a model that need no example."""


def stand_in(name: str) -> TokenlessCritic | None:
    """Return the critic without a model of a name: oracle, leaf-only, or random:RUN, at the rates of RUN's critic.

    Returns:
        The critic, or None if the name is that of a model.

    Raises:
        RunFolderError: if there is no such run.

    """
    kind, _, folder = name.partition(":")
    if kind == RandomCritic.name and folder:
        return RandomCritic.like(Run(folder).trajectories())
    return STAND_INS[name]() if name in STAND_INS else None


def last_live(view: View) -> int:
    """Return the deepest node above the candidate from which the solver can still make the target; 0 if none."""
    for number, text in zip(reversed(view.path_nodes), reversed(view.path), strict=True):
        step = notation.read_step(text)
        if step is not None and game.solvable(step.remaining, _target(view)):
            return number
    return 0


def _remaining(view: View) -> tuple[int, ...] | None:
    step = notation.read_step(view.candidate.text) if view.candidate else None
    return step.remaining if step else None


def _target(view: View) -> int:
    puzzle = notation.read_statement(view.problem.statement)
    assert puzzle is not None
    return puzzle.target
