"""The reward of a single step: whether a right answer can still be reached after it, as far as that is known."""

from collections.abc import Sequence
from typing import Any

from longthought.agents.dialects.dialect import Step
from longthought.labels.exact import table_after_all
from longthought.problems.countdown import game
from longthought.problems.countdown.puzzle import Puzzle
from longthought.problems.problem import Task
from longthought.training.reinforcement.rewards.answers import accuracy
from longthought.training.reinforcement.rewards.state import State, readings, single_spaced


def step(prompts: Sequence[Any], completions: Sequence[Any], state: Sequence[str], **_: Any) -> list[float | None]:
    """Reward a step by its value: the probability of a right answer after it.

    A step that can't be read, or repeats a rejected one, gets 0, and one with an answer its grade. Of other steps the
    solver says 1 or 0, if the run has labels of the solver; else steps that the run knows get the value that labels and
    outcomes give them, and new ones None. In whole debates, the outcome of the debate itself tells.
    """
    grades = accuracy(prompts, completions, state)
    return [
        _value(about, read, right)
        for (about, _text, read), right in zip(readings(completions, state), grades, strict=True)
    ]


def _value(about: State, read: Any, right: float | None) -> float | None:
    if about.role != "policy":
        return None
    if not isinstance(read, Step) or about.view.repeated(read.texts) is not None:
        return 0.0
    if read.answer is not None and right is not None:
        return right
    if about.solver and (live := solvable_after(about.task, (*about.view.path, read.text))) is not None:
        return float(live)
    return about.known.get(single_spaced(read.text))


def solvable_after(task: Task, path: Sequence[str]) -> bool | None:
    """Say whether the target of a Countdown problem can still be made after some steps; None if one can't be read."""
    puzzle = Puzzle.read(task.problem.statement)
    after = None if puzzle is None else table_after_all(puzzle.numbers, tuple(path))
    if puzzle is None or after is None:
        return None
    return after.table is not None and game.solvable(after.table, puzzle.target)
