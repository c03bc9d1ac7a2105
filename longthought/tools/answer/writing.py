r"""Take a final answer apart by its notation: its body, its name, its unit, its kind.

`\(x = \$1{,}234.00\)` is a number named `x` with the unit dollars. Nothing is computed here.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Final

from longthought.tools.answer.cleaning import DOLLAR, is_balanced
from longthought.tools.answer.exact import value
from longthought.tools.answer.units import Unit, is_unit_letter, unit


class AnswerKind(StrEnum):
    """What an answer looks like."""

    SINGLE = "single"
    """A number or an expression."""
    LIST = "list"
    """`1, 2`: several answers, in no order."""
    TUPLE = "tuple"
    """`(1, 2)`: a point, or an open interval."""
    BRACKETS = "brackets"
    """`[1, 2)`: an interval, or a list in brackets."""
    SET = "set"
    """`{1, 2}`."""
    RATIO = "ratio"
    """`3:4`, which may be a time."""
    WORDS = "words"
    """Text."""


@dataclass(frozen=True, slots=True)
class Written:
    """The parts of one answer."""

    text: str
    """The cleaned answer, with its unit and its name."""
    body: str
    """The answer without its unit and its name."""
    kind: AnswerKind
    parts: tuple[str, ...] = ()
    """The elements of a list, a tuple, a set, brackets or a ratio."""
    name: str | None = None
    """`x` in `x = 5`."""
    unit: Unit | None = None
    percent: bool = False
    base: int | None = None
    """2 in `101_2`."""


_SCALES: Final = {
    "dozen": 12, "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12,
}  # fmt: skip
_NAME: Final = re.compile(r"(\\?[a-zA-Z]+(?:_\{?\w\}?)?(?:\([a-zA-Z]\))?)\s*=(?!=)\s*(.+)", re.DOTALL)
_MONEY: Final = re.compile(rf"([-+]?)\s*([{DOLLAR}€£¥₹])\s*((?:[0-9.]|\(?\\frac).*)", re.DOTALL)
_UNIT: Final = re.compile(
    rf"(?P<body>.*?[0-9)}}.]|.*\\pi)\s*(?P<unit>[{DOLLAR}€£¥₹¢]|\\text\{{[^{{}}]*\}}(?:\^\{{?[0-9]\}}?)?(?:\s*/\s*\\text\{{[^{{}}]*\}}(?:\^\{{?[0-9]\}}?)?)?)\s*",
    re.DOTALL,
)
_BARE_UNIT: Final = re.compile(
    r"(?P<body>.*?[0-9.)}])(?P<space>\s*)"
    r"(?P<unit>[a-zA-Z][a-zA-Z .'-]*(?:\^\{?[0-9]\}?)?(?:/[a-zA-Z]+(?:\^\{?[0-9]\}?)?)?)",
    re.DOTALL,
)
_TEMPERATURE: Final = re.compile(r"(?P<body>.+?)\s*\^\\circ\s*(?:\\text\{\s*)?(?P<scale>[CF])\s*\}?\s*", re.DOTALL)
_SCALED: Final = re.compile(
    rf"(?<![\w.,/])(?P<number>(?:[0-9]+ )?[0-9]+/[0-9]+|[0-9]+(?:,[0-9]{{3}})*(?:\.[0-9]+)?)\s*(?P<text>\\text\{{\s*)?"
    rf"(?P<scale>{'|'.join(_SCALES)})(?![a-zA-Z])(?(text)(?:\s*\}}|(?P<more>\s+(?=[a-zA-Z]))))",
    re.IGNORECASE,
)
_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(?:\\text\{\s*)?([a-zA-Z]+)\s*\}?\.?")
_MIXED: Final = re.compile(rf"{_PART.pattern}(?:\s*(?:,|and|\s)\s*{_PART.pattern})+")
_WORD: Final = re.compile(r"(?<![\\a-zA-Z])[a-zA-Z]{2,}(?![a-zA-Z]|\s*\^)")
_MATHEMATICS: Final = """
    sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh ln log exp sqrt pi max min gcd lcm mod inf abs frac
    dx dy dt xy ab ac bc xyz abc
"""
_FUNCTIONS: Final = frozenset(_MATHEMATICS.split())


def read(text: str) -> Written:
    """Take a cleaned answer apart."""
    body, name = text, None
    if (match := _NAME.fullmatch(text)) and "=" not in match[2] and not re.search(r"[,;]", match[2]):
        name, body = match[1].removeprefix("\\"), match[2]
    if re.fullmatch(r"\\in\s.*", body):
        body = body[3:].strip()
    if match := re.fullmatch(r"[a-zA-Z]\s*\\in\s*(.+)", body, re.DOTALL):
        body = match[1]
    body = _SCALED.sub(_scaled, body)
    body, percent = _split_percent(body)
    body, unit_read = (body, None) if percent else _split_unit(body)
    if match := re.fullmatch(r"\(?([0-9]+)\)?_\{?(?:\\text\{)?([0-9]{1,2})\}{0,2}", body):
        return Written(text, match[1], AnswerKind.SINGLE, (), name, unit_read, percent, int(match[2]))
    kind, parts = _kind(body)
    return Written(text, body, kind, parts, name, unit_read, percent)


def _scaled(match: re.Match[str]) -> str:
    """Return a number with the word behind it, as in `1.5 million`, as one number."""
    if re.search(r"/0+\b", match["number"]):
        return match[0]
    number = sum(map(Fraction, match["number"].replace(",", "").split()), Fraction()) * _SCALES[match["scale"].lower()]
    return _number(number) + ("\\text{" if match["more"] else "")


def _number(number: Fraction) -> str:
    return str(number.numerator) if number.denominator == 1 else f"\\frac{{{number.numerator}}}{{{number.denominator}}}"


def _split_percent(body: str) -> tuple[str, bool]:
    match = re.fullmatch(r"(.+?)\s*(?:%|\\text\{\s*(?:%|percent)\s*\}|percent)", body, re.DOTALL | re.IGNORECASE)
    return (match[1].strip(), True) if match else (body, False)


def _split_unit(body: str) -> tuple[str, Unit | None]:
    """Split a number or an expression from the unit behind or the currency before it."""
    if mixed := _in_smallest(body):
        return mixed
    if match := _MONEY.fullmatch(body):
        rest, smaller = _split_unit(match[3])
        sign = match[2].replace(DOLLAR, "$")
        return match[1] + rest, unit(sign) if smaller is None or not smaller.known else smaller
    if (match := _TEMPERATURE.fullmatch(body)) and value(match["body"]) is not None:
        return match["body"].strip(), unit(f"degrees {match['scale']}")
    if match := re.fullmatch(r"(.+?)\s*(?:\^\\circ|\\text\{\s*degrees?\s*\})\s*", body, re.DOTALL):
        return (match[1], unit("°")) if value(match[1]) is not None else (body, None)
    if match := _UNIT.fullmatch(body):
        written = re.sub(r"\\text\{([^{}]*)\}", r"\1", match["unit"]).replace(DOLLAR, "$")
        if (found_unit := unit(written)) and written.strip() not in ("or", "and"):
            return match["body"].strip(), found_unit
    if (match := _BARE_UNIT.fullmatch(body)) and value(match["body"]) is not None:
        word = match["unit"].strip()
        alone = not word[1:2].isalpha()
        found_unit = unit(word)
        named = word.split()[0].lower() not in _FUNCTIONS or (found_unit is not None and found_unit.known)
        if (match["space"] and is_unit_letter(word[0])) if alone else named:
            return match["body"].strip(), found_unit
    return body, None


def _in_smallest(body: str) -> tuple[str, Unit] | None:
    """Return a measure in several units, as in `2 h 30 min`, in the smallest of them; None for any other text."""
    if not _MIXED.fullmatch(body):
        return None
    parts = [(Fraction(number), unit(word)) for number, word in _PART.findall(body)]
    units = [of for _, of in parts if of is not None and of.known]
    sinks = all(larger.factor > smaller.factor for larger, smaller in pairwise(units))
    if len(units) < len(parts) or len({of.dimensions for of in units}) > 1 or not sinks:
        return None
    total = sum((number * of.factor for (number, _), of in zip(parts, units, strict=True)), Fraction())
    return _number(total / units[-1].factor), units[-1]


def _kind(body: str) -> tuple[AnswerKind, tuple[str, ...]]:
    if value(body) is not None and not re.fullmatch(r"\(\s*[0-9]+(?:,[0-9]+)+\s*\)", body):
        return AnswerKind.SINGLE, ()
    if re.fullmatch(r"[0-9.]+(?:\s*:\s*[0-9.]+)+", body):
        return AnswerKind.RATIO, tuple(part.strip() for part in body.split(":"))
    opening, closing = ("\\{", "\\}") if body.startswith("\\{") else (body[:1], body[-1:])
    if body.endswith(closing) and len(body) >= 2 and is_balanced(inside := body[len(opening) : -len(closing)]):
        parts = split(inside)
        if opening == "\\{" or (opening == "{" and len(parts) > 1):
            return AnswerKind.SET, parts
        if opening == "(" and closing == ")" and len(parts) > 1:
            return AnswerKind.TUPLE, parts
        if opening in "([" and closing in ")]" and len(parts) > 1:
            return AnswerKind.BRACKETS, parts
    if plain_words(body):
        return AnswerKind.WORDS, ()
    parts = split(re.sub(r"(?:,\s*)?(?:\\text\{\s*(?:and|or)\s*\}|\b(?:and|or)\b)", ",", body))
    if len(parts) > 1 and "\\begin" not in body:
        named = [_NAME.fullmatch(part) for part in parts]
        same_name = len({match and match[1] for match in named}) == 1
        return AnswerKind.LIST, tuple(
            match[2] if match and same_name else part for match, part in zip(named, parts, strict=True)
        )
    if match := re.fullmatch(r"\\pm\s*(.+)", body):
        return AnswerKind.LIST, (match[1], f"-{match[1]}")
    return AnswerKind.SINGLE, ()


def plain_words(body: str) -> list[str]:
    """Return the words of a text that are no names of mathematics, such as `sin`."""
    body = re.sub(r"\\text\{\s*(?:and|or)\s*\}|\b(?:and|or)\b", ",", body)
    body = re.sub(r"\\(?:begin|end|operatorname)\s*\{[^{}]*\}", "", body)
    return [word for word in _WORD.findall(body) if word.lower() not in _FUNCTIONS]


def split(text: str) -> tuple[str, ...]:
    """Split at commas and semicolons that stand in no bracket, except for those inside a number such as `1,234`."""
    if not text.strip():
        return ()
    parts, depth, start = list[str](), 0, 0
    for index, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        if depth == 0 and (sign == ";" or (sign == "," and not _groups_thousands(text, index))):
            parts.append(text[start:index].strip())
            start = index + 1
    return (*parts, text[start:].strip())


def _groups_thousands(text: str, index: int) -> bool:
    return (
        (";" in text or ", " in text)
        and re.match(r",[0-9]{3}(?![0-9])", text[index:]) is not None
        and text[index - 1 : index].isdecimal()
    )
