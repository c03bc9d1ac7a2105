r"""Normalise an answer to plain LaTeX, so that one thing is written in one way as far as its notation goes.

Layout, fonts, symbols and separators are removed or unified; nothing is computed and no meaning is decided, except that
repeating decimals such as `0.\overline{3}` become fractions.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

DOLLAR: Final = "\ue000"
"""Stands for a dollar sign that means money and is no LaTeX."""
ROW_BREAK: Final = "\ue001"
"""Stands for the two backslashes between the rows of an environment."""
_SYMBOLS: Final = str.maketrans({
    "−": "-", "–": "-", "—": "-", "×": r"\times ", "·": r"\cdot ", "⋅": r"\cdot ", "∙": r"\cdot ", "÷": "/", "⁄": "/",
    "π": r"\pi ", "°": r"^\circ ", "∞": r"\infty ", "∪": r"\cup ", "∩": r"\cap ", "±": r"\pm ", "≤": r"\le ",
    "≥": r"\ge ", "≠": r"\ne ", "∅": r"\emptyset ", "∈": r"\in ", "√": r"\sqrt ", "％": "%", "，": ",", "\xa0": " ",
    "’": "'", "θ": r"\theta ", "：": ":", "（": "(", "）": ")", "ⅇ": "e", "ℯ": "e", "ⅈ": "i", "ⅆ": "d",
    "\u2009": r"\,", "\u202f": r"\,",
})  # fmt: skip
_RELATIONS: Final = {"leq": r"\le ", "geq": r"\ge ", "neq": r"\ne ", "lt": "<", "gt": ">"}
_FONTS: Final = "mathrm|mathit|mathsf|mathnormal|text|textrm|textit|textnormal|operatorname"
_Replacement = str | Callable[[re.Match[str]], str]
_LATEX: Final[tuple[tuple[re.Pattern[str], _Replacement], ...]] = (
    (re.compile(r"(?<![0-9.,])[0-9]{1,3}(?:(?:\\,|,\\!)[0-9]{3})+(?![0-9])"),
     lambda m: re.sub("[^0-9]+", ",", m[0])),
    (re.compile(r"\\!"), ""),
    (re.compile(r"\\(?:[,;:>]|(?:quad|qquad|enspace|thinspace|[hv]fill)(?![a-zA-Z])|[hv]space\*?\s*\{[^{}]*\})|\\ "),
     " "),
    (re.compile(r"\\(?:left|right|(?:big|Big|bigg|Bigg)[lrm]?|displaystyle|textstyle|limits)(?![a-zA-Z])\.?"), ""),
    (re.compile(r"\\[dtc]frac(?![a-zA-Z])"), r"\\frac"),
    (re.compile(r"\\(leq|geq|neq|lt|gt)(?:slant)?(?![a-zA-Z])"), lambda m: _RELATIONS[m[1]]),
    (re.compile(r"\\(?:varnothing|O)(?![a-zA-Z])"), r"\\emptyset "),
    (re.compile(r"\^\s*\{?\s*\\(?:circ|degree)(?![a-zA-Z])\s*\}?|\\degree(?![a-zA-Z])"), r"^\\circ "),
    (re.compile(r"\\%"), "%"),
    (re.compile(r"\\(?:lbrace|\{)"), r"\\{"), (re.compile(r"\\(?:rbrace|\})"), r"\\}"),
    (re.compile(r"(\\(?:mathrm|mathit|mathsf|mathbf|boldsymbol|bm))\s+([a-zA-Z0-9])"), r"\1{\2}"),
    (re.compile(r"\\(?:mathbf|boldsymbol|bm)\s*\{\s*([a-zA-Z])\s*\}"), lambda m: _letter(m)),
    (re.compile(r"\{\s*\\(?:rm|bf|it|sf)\s+([^{}]*)\}"), r"\\text{\1}"),
    (re.compile(r"\\(?:rm|bf|it|sf|uppi|boldmath)(?![a-zA-Z])"), lambda m: r"\pi " if m[0] == r"\uppi" else ""),
    (re.compile(rf"\\(?:{_FONTS})\s*\{{\s*(e|i|\\?pi|ln|log|exp|max|min(?!\s*\}}\s*\.?\s*$)|gcd|(?:arc)?(?:sin|cos|tan)|(?:sin|cos|tan|cot)h?)\s*\}}"),
     lambda m: _letter(m) if len(m[1]) == 1 else "\\" + m[1].removeprefix("\\") + " "),
    (re.compile(r"\\(?:mathrm|operatorname|mathop)\s*\{\s*d\s*\}(?=\s*(?:\\?[a-zA-Z]|\^))"), " d "),
    (re.compile(r"\{\s+([a-zA-Z0-9])\s+\}"), r"{\1}"),
    (re.compile(r"\\(?:text|textbf|textit|textrm|textsf|textnormal|mathrm|mathbf|boldsymbol|bm|mathsf|mbox|operatorname)\s*\{([^{}]*)\}"),
     r"\\text{\1}"),
    (re.compile(r"\\text\{\s*([-+]?[0-9][0-9.,/]*)\s*\}"), r"\1"),
    (re.compile(r"^\s*\\text\{\s*(\(?[A-Za-z]\)?)\s*\}\s*$"), r"\1"),
)  # fmt: skip
_PLAIN: Final = (("~", " "), ("<=", r"\le "), (">=", r"\ge "), ("!=", r"\ne "), ("**", "^"))
_WRAPPERS: Final = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"\$\$(.*)\$\$", r"\$([^$]*)\$", r"\\\((.*)\\\)", r"\\\[(.*)\\\]", r"\*\*(.*)\*\*", r"`([^`]*)`",
        r"\\(?:boxed|fbox|mathbf|boldsymbol|bm|ensuremath)\s*\{(.*)\}",
    )
)  # fmt: skip
_POWER: Final = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+")
_VULGAR_FRACTION: Final = re.compile("[¼-¾⅐-⅞]")
_TIMES_TEN: Final = re.compile(r"(?<=[0-9])\s*[xX]\s*(?=10\s*\^)")
_PI: Final = re.compile(r"(?<![\\a-zA-Z])pi(?![a-zA-Z])")
_BOLD_CHOICE: Final = re.compile(r"^\*\*\s*(\(?[A-J]\)?[.:)]?)\s*\*\*(?=[.:\s]|$)")
_REPEATING: Final = re.compile(
    r"(?<![0-9a-zA-Z)}.])(?<![0-9],)(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]*)\.(?P<fixed>[0-9]*)(?:"
    r"(?P<brace>\{\s*)?\\(?:overline|bar)\s*(?:\{\s*(?P<line>[0-9]+)\s*\}|(?P<digit>[0-9]))(?(brace)\s*\})"
    r"|(?P<dots>\\dot\s*(?:\{[0-9]\}|[0-9])(?:[0-9]*\\dot\s*(?:\{[0-9]\}|[0-9]))?)"
    r"|(?P<marks>(?:[0-9]\u0305)+|[0-9]\u0307(?:[0-9]*[0-9]\u0307)?)"
    r"|\((?P<brackets>[0-9]+)\)(?!\s*[(a-zA-Z^]))(?:\s*(?:\\[lc]?dots(?![a-zA-Z])|\.\.\.|…))?(?![0-9\u0305\u0307]|\s*\\dot|\s*_)"
)


def clean(text: str) -> str:
    """Normalise an answer to plain LaTeX without layout commands."""
    if not text.isascii():
        text = _POWER.sub(lambda m: f"^{{{unicodedata.normalize('NFKC', m[0]).replace('−', '-')}}}", text)
        text = _VULGAR_FRACTION.sub(lambda m: f" {unicodedata.normalize('NFKC', m[0])}", text).translate(_SYMBOLS)
    text = _unwrap(_BOLD_CHOICE.sub(r"\1 ", text.replace("\\$", DOLLAR).strip()))
    text = text.replace("$", DOLLAR) if text.count("$") == 1 else text.replace("$", "")
    if "\\begin" in text:
        text = re.sub(r"\\\\|\\(?:cr|tabularnewline)(?![a-zA-Z])", ROW_BREAK, text)
    text = text.replace("{,}", ",")
    if "." in text:
        text = _REPEATING.sub(_fraction, text)
    if "\\" in text:
        for pattern, replacement in _LATEX:
            text = pattern.sub(replacement, text)
    for written, plain in _PLAIN:
        text = text.replace(written, plain)
    if "^" in text:
        text = _TIMES_TEN.sub(r"\\times ", text)
    if "pi" in text:
        text = _PI.sub(r"\\pi ", text)
    return " ".join(text.split())


def _unwrap(text: str) -> str:
    """Remove what stands around all of an answer: dollars, a box, bold type, a full stop."""
    before = None
    while before != text:
        before = text
        text = re.sub(r"(?<![\d\\])\.$|(?<=[\d)}\]$])[.,;]$", "", text.strip()).strip()
        for wrapper in _WRAPPERS:
            match = wrapper.fullmatch(text)
            if match and is_balanced(match[1]):
                text = match[1].strip()
    return text


def _letter(command: re.Match[str]) -> str:
    """Write a letter without its font, apart from other letters around it."""
    before, after = command.string[: command.start()][-1:], command.string[command.end() :][:1]
    return " " * before.isalpha() + command[1] + " " * after.isalpha()


def _fraction(decimal: re.Match[str]) -> str:
    r"""Write a repeating decimal as a fraction: `1.2\overline{3}` is 111/90."""
    period = decimal["line"] or decimal["digit"] or decimal["dots"] or decimal["marks"] or decimal["brackets"]
    period, whole = re.sub("[^0-9]", "", period), decimal["whole"].replace(",", "")
    before = whole + decimal["fixed"]
    numerator = int(before + period) - int(before or "0")
    return f"(\\frac{{{numerator}}}{{{'9' * len(period)}{'0' * len(decimal['fixed'])}}})"


def is_balanced(text: str) -> bool:
    """Say whether every bracket in a text has its partner inside it."""
    depth = 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        if depth < 0:
            return False
    return depth == 0
