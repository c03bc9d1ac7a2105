"""Labels of the steps of a run: whether a right answer can still be reached from a step, and who says so.

    labels.jsonl    in the run folder, append-only: a line is a label

Labels stand beside the log and never change it. Of the labels on a node the one with the highest `Authority` counts,
and among equals the newest. A line can also withdraw the last label of its method; then the label before it counts
again. Other modules make labels.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Final

from pydantic import Field

from longthought.labels.ledger import Ledger, LedgerFormat, LedgerWriter
from longthought.record import Record

LABEL_SCHEMA: Final = 1
FILE: Final = "labels.jsonl"


class Method(StrEnum):
    """How a label was made."""

    MODEL = "model"
    """A critic was asked, once or several times."""
    TREE = "tree"
    """The answers found below the node in its own tree were graded."""
    MONTE_CARLO = "monte-carlo"
    """The policy continued from the node several times, and its answers were graded."""
    EXACT = "exact"
    """A solver knows."""
    HUMAN = "human"
    """A person said so."""


class Authority(IntEnum):
    """The weight of a statement about a step against others on the same step or path."""

    NONE = 0
    """A method that can't tell."""
    LEFT = 1
    """The debate left the step and was solved elsewhere; not a label, see `longthought.labels.outcomes`."""
    OPINION = 2
    """The opinion of a model."""
    DOUBT = 3
    """A few trials, all of which failed."""
    UNSURE = 4
    """A person who looked and can't tell."""
    MISSES = 5
    """Enough trials, all of which failed."""
    HIT = 6
    """At least one trial that ended in a right answer."""
    PROOF = 7
    """The word of a solver or a tool."""
    PERSON = 8
    """The word of a person."""


class Label(Record):
    """The word of one method on one node."""

    trajectory: str
    """The debate."""
    node: int = Field(ge=1)
    method: Method
    live: bool | None
    """Whether a right answer can still be reached; for a node with an answer, whether it is right. None: can't tell."""
    value: float | None = Field(default=None, ge=0, le=1)
    """How likely a right answer is from here, under the policy that produced the label."""
    low: float | None = None
    high: float | None = None
    """95 % interval of the value, where it is an estimate."""
    trials: int = 0
    """Number of continuations, answers or opinions that it rests on."""
    doubtful: bool = False
    """Whether a person should look at it."""
    reason: str = ""
    """The reason, in the words of a critic's look-ahead or of a person."""
    by: str = ""
    """The model or the person that says so."""
    withdrawn: bool = False
    """Whether this takes back the last label of the method on the node, and says nothing else."""
    at: float = 0.0
    """Unix time in seconds."""
    schema_version: int = LABEL_SCHEMA

    @property
    def authority(self) -> Authority:
        """Its weight against other statements."""
        match self.method:
            case Method.HUMAN:
                return Authority.UNSURE if self.live is None else Authority.PERSON
            case Method.EXACT if self.live is not None:
                return Authority.PROOF
            case Method.TREE | Method.MONTE_CARLO if self.live is not None:
                return Authority.HIT if self.live else Authority.DOUBT if self.doubtful else Authority.MISSES
            case Method.MODEL if self.live is not None:
                return Authority.OPINION
            case _:
                return Authority.NONE


KIND: Final = LedgerFormat(FILE, Label, LABEL_SCHEMA, name="label")


class LabelBook(Ledger[Label]):
    """The labels of a run folder."""

    def __init__(self, run: str | Path) -> None:
        """Find the labels of every debate.

        Raises:
            RunFolderError: if a line is no label, or was written by a newer longthought.

        """
        super().__init__(run, KIND)

    def of(self, trajectory: str) -> Mapping[int, Label]:
        """Return the label that counts on each node of a debate.

        `all_of` yields the others too, such as a model's label that a person has settled.

        Raises:
            RunFolderError: if a label can't be read.

        """
        return in_force(self.all_of(trajectory))


def in_force(labels: Iterable[Label]) -> dict[int, Label]:
    """Return the label that counts on each node, of all labels of a debate, oldest first."""
    standing: dict[int, list[Label]] = {}
    for label in labels:
        same = standing.setdefault(label.node, [])
        if not label.withdrawn:
            same.append(label)
        elif last := [index for index, old in enumerate(same) if old.method is label.method][-1:]:
            del same[last[0]]
    return {node: max(reversed(same), key=lambda label: label.authority) for node, same in standing.items() if same}


class LabelWriter(LedgerWriter[Label]):
    """The writing end of a run's labels."""

    def __init__(self, run: str | Path) -> None:
        """Open or create the file.

        Raises:
            RunFolderError: if another process labels the run, or it can't be written.

        """
        super().__init__(run, KIND)
