"""The recipes of the bundled agents: everything that decides what comes out of training."""

from dataclasses import dataclass, replace
from typing import Final, Literal

Role = Literal["policy", "critic"]


@dataclass(frozen=True, slots=True)
class Mix:
    """How examples are drawn."""

    three_numbers: float = 0.1
    """Share of puzzles with three numbers instead of four."""
    max_number: int = 20
    wrong_path: float = 0.15
    """Chance, per accepted step, that the path has left the solvable states, as when a critic errs."""
    tried: float = 0.6
    """Chance that one more rejected step stands in the view."""
    corrupted: float = 0.06
    """Share of critic examples whose step miscalculates."""
    exhaustive: float = 0.0
    """Chance that the rejected steps are any number of the node's dead ones, up to all of them."""
    wide_targets: float = 0.0
    """Share of puzzles whose target may go up to 300 instead of 100, so that no target need be known by heart."""
    own: float = 0.0
    """Share of policy examples whose rejected steps are the policy's own wrong ones."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stretch of training with a schedule of its own: warm-up, then a cosine down to nothing."""

    steps: int
    learning_rate: float = 3e-3
    warmup: int = 200
    mix: Mix = Mix()
    explored: int = 0
    """Debate nodes at which the policy's own wrong steps are collected before the stage."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One agent's training."""

    role: Role
    stages: tuple[Stage, ...]
    seed: int = 0
    tokens: int = 2048
    """Tokens a batch, padding included."""
    hidden: int = 128
    layers: int = 4

    @property
    def steps(self) -> int:
        """Optimiser steps of all stages."""
        return sum(stage.steps for stage in self.stages)

    def scaled(self, share: float, seed: int) -> "Recipe":
        """Return the recipe with another seed and a share of the steps."""
        stages = tuple(replace(stage, steps=max(1, round(stage.steps * share))) for stage in self.stages)
        return replace(self, stages=stages, seed=seed)


_OWN: Final = Mix(own=0.6, exhaustive=0.2, wrong_path=0.1, wide_targets=0.3)
RECIPES: Final[dict[Role, Recipe]] = {
    "policy": Recipe(
        "policy",
        (
            Stage(10_000),
            # a policy repeats the mistakes it believes in: show it those, rejected, and twice, since new ones come up
            Stage(2_500, learning_rate=1.5e-3, mix=_OWN, explored=40_000),
            Stage(1_500, learning_rate=7e-4, mix=_OWN, explored=25_000),
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
}
