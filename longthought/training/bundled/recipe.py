"""The recipes of the bundled agents: everything that decides what comes out of training."""

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Recipe:
    """One agent's training."""

    role: Role
    steps: int
    seed: int = 0
    tokens: int = 2048
    """Tokens a batch, padding included."""
    learning_rate: float = 3e-3
    warmup: int = 200
    hidden: int = 128
    layers: int = 4
    mix: Mix = Mix()


RECIPES: Final[dict[Role, Recipe]] = {
    "policy": Recipe(role="policy", steps=10_000),
    "critic": Recipe(role="critic", steps=12_000),
}
