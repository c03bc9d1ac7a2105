"""Matrices and vectors are compared row by row and entry by entry."""

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from longthought.tools.answer.compare import compare, decide
from longthought.tools.answer.equivalence import Equivalence

SAME, DIFFERENT, UNKNOWN = True, False, None


def m(rows: str, environment: str = "pmatrix") -> str:
    """Write a matrix in LaTeX."""
    return rf"\begin{{{environment}}}{rows}\end{{{environment}}}"


@pytest.mark.parametrize(
    ("gold", "given", "equal"),
    [
        (m(r"1,2\\3,4"), m(r"1&2\\3&4"), UNKNOWN),
        (m(r"1&2\\3&4"), m(r"1 & 3 \\ 2 & 4"), DIFFERENT),
        (m(r"1&2\\3&4"), m(r" 1 & 2 \\[4pt] 3 & 4 \\ ", "bmatrix"), SAME),
        (m(r"1&2\\3&4"), r"\left(\begin{array}{cc} 1 & 2 \\ 3 & 4 \end{array}\right)", SAME),
        (m(r"1&2\\3&4"), r"\left[\begin{array}{c|c} 1 & 2 \\ \hline 3 & 4 \end{array}\right]", SAME),
        (m(r"1&2\\3&4"), r"\left[\begin{matrix} 1 & 2 \\ 3 & 4 \end{matrix}\right]", SAME),
        (m(r"1&2\\3&4"), r"A = \begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}", SAME),
        (r"A=\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"B = \begin{pmatrix}1&2\\3&4\end{pmatrix}", UNKNOWN),
        (m(r"1&2\\3&4"), "[[1,2],[3,4]]", SAME),
        (m(r"1&2\\3&4"), "[[1,3],[2,4]]", DIFFERENT),
        (m(r"1\\2"), m("1&2"), UNKNOWN),
        (m(r"1\\2"), m("2&1"), DIFFERENT),
        (m(r"1\\2"), m(r"1\\2\\0"), DIFFERENT),
        (m(r"1\\2"), "(1,2)^T", SAME),
        (m(r"1\\2"), r"[1,2]^{\top}", SAME),
        (m(r"1\\2"), "(2,1)^T", DIFFERENT),
        (m(r"1\\2"), "(2,1)", DIFFERENT),
        (m(r"1\\2"), r"\langle 1, 2\rangle", UNKNOWN),
        (m(r"1\\2"), "3", DIFFERENT),
        (m(r"1\\2"), "12", DIFFERENT),
        (m("2"), "2", UNKNOWN),
        (m(r"1/2\\-1/2"), r"\frac{1}{2}\begin{pmatrix}1\\-1\end{pmatrix}", SAME),
        (m(r"1/2\\-1/2"), r"\frac{1}{2}\begin{pmatrix}1\\1\end{pmatrix}", DIFFERENT),
        (m(r"-1\\1"), r"-\begin{pmatrix}1\\-1\end{pmatrix}", SAME),
        (m(r"\sqrt{8}\\1"), m(r"2\sqrt2\\1"), SAME),
        (m(r"\sqrt{8}\\1"), m(r"2\sqrt3\\1"), DIFFERENT),
        (m(r"x^2+2x+1 & 0\\0 & 1"), m(r"(x+1)^2 & 0\\0 & 1"), SAME),
        (m(r"x^2+2x+1 & 0\\0 & 1"), m(r"(x+1)^2 & 0\\0 & x"), DIFFERENT),
        (m(r"\cos\theta & -\sin\theta\\\sin\theta & \cos\theta"),
         m(r"\cos\theta & \sin\theta\\-\sin\theta & \cos\theta"), DIFFERENT),
        (m(r"\cos\theta & -\sin\theta\\\sin\theta & \cos\theta"),
         m(r"\cos \theta & - \sin \theta \\ \sin \theta & \cos \theta", "bmatrix"), SAME),
        (m(r"1+t\\2+t"), m(r"t\\1+t"), UNKNOWN),
        (r"\begin{pmatrix}1\\2\end{pmatrix}+t\begin{pmatrix}1\\1\end{pmatrix}",
         r"\begin{pmatrix}1\\2\end{pmatrix}+s\begin{pmatrix}1\\1\end{pmatrix}", UNKNOWN),
        (m(r"1&2\\3&4", "vmatrix"), "-2", SAME),
        (m(r"1&2\\3&4", "vmatrix"), "2", DIFFERENT),
        (m(r"1&2\\3&4", "vmatrix"), m(r"1 & 2 \\ 3 & 4", "vmatrix"), SAME),
        (m(r"1&2\\3&4", "vmatrix"), m(r"1 & 2 \\ 3 & 4"), UNKNOWN),
        (r"\left|\begin{array}{cc}1&2\\3&4\end{array}\right|", m(r"1 & 2 \\ 3 & 4", "vmatrix"), SAME),
        (m(r"0.5\\1"), m(r"\dfrac12 \\ 1"), SAME),
        (m(r"0.333\\1"), m(r"\frac13 \\ 1"), UNKNOWN),
        (m(r"a&b\\c&d"), m(r"a & b\\ c & d"), SAME),
        (m(r"a&b\\c&d"), m(r"d & b\\ c & a"), DIFFERENT),
        (m(r"A\\B"), m(r"a\\b"), UNKNOWN),
        (m(r"\mathrm{e}\\0"), m(r"e\\0"), SAME),
        (m(r"1&0\\0&1"), "I", UNKNOWN),
        (m(r"1\\2"), r"\binom{1}{2}", UNKNOWN),
        (m("1&2&3"), m("1&2&3", "bmatrix"), SAME),
        (m("1&2&3"), "(1,2,3)", UNKNOWN),
        (m("1&2&3"), "(1,2,4)", DIFFERENT),
        (m(r"1&2\\3&4"), "(1,2,3,4)", UNKNOWN),
        (m(r"1&2\\3&4"), m(r"1&2\\3"), UNKNOWN),
        (m(r"1 \\ 2", "psmallmatrix"), m(r"1\\2", "smallmatrix"), SAME),
        (m(r"1{,}000 \\ 2"), m(r"1000\\2"), SAME),
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix},\begin{pmatrix}1\\2\end{pmatrix}", m(r"1&2\\3&4"), UNKNOWN),
        (m(r"-\frac{1}{3}\\\frac23"), r"\vec{v} = \begin{bmatrix} -1/3 \\ 2/3 \end{bmatrix}", SAME),
        (r"$$\begin{pmatrix}1\\2\end{pmatrix}$$", r"\boxed{\begin{pmatrix}1 \\ 2\end{pmatrix}}", SAME),
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}.", m(r"1&2\\3&4"), SAME),
        (m(r"1\\2"), m(r"1\cr 2"), SAME),
        (m(r"10\\2"), m(r"1\\02"), DIFFERENT),
        (m(r"1&2\\3&4"), r"\begin{bmatrix*}[r]1&2\\3&4\end{bmatrix*}", SAME),
        (m(r"1 & 2 \\ 3 & 4"), m("1 & 2 & 3 & 4"), DIFFERENT),
        (m(r"1 & 2 \\ 3 & 4"), m(r"1 & 2 \\ 3 & 4 \\ 0 & 0"), DIFFERENT),
        (m(r"12 \\ 3"), m(r"1 \\ 23"), DIFFERENT),
        (m("1 & 23"), m("12 & 3"), DIFFERENT),
        (m(r"\frac{\sqrt{2}}{2} & -\frac{\sqrt{2}}{2} \\ \frac{\sqrt{2}}{2} & \frac{\sqrt{2}}{2}"),
         r"\frac{1}{\sqrt2}\begin{pmatrix}1&-1\\1&1\end{pmatrix}", SAME),
        (m(r"\frac{\sqrt{2}}{2} & -\frac{\sqrt{2}}{2} \\ \frac{\sqrt{2}}{2} & \frac{\sqrt{2}}{2}"),
         r"\frac{1}{\sqrt2}\begin{pmatrix}1&1\\-1&1\end{pmatrix}", DIFFERENT),
        (r"2\cdot \begin{pmatrix}1\\2\end{pmatrix}", m(r"2\\4"), SAME),
        (r"e^{t}\begin{pmatrix}1\\2\end{pmatrix}", m(r"e^t\\2e^t"), SAME),
        (r"2\begin{pmatrix}1\\2\end{pmatrix}", m(r"1\\2"), DIFFERENT),
        (r"k\begin{pmatrix}1\\2\end{pmatrix}", m(r"k\\2k"), SAME),
        (r"k\begin{pmatrix}1\\2\end{pmatrix}", m(r"2k\\4k"), UNKNOWN),
        (r"\begin{pmatrix}1\\2\end{pmatrix}^T", m("1&2"), SAME),
        (m(r"1\\2", "Bmatrix"), m(r"1\\2"), SAME),
        (r"\left\| \begin{matrix}1\\2\end{matrix} \right\|", r"\sqrt5", SAME),
        (r"\det\begin{pmatrix}1&2\\3&4\end{pmatrix}", "-2", SAME),
        (m(r"5\%\\1"), m(r"0.05\\1"), SAME),
        (m(r"30^\circ\\1"), m(r"30\\1"), UNKNOWN),
        (r"\begin{pmatrix}1\\2 \end{pmatrix}\text{ and }\begin{pmatrix}3\\4\end{pmatrix}",
         r"\begin{pmatrix}3\\4\end{pmatrix},\begin{pmatrix}1\\2\end{pmatrix}", SAME),
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}\begin{pmatrix}1\\0\end{pmatrix}", m(r"1\\3"), UNKNOWN),
        (m(r"\text{yes}\\1"), m(r"\text{no}\\1"), DIFFERENT),
        (m(r"1 & \cdots & n"), m(r"1 & \cdots & n"), SAME),
        (m(r"-1\\-2"), r"-\begin{pmatrix}1\\2\end{pmatrix}", SAME),
        (r"\left( \begin{array}{r} -1 \\ 2 \end{array} \right)", m(r"-1\\2"), SAME),
        (m(r"{c} -1 \\ 2 ", "array"), m(r"-1\\2"), SAME),
        ("[-1, 2]^T", m(r"-1\\2"), SAME),
        (r"(-1, 2)^{\mathsf{T}}", m(r"-1\\2"), SAME),
        (r"(-1, 2)^{\mathrm{T}}", m(r"-1\\2"), SAME),
        (m(r"1\\2"), r"\{1,2\}", UNKNOWN),
        (m(r"1\\2"), "1, 2", UNKNOWN),
        (m(r"1\\2"), "[1,2]", UNKNOWN),
        (m(r"1\\2"), "no solution", UNKNOWN),
        (m(r"1\\2"), "x", UNKNOWN),
        (m(r"i&0\\0&-i"), m(r"\mathrm{i}&0\\0&-\mathrm{i}"), SAME),
        (m(r"1&2\\3&4", "vmatrix"), m(r"4&2\\3&1", "vmatrix"), SAME),
        (m(r"1&2\\3&4", "vmatrix"), m(r"1&2\\3&5", "vmatrix"), DIFFERENT),
        (m(r"1&2\\3&4"), "\\begin{pmatrix}1&2\\\\ \n3&4\\end{pmatrix}", SAME),
        (m(r"\dfrac{1}{2} & 0 \\[6pt] 0 & \dfrac{1}{2}"), m(r"1/2&0\\0&1/2"), SAME),
        (m(r"1&2\\3&4"), r"\left[\begin{array}{rr}1&2\\3&5\end{array}\right]", DIFFERENT),
    ],
)  # fmt: skip
async def test_a_matrix_keeps_its_shape_and_its_entries(gold: str, given: str, equal: bool | None) -> None:
    for found in (await compare(gold, given), await compare(given, gold)):
        assert found.equal is equal, found
        assert found.detail or equal


ENTRIES = st.lists(st.integers(-30, 30), min_size=6, max_size=6)
SHAPES = st.sampled_from([(1, 6), (2, 3), (3, 2), (6, 1)])


def in_rows(entries: list[int], columns: int, between: str = " & ", after: str = r" \\ ") -> str:
    return after.join(between.join(map(str, entries[i : i + columns])) for i in range(0, len(entries), columns))


@for_all(ENTRIES, ENTRIES, SHAPES, SHAPES)
def test_matrices_are_equal_if_their_rows_are(
    one: list[int], other: list[int], shape: tuple[int, int], other_shape: tuple[int, int]
) -> None:
    gold = rf"\begin{{pmatrix}} {in_rows(one, shape[1])} \end{{pmatrix}}"
    for entries, columns in ((one, shape[1]), (other, shape[1]), (one, other_shape[1]), (one[::-1], shape[1])):
        tight, spaced = in_rows(entries, columns, "&", r"\\"), in_rows(entries, columns, " & ", " \\\\[2pt]\n")
        for given in (
            rf"\begin{{bmatrix}}{tight}\end{{bmatrix}}",
            rf"\left[\begin{{array}}{{{'r' * columns}}} {spaced} \\ \end{{array}}\right]",
            rf"M = -\begin{{pmatrix}}{in_rows([-n for n in entries], columns)}\end{{pmatrix}}",
        ):
            found = decide(gold, given)
            assert isinstance(found, Equivalence)
            transposed = {shape[1], columns} == {1, 6}
            same = entries == one and (columns == shape[1] or (None if transposed else False))
            assert found.equal is same, given
