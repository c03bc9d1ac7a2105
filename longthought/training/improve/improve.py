"""The improvement loop: rounds of debates, labels, data, training and validation, for both agents.

    OUT/recipe.json                   the recipe, whole
    OUT/ledger.jsonl                  what happened
    OUT/round-1/debates               the debates of the round
    OUT/round-1/critic-sft/           a lesson: data, model, validation
    OUT/validation/                   validations of agents that were in their chairs at the start, or at a new level

A candidate takes its chair only if validation shows that it is better; otherwise the agent there stays. The same call
on the same folder goes on where it stopped, in the middle of any stage.
"""

import json
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from longthought.agents.catalogue import BEGINS_AS, bundled_folder
from longthought.errors import ConfigError, RunFolderError
from longthought.files import locked, write_whole
from longthought.request import expect
from longthought.training.destination import expect_new, expect_writable
from longthought.training.improve import problems
from longthought.training.improve import recipe as recipes
from longthought.training.improve.ledger import Ledger, NewLevel
from longthought.training.improve.lessons import Loop, Watch, unwatched
from longthought.training.improve.recipe import CHAIRS, Recipe
from longthought.training.reinforcement.reinforce import expect_teachable

RECIPE: Final = "recipe.json"


def improve(
    recipe: str | Path | Recipe,
    out: str | Path,
    *,
    say: Callable[[str], object] = lambda _: None,
    watch: Watch = unwatched,
    **changes: Any,
) -> Ledger:
    """Let both agents learn from their own debates, round after round, in one folder.

        ledger = lt.improve("expert-iteration", out="runs/improve", rounds=4)
        print(ledger.champion("policy", "none"))

    Args:
        recipe: The name of a shipped recipe, the path of a TOML file, or a `Recipe`.
        out: The folder; the same call goes on there after a stop.
        say: Called with a line on each thing that is done.
        watch: Returns what shows the figures of a job while it runs, given its name and its progress.
        changes: Values that replace the recipe's: `rounds=4`, `problems={"count": 100}`.

    Returns:
        The ledger of all rounds.

    Raises:
        UserError: if the recipe makes no sense, or the folder holds another loop or is in use.
        OutageError: if a model server can't be reached; run it again later.

    """
    expect("the path of a folder", str, Path, out=out)
    out = Path(out)
    asked = recipe if isinstance(recipe, Recipe) else recipes.read(recipe, changes)
    if isinstance(recipe, Recipe) and changes:
        raise ConfigError(f"`{next(iter(changes))}`: given beside a Recipe; put it into the recipe")
    problems.expect_some(asked)
    _expect_bundled(asked)
    for lesson in asked.lesson:
        expect_teachable(lesson.training(), judged=bool(asked.judge(lesson)))
    with _folder(out, asked):
        ledger = Ledger(out)
        loop = Loop(asked, out, ledger, say, watch)
        loop.expect_weights()
        for number in range(1, asked.rounds + 1):
            loop.play_round(number)
            _harder(loop, number)
    return ledger


def _expect_bundled(recipe: Recipe) -> None:
    """Raise unless the bundled agents that a recipe names are there.

    Raises:
        ModelError: naming one that isn't.

    """
    for role in CHAIRS:
        provider, _, name = str(recipe.agents.get(role, "")).partition(":")
        if provider == "bundled":
            bundled_folder(name, *(BEGINS_AS if role == "thinker" else (role,)))


def _harder(loop: Loop, number: int) -> None:
    """Go on to harder problems, if enough of the present ones are solved or nothing more is learned from them."""
    ledger, asked = loop.ledger, loop.recipe.problems
    passed = any(isinstance(line, NewLevel) and line.round == number for line in ledger.lines)
    last = [d for d in ledger.decisions if d.round == number and d.level == ledger.level]
    if passed or not last or asked.file is not None or asked.together or ledger.level + 1 >= len(asked.levels):
        return
    solved = max(d.solved[0] if d.promoted else d.solved[1] for d in last) / last[-1].of
    stuck = asked.patience is not None and _rounds_without_gain(ledger) >= asked.patience
    if solved >= asked.harder_at or stuck:
        ledger.add(NewLevel(round=number, level=ledger.level + 1, solved=solved))
        loop.say(f"{solved:.0%} solved{', and nothing was promoted' if stuck else ''}: the problems get harder")


def _rounds_without_gain(ledger: Ledger) -> int:
    """Return the number of last rounds of the present level in which nothing was promoted."""
    rounds = sorted({made.round for made in ledger.decisions if made.level == ledger.level}, reverse=True)
    gained = {made.round for made in ledger.decisions if made.promoted}
    return next((at for at, number in enumerate(rounds) if number in gained), len(rounds))


@contextmanager
def _folder(out: Path, recipe: Recipe) -> Generator[None]:
    """Hold a loop's folder alone, and keep its recipe there.

    Raises:
        ConfigError: if the folder holds something else, or a loop of another recipe, or can't be written.
        RunFolderError: if another loop uses it.

    """
    file, text = out / RECIPE, json.dumps(recipe.model_dump(mode="json"), indent=1)
    if not file.exists():
        expect_new(out)
        out.mkdir(parents=True, exist_ok=True)
    expect_writable(out)
    try:
        lock = locked(out / "improve.lock")
    except OSError as error:
        raise RunFolderError(f"{out}: another loop is at work there; wait for it, or name another folder") from error
    try:
        if file.exists():
            _expect_same(file, recipe)
        else:
            write_whole(file, text)
        yield
    finally:
        os.close(lock)


def _expect_same(file: Path, wanted: Recipe) -> None:
    """Raise unless a folder's recipe is the one asked for, but for more rounds."""
    written = Recipe(**json.loads(file.read_text()))  # settings that it was written before get their defaults
    dumped, asked = (one.model_dump(mode="json", exclude={"rounds", "caption"}) for one in (written, wanted))
    changed = [name for name in asked if asked[name] != dumped[name]]
    if changed:
        raise ConfigError(
            f"`out` {file.parent} holds a loop with another recipe ({', '.join(changed)} differ); name another folder"
        )
