"""Journeys in a chat model's words: what was written for each, and whether it stands in for the plain one.

    rewrites.jsonl    in the run folder, append-only: a line is what a model made of one telling of one debate

A rewrite belongs to the words that it was made of and to no others: told along another walk, with another seed or after
new labels, a debate is another thought. Where rewrites come from is for other modules.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from longthought.labels.ledger import Ledger, LedgerFormat, LedgerWriter
from longthought.record import Record
from longthought.thoughts.english import PARAGRAPH
from longthought.thoughts.moves import Factor
from longthought.thoughts.walks import Walk
from longthought.trajectories.events import Usage

REWRITE_SCHEMA: Final = 1
FILE: Final = "rewrites.jsonl"


class Paragraph(Record):
    """A sentence or a few, and where they come from."""

    text: str
    factor: Factor
    """The move that opens it."""
    node: int
    events: tuple[int, ...]


class Rewrite(Record):
    """What a chat model made of one thought."""

    trajectory: str
    """The debate."""
    walk: Walk
    wrong: int | None
    """Wrong children told at each node at most; None for all."""
    seed: int
    model: str
    plain: str
    """Fingerprint of what it was made of."""
    accepted: bool
    objections: tuple[str, ...] = ()
    """Why it was not, where it was not."""
    sentences: tuple[Paragraph, ...] = ()
    """What it says; nothing where it was not accepted."""
    usage: Usage = Usage()
    """Of the call."""
    at: float = 0.0
    """Unix time in seconds."""
    schema_version: int = REWRITE_SCHEMA

    @property
    def text(self) -> str:
        """All that it says."""
        return PARAGRAPH.join(sentence.text for sentence in self.sentences)


KIND: Final = LedgerFormat(FILE, Rewrite, REWRITE_SCHEMA, name="rewrite")


def fingerprint(text: str) -> str:
    """Return what tells plain thoughts apart."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


class RewriteBook(Ledger[Rewrite]):
    """The rewrites of a run folder."""

    def __init__(self, run: str | Path) -> None:
        """Find the rewrites of every debate.

        Raises:
            RunFolderError: if a line is no rewrite, or was written by a newer longthought.

        """
        super().__init__(run, KIND)

    def of(self, trajectory: str) -> Mapping[str, Rewrite]:
        """Return the accepted rewrites of a debate by what they were made of, the newest of several.

        Raises:
            RunFolderError: if one can't be read.

        """
        return {rewrite.plain: rewrite for rewrite in self.all_of(trajectory) if rewrite.accepted}

    def knows(self, trajectory: str, plain: str, model: str) -> bool:
        """Say whether there is no point in asking a model: a rewrite was accepted, or the model's own was refused.

        Raises:
            RunFolderError: if a rewrite can't be read.

        """
        return any(old.plain == plain and (old.accepted or old.model == model) for old in self.all_of(trajectory))


class RewriteWriter(LedgerWriter[Rewrite]):
    """The writing end of a run's rewrites."""

    def __init__(self, run: str | Path) -> None:
        """Open or create the file.

        Raises:
            RunFolderError: if another process rewrites the run, or it can't be written.

        """
        super().__init__(run, KIND)
