"""Systems and functions by cases are compared as sets of statements and of pieces."""

import pytest

from longthought.tools.answer.compare import compare

SAME, DIFFERENT, UNKNOWN = True, False, None


def s(rows: str, environment: str = "cases") -> str:
    """Write rows in LaTeX."""
    return rf"\begin{{{environment}}}{rows}\end{{{environment}}}"


@pytest.mark.parametrize(
    ("gold", "given", "equal"),
    [
        (s(r"x=1\\y=2"), "x=1, y=2", SAME),
        (s(r"x=1\\y=2"), "y=2, x=1", SAME),
        (s(r"x=1\\y=2"), "x=2, y=1", DIFFERENT),
        (s(r"x=1\\y=2"), s(r"y&=2\\x&=1", "aligned"), SAME),
        (s(r"x=1\\y=2"), s(r"x&=1\\y&=3", "aligned"), DIFFERENT),
        (s(r"x=1\\y=2"), r"\left\{\begin{array}{l}x=1\\y=2\end{array}\right.", SAME),
        (s(r"x=1\\y=2"), r"x=1 \text{ and } y=2", SAME),
        (s(r"x=1\\y=2"), "(1,2)", UNKNOWN),
        (s(r"x=1\\y=2"), "(1,3)", DIFFERENT),
        (s(r"x=1\\y=2"), "x=1", UNKNOWN),
        (s(r"x=1\\x=2"), "1,2", UNKNOWN),
        (s(r"x=\frac12\\y=2"), s(r"x=0.5, \\ y=2."), SAME),
        (s(r"x=\sqrt{8}\\y=2"), s(r"x=2\sqrt2, \\ y=2."), SAME),
        (s(r"x+y=3\\x-y=1"), s(r"x-y=1\\x+y=3"), SAME),
        (s(r"x+y=3\\x-y=1"), s(r"x=2\\y=1"), UNKNOWN),
        (s(r"x^2 & x>0\\0 & x\le 0"), s(r"x^2, & \text{if } x>0,\\0, & \text{if } x\leq0."), SAME),
        (s(r"x^2 & x>0\\0 & x\le 0"), s(r"0, & x\leq0\\x^2 & \text{for } x>0", "dcases"), SAME),
        (s(r"x^2 & x>0\\0 & x\le 0"), s(r"x^2, & \text{if } x>0,\\1, & \text{if } x\leq0."), DIFFERENT),
        (s(r"1 & x>0\\-1 & x<0"), s(r"-1 & x>0\\1 & x<0"), DIFFERENT),
        (s(r"x^2 & x>0\\0 & x\le 0"), s(r"x^3 & x>0\\0 & x\le 0"), DIFFERENT),
        (s(r"x & x>0\\0 & x\le 0"), s(r"|x| & x>0\\0 & x\le 0"), UNKNOWN),
        (s(r"x^2 & x>0\\0 & x\le 0"), s(r"x^2 & x>0\\0 & \text{otherwise}"), UNKNOWN),
        (s(r"x^2 & x>0\\0 & \text{otherwise}"), s(r"x^2 & \text{if }x>0\\0 & \text{otherwise.}"), SAME),
        (s(r"(x+1)^2 & x>0\\0 & x\le 0"), s(r"x^2+2x+1 & x>0\\0 & x\le 0"), SAME),
        (r"f(x)=\begin{cases}x^2 & x>0\\0 & x\le 0\end{cases}", s(r"x^2 \text{ if } x>0\\0 \text{ if } x\le 0"), SAME),
        (s(r"1 & x=0\\2 & x\ne 0"), s(r"2 & x\neq 0\\1 & x=0"), SAME),
        (s(r"x & x=0\\2 & x\ne 0"), s(r"2 & x\neq 0\\0 & x=0"), UNKNOWN),
        (s(r"x & 0\le x<1\\2-x & 1\le x\le 2"), s(r"x & 0\leq x<1\\2-x & 1\leq x\leq2"), SAME),
        (s(r"x & 0\le x<1\\2-x & 1\le x\le 2"), s(r"2-x & 0\leq x<1\\x & 1\leq x\leq2"), DIFFERENT),
        (s(r"n/2 & n \text{ even}\\3n+1 & n\text{ odd}"), s(r"\frac{n}{2} & n\text{ even}\\3n+1 & n\text{ odd}"), SAME),
        (s(" x &= 5 ", "aligned"), "5", SAME),
        (s(" x &= 5 ", "aligned"), "y=5", UNKNOWN),
        (s(" x &= 5 ", "aligned"), "6", DIFFERENT),
        (r"\begin{align*} 2+3 &= 5 \end{align*}", "5", SAME),
        (s(r" x &= 2+3 \\ &= 5 ", "aligned"), "5", SAME),
        (s(" 7 ", "equation"), "7", SAME),
        (s(" 7 ", "gathered"), "8", DIFFERENT),
        (s(r"x=1\\y=2\\z=3"), "z=3,x=1,y=2", SAME),
        (s(r"x=1\\y=2\\z=3"), "x=1,y=2", UNKNOWN),
        (s(r"a=1\\b=2"), "x=1,y=2", UNKNOWN),
        (s(r"x>1\\x<3"), s(r"x<3\\x>1"), SAME),
        (s(r"x>1\\x<3"), s(r"x<3\\x>2"), UNKNOWN),
        (s(r"x=1+t\\y=2-t"), s(r"x=t\\y=3-t"), UNKNOWN),
        (s(r"x=1+t\\y=2-t"), s(r"y=2-t\\x=t+1"), SAME),
        (s(r"x=1\\y=2"), s(r"{l}x=1\\y=2", "array"), SAME),
        (s(r"x=1\\y=2"), r"x=1;\ y=2", SAME),
        (s(r"x=1\\y=2"), "(x,y)=(1,2)", UNKNOWN),
        (s(r"x=1\\y=2"), s("x=1, & y=2"), SAME),
        (r"\begin{align*}x &= 1 \\ y &= 2\end{align*}", s(r"x=1\\y=2"), SAME),
        (s(r"x &= 1 \\ y &= 2", "aligned"), s(r"x=1\\y=3"), DIFFERENT),
        (s(r"a_1=1\\a_2=2"), "a_2=2, a_1=1", SAME),
        (r"\begin{cases}x=1\\y=2\end{cases}\text{ or }\begin{cases}x=2\\y=1\end{cases}", s(r"x=1\\y=2"), UNKNOWN),
        (s(r"2x+1 & x<3\\7 & x\ge 3"), s(r"1+2x & 3>x\\7 & 3\le x"), SAME),
        (s(r"2x+1 & x<3\\7 & x\ge 3"), s(r"2x-1 & x<3\\7 & x\ge 3"), DIFFERENT),
        (s(r"2x+1 & x<3\\7 & x\ge 3"), s(r"2x+1 & x<4\\7 & x\ge 4"), UNKNOWN),
        (s(r"2x+1 & x<3\\7 & x\ge 3"), s("2x+1 & x<3"), UNKNOWN),
        (s(r"0 & n=0\\1 & n>0"), s(r"1 & n>0\\0 & n=0"), SAME),
        (s(r"0 & n=0\\1 & n>0"), s(r"1 & n=0\\0 & n>0"), DIFFERENT),
        (r"f(x)=\begin{cases}x & x>0\\-x & x\le0\end{cases}", "|x|", UNKNOWN),
        (r"f(x)=\begin{cases}x & x>0\\-x & x\le0\end{cases}",
         r"g(x)=\begin{cases}x & x>0\\-x & x\le0\end{cases}", UNKNOWN),
        (s(r"x, & x>0,\\-x, & x\le0."), s(r"x & \text{ if } x>0\\-x & \text{ if } x\le0"), SAME),
        (s(r"x, & \mbox{if } x>0,\\-x, & \mbox{else}"), s(r"x & \text{ if } x>0\\-x & \text{otherwise}"), SAME),
        (s(r"x,\quad x>0\\-x,\quad x\le 0"), s(r"x & x>0\\-x & x\le 0"), SAME),
        (s("x>1"), "x>1", SAME),
        (s("3", "aligned"), "3", SAME),
        (s(r"3 \\ 4", "aligned"), "3", UNKNOWN),
        (s(r"&x=1\\&y=2", "aligned"), "x=1,y=2", SAME),
        (s(r"\frac12 & x=1\\[2pt] 0 & x\neq 1"), s(r"0.5 & x=1\\0 & x\ne1"), SAME),
    ],
)  # fmt: skip
async def test_a_system_is_the_same_in_any_order(gold: str, given: str, equal: bool | None) -> None:
    for found in (await compare(gold, given), await compare(given, gold)):
        assert found.equal is equal, found
        assert found.detail or equal
