"""Read one link of a chain as two expressions and the relation between them; it is judged elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from longthought.tools.algebra.expression import Expression, Name, UnreadableError, parse
from longthought.tools.algebra.lexicon import APPROXIMATELY
from longthought.tools.algebra.tokens import Token, tokenize

MAX_LENGTH: Final = 1_000
"""Maximum number of characters of a link."""


@dataclass(slots=True)
class Link:
    """Two sides and the relation between them."""

    text: str
    left_text: str
    right_text: str
    relation: str
    """One of `= ≈ < > ≤ ≥`."""
    left: Expression
    right: Expression

    @property
    def names(self) -> set[str]:
        """Variables on either side, including π."""
        return self.left.names | self.right.names


@lru_cache(maxsize=1024)
def read(text: str) -> Link | None:
    """Read two expressions and one relation between them; None if the text is anything else."""
    if len(text) > MAX_LENGTH:
        return None
    tokens = [t for t in tokenize(text) if t.kind != "line"]
    relations = [i for i, t in enumerate(tokens) if t.kind == "relation"]
    if len(relations) != 1 or not 0 < relations[0] < len(tokens) - 1:
        return None
    relation, left, right = tokens[relations[0]].text, tokens[: relations[0]], tokens[relations[0] + 1 :]
    if relation == "=" and right[0].kind == "word" and right[0].text.lower() in APPROXIMATELY:
        relation, right = "≈", right[1:]
    if relation in "=≈" and right and right[-1].kind == "dots":
        relation, right = "≈", right[:-1]
    try:
        return Link(text, _source(text, left), _source(text, right), relation, parse(left), parse(right))
    except (UnreadableError, RecursionError):
        return None


def _source(text: str, tokens: list[Token]) -> str:
    return text[tokens[0].start : tokens[-1].end] if tokens else ""


def variables(text: str) -> Mapping[str, bool]:
    """Return the variables of a link, each with whether it stands alone on one side."""
    link = read(text)
    if link is None:
        return {}
    return {n: Name(n) in (link.left.tree, link.right.tree) for n in link.names if n != "π"}
