r"""Whether two final answers are the same: yes, no, or unknown. The one entrance to this folder, gold first.

What can be decided exactly is decided here, at once: numbers as rationals, lists and tuples of them, intervals, ratios,
units, percentages, choices, words. What remains goes to Math-Verify in a worker process (`symbolic`), where time and
memory are bounded; what it can't tell in time is unknown, not wrong. Neither the problem nor the domain is known here.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from longthought.tools.answer.exact import value
from longthought.tools.answer.intervals import same, union
from longthought.tools.answer.terms import term
from longthought.tools.answer.writing import AnswerKind, Written, clean, read, words
from longthought.tools.workers import WorkerCrashed, Workers, WorkerTimeout

MAX_ANSWER: Final = 2_000
"""Characters of an answer; more is no final answer."""
MAX_DEPTH: Final = 30
"""Brackets inside one another."""
WORKERS: Final = Workers("longthought.tools.answer.symbolic:judge", size=2, seconds=10.0)
"""Longer than the limit inside, which keeps a process warm; this one is for what hangs in C."""


@dataclass(frozen=True, slots=True)
class Equivalence:
    """What was found."""

    equal: bool | None
    """None where it can't be told."""
    detail: str = ""
    """Why not, or on which condition; quotes nothing of the reference, for it is logged."""


_SAME: Final = Equivalence(True)
_DIFFERENT: Final = Equivalence(False, "it is not the reference")


async def compare(gold: str, given: str) -> Equivalence:
    """Compare an answer with the reference. Never raises for what they say; safe in any thread and any event loop.

    Args:
        gold: The reference answer.
        given: The answer to compare with it.

    """
    found = decide(gold, given)
    if isinstance(found, Equivalence):
        return found
    try:
        equal, detail = await WORKERS.call(*found)
    except WorkerTimeout as error:
        return Equivalence(None, str(error))
    except WorkerCrashed as error:
        kind = str(error).partition(":")[0]  # not the whole message, which may quote the reference
        return Equivalence(None, f"the comparison broke off: {kind}")
    return Equivalence(equal, detail)


def decide(gold: str, given: str) -> Equivalence | tuple[str, str]:
    """Decide what can be decided exactly; else return the two expressions that symbolic comparison must decide."""
    for name, text in (("reference", gold), ("answer", given)):
        if fault := _unreadable(text):
            return Equivalence(None if name == "reference" or text.strip() else False, f"the {name} {fault}")
    one, other = clean(gold), clean(given)
    if one == other and one:
        return _SAME
    return _written(read(one), read(other))


def _unreadable(text: str) -> str | None:
    if len(text) > MAX_ANSWER:
        return f"is {len(text):,} characters long; at most {MAX_ANSWER:,} are compared"
    if not text.strip():
        return "is empty"
    if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
        return "holds half a character (a lone surrogate)"
    if any(sign < " " and sign not in "\t\n\r" for sign in text):
        return "holds control characters"
    depth = deepest = 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        deepest = max(deepest, depth, -depth)
    if deepest > MAX_DEPTH:
        return f"has brackets more than {MAX_DEPTH} deep"
    return "has a bracket that is never closed" if text.count("{") != text.count("}") else None


def _written(gold: Written, given: Written) -> Equivalence | tuple[str, str]:
    """Compare two answers that have been taken apart."""
    if choice := _choice(gold, given):
        return choice
    if AnswerKind.WORDS in (gold.kind, given.kind):
        return _said(gold, given)
    if gold.name and given.name and gold.name != given.name:
        found = _measured(gold, given)
        return found if isinstance(found, Equivalence) and found.equal is False else _unknown("named differently")
    if ("=" in gold.body) != ("=" in given.body) and gold.kind is given.kind is AnswerKind.SINGLE:
        return _chain(gold, given)
    sets = union(gold.body), union(given.body)
    if sets[0] and sets[1] and (sets[0].explicit or sets[1].explicit):
        if None not in (names := {sets[0].variable, sets[1].variable}) and len(names) > 1:
            return _unknown("named differently")
        equal = same(sets[0], sets[1])
        return (sets[0].latex(), sets[1].latex()) if equal is None else _SAME if equal else _DIFFERENT
    return _measured(gold, given)


def _choice(gold: Written, given: Written) -> Equivalence | None:
    """Compare the letters of a multiple choice, as in `(A)` and `A. Paris`."""
    letter = re.fullmatch(r"\(?([A-J])\)?[.:]?", gold.text)
    if letter is None:
        return None
    said = re.fullmatch(r"\(?([A-Ja-j])\)?[.:]?", given.text) or re.fullmatch(r"\(?([A-J])[).:]\)?\s*\S.*", given.text)
    return None if said is None else _SAME if said[1].upper() == letter[1] else _DIFFERENT


_OPPOSITES: Final = ({"yes", "no"}, {"true", "false"}, {"even", "odd"})


def _said(gold: Written, given: Written) -> Equivalence:
    """Compare words, as they are spelt."""
    one, other = (_spelling(w.text) for w in (gold, given))
    if one and one == other:
        return _SAME
    return _DIFFERENT if {one, other} in _OPPOSITES else _unknown("words that differ, which may mean the same")


def _spelling(text: str) -> str:
    text = re.sub(r"\\text\{([^{}]*)\}", r"\1", text)
    return re.sub(r"\s+", " ", text).strip(" .,;:!\"'").casefold()


def _chain(gold: Written, given: Written) -> Equivalence | tuple[str, str]:
    """Compare where one side is an equation, such as `2 + 3 = 5`, and the other is not."""
    equation, other = (gold, given) if "=" in gold.body else (given, gold)
    values = [value(part) for part in equation.body.split("=")]
    single = value(other.body)
    if single is not None and None not in values:
        if len(set(values)) == 1 and (gold.unit, gold.percent) == (given.unit, given.percent):
            return _SAME if values[0] == single else _DIFFERENT
        return _unknown("an equation that doesn't hold" if len(set(values)) > 1 else "its units differ")
    if other.name:
        return gold.text, given.text
    return _unknown("one is an equation, the other is not")


# Units and percentages.


def _measured(gold: Written, given: Written) -> Equivalence | tuple[str, str]:
    if gold.percent != given.percent:
        return _percentage(gold, given)
    one, other = gold.unit, given.unit
    if one is None and other is None:
        return _plain(gold, given)
    if one and other:
        if one.dimensions == other.dimensions:
            return _plain(gold, given, one.factor / other.factor)
        found = _plain(gold, given)
        if (one.known and other.known) or (isinstance(found, Equivalence) and found.equal is False):
            return Equivalence(False, "it is in units of another kind")
        return _unknown("what it counts may not be the same")
    unit = one or other
    assert unit is not None
    if unit.dimensions == (("degree", 1),):
        return _angle(gold, given)
    return _plain(gold, given)  # questions often say the unit, and answers leave it out


def _percentage(gold: Written, given: Written) -> Equivalence | tuple[str, str]:
    """Compare where one side has a percent sign: 50% is 1/2, but is 50 in an answer to "what percentage"."""
    factor = Fraction(1, 100) if gold.percent else Fraction(100)
    as_ratio = _plain(gold, given, factor)
    if as_ratio == _SAME:
        return _SAME
    as_written = _plain(gold, given)
    if isinstance(as_written, Equivalence) and as_written.equal is False and isinstance(as_ratio, Equivalence):
        return as_ratio
    return _unknown("one is a percentage")


def _angle(gold: Written, given: Written) -> Equivalence | tuple[str, str]:
    """Compare degrees with a number: a bare number may be meant in degrees, one with π is in radians."""
    bare = given if gold.unit else gold
    if "\\pi" not in bare.body:
        found = _plain(gold, given)
        return _unknown("one is in degrees, the other is not") if found == _SAME else found
    degrees = [f"{w.body}^\\circ" if w.unit else w.body for w in (gold, given)]
    return degrees[0], degrees[1]


# Numbers and collections of them.


def _plain(gold: Written, given: Written, factor: Fraction = Fraction(1)) -> Equivalence | tuple[str, str]:
    """Compare without units, the gold side taken so many times."""
    if gold.base or given.base:
        return _in_bases(gold, given)
    if AnswerKind.RATIO in (gold.kind, given.kind):
        return _ratios(gold, given)
    one, other = _number(gold), _number(given)
    if one is not None and other is not None:
        return _numbers(one * factor, other, gold.body, given.body)
    if gold.kind is not AnswerKind.SINGLE or given.kind is not AnswerKind.SINGLE:
        return _collections(gold, given, factor)
    for body in (gold.body, given.body):
        if "%" in body or re.search(r"(?<![_0-9])[0-9]+\s+[0-9]|!!|[0-9]_", body):
            return _unknown("written so that it has more than one reading")
    ours, theirs = term(gold.body), term(given.body)
    if ours and theirs:
        return _SAME if ours._replace(square=ours.square * factor**2) == theirs else _DIFFERENT
    scaled = gold.body if factor == 1 else f"\\frac{{{factor.numerator}}}{{{factor.denominator}}}\\cdot({gold.body})"
    return scaled, given.body


def _number(written: Written) -> Fraction | None:
    return value(written.body) if written.kind is AnswerKind.SINGLE else None


def _numbers(gold: Fraction, given: Fraction, gold_text: str, given_text: str) -> Equivalence:
    if gold == given:
        return _SAME
    for written, said, exact in ((gold_text, gold, given), (given_text, given, gold)):
        decimals = re.fullmatch(r"-?[0-9,]*\.([0-9]{2,})(?:\\ldots|\.\.\.)?", written)
        if decimals and not _terminates(exact) and abs(said - exact) < Fraction(1, 10 ** len(decimals[1])):
            return _unknown("one is the other, rounded")
    return _DIFFERENT


def _terminates(number: Fraction) -> bool:
    """Say whether a number has a finite decimal expansion."""
    rest = number.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


def _in_bases(gold: Written, given: Written) -> Equivalence:
    values = [_in_base(w) for w in (gold, given)]
    if None in values:
        return _unknown("a number in another base")
    if values[0] == values[1]:
        return _SAME
    if gold.base and given.base:
        return _DIFFERENT
    return _unknown("the base is left out") if gold.body == given.body else _DIFFERENT


def _in_base(written: Written) -> Fraction | None:
    if written.base is None:
        return value(written.body)
    try:
        return Fraction(int(written.body, written.base))
    except ValueError:
        return None


def _ratios(gold: Written, given: Written) -> Equivalence:
    """Compare `3:4` with `6:8` or 3/4; what may be a time of day is left alone."""
    one, other = (w.parts or (w.body,) for w in (gold, given))
    if one == other:
        return _SAME
    first, second = [value(p) for p in one], [value(p) for p in other]
    if None in first or None in second or any(map(_time, (gold, given))):
        return _unknown("a ratio or a time")
    ours, theirs = _proportions(first), _proportions(second)
    return _unknown("a ratio") if ours is None or theirs is None else _SAME if ours == theirs else _DIFFERENT


def _proportions(parts: Sequence[Fraction | None]) -> list[Fraction] | None:
    numbers = [part for part in parts if part is not None]
    numbers = [*numbers, Fraction(1)] if len(numbers) == 1 else numbers
    return [n / numbers[-1] for n in numbers] if numbers[-1] else None


def _time(written: Written) -> bool:
    return re.fullmatch(r"[0-9]{1,2}:[0-5][0-9](?::[0-5][0-9])?", written.body.replace(" ", "")) is not None


def _collections(gold: Written, given: Written, factor: Fraction) -> Equivalence | tuple[str, str]:
    """Compare lists, sets, tuples and brackets element by element, where every element is a number."""
    kinds = {gold.kind, given.kind}
    if len(kinds) > 1:
        return _of_two_kinds(gold, given)
    if gold.kind is AnswerKind.BRACKETS and gold.body[0] + gold.body[-1] != given.body[0] + given.body[-1]:
        return _DIFFERENT
    if _elements_named(gold) or _elements_named(given):
        return gold.body, given.body
    ours, theirs = ([read(p) for p in w.parts] for w in (gold, given))
    if any(e.unit or e.percent for e in (*ours, *theirs)):
        return _unknown("a collection with units in it")
    first, second = [value(e.body) for e in ours], [value(e.body) for e in theirs]
    if None not in first and None not in second:
        scaled = [n * factor for n in first if n is not None]
        others = [n for n in second if n is not None]
        if gold.kind in (AnswerKind.TUPLE, AnswerKind.BRACKETS):
            return _SAME if scaled == others else _DIFFERENT
        if gold.kind is AnswerKind.SET:
            return _SAME if set(scaled) == set(others) else _DIFFERENT
        return _SAME if Counter(scaled) == Counter(others) else _DIFFERENT
    if factor != 1:
        return _unknown("a collection with units")
    return gold.body, given.body


def _elements_named(written: Written) -> bool:
    return any("=" in part for part in written.parts)


def _of_two_kinds(gold: Written, given: Written) -> Equivalence | tuple[str, str]:
    """Compare things such as `1, 2` and `{1, 2}`: different elements differ, the same ones may not mean the same."""
    if any(_elements_named(w) or words(w.body) for w in (gold, given)):
        return gold.body, given.body
    ours, theirs = ([value(p) for p in (w.parts or (w.body,))] for w in (gold, given))
    if AnswerKind.SINGLE in (gold.kind, given.kind):
        plain, many = (gold, given) if gold.kind is AnswerKind.SINGLE else (given, gold)
        digits = [re.sub(r"[^0-9]", "", w.body) for w in (plain, many)]
        if value(plain.body) is None:
            return gold.body, given.body
        return _unknown("a number or a list") if digits[0] == digits[1] else _DIFFERENT
    detail = f"written as {given.kind}, the reference as {gold.kind}"
    if None in ours or None in theirs:
        return _unknown(detail)
    if sorted(map(str, ours)) != sorted(map(str, theirs)):
        return _DIFFERENT
    if {gold.kind, given.kind} == {AnswerKind.LIST, AnswerKind.SET} and "\\pm" in (gold.body[:3], given.body[:3]):
        return _SAME
    return Equivalence(None if AnswerKind.LIST in (gold.kind, given.kind) else False, detail)


def _unknown(reason: str) -> Equivalence:
    return Equivalence(None, reason)
