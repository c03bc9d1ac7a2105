r"""Read LaTeX environments that lay an answer out in rows: matrices, arrays, `cases`, `aligned`.

An environment is taken apart into rows of cells. What they mean is decided in `matrices` and `systems`.
"""

import re
from dataclasses import dataclass
from typing import Final

from longthought.tools.answer.cleaning import ROW_BREAK, is_balanced

_BOUNDARY: Final = re.compile(r"\\(begin|end)\s*\{([a-zA-Z]+)\*?\}")
_ARGUMENTS: Final = re.compile(r"\s*(?:\[[a-z]\])?\s*(?:\{[clrp|@!\s0-9]*\})?")
_SIZE: Final = re.compile(r"\s*\*?\s*\[\s*-?[0-9.]+\s*(?:pt|em|ex|mm|cm|in|\\jot)\s*\]")
_RULES: Final = re.compile(r"\\(?:[hv]line|toprule|midrule|bottomrule|nonumber|notag)(?![a-zA-Z])|\\cline\s*\{[^{}]*\}")
_WITH_ARGUMENTS: Final = frozenset({"array", "alignedat", "alignat", "matrix", "pmatrix", "bmatrix", "vmatrix"})


@dataclass(frozen=True, slots=True)
class Layout:
    """An environment with what stands around it."""

    name: str
    """The name of the environment, without a star."""
    rows: tuple[tuple[str, ...], ...]
    """The cells of each row, as written."""
    before: str
    after: str


def layout(text: str) -> Layout | None:
    r"""Read the first environment of a cleaned text; None if there is none, or its `\end` is missing."""
    opening = _BOUNDARY.search(text)
    if opening is None or opening[1] != "begin":
        return None
    depth = 0
    for boundary in _BOUNDARY.finditer(text):
        depth += 1 if boundary[1] == "begin" else -1
        if depth == 0:
            start = opening.end()
            if opening[2] in _WITH_ARGUMENTS and (arguments := _ARGUMENTS.match(text, start)):
                start = arguments.end()
            rows = _rows(text[start : boundary.start()])
            around = text[: opening.start()].strip(), text[boundary.end() :].strip(" .,;")
            return Layout(opening[2], rows, *around) if boundary[2] == opening[2] else None
    return None


def _rows(inside: str) -> tuple[tuple[str, ...], ...]:
    rows = list[tuple[str, ...]]()
    for row in _split(inside, ROW_BREAK):
        row = _RULES.sub("", _SIZE.sub("", row, count=1) if rows else row)
        if row.strip(" &"):
            rows.append(tuple(cell.strip() for cell in _split(row, "&")))
    return tuple(rows)


def _split(text: str, separator: str) -> list[str]:
    """Split at a separator that stands in no braces and no inner environment."""
    parts, start, depth = list[str](), 0, 0
    for sign in re.finditer(rf"(?<!\\)[{{}}]|\\(?:begin|end)(?![a-zA-Z])|(?<!\\){separator}", text):
        if sign[0] == separator:
            if depth == 0:
                parts.append(text[start : sign.start()])
                start = sign.end()
        else:
            depth += 1 if sign[0] in ("{", "\\begin") else -1
    return [*parts, text[start:]]


def as_latex(text: str) -> str:
    """Write a cleaned text with the row breaks of LaTeX."""
    return text.replace(ROW_BREAK, "\\\\")


def named(text: str) -> tuple[str, str]:
    r"""Split `f(x) = \begin{cases}…` into the name and the rest; the name is empty if none stands before rows."""
    name, _, rest = text.partition("=")
    in_rows = re.match(r"[^=]*\\begin|\s*\[\s*\[", rest) and "\\begin" not in name and is_balanced(name)
    return (name.strip(), rest.strip()) if in_rows else ("", text)
