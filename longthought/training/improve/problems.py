"""Which problems a round plays, and which ones candidates are compared on.

Countdown problems of a level are made anew for each round, from the training split; those of a file are drawn from it,
and of those that were played before, the ones that are sometimes solved are drawn more often. Validation problems stay
the same through the loop, and are never played to learn from.
"""

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from longthought.domains.countdown import countdown_task
from longthought.domains.grade import reference_of
from longthought.domains.loader import load
from longthought.errors import ConfigError
from longthought.problems.countdown import game
from longthought.problems.problem import Task
from longthought.training.improve.recipe import Level, Recipe
from longthought.trajectories.run import Run

UNKNOWN = 0.5
"""The share solved of a problem that was not played yet."""
SMALLEST = 0.05
"""Weight that even a problem keeps that was always solved, or never."""


def training(recipe: Recipe, round: int, level: int, runs: Sequence[Path]) -> list[Task]:
    """Return the problems of a round.

    Args:
        recipe: The loop's recipe.
        round: The round, from 1.
        level: The present level of Countdown problems.
        runs: The runs of earlier rounds, whose outcomes count.

    """
    problems, seed = recipe.problems, recipe.seed * 1_000 + round
    if problems.file is not None:
        return _drawn(_learnable(recipe), problems.count, _solved(runs), seed)
    easier = _round_half(problems.count * problems.easier) if level else 0
    return [
        *_spread(_present(recipe, level), problems.count - easier, "train", seed),
        *_spread(problems.levels[:level], easier, "train", seed),
    ]


def expect_some(recipe: Recipe) -> None:
    """Raise unless there are problems to learn from and to compare candidates on.

    Raises:
        UserError: naming a file that can't be read, or that has none.

    """
    validation(recipe, 0)
    if recipe.problems.file is not None and not _learnable(recipe):
        raise ConfigError(
            f"`problems.file` {recipe.problems.file}: it holds no problem that can be graded and isn't put aside for "
            "validation; name another file"
        )


def validation(recipe: Recipe, level: int) -> list[Task]:
    """Return the validation problems of a level.

    Raises:
        ConfigError: if there are none.

    """
    count = recipe.validation.count
    if recipe.validation.file is not None:
        tasks = _graded(recipe.validation.file)
    elif recipe.problems.file is not None:
        tasks = [task for task in _graded(recipe.problems.file) if _aside(task)]
    else:
        return _spread(_present(recipe, level), count, "validation", recipe.seed)
    if not tasks:
        raise ConfigError("`validation`: there are no problems to compare candidates on; give `validation.file`")
    return sorted(tasks, key=_hash)[:count]


def _round_half(number: float) -> int:
    """Round to the nearest whole number, halves up."""
    return int(number + 0.5)


def _present(recipe: Recipe, level: int) -> Sequence[Level]:
    """Return the levels that are played now."""
    levels = recipe.problems.levels
    return levels if recipe.problems.together else levels[level : level + 1]


def _spread(levels: Sequence[Level], count: int, split: game.Split, seed: int) -> list[Task]:
    """Return problems of some levels in equal shares, the first ones with one more if need be."""
    tasks: list[Task] = []
    for number, level in enumerate(levels):
        if share := count // len(levels) + (number < count % len(levels)):
            tasks += _made(level, share, split, seed)
    return tasks


def _made(level: Level, count: int, split: game.Split, seed: int) -> list[Task]:
    puzzles = game.generate(
        count=count, numbers=level.numbers, max_number=level.max_number, targets=level.targets, split=split, seed=seed
    )
    return [countdown_task(puzzle) for puzzle in puzzles]


def _learnable(recipe: Recipe) -> list[Task]:
    """Return the problems of the recipe's file that are not put aside for validation."""
    own = recipe.validation.file is None
    aside = set[str]() if own else {task.problem.statement for task in _graded(str(recipe.validation.file))}
    return [
        task
        for task in _graded(str(recipe.problems.file))
        if not (own and _aside(task)) and task.problem.statement not in aside
    ]


def _graded(file: str) -> list[Task]:
    """Return the problems of a file that can be graded."""
    tasks: list[Task] = []
    for task in load(file):
        reference = task.reference or reference_of(task.problem, None)
        if reference is not None:
            tasks.append(Task(problem=task.problem, reference=reference))
    return tasks


def _drawn(tasks: Sequence[Task], count: int, solved: Mapping[str, tuple[int, int]], seed: int) -> list[Task]:
    """Draw problems without putting them back; the weight of one is 4p(1 - p), if p is the share of it solved.

    Weighted draws are those of Efraimidis and Spirakis, "Weighted Random Sampling with a Reservoir", 2006.
    """
    rng = random.Random(f"improve {seed}")

    def chance(task: Task) -> float:
        hits, tries = solved.get(task.problem.id, (0, 0))
        share = hits / tries if tries else UNKNOWN
        return rng.random() ** (1 / max(SMALLEST, 4 * share * (1 - share)))

    return [task for _, task in sorted(((chance(task), task) for task in tasks), key=lambda pair: -pair[0])[:count]]


def _solved(runs: Iterable[Path]) -> dict[str, tuple[int, int]]:
    """Return how often each problem was solved and played in the runs."""
    found: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for run in runs:
        for debate in Run(run).trajectories():
            hits, tries = found[debate.problem.id]
            found[debate.problem.id] = hits + (debate.solved is True), tries + 1
    return found


def _aside(task: Task) -> bool:
    return int.from_bytes(_hash(task)) % 10 == 0


def _hash(task: Task) -> bytes:
    return hashlib.sha256(task.problem.statement.encode()).digest()
