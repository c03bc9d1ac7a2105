"""Critics that are not models, to find out what a real one is worth. They sit in the critic's chair of any debate.

The oracle knows the solver; the random critic knows only how often the real one did what; the leaf critic looks at
nothing before the end, which makes the debate a depth-first search. None of them writes a token. A critic that leaves
everything to the tools is `longthought.graphs.seats.AcceptingCritic`.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from longthought.agents.agent import Reply
from longthought.agents.view import View
from longthought.problems.countdown import game, notation
from longthought.trajectories.events import Action, Judged, Verdict
from longthought.trajectories.trajectory import Trajectory


class TokenlessCritic:
    """A judge that calls no model; of Countdown steps, unless it says otherwise."""

    name = "tokenless"

    def unsuitable(self, view: View) -> str | None:
        """Refuse what is not Countdown."""
        return (
            None if notation.read_statement(view.problem.statement) else f"the {self.name} critic plays Countdown only"
        )

    async def judge(self, view: View) -> Reply[Verdict]:
        """Judge the candidate."""
        return Reply(self.verdict(view), ())

    def verdict(self, view: View) -> Verdict:
        """Decide."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Hold nothing."""


class OracleCritic(TokenlessCritic):
    """The exact solver: never wrong about a state, always goes back to the deepest solvable one."""

    name = "oracle"

    def verdict(self, view: View) -> Verdict:
        """Ask the solver."""
        left = _left(view)
        if left is not None and game.solvable(left, _target(view)):
            return Verdict(action=Action.TERMINATE if len(left) == 1 else Action.CONTINUE, score=1.0)
        return Verdict(action=Action.BACKTRACK, target=last_live(view), score=0.0)


class LeafCritic(TokenlessCritic):
    """Goes on until one number is left, then back one step if it misses: depth-first search without a critic."""

    name = "leaf-only"

    def verdict(self, view: View) -> Verdict:
        """Compare the leaf with the target in the statement."""
        left = _left(view)
        if left is None or (len(left) == 1 and left[0] != _target(view)):
            return Verdict(action=Action.BACKTRACK)
        return Verdict(action=Action.TERMINATE if len(left) == 1 else Action.CONTINUE)


Rates = Mapping[tuple[int, bool], Counter[tuple[Action, int]]]
"""How often which action was taken, and how many steps it went back, by the step's depth and whether it answers."""


class RandomCritic(TokenlessCritic):
    """Draws its action, and how far it goes back, at the rates of a real critic on steps of that depth."""

    name = "random"

    def __init__(self, rates: Rates, seed: int = 0) -> None:
        """Take the counts to draw from."""
        self.rates, self._seed = rates, seed

    def unsuitable(self, view: View) -> str | None:
        """Take on anything."""
        return None

    @classmethod
    def like(cls, trajectories: Iterable[Trajectory], seed: int = 0) -> "RandomCritic":
        """Measure the rates on debates of a real critic."""
        rates: dict[tuple[int, bool], Counter[tuple[Action, int]]] = defaultdict(Counter)
        for trajectory in trajectories:
            tree = trajectory.tree
            for event in trajectory.events:
                if isinstance(event, Judged):
                    node, to = tree.node(event.node), event.verdict.target
                    back = 0 if to is None else node.depth - 1 - tree.node(to).depth
                    rates[node.depth, node.answer is not None][event.verdict.action, back] += 1
        return cls(rates, seed)

    def verdict(self, view: View) -> Verdict:
        """Draw; the same step of the same debate always gets the same."""
        counts = self.rates.get((len(view.path) + 1, _answers(view)))
        if not counts:
            return Verdict(action=Action.BACKTRACK)
        remarks = view.candidate.remarks if view.candidate else ()
        place = f"{self._seed} {view.trajectory} {view.candidate.node if view.candidate else 0} {len(remarks)}"
        drawn = random.Random(place).choices(list(counts), weights=list(counts.values()))[0]
        if drawn[0] is not Action.BACKTRACK:
            return Verdict(action=drawn[0])
        depth = max(0, len(view.path) - drawn[1])
        return Verdict(action=Action.BACKTRACK, target=view.path_nodes[depth - 1] if depth else 0)


def _answers(view: View) -> bool:
    return view.candidate is not None and view.candidate.answer is not None


def last_live(view: View) -> int:
    """Return the deepest node above the candidate from which the target can still be made, by the solver."""
    for number, text in zip(reversed(view.path_nodes), reversed(view.path), strict=True):
        step = notation.read_step(text)
        if step is not None and game.solvable(step.remaining, _target(view)):
            return number
    return 0


def _left(view: View) -> tuple[int, ...] | None:
    step = notation.read_step(view.candidate.text) if view.candidate else None
    return step.remaining if step else None


def _target(view: View) -> int:
    puzzle = notation.read_statement(view.problem.statement)
    assert puzzle is not None
    return puzzle.target
