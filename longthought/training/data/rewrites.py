"""Journeys in a chat model's words: what was written for each, and whether it replaces the plain one.

    rewrites.jsonl    in the run folder, append-only: a line is a model's version of one telling of one debate

A rewrite belongs to the text that it was made from and to no other: told along another walk, with another seed or after
new labels, a debate is another thought. Other modules make rewrites.
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
    """A paragraph of a rewrite, and the move and events it comes from."""

    text: str
    factor: Factor
    """The move that opens it."""
    node: int
    events: tuple[int, ...]


class Rewrite(Record):
    """A chat model's version of one thought."""

    trajectory: str
    """The debate."""
    walk: Walk
    wrong: int | None
    """Maximum number of wrong children told at each node; None for all."""
    seed: int
    model: str
    plain: str
    """Fingerprint of the plain thought."""
    accepted: bool
    objections: tuple[str, ...] = ()
    """Why it was not accepted."""
    sentences: tuple[Paragraph, ...] = ()
    """The text; empty unless it was accepted."""
    usage: Usage = Usage()
    """Tokens of the call."""
    at: float = 0.0
    """Unix time in seconds."""
    schema_version: int = REWRITE_SCHEMA

    @property
    def text(self) -> str:
        """The whole text."""
        return PARAGRAPH.join(sentence.text for sentence in self.sentences)


KIND: Final = LedgerFormat(FILE, Rewrite, REWRITE_SCHEMA, name="rewrite")


def fingerprint(text: str) -> str:
    """Return the digest that identifies a plain thought."""
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
        """Return the accepted rewrites of a debate by the fingerprint of the plain thought; the newest counts.

        Raises:
            RunFolderError: if one can't be read.

        """
        return {rewrite.plain: rewrite for rewrite in self.all_of(trajectory) if rewrite.accepted}

    def knows(self, trajectory: str, plain: str, model: str) -> bool:
        """Say whether a model need not be asked: a rewrite was accepted, or one of this model was refused.

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
