r"""Compare answers of several rows: systems such as `\begin{cases} x=1 \\ y=2 \end{cases}`, and functions by cases.

Systems are equal if they have the same equations in any order. Other equations may have the same solutions, so
that systems differ only where the same unknowns are given other values.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from longthought.tools.answer.equivalence import DIFFERENT, SAME, Decision, Undecided, all_equal, unknown
from longthought.tools.answer.exact import value
from longthought.tools.answer.layout import Layout
from longthought.tools.answer.matrices import Compare, compare_entries
from longthought.tools.answer.writing import split

_MAX_ROWS: Final = 30
"""Maximum number of rows that are matched in any order."""
_BY_CASES: Final = frozenset({"cases", "dcases", "rcases"})
_IN_ROWS: Final = frozenset({
    "aligned", "align", "alignedat", "alignat", "split", "gathered", "gather", "eqnarray", "equation",
    "multline", "array",
})  # fmt: skip
_RELATION: Final = re.compile(r"[=<>]|\\(?:le|ge|ne|equiv|in|approx|Rightarrow|implies|iff)(?![a-zA-Z])")
_WHERE: Final = re.compile(
    r",?\s*(?:\\text\{\s*,?\s*(?:if|for|when|where)(?![a-z])\s*([^{}]*)\}|(?<![a-zA-Z])(?:if|for|when|where)(?![a-zA-Z]))"
)
_OTHERWISE: Final = re.compile(r"(?:\\text\{)?\s*(?:otherwise|else|elsewhere)\s*\}?", re.IGNORECASE)
_ASSIGNMENT: Final = re.compile(r"(\\?[a-zA-Z]+(?:_\{?\w+\}?)?)\s*=([^=<>]+)")
_POLYNOMIAL: Final = re.compile(r"(?:[-+*^/(){}0-9.\s]|\\(?:frac|cdot|times)(?![a-zA-Z])|(?<![a-zA-Z\\])[a-zA-Z])+")


@dataclass(frozen=True, slots=True)
class System:
    """Statements that hold together, or the pieces of a function."""

    statements: tuple[str, ...] = ()
    pieces: tuple[tuple[str, str], ...] = ()
    """A value and its condition each."""


def system(laid_out: Layout) -> System | None:
    """Read a system of statements or a function by cases; None if the rows are anything else."""
    opens = laid_out.before.endswith(("\\{", "\\lbrace"))
    before = re.sub(r"(?:\\\{|\\lbrace)$", "", laid_out.before).strip()
    if before or laid_out.after or not laid_out.rows or laid_out.name not in _BY_CASES | _IN_ROWS:
        return None
    rows = laid_out.rows
    if laid_out.name in _BY_CASES or (laid_out.name == "array" and opens):
        pieces = [_piece(row) for row in rows]
        if None not in pieces:
            return System(pieces=tuple(piece for piece in pieces if piece))
    return _statements(" ".join(row) for row in rows)


def _piece(row: tuple[str, ...]) -> tuple[str, str] | None:
    """Read the value and the condition of a row."""
    if len(row) == 1 and (match := _WHERE.search(row[0])):
        row = row[0][: match.start()], row[0][match.start() :]
    if len(row) == 1 and len(split(row[0])) == 2:
        row = split(row[0])
    if len(row) != 2 or not row[0] or not row[1] or _RELATION.match(row[1]) or _RELATION.search(row[0]):
        return None
    condition = _WHERE.sub(lambda match: match[1] or "", row[1], count=1).strip(" .,;")
    return row[0].strip(" ,;"), "otherwise" if _OTHERWISE.fullmatch(condition) else condition


def _statements(rows: Iterable[str]) -> System | None:
    """Join rows that go on with a relation to the row before."""
    statements = list[str]()
    for row in rows:
        row = row.strip(" .,;&")
        if re.match(r"\\(?:Rightarrow|implies|iff)(?![a-zA-Z])", row):
            return None  # a derivation
        if statements and _RELATION.match(row):
            statements[-1] += " " + row
        else:
            statements += statements_in(row) or [row]
    return System(tuple(statements)) if statements else None


def statements_in(text: str) -> list[str]:
    r"""Split `x=1, y=2` or `x=1 \text{ and } y=2` into its statements; empty if it isn't made of several."""
    parts = split(
        re.sub(r",?\s*(?:\\text\{\s*,?\s*and\s*\}|(?<![a-zA-Z])and(?![a-zA-Z])|\\land(?![a-zA-Z]))", ",", text)
    )
    return list(parts) if len(parts) > 1 and all(map(_RELATION.search, parts)) else []


def compare_systems(gold: System, given: System, compare: Compare) -> Decision:
    """Compare two systems, or two functions by cases."""
    if max(len(side.statements) + len(side.pieces) for side in (gold, given)) > _MAX_ROWS:
        return unknown(f"more than {_MAX_ROWS} rows")
    if gold.pieces and given.pieces:
        return _compare_pieces(gold.pieces, given.pieces, compare)
    if gold.pieces or given.pieces:
        return unknown("one is a function by cases, the other a system")
    values, others = _values(gold), _values(given)
    if values and others and values.keys() == others.keys():
        return compare_entries(values.values(), (others[name] for name in values), compare)
    doubt = unknown("other equations, which may have the same solutions")
    rest = list(given.statements)
    for statement in gold.statements:
        same = next((other for other in rest if compare(statement, other) == SAME), None)
        if same is None:
            return doubt
        rest.remove(same)
    return doubt if rest else SAME


def _values(stated: System) -> dict[str, str]:
    """Return what each unknown is, if the system says nothing else and names none twice."""
    assignments = [_ASSIGNMENT.fullmatch(statement) for statement in stated.statements]
    values = {match[1]: match[2].strip() for match in assignments if match}
    return values if len(values) == len(assignments) else {}


def compare_with_tuple(stated: System, elements: tuple[str, ...]) -> Decision:
    """Compare the values of unknowns with a tuple, in which the order of the unknowns is a guess."""
    doubt = unknown("one names its unknowns, the other does not")
    values = list(_values(stated).values())
    if not values:
        return doubt
    numbers, others = [[value(text) for text in texts] for texts in (values, elements)]
    if None in numbers or None in others:
        return doubt
    return doubt if Counter(numbers) == Counter(others) else DIFFERENT


def _compare_pieces(
    gold: tuple[tuple[str, str], ...], given: tuple[tuple[str, str], ...], compare: Compare
) -> Decision:
    """Compare the values under conditions that are the same."""
    decisions = list[Decision]()
    rest = list(given)
    for gold_value, condition in gold:
        same = next((piece for piece in rest if _are_same(condition, piece[1], compare)), None)
        if same is None:
            return unknown("its conditions are written otherwise")
        rest.remove(same)
        decision = compare(gold_value, same[0])
        decisions.append(decision if _must_agree(gold_value, same[0], condition) else _doubtful(decision))
    return unknown("its conditions are written otherwise") if rest else all_equal(decisions)


def _are_same(condition: str, other: str, compare: Compare) -> bool:
    return "".join(condition.split()) == "".join(other.split()) or compare(condition, other) == SAME


def _must_agree(gold: str, given: str, condition: str) -> bool:
    """Say whether expressions that differ also differ where the condition holds."""
    if value(gold) is not None and value(given) is not None:
        return True
    intervals = re.search(r"[<>]|\\(?:le|ge)(?![a-zA-Z])", condition)
    return bool(intervals and _POLYNOMIAL.fullmatch(gold) and _POLYNOMIAL.fullmatch(given))


def _doubtful(decision: Decision) -> Decision:
    doubt = "its expressions may agree where its conditions hold"
    if isinstance(decision, Undecided):
        return Undecided(decision.pairs, doubt)
    return unknown(doubt) if decision.equal is False else decision
