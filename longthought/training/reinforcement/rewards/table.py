"""Rewards by name, and the checks that keep a broken one from wasting a training."""

import importlib
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from longthought.agents.model import Model
from longthought.errors import ConfigError, LongthoughtError
from longthought.jobs.thread import awaited
from longthought.training.reinforcement.rewards.answers import accuracy, improvement, learnability, outcome
from longthought.training.reinforcement.rewards.forms import format_reward, language, length, novelty
from longthought.training.reinforcement.rewards.judged import advantage, critic_score, rubric
from longthought.training.reinforcement.rewards.steps import step
from longthought.training.reinforcement.rewards.verdicts import reason, usefulness, verdict
from longthought.training.request import Role

Reward = Callable[..., Any]
REWARDS: Final[Mapping[str, Reward]] = {
    "accuracy": accuracy,
    "format": format_reward,
    "improvement": improvement,
    "language": language,
    "learnability": learnability,
    "length": length,
    "novelty": novelty,
    "outcome": outcome,
    "reason": reason,
    "step": step,
    "usefulness": usefulness,
    "verdict": verdict,
}
"""Rewards that need nothing but the rows."""
JUDGED: Final = ("advantage", "critic-score", "rubric")
"""Rewards that ask the model named `judge`; `rubric` also needs a file of criteria."""
USUAL: Final[Mapping[Role, tuple[str, ...]]] = {
    "thinker": ("accuracy", "format=0.1"),
    "policy": ("step", "format=0.5"),
    "critic": ("verdict", "reason=0.5"),
}
"""The rewards of a role, unless others are named."""
USUAL_WHOLE: Final[Mapping[Role, tuple[str, ...]]] = {**USUAL, "critic": ("outcome", "format=0.5")}
"""The rewards of whole debates, unless others are named.

By the outcome of its debate alone, a step is hardly credited: gradients of independent batches don't agree.
"""
_GIVEN: Final = ("prompts", "completions", "completion_ids", "trainer_state", "log_extra", "log_metric")
"""The arguments that TRL passes to a reward, besides the columns."""


def split_weight(written: str) -> tuple[str, float]:
    """Read `accuracy`, or `format=0.2` with a weight.

    Raises:
        ConfigError: if the weight is no number.

    """
    name, equals, weight = written.partition("=")
    try:
        value = float(weight) if equals else 1.0
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or not name.strip():
        raise ConfigError(
            f"`rewards` must be names, each with a weight or without, such as format=0.2; got {written!r}"
        )
    return name.strip(), value


def expect_named(rewards: Sequence[str], *, judged: bool) -> None:
    """Raise unless each reward, written with its weight, can be had.

    Raises:
        ConfigError: naming the first that can't.

    """
    for name, _ in map(split_weight, rewards):
        if name not in JUDGED or not judged:
            reward_named(name)


def reward_named(name: str, judge: str | Model | None = None, criteria: Path | None = None) -> Reward:
    """Return a reward by its name, or import `module:function`.

    Raises:
        ConfigError: if there is none of that name, or it needs a judge or criteria that are not given.

    """
    if name in REWARDS:
        return REWARDS[name]
    if name in JUDGED:
        if judge is None:
            raise ConfigError(f"`judge` is missing: the reward {name} asks a model; name it as provider:model")
        made = {"advantage": advantage, "critic-score": critic_score}
        return made[name](judge) if name in made else rubric(judge, _criteria(criteria))
    if ":" not in name:
        known = ", ".join(sorted((*REWARDS, *JUDGED)))
        raise ConfigError(f"`rewards` {name!r}: there is no such reward; choose from {known}, or give module:function")
    return _imported(name)


def _criteria(file: Path | None) -> str:
    if file is None:
        raise ConfigError("`rubric` is missing: name the file that holds the criteria of the reward rubric")
    try:
        text = file.read_text().strip()
    except (OSError, ValueError) as error:
        raise ConfigError(f"`rubric` {file}: can't be read ({error}); name a file of text") from error
    if not text:
        raise ConfigError(f"`rubric` {file}: it is empty; write the criteria into it, one a line")
    return text


def _imported(name: str) -> Reward:
    module, _, function = name.partition(":")
    try:
        found: object = getattr(importlib.import_module(module), function)
    except Exception as error:  # a module from outside raises what it likes
        raise ConfigError(f"`rewards` {name}: can't be imported ({error}); give module:function") from error
    if not callable(found):
        raise ConfigError(f"`rewards` {name}: it is no function; give module:function")
    return found


@dataclass(frozen=True)
class CheckedReward:
    """A reward whose every answer is checked."""

    name: str
    function: Reward

    @property
    def __name__(self) -> str:
        """The name under which TRL logs it."""
        return self.name

    def expect_callable(self, columns: Sequence[str]) -> None:
        """Raise unless the function takes the arguments that it will be called with.

        Raises:
            ConfigError: naming the reward and its signature.

        """
        try:
            signature = inspect.signature(self.function)
        except (TypeError, ValueError):  # a builtin
            return
        try:
            signature.bind(**dict.fromkeys((*_GIVEN, *columns)))
        except TypeError as error:
            raise ConfigError(
                f"`rewards` {self.name}: it must take (prompts, completions, **columns), and it takes {signature} "
                f"({error}); the columns are {', '.join(columns)}"
            ) from error

    def __call__(self, **given: Any) -> list[float | None]:
        """Call the function, and return its rewards.

        Raises:
            ConfigError: if it raises, or returns something else than a number or None for each completion.

        """
        try:
            rewards = self.function(**given)
            if inspect.isawaitable(rewards):
                rewards = awaited(rewards)
        except LongthoughtError:
            raise
        except Exception as error:
            raise ConfigError(f"the reward {self.name} failed: {type(error).__name__}: {error}") from error
        count = len(given["completions"])
        try:
            listed: list[Any] = list(rewards)
        except TypeError:
            raise ConfigError(f"the reward {self.name} must return {count} rewards, got {rewards!r}") from None
        if len(listed) != count:
            raise ConfigError(
                f"the reward {self.name} must return {count} rewards, one for each reply, and returned {len(listed)}"
            )
        return [self._number(reward) for reward in listed]

    def _number(self, reward: Any) -> float | None:
        if reward is None:
            return None
        try:
            number = float(reward)
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number):
            raise ConfigError(
                f"the reward {self.name} must return finite numbers, or None to skip a reply; it returned {reward!r}"
            )
        return number


def expect_some(name: str, rewards: Sequence[float | None]) -> None:
    """Raise if a reward skips every reply.

    Raises:
        ConfigError: naming the reward.

    """
    if rewards and all(reward is None for reward in rewards):
        raise ConfigError(
            f"the reward {name} returned None for all of {len(rewards)} replies, so there is nothing to learn from it; "
            "leave it out, or take data that it can tell about"
        )
