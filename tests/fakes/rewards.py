"""Rewards of one's own, as users name them by module and function: sound ones and broken ones."""

from typing import Any


def even(prompts: list[Any], completions: list[Any], **_: Any) -> list[float | None]:
    return [1.0] * len(completions)


def in_turn(prompts: list[Any], completions: list[Any], **_: Any) -> list[float | None]:
    return [float(index % 2) for index in range(len(completions))]


def short(prompts: list[Any], completions: list[Any], completion_ids: list[list[int]], **_: Any) -> list[float | None]:
    return [1 / len(ids) for ids in completion_ids]


def skips(prompts: list[Any], completions: list[Any], **_: Any) -> list[float | None]:
    return [None] * len(completions)


def no_number(prompts: list[Any], completions: list[Any], **_: Any) -> list[float | None]:
    return [float("nan")] * len(completions)


def too_few(completions: list[Any]) -> list[float | None]:
    return []


def at_first(prompts: list[Any], completions: list[Any], trainer_state: Any = None, **_: Any) -> list[float | None]:
    begins = trainer_state is None or not trainer_state.global_step
    return [float(index % 2) if begins else None for index in range(len(completions))]
