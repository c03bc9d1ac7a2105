"""The steps that a person should look at, and the label that a person gives."""

from collections.abc import Sequence

from longthought.errors import ConfigError
from longthought.labels.label import LabelWriter
from longthought.labels.review import by_hand, doubtful_steps
from longthought.viewer.answers import Doubt, ReviewQueue
from longthought.viewer.debates import LocatedDebate, located
from longthought.viewer.index import RunIndex
from longthought.viewer.questions import Word
from longthought.viewer.store import Store


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


def write(record: LocatedDebate, word: Word) -> None:
    """Write the word of a person on a step into the ledger of its run.

    Raises:
        ConfigError: if the debate has no such step.
        RunFolderError: if another process labels the run, or it can't be written.

    """
    if word.node >= len(record.trajectory.tree.nodes):
        raise ConfigError(f"{word.id!r} has no node {word.node}")
    label = by_hand(
        record.trajectory.id, word.node, word.live, record.labels.get(word.node), reason=word.reason,
        withdrawn=word.withdrawn,
    )  # fmt: skip
    with LabelWriter(record.index.path) as writer:
        writer.append([label])
