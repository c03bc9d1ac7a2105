"""The recipes of the bundled agents: everything that decides the result of training."""

from dataclasses import dataclass, replace
from typing import Final, Literal

Role = Literal["policy", "critic", "solo"]


@dataclass(frozen=True, slots=True)
class Deal:
    """Puzzles of one kind."""

    share: float
    """Share of all puzzles; shares add up to 1."""
    numbers: int
    """How many numbers a puzzle has."""
    max_number: int = 20
    """The largest of them."""
    max_target: int = 100
    """The largest target."""


@dataclass(frozen=True, slots=True)
class Mix:
    """Probabilities by which examples are drawn."""

    deals: tuple[Deal, ...] = (Deal(0.1, 3), Deal(0.9, 4))
    """The kinds of puzzles."""
    wrong_path: float = 0.15
    """Chance, per accepted step, that the path has left the solvable states, as when a critic errs."""
    tried: float = 0.6
    """Chance that one more rejected step stands in the view."""
    corrupted: float = 0.06
    """Share of critic examples whose step miscalculates."""
    exhaustive: float = 0.0
    """Chance that any number of the dead steps stand rejected, up to all of them."""
    wide_targets: float = 0.0
    """Share of puzzles whose target may go up to 300, so that targets can't be learned by heart."""
    proposals: float = 0.7
    """Share of policy examples for an agent in both roles; verdicts are longer, so this is about half of the tokens."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stretch of training with a schedule of its own: warm-up, then a cosine down to zero."""

    steps: int
    learning_rate: float = 3e-3
    warmup: int = 200
    mix: Mix = Mix()


@dataclass(frozen=True, slots=True)
class Recipe:
    """One agent's training."""

    role: Role
    stages: tuple[Stage, ...]
    seed: int = 0
    tokens: int = 2048
    """Tokens per batch, padding included."""
    hidden: int = 128
    layers: int = 4
    start: str | None = None
    """The agent whose weights it starts from, by its role, or `bundled:NAME`; None for new weights."""

    @property
    def steps(self) -> int:
        """Optimiser steps of all stages."""
        return sum(stage.steps for stage in self.stages)

    def scaled(self, share: float, seed: int) -> "Recipe":
        """Return the recipe with another seed and a share of the steps."""
        stages = tuple(replace(stage, steps=max(1, round(stage.steps * share))) for stage in self.stages)
        return replace(self, stages=stages, seed=seed)


RECIPES: Final[dict[Role, Recipe]] = {
    "policy": Recipe(
        "policy",
        (
            Stage(10_000),
            # late in a debate many steps stand rejected, and the policy must find the one that doesn't
            Stage(3_000, learning_rate=1e-3, mix=Mix(exhaustive=0.7, wrong_path=0.1)),
        ),
    ),
    "critic": Recipe(
        "critic",
        (
            Stage(12_000),
            # a critic that knows its targets by heart gives up on the others
            Stage(4_000, learning_rate=1.5e-3, mix=Mix(wide_targets=0.5)),
        ),
    ),
    # one agent in both roles, for self-critique: the critic's arithmetic is the harder part, so it starts from there
    "solo": Recipe(
        "solo",
        (
            Stage(8_000, learning_rate=2e-3, mix=Mix(wide_targets=0.3)),
            Stage(3_000, learning_rate=1e-3, mix=Mix(wide_targets=0.3, exhaustive=0.5, wrong_path=0.1)),
        ),
        start="critic",
    ),
}

_WIDE: Final = (
    Deal(0.08, 3, 40, 200),
    Deal(0.22, 4),
    Deal(0.25, 4, 40, 200),
    Deal(0.1, 4, 99, 200),
    Deal(0.15, 5),
    Deal(0.2, 5, 40, 200),
)
WIDE: Final[dict[Role, Recipe]] = {
    "policy": Recipe(
        "policy",
        (
            Stage(11_000, learning_rate=2e-3, mix=Mix(deals=_WIDE)),
            Stage(3_000, learning_rate=1e-3, mix=Mix(deals=_WIDE, exhaustive=0.7, wrong_path=0.1)),
        ),
        start="bundled:countdown-self-taught",
    ),
    "critic": Recipe(
        "critic",
        (
            Stage(10_000, learning_rate=2e-3, mix=Mix(deals=_WIDE)),
            Stage(4_000, learning_rate=1e-3, mix=Mix(deals=_WIDE, wide_targets=0.5)),
        ),
        start="bundled:countdown-self-taught",
    ),
}
"""The agents that taught themselves go on to three to five numbers up to 40, four up to 99, and targets up to 200."""
BUILDS: Final = {"countdown": RECIPES, "countdown-wide": WIDE}
"""What can be built, by the names of the agents."""
