r"""Compare matrices and vectors entry by entry: `\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}`, `[[1,2],[3,4]]`.

A matrix keeps its shape. Where only the notation differs, as between a column and a tuple, equality is unknown.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from longthought.tools.answer.cleaning import is_balanced
from longthought.tools.answer.equivalence import DIFFERENT, SAME, Decision, all_equal, unknown
from longthought.tools.answer.layout import Layout
from longthought.tools.answer.writing import split

Compare = Callable[[str, str], Decision]
"""Compares two cleaned expressions."""

_ENVIRONMENTS: Final = {
    "matrix": "", "pmatrix": "(", "bmatrix": "[", "Bmatrix": "{", "vmatrix": "|", "Vmatrix": "||", "array": "",
    "smallmatrix": "", "psmallmatrix": "(", "bsmallmatrix": "[", "vsmallmatrix": "|",
}  # fmt: skip
_BRACKETS: Final = {
    "(": ")", "[": "]", "|": "|", "\\{": "\\}", "\\lvert": "\\rvert", "\\vert": "\\vert", "\\lbrack": "\\rbrack",
}  # fmt: skip
_TRANSPOSED: Final = re.compile(
    r"[(\[](?P<inside>.+)[)\]]\s*\^\s*\{?\s*(?:T|\\top|\\intercal|\\text\{T\}|\\mathsf\s*\{?T\}?)\s*\}?", re.DOTALL
)
_SCALAR: Final = re.compile(
    r"(?:[-+*/^(){}0-9.\s]|\\(?:frac|sqrt|pi|cdot|times|lambda|mu|alpha|beta|theta)(?![a-zA-Z])|(?<![a-zA-Z\\])[a-z](?![a-zA-Z]))+"
)
"""What a scalar may be written with; capital letters are matrices, and other commands functions."""
_RELATION: Final = re.compile(r"[=<>]|\\(?:le|ge|ne)(?![a-zA-Z])")
_PARAMETER: Final = re.compile(r"(?<![a-zA-Z\\])[rstuk](?![a-zA-Z])|\\(?:lambda|mu|alpha|beta)(?![a-zA-Z])")


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix of expressions."""

    rows: tuple[tuple[str, ...], ...]
    determinant: bool = False
    """Whether it stands between bars, and so is a number."""

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of its rows and columns."""
        return len(self.rows), len(self.rows[0])

    @property
    def entries(self) -> tuple[str, ...]:
        """The entries, row by row."""
        return tuple(entry for row in self.rows for entry in row)


def matrix(text: str, laid_out: Layout | None) -> Matrix | None:
    """Read a text as one matrix, with a scalar before it; None if it is anything else."""
    if laid_out is None:
        return _in_a_line(text)
    bracket = _ENVIRONMENTS.get(laid_out.name)
    if bracket is None or not laid_out.rows or len(set(map(len, laid_out.rows))) > 1:
        return None
    before, after = laid_out.before, laid_out.after
    if laid_out.name == "array" and any(_RELATION.search(cell) for row in laid_out.rows for cell in row):
        return None
    for opening, closing in _BRACKETS.items():
        if not bracket and before.endswith(opening) and after == closing:
            bracket, before, after = opening, before.removesuffix(opening).strip(), ""
    factor = _factor(before)
    if after or bracket == "||" or factor is None or not all(laid_out.rows[0]):
        return None
    determinant = bracket in ("|", "\\lvert", "\\vert")
    if determinant and factor != "1":
        return None
    if factor == "1":
        return Matrix(laid_out.rows, determinant)
    return Matrix(tuple(tuple(f"{factor}\\cdot({entry})" for entry in row) for row in laid_out.rows))


def _factor(text: str) -> str | None:
    r"""Return the scalar before a matrix, such as `\frac12`; None if it is no single product."""
    text = re.sub(r"(?:\\cdot|\\times|\*)\s*$", "", text).strip()
    if text in ("", "-"):
        return text + "1"
    if not _SCALAR.fullmatch(text) or not is_balanced(text) or text[-1] in "-+^/":
        return None
    return text if not re.search(r"[-+]", re.sub(r"\([^()]*\)|\{[^{}]*\}", "", text[1:])) else None


def _in_a_line(text: str) -> Matrix | None:
    """Read `[[1,2],[3,4]]`, and a row that is transposed."""
    if match := _TRANSPOSED.fullmatch(text):
        entries = split(match["inside"]) if is_balanced(match["inside"]) else ()
        return Matrix(tuple((entry,) for entry in entries)) if len(entries) > 1 else None
    if not (text.startswith("[") and text.endswith("]")):
        return None
    rows = split(text[1:-1])
    if not all(row.startswith("[") and row.endswith("]") and is_balanced(row[1:-1]) for row in rows):
        return None
    cells = tuple(split(row[1:-1]) for row in rows)
    return Matrix(cells) if len(set(map(len, cells))) == 1 and cells[0] else None


def compare_matrices(gold: Matrix, given: Matrix, compare: Compare) -> Decision | None:
    """Compare two matrices; None if that takes more than a comparison of their entries."""
    if gold.determinant != given.determinant:
        return unknown("one is a matrix, the other a determinant")
    if gold.shape != given.shape:
        if gold.determinant:
            return None
        if any(len(split(entry)) > 1 for entry in (*gold.entries, *given.entries)):
            return unknown("entries with commas")
        if gold.shape != given.shape[::-1] or 1 not in gold.shape:
            return DIFFERENT
        alike = compare_entries(gold.entries, given.entries, compare)
        return DIFFERENT if alike == DIFFERENT else unknown("one is a row, the other a column")
    alike = compare_entries(gold.entries, given.entries, compare)
    if gold.determinant:
        return SAME if alike == SAME else None
    return alike


def compare_with_elements(one: Matrix, elements: tuple[str, ...], compare: Compare) -> Decision:
    """Compare a vector with a tuple of elements, which may mean the same vector or a point."""
    if 1 in one.shape:
        alike = compare_entries(one.entries, elements, compare) if len(elements) == len(one.entries) else DIFFERENT
        if alike == DIFFERENT:
            return DIFFERENT
    return unknown("one is a matrix, the other is not")


def compare_entries(gold: Iterable[str], given: Iterable[str], compare: Compare) -> Decision:
    """Compare expressions one by one; letters that usually stand for any number may hide that all are equal."""
    gold, given = tuple(gold), tuple(given)
    free = any(map(_PARAMETER.search, gold)) and any(map(_PARAMETER.search, given))
    decisions = [compare(*pair) for pair in zip(gold, given, strict=True)]
    return all_equal(decisions, "its letters may stand for any number" if free else "")
