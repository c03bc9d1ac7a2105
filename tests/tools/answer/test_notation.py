"""Upright constants, repeating decimals and grouped digits are read as people mean them, and junk breaks nothing."""

from fractions import Fraction

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from longthought.tools.answer.cleaning import clean
from longthought.tools.answer.compare import compare, decide
from longthought.tools.answer.equivalence import Equivalence
from longthought.tools.answer.exact import value

SAME, DIFFERENT, UNKNOWN = True, False, None


@pytest.mark.parametrize(
    ("gold", "given", "equal"),
    [
        (r"\mathrm{e}", "e", SAME),
        (r"\mathrm{e}^2", "e^2", SAME),
        ("e^{2}", r"\mathrm e^2", SAME),
        (r"2\mathrm{e}", "2e", SAME),
        (r"\frac{1}{\mathrm{e}}", "1/e", SAME),
        (r"\frac{1}{\mathrm{e}}", "e", DIFFERENT),
        (r"\text{e}-1", "e-1", SAME),
        (r"\operatorname{e}^{x}", "e^x", SAME),
        (r"{\rm e}^{-1}", r"\frac1e", SAME),
        (r"\rm e", "e", SAME),
        (r"3+4\mathrm{i}", "3+4i", SAME),
        (r"3+4\mathrm{i}", "3-4i", DIFFERENT),
        (r"\mathrm{i}", "i", SAME),
        (r"-\mathrm{i}", "i", DIFFERENT),
        (r"2\uppi", r"2\pi", SAME),
        (r"2\mathrm{\pi}", r"2\pi", SAME),
        ("2π", r"2\mathrm{\pi}", SAME),
        ("2pi", r"2\pi", SAME),
        ("pi/4", r"\frac{\pi}{4}", SAME),
        (r"\mathrm{e}^{\mathrm{i}\pi}", "-1", SAME),
        (r"\mathrm{e}^{\mathrm{i}\pi}", "1", DIFFERENT),
        (r"\int_0^1 x\,\mathrm{d}x", r"\int_0^1 x\,dx", SAME),
        (r"\int_0^1 x\,\mathrm{d}x", r"\frac12", SAME),
        (r"\frac{\mathrm{d}y}{\mathrm{d}x}", r"\frac{dy}{dx}", SAME),
        (r"5\mathrm{m}", "5", SAME),
        (r"5\ \mathrm{cm}", r"5\text{ m}", DIFFERENT),
        (r"\mathrm{ln}2", r"\ln 2", SAME),
        (r"\operatorname{arctan}2", r"\arctan 2", SAME),
        (r"\text{sin}(1)", r"\sin 1", SAME),
        (r"\ln\mathrm{e}", "1", SAME),
        (r"x\mathrm{e}^x", "xe^x", SAME),
        (r"\mathrm{e}x", "ex", UNKNOWN),
        (r"1+\mathrm{e}", "1+e", SAME),
        (r"\mathbf{2\sqrt{3}}", r"2\sqrt3", SAME),
        (r"\boldsymbol{\frac{1}{2}}", "0.5", SAME),
        (r"\mathbf{12}", "13", DIFFERENT),
        (r"\mathrm{2}", "2", SAME),
        (r"5\,\mathrm{d}", "5", SAME),
        (r"e^{-1}-\mathrm{e}^{-2}", r"\frac{e-1}{e^2}", SAME),
        (r"1-\frac{1}{\mathrm{e}}", "0.632", UNKNOWN),
        (r"\mathrm{e}-\frac{1}{\mathrm{e}}", r"\frac{\mathrm{e}^2-1}{\mathrm{e}}", SAME),
        (r"\pi", "3.14", UNKNOWN),
        (r"\mathrm{e}", "2.718", UNKNOWN),
        (r"\mathrm{i}^2", "-1", SAME),
        (r"\frac{\sqrt{3}}{2}+\frac{1}{2}\mathrm{i}", r"e^{i\pi/6}", SAME),
        ("ⅇ^2", "e^2", SAME),
        (r"\mathit{e}", "e", SAME),
        (r"\mathrm{e}", "e^{1}", SAME),
        (r"\exp(2)", r"\mathrm{e}^2", SAME),
        (r"\log_{\mathrm{e}} 2", r"\ln 2", SAME),
        (r"\mathrm{C}", "C", SAME),
        (r"\mathrm{kg}", r"\text{kg}", SAME),
        (r"\mathrm{yes}", "yes", SAME),
        (r"1-\mathrm e^{-1}", r"1-\frac1{\mathrm e}", SAME),
        (r"2\pi \mathrm{i}", r"2 \pi i", SAME),
        (r"\mathrm{e}^{-2t}", "e^{-2t}", SAME),
        (r"C\mathrm{e}^{x}", "Ce^x", SAME),
        (r"2 \mathrm{i} + 1", "1+2i", SAME),
        (r"\mathrm{Re}(z)", r"\operatorname{Re}(z)", SAME),
        (r"5 \mathrm{h}", "5 hours", SAME),
        (r"5 \mathrm{s}", "5 seconds", SAME),
        (r"5\,\mathrm{kg}", "5000 g", SAME),
        (r"\mathrm{5}\,\mathrm{e}", "5e", SAME),
        (r"\frac{\pi}{\mathrm{e}}", r"\pi/e", SAME),
        (r"\frac{\pi}{\mathrm{e}}", r"\pi e", DIFFERENT),
        (r"\mathrm{e}^{x}+\mathrm{e}^{-x}", r"2\cosh x", SAME),
        (r"\log_{10}\mathrm{e}", r"\frac{1}{\ln 10}", SAME),
        (r"\text{i}", r"\text{ii}", UNKNOWN),
        (r"\sqrt{\mathrm{e}}", "e^{1/2}", SAME),
        (r"\mathrm{e}^{1/2}", "e^2", DIFFERENT),
        ("te^{t}", r"t\mathrm{e}^{t}", SAME),
        ("te^{t}", r"t\mathrm{e}^{-t}", DIFFERENT),
        ("xe^{x}", "xe^{-x}", DIFFERENT),
        (r"\mathbf{v}", r"\mathbf{w}", DIFFERENT),
        (r"2\mathbf{i}+3\mathbf{j}", r"2\mathbf{i}-3\mathbf{j}", DIFFERENT),
        (r"2\mathbf{i}+3\mathbf{j}", "2i+3j", SAME),
        (r"\mathrm{e}^{\pi}", r"\pi^{\mathrm{e}}", DIFFERENT),
        ("pie", r"\pi e", UNKNOWN),
        ("pi", r"\pi", SAME),
        ("api", "pi", UNKNOWN),
        (r"0.\overline{3}", r"\frac{1}{3}", SAME),
        (r"0.\overline{3}", "1/3", SAME),
        (r"0.\overline{3}", "0.3", DIFFERENT),
        (r"0.\overline{3}", "0.333", UNKNOWN),
        (r"0.\overline{3}", "0.(3)", SAME),
        (r"0.\overline{3}", r"0.\dot{3}", SAME),
        (r"0.\overline{3}", r"0.\bar{3}", SAME),
        (r"0.\overline{3}", r"0.\overline3", SAME),
        (r"0.\overline{3}", "0.3̅", SAME),
        (r"0.\overline{142857}", "1/7", SAME),
        (r"0.\overline{142857}", r"0.\dot{1}4285\dot{7}", SAME),
        (r"0.\overline{142857}", r"0.\dot14285\dot7", SAME),
        (r"0.\overline{142857}", "2/7", DIFFERENT),
        (r"0.1\overline{6}", "1/6", SAME),
        (r"0.1\overline{6}", "0.1(6)", SAME),
        (r"0.1\overline{6}", r"0.1\dot6", SAME),
        (r"0.1\overline{6}", r"0.\overline{16}", DIFFERENT),
        (r"0.\overline{16}", "16/99", SAME),
        (r"0.\overline{9}", "1", SAME),
        (r"-0.\overline{3}", r"-\frac13", SAME),
        (r"-0.\overline{3}", r"\frac13", DIFFERENT),
        (r"2.\overline{3}", "7/3", SAME),
        (r"2.\overline{3}", r"2\frac13", SAME),
        ("2.5(3)", "38/15", SAME),
        ("2.5(3)", "7.5", UNKNOWN),
        ("7.5", "2.5(3)", UNKNOWN),
        ("38/15", "2.5(3)", SAME),
        ("3", "2.5(3)", UNKNOWN),
        (r".\overline{3}", "1/3", SAME),
        (r"0.\overline{3}\ldots", "1/3", SAME),
        (r"0.333\ldots", "1/3", UNKNOWN),
        (r"33.\overline{3}\%", "1/3", SAME),
        (r"33.\overline{3}\%", r"33\frac13\%", SAME),
        (r"\$0.\overline{3}", r"\$\frac13", SAME),
        (r"0.\overline{3}\text{ cm}", r"\frac13\text{ cm}", SAME),
        (r"0.\overline{3}\text{ cm}", r"\frac13\text{ m}", DIFFERENT),
        (r"1{,}234.\overline{5}", r"\frac{11111}{9}", SAME),
        ("1,234.(5)", r"\frac{11111}{9}", SAME),
        (r"(0.\overline{3}, 1)", r"(\frac13,1)", SAME),
        (r"(0.\overline{3}, 1)", r"(\frac23,1)", DIFFERENT),
        (r"0.\overline{3}x", "x/3", SAME),
        (r"x=0.\overline{3}", "1/3", SAME),
        (r"0.\overline{3}+0.\overline{6}", "1", SAME),
        (r"\frac{0.\overline{3}}{2}", "1/6", SAME),
        (r"0.\overline{12}_3", "5/8", UNKNOWN),
        (r"0.\overline{3}", r"0.\overline{4}", DIFFERENT),
        (r"0.\overline{ab}", "0.ab", UNKNOWN),
        (r"\overline{AB}", "AB", DIFFERENT),
        (r"0.{\overline{3}}", "1/3", SAME),
        (r"0.\overline{03}", "1/33", SAME),
        (r"0.0\overline{3}", "1/30", SAME),
        (r"0.0\overline{3}", "1/3", DIFFERENT),
        (r"12.\overline{34}", "1222/99", SAME),
        (r"0.2\dot{7}", "5/18", SAME),
        (r"0.\dot{2}\dot{7}", "3/11", SAME),
        (r"0.\overline{27}", "3/11", SAME),
        (r"0.\overline{3}^2", "1/9", SAME),
        (r"\sqrt{0.\overline{4}}", "2/3", SAME),
        (r"3.1\overline{4}", "283/90", SAME),
        ("0.(142857)", "1/7", SAME),
        ("2.(3)", "7/3", SAME),
        ("2.(3)", "6", DIFFERENT),
        ("0.(9)", "1", SAME),
        ("-1.(6)", "-5/3", SAME),
        (r"0.\overline{6}", r"\frac{2}{3}", SAME),
        (r"0.\overline{6}", "0.67", UNKNOWN),
        (r"0.\overline{6}", "0.6", DIFFERENT),
        (r"0.\overline{6}", "0.(06)", DIFFERENT),
        (r"0.\dot{6}", "2/3", SAME),
        (r"0.8\dot{3}", "5/6", SAME),
        (r"0.\overline{81}", "9/11", SAME),
        (r"3.\overline{142857}", "22/7", SAME),
        (r"3.\overline{142857}", r"\pi", DIFFERENT),
        (r"0.\overline{3}, 0.\overline{6}", "1/3, 2/3", SAME),
        (r"\{0.\overline{3}\}", r"\{1/3\}", SAME),
        (r"[0.\overline{3}, 1)", "[1/3,1)", SAME),
        (r"x>0.\overline{3}", "x>1/3", SAME),
        (r"0.\overline{3}:1", "1:3", UNKNOWN),
        (r"66.\overline{6}\%", "2/3", SAME),
        (r"0.\overline{3}\pi", r"\frac{\pi}{3}", SAME),
        (r"1-0.\overline{3}", "2/3", SAME),
        ("1.(3)+1", "7/3", SAME),
        (r"0.12\overline{345}", "12333/99900", SAME),
        (r"0.\overline{3} \text{ m}", "1/3", SAME),
        (r"$0.\overline{3}$", "1/3", SAME),
        (r"0.\overline{\text{3}}", "1/3", UNKNOWN),
        (r"0.\overset{\cdot}{3}", "1/3", UNKNOWN),
        (r"0.333\overline{3}", "1/3", SAME),
        ("1000", r"1\,000", SAME),
        ("1000000", r"1\,000\,000", SAME),
        ("10000", r"10,\!000", SAME),
        ("10000", r"10{,}\!000", SAME),
        ("12:30", "1:30", DIFFERENT),
        ("12:30", "2:5", UNKNOWN),
        ("1:30", "13:30", UNKNOWN),
        ("12:00", "12:30", DIFFERENT),
        (r"\pm 3", "-3", DIFFERENT),
        ("3", r"\pm 3", DIFFERENT),
        (r"\pm 3", "3,-3", SAME),
        ("1000", "1\u2009000", SAME),
        (r"\pm 0", "0", UNKNOWN),
        ("12:00", "24:00", UNKNOWN),
        ("10:30", "10:31", DIFFERENT),
        ("0:30", "0:45", DIFFERENT),
        ("6:05", "6:50", DIFFERENT),
        ("5x", "5", DIFFERENT),
        ("3h", "3", DIFFERENT),
        (r"12\pi \text{ sq. units}", r"12\pi", SAME),
        (r"1\,000", "1001", DIFFERENT),
    ],
)  # fmt: skip
async def test_an_answer_has_its_value_in_every_notation(gold: str, given: str, equal: bool | None) -> None:
    for found in (await compare(gold, given), await compare(given, gold)):
        assert found.equal is equal, found
        assert found.detail or equal


@pytest.mark.parametrize(
    ("gold", "given"),
    [
        ("A", "a"),
        ("2A", "2a"),
        ("(X, 1)", "(x, 1)"),
        ("f'", "f"),
        ("2t", "2"),
        ("5m", "5"),
        (r"\det A", "A"),
        (r"\begin{pmatrix}1\\2\end{pmatrix}+\begin{pmatrix}1\\1\end{pmatrix}", r"\begin{pmatrix}2\\2\end{pmatrix}"),
        (r"\ln\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}\ln 1\\\ln 2\end{pmatrix}"),
    ],
)
async def test_what_a_person_could_doubt_is_not_called_equal(gold: str, given: str) -> None:
    if gold != "A":  # a choice, whose letter may be small
        assert (await compare(gold, given)).equal is not True
    assert (await compare(given, gold)).equal is not True


DIGITS = st.text(alphabet="0123456789", min_size=1, max_size=6)


@for_all(st.integers(0, 9_999), DIGITS | st.just(""), DIGITS)
def test_every_writing_of_a_repeating_decimal_has_its_value(whole: int, fixed: str, period: str) -> None:
    exact = Fraction(
        int(f"{whole}{fixed}{period}") - int(f"{whole}{fixed}"), (10 ** len(period) - 1) * 10 ** len(fixed)
    )
    dotted = rf"\dot{{{period[0]}}}" + (rf"{period[1:-1]}\dot{{{period[-1]}}}" if period[1:] else "")
    for written in (
        rf"\overline{{{period}}}",
        rf"\bar{{{period}}}",
        dotted,
        f"({period})",
        "\u0305".join(period) + "\u0305",
    ):
        assert value(clean(f"{whole}.{fixed}{written}")) == exact, written
        assert value(clean(f"-{whole:,}.{fixed}{written}")) == -exact, written
        assert decide(str(exact), f"{whole}.{fixed}{written}") == Equivalence(True)


PIECES = st.lists(
    st.sampled_from(
        [r"\begin{", r"\end{", "pmatrix}", "cases}", "array}", "aligned}", "{cc}", "&", r"\\", r"\[", "[2pt]",
         "=", "<", ",",
         "1", "23", "x", "+", "-", r"\frac", "{", "}", "(", ")", ".", r"\overline{3}", r"\dot3", r"\text{ if }",
         ":", "0:",
         "(B)", "B.", r"\textbf{(C) ", r"\mathrm{e}", r"\mathrm ", r"\rm ", "'", " ", "^T", "[[", "]]", r"\pm",
         r"\,", "000"]
    ),
    max_size=24,
)  # fmt: skip


@for_all(PIECES, PIECES)
def test_no_pieces_of_notation_break_the_exact_part(gold: list[str], given: list[str]) -> None:
    for one, other in ((gold, given), (given, gold), (gold, gold)):
        assert decide("".join(one), "".join(other)) is not None


@pytest.mark.parametrize(
    "junk",
    [
        r"\begin{matrix}" * 75,
        r"\begin{matrix}" * 70 + r"\end{matrix}" * 70,
        r"\begin{cases}" + r"x=1\\" * 380 + r"\end{cases}",
        r"\begin{pmatrix}" + "&" * 1_900 + r"\end{pmatrix}",
        r"\begin{pmatrix}" + "1&" * 900 + r"1\end{pmatrix}",
        "0." + "1" * 1_900 + r"\overline{3}",
        "0." + r"\dot{3}" * 250,
        "(A)" * 600,
        r"\mathrm " * 250,
    ],
    ids=lambda junk: repr(junk[:24]) + f"-{len(junk)}",
)
async def test_junk_in_rows_is_never_equal_to_what_it_is_not(junk: str) -> None:
    for gold in (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{cases}y=1\\z=2\end{cases}", "B", r"0.\overline{3}"):
        for found in (await compare(gold, junk), await compare(junk, gold)):
            assert found.equal is not True
            assert found.detail
