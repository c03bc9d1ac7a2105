"""The steps that a person should look at, and the label that a person gives."""

import getpass
import time
from collections.abc import Sequence
from typing import Final

from longthought.errors import ConfigError
from longthought.labels.label import Label, LabelWriter, Method
from longthought.labels.review import doubtful_steps
from longthought.viewer.answers import Doubt, ReviewQueue
from longthought.viewer.debates import Record, located
from longthought.viewer.index import RunIndex
from longthought.viewer.questions import Word
from longthought.viewer.store import Store

_NOBODY: Final = "someone"


def queue(store: Store, runs: Sequence[tuple[str, RunIndex]], after: str, limit: int) -> ReviewQueue:
    """Return doubtful steps, debate by debate.

    Args:
        store: The store of the index.
        runs: The names of the runs and their indexes.
        after: The last debate that was returned before, as `more` names it; empty at the start.
        limit: The number of steps at which the answer ends, after the debate that reaches it.

    """
    numbers = {index.number: (name, index) for name, index in runs}
    marks = ", ".join("?" for _ in numbers)
    chosen = f"FROM debates WHERE doubtful > 0 AND root IS NULL AND run IN ({marks})"
    total = store.ask(f"SELECT coalesce(sum(doubtful), 0) {chosen}", tuple(numbers))[0][0]
    last = int(after) if after.isdecimal() else 0
    waiting = store.ask(
        f"SELECT key, run, id {chosen} AND key > ? ORDER BY key LIMIT ?", (*numbers, last, max(1, limit) + 1)
    )
    doubts: list[Doubt] = []
    done = 0
    for key, run, debate in waiting[: max(1, limit)]:
        if len(doubts) >= limit:
            break
        name, index = numbers[run]
        record = located(store, index, debate)
        steps = doubtful_steps(record.labels, lambda record=record: record.trajectory)
        doubts += [Doubt(run=name, id=debate, node=label.node, label=label) for label in steps]
        done, last = done + 1, key
    return ReviewQueue(total=total, doubts=tuple(doubts), more=str(last) if done < len(waiting) else None)


def write(record: Record, word: Word) -> None:
    """Write the word of a person on a step into the ledger of its run.

    Raises:
        ConfigError: if the debate has no such step.
        RunFolderError: if another process labels the run, or it can't be written.

    """
    if word.node >= len(record.trajectory.tree.nodes):
        raise ConfigError(f"{word.id!r} has no node {word.node}")
    guess = record.labels.get(word.node)
    live = None if word.withdrawn else word.live
    kept = guess.reason if guess is not None and live == guess.live and not word.withdrawn else ""
    with LabelWriter(record.index.path) as writer:
        writer.append([
            Label(
                trajectory=record.trajectory.id, node=word.node, method=Method.HUMAN, live=live,
                value=None if live is None else float(live), trials=1, reason=word.reason or kept, by=_person(),
                withdrawn=word.withdrawn, at=time.time(),
            )
        ])  # fmt: skip


def _person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in a container
        return _NOBODY
