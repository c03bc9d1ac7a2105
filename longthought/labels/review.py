"""A review of labels by a person: the labels to look at, and the label that the person gives."""

import getpass
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from longthought.labels.label import Label, LabelBook, Method
from longthought.labels.outcomes import settled
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory

_NOBODY: Final = "someone"
"""The name of a person whose account has none, as in a container."""


def doubtful(run: Run, book: LabelBook, *, everything: bool = False) -> Iterator[Label]:
    """Yield the labels that a person should look at and has not, the most uncertain of a debate first.

    Steps that a tool or a right answer has settled are left out, and so are labels of steps that the debate lacks. With
    `everything`, settled steps stay in, and labels that are not doubtful follow those that are.
    """
    for name in run.ids():
        yield from doubtful_steps(book.of(name), partial(run.trajectory, name), everything=everything)


def doubtful_steps(
    labels: Mapping[int, Label], trajectory: Callable[[], Trajectory], *, everything: bool = False
) -> list[Label]:
    """Return the labels of one debate that a person should look at, as `doubtful` does.

    Args:
        labels: The label that counts on each node.
        trajectory: Reads the debate; called only if a label may be doubtful.
        everything: See `doubtful`.

    """
    queue = [label for label in labels.values() if label.method is not Method.HUMAN]
    queue = [label for label in queue if everything or label.doubtful]
    if not queue:
        return []
    debate = trajectory()
    known = {} if everything else settled(debate, labels)
    queue = [label for label in queue if label.node not in known and label.node < len(debate.tree.nodes)]
    return sorted(queue, key=lambda label: (not label.doubtful, _certainty(label), label.node))


def _certainty(label: Label) -> float:
    return 0.0 if label.value is None else abs(label.value - 0.5)


def by_hand(
    trajectory: str, node: int, live: bool | None, guess: Label | None, *, reason: str = "", withdrawn: bool = False
) -> Label:
    """Return the label that a person gives to a step.

    Args:
        trajectory: The debate.
        node: The step.
        live: What the person says; None if they can't tell.
        guess: The step's label so far, whose reason is kept if the person agrees with it and gives none.
        reason: The person's own reason.
        withdrawn: Whether the person takes back their last label of the step, and says nothing else.

    """
    live = None if withdrawn else live
    agreed = guess is not None and guess.live == live and not withdrawn
    return Label(
        trajectory=trajectory, node=node, method=Method.HUMAN, live=live, value=None if live is None else float(live),
        trials=1, reason=reason or (guess.reason if guess and agreed else ""), by=_person(), withdrawn=withdrawn,
        at=time.time(),
    )  # fmt: skip


def _person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # the account has no name
        return _NOBODY
