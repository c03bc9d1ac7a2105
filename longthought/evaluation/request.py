"""What a comparison is asked to do: which strategies, at which budgets, with which agents and seeds."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field, field_validator

from longthought.errors import ConfigError
from longthought.evaluation.strategies import USUAL, Strategy, chosen
from longthought.request import Request, expect


class EvaluationRequest(Request):
    """What a comparison is asked to do, without its problems and its folder.

    Strategies are played on the same problems, at the same budgets, with the same agents and seeds.
    """

    strategies: tuple[Strategy, ...] = Field(default_factory=lambda: chosen(USUAL), min_length=1)
    """Strategies: their names, or `NAME=GRAPH:SETTING=VALUE,…` (default: the usual ones)."""
    budgets: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(1000, 2000, 4000), min_length=1)
    """Budgets: maximum number of tokens of both agents per problem, one number or several."""
    seeds: tuple[int, ...] = Field(default=(0,), min_length=1)
    """Seeds; every strategy is played once with each seed."""
    settings: Mapping[str, Any] = Field(default_factory=dict)
    """Settings of every run, such as the agents; a strategy's own settings override them."""
    concurrency: int = Field(default=64, ge=1)
    """Maximum number of debates in flight."""
    processes: int | None = Field(default=None, ge=1)
    """Number of processes that share each run (default: 1)."""
    retry_failed: bool = False
    """Play debates that failed in an earlier run on from before the failure."""

    @field_validator("strategies", mode="before")
    @classmethod
    def _look_up(cls, given: Any) -> Any:
        """Look up strategies that are given by name; a name given twice counts once."""
        expect("a list of names or of strategies", list, tuple, strategies=given)
        by_name: dict[str, Strategy] = {}
        for name_or_strategy in given:
            expect("a list of names or of strategies", str, Strategy, strategies=name_or_strategy)
            (strategy,) = chosen([name_or_strategy]) if isinstance(name_or_strategy, str) else (name_or_strategy,)
            if by_name.setdefault(strategy.name, strategy) != strategy:
                raise ConfigError(f"`strategies`: two are called {strategy.name}; rename one")
        return tuple(by_name.values())

    @classmethod
    def of(cls, **settings: Any) -> Self:
        """Build a request from settings by name; a name that is not a field of it is a setting of every run.

        Raises:
            ConfigError: if a value makes no sense.

        """
        given: dict[str, Any] = {name: settings.pop(name) for name in cls.model_fields if name in settings}
        expect("settings by name", Mapping, settings=given.get("settings", {}))
        given["settings"] = {**given.get("settings", {}), **settings}
        return cls(**given)
