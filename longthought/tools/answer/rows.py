"""Compare answers of which at least one is laid out in rows: a matrix, a system, a function by cases."""

from longthought.tools.answer.equivalence import DIFFERENT, SAME, Decision, Undecided, symbolically, unknown
from longthought.tools.answer.exact import value
from longthought.tools.answer.layout import as_latex, layout, named
from longthought.tools.answer.matrices import Compare, Matrix, compare_matrices, compare_with_elements, matrix
from longthought.tools.answer.systems import System, compare_systems, compare_with_tuple, statements_in, system
from longthought.tools.answer.writing import AnswerKind, read


def compare_rows(gold: str, given: str, compare: Compare) -> Decision:
    """Compare two cleaned answers, their parts with `compare`."""
    (gold_name, gold), (given_name, given) = named(gold), named(given)
    if gold_name and given_name and compare(gold_name, given_name) != SAME:
        return unknown("named differently")
    gold_rows, given_rows = _read(gold), _read(given)
    if isinstance(gold_rows, Matrix) and isinstance(given_rows, Matrix):
        return compare_matrices(gold_rows, given_rows, compare) or symbolically(as_latex(gold), as_latex(given))
    if isinstance(gold_rows, System) and isinstance(given_rows, System):
        return compare_systems(gold_rows, given_rows, compare)
    if not isinstance(gold_rows, str) and not isinstance(given_rows, str):
        return unknown("one is a matrix, the other a system")
    if isinstance(gold_rows, str) and isinstance(given_rows, str):
        in_rows = "\\begin" in gold_rows + given_rows
        return _computed(gold_rows, given_rows) if in_rows else compare(gold_rows, given_rows)
    rows, line = (given_rows, gold_rows) if isinstance(gold_rows, str) else (gold_rows, given_rows)
    assert isinstance(line, str)
    if "\\begin" in line:
        return _computed(gold, given)
    if isinstance(rows, System):
        return _compare_system(rows, line, compare)
    assert isinstance(rows, Matrix)
    if rows.determinant:
        return symbolically(as_latex(gold), as_latex(given))
    return _compare_matrix(rows, line, compare)


def _read(text: str) -> Matrix | System | str:
    """Read rows; an environment of one statement is this statement, and any other text stays as it is."""
    laid_out = layout(text)
    if found := matrix(text, laid_out):
        return found
    stated = system(laid_out) if laid_out else None
    if stated and len(stated.statements) == 1:
        return stated.statements[0]
    return stated or text


def _computed(gold: str, given: str) -> Decision:
    """Leave sums and products of matrices to a worker, whose no is no proof: it knows few of their notations."""
    return Undecided(((as_latex(gold), as_latex(given)),), "an expression of matrices")


def _compare_system(rows: System, line: str, compare: Compare) -> Decision:
    if statements := statements_in(line):
        return compare_systems(rows, System(tuple(statements)), compare)
    written = read(line)
    if rows.statements and written.kind in (AnswerKind.TUPLE, AnswerKind.BRACKETS):
        return compare_with_tuple(rows, written.parts)
    return unknown("one is a system, the other is not")


def _compare_matrix(rows: Matrix, line: str, compare: Compare) -> Decision:
    if len(rows.entries) > 1 and value(line) is not None:
        return DIFFERENT
    written = read(line)
    if written.kind in (AnswerKind.TUPLE, AnswerKind.BRACKETS):
        return compare_with_elements(rows, written.parts, compare)
    return unknown("one is a matrix, the other is not")
