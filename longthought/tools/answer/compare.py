r"""Compare a final answer with the reference: equal, different, or unknown. This is the entrance to the folder.

Exact comparisons are made here: numbers as rationals, lists and tuples of them, intervals, ratios, units, percentages,
choices, words. The rest goes to Math-Verify in a worker process (`symbolic`) with bounded time and memory; a comparison
that doesn't finish in time is unknown, not wrong. The problem and its domain are not known here.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from longthought.tools.answer.exact import value
from longthought.tools.answer.intervals import same_set, union
from longthought.tools.answer.terms import term
from longthought.tools.answer.writing import AnswerKind, Written, clean, plain_words, read
from longthought.tools.workers import WorkerCrashed, Workers, WorkerTimeout

MAX_ANSWER: Final = 2_000
"""Maximum number of characters of an answer."""
MAX_DEPTH: Final = 30
"""Maximum nesting of brackets."""
WORKERS: Final = Workers("longthought.tools.answer.symbolic:judge", size=2, seconds=10.0)
"""Their time limit exceeds the one in `symbolic`, which keeps a process warm, and ends calls that hang in C."""


@dataclass(frozen=True, slots=True)
class Equivalence:
    """The result of a comparison."""

    equal: bool | None
    """None if it is unknown."""
    detail: str = ""
    """The reason or the condition; it never quotes the reference, since it is logged."""


_SAME: Final = Equivalence(True)
_DIFFERENT: Final = Equivalence(False, "it is not the reference")


async def compare(gold: str, given: str) -> Equivalence:
    """Compare an answer with the reference; safe in any thread and any event loop, and never raises for any content.

    Args:
        gold: The reference answer.
        given: The answer to compare with it.

    """
    decision = decide(gold, given)
    if isinstance(decision, Equivalence):
        return decision
    try:
        equal, detail = await WORKERS.call(*decision)
    except WorkerTimeout as error:
        return Equivalence(None, str(error))
    except WorkerCrashed as error:
        kind = str(error).partition(":")[0]  # not the whole message, which may quote the reference
        return Equivalence(None, f"the comparison broke off: {kind}")
    return Equivalence(equal, detail)


def decide(gold: str, given: str) -> Equivalence | tuple[str, str]:
    """Compare exactly if possible; else return the two expressions that must be compared symbolically."""
    for name, text in (("reference", gold), ("answer", given)):
        if fault := _unreadable(text):
            return Equivalence(None if name == "reference" or text.strip() else False, f"the {name} {fault}")
    clean_gold, clean_given = clean(gold), clean(given)
    if clean_gold == clean_given and clean_gold:
        return _SAME
    return _compare_parts(read(clean_gold), read(clean_given))


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


def _compare_parts(gold: Written, given: Written) -> Equivalence | tuple[str, str]:
    """Compare two answers by their parts."""
    if choice := _compare_choices(gold, given):
        return choice
    if AnswerKind.WORDS in (gold.kind, given.kind):
        return _compare_words(gold, given)
    if gold.name and given.name and gold.name != given.name:
        measured = _compare_measures(gold, given)
        different = isinstance(measured, Equivalence) and measured.equal is False
        return measured if different else _unknown("named differently")
    if ("=" in gold.body) != ("=" in given.body) and gold.kind is given.kind is AnswerKind.SINGLE:
        return _compare_equation(gold, given)
    sets = union(gold.body), union(given.body)
    if sets[0] and sets[1] and (sets[0].explicit or sets[1].explicit):
        if None not in (names := {sets[0].variable, sets[1].variable}) and len(names) > 1:
            return _unknown("named differently")
        equal = same_set(sets[0], sets[1])
        return (sets[0].latex(), sets[1].latex()) if equal is None else _SAME if equal else _DIFFERENT
    return _compare_measures(gold, given)


def _compare_choices(gold: Written, given: Written) -> Equivalence | None:
    """Compare the letters of a multiple choice, as in `(A)` and `A. Paris`."""
    gold_letter = re.fullmatch(r"\(?([A-J])\)?[.:]?", gold.text)
    if gold_letter is None:
        return None
    given_letter = re.fullmatch(r"\(?([A-Ja-j])\)?[.:]?", given.text) or re.fullmatch(
        r"\(?([A-J])[).:]\)?\s*\S.*", given.text
    )
    return None if given_letter is None else _SAME if given_letter[1].upper() == gold_letter[1] else _DIFFERENT


_OPPOSITES: Final = ({"yes", "no"}, {"true", "false"}, {"even", "odd"})


def _compare_words(gold: Written, given: Written) -> Equivalence:
    """Compare words by their spelling."""
    gold_spelling, given_spelling = (_spelling(w.text) for w in (gold, given))
    if gold_spelling and gold_spelling == given_spelling:
        return _SAME
    opposite = {gold_spelling, given_spelling} in _OPPOSITES
    return _DIFFERENT if opposite else _unknown("words that differ, which may mean the same")


def _spelling(text: str) -> str:
    text = re.sub(r"\\text\{([^{}]*)\}", r"\1", text)
    return re.sub(r"\s+", " ", text).strip(" .,;:!\"'").casefold()


def _compare_equation(gold: Written, given: Written) -> Equivalence | tuple[str, str]:
    """Compare an equation, such as `2 + 3 = 5`, with an answer that is none."""
    equation, plain = (gold, given) if "=" in gold.body else (given, gold)
    values = [value(part) for part in equation.body.split("=")]
    single = value(plain.body)
    if single is not None and None not in values:
        if len(set(values)) == 1 and (gold.unit, gold.percent) == (given.unit, given.percent):
            return _SAME if values[0] == single else _DIFFERENT
        return _unknown("an equation that doesn't hold" if len(set(values)) > 1 else "its units differ")
    if plain.name:
        return gold.text, given.text
    return _unknown("one is an equation, the other is not")


# Units and percentages.


def _compare_measures(gold: Written, given: Written) -> Equivalence | tuple[str, str]:
    if gold.percent != given.percent:
        return _compare_percentage(gold, given)
    gold_unit, given_unit = gold.unit, given.unit
    if gold_unit is None and given_unit is None:
        return _compare_plain(gold, given)
    if gold_unit and given_unit:
        if gold_unit.dimensions == given_unit.dimensions:
            return _compare_plain(gold, given, gold_unit.factor / given_unit.factor)
        as_numbers = _compare_plain(gold, given)
        if (gold_unit.known and given_unit.known) or (
            isinstance(as_numbers, Equivalence) and as_numbers.equal is False
        ):
            return Equivalence(False, "it is in units of another kind")
        return _unknown("what it counts may not be the same")
    unit = gold_unit or given_unit
    assert unit is not None
    if unit.dimensions == (("degree", 1),):
        return _compare_angle(gold, given)
    return _compare_plain(gold, given)  # questions often say the unit, and answers leave it out


def _compare_percentage(gold: Written, given: Written) -> Equivalence | tuple[str, str]:
    """Compare a percentage with a number: 50% is 1/2, but it is 50 in an answer to "what percentage"."""
    factor = Fraction(1, 100) if gold.percent else Fraction(100)
    as_ratio = _compare_plain(gold, given, factor)
    if as_ratio == _SAME:
        return _SAME
    as_written = _compare_plain(gold, given)
    if isinstance(as_written, Equivalence) and as_written.equal is False and isinstance(as_ratio, Equivalence):
        return as_ratio
    return _unknown("one is a percentage")


def _compare_angle(gold: Written, given: Written) -> Equivalence | tuple[str, str]:
    """Compare degrees with a number: a bare number may be meant in degrees, one with π is in radians."""
    bare = given if gold.unit else gold
    if "\\pi" not in bare.body:
        as_numbers = _compare_plain(gold, given)
        return _unknown("one is in degrees, the other is not") if as_numbers == _SAME else as_numbers
    degrees = [f"{w.body}^\\circ" if w.unit else w.body for w in (gold, given)]
    return degrees[0], degrees[1]


# Numbers and collections of them.


def _compare_plain(gold: Written, given: Written, factor: Fraction = Fraction(1)) -> Equivalence | tuple[str, str]:
    """Compare without units, with the gold side multiplied by `factor`."""
    if gold.base or given.base:
        return _compare_bases(gold, given)
    if AnswerKind.RATIO in (gold.kind, given.kind):
        return _compare_ratios(gold, given)
    gold_number, given_number = _number(gold), _number(given)
    if gold_number is not None and given_number is not None:
        return _compare_numbers(gold_number * factor, given_number, gold.body, given.body)
    if gold.kind is not AnswerKind.SINGLE or given.kind is not AnswerKind.SINGLE:
        return _compare_collections(gold, given, factor)
    for body in (gold.body, given.body):
        if "%" in body or re.search(r"(?<![_0-9])[0-9]+\s+[0-9]|!!|[0-9]_", body):
            return _unknown("written so that it has more than one reading")
    gold_term, given_term = term(gold.body), term(given.body)
    if gold_term and given_term:
        return _SAME if gold_term._replace(square=gold_term.square * factor**2) == given_term else _DIFFERENT
    scaled = gold.body if factor == 1 else f"\\frac{{{factor.numerator}}}{{{factor.denominator}}}\\cdot({gold.body})"
    return scaled, given.body


def _number(written: Written) -> Fraction | None:
    return value(written.body) if written.kind is AnswerKind.SINGLE else None


def _compare_numbers(gold: Fraction, given: Fraction, gold_text: str, given_text: str) -> Equivalence:
    if gold == given:
        return _SAME
    for written, rounded, exact in ((gold_text, gold, given), (given_text, given, gold)):
        decimals = re.fullmatch(r"-?[0-9,]*\.([0-9]{2,})(?:\\ldots|\.\.\.)?", written)
        if decimals and not _terminates(exact) and abs(rounded - exact) < Fraction(1, 10 ** len(decimals[1])):
            return _unknown("one is the other, rounded")
    return _DIFFERENT


def _terminates(number: Fraction) -> bool:
    """Say whether a number has a finite decimal expansion."""
    rest = number.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


def _compare_bases(gold: Written, given: Written) -> Equivalence:
    values = [_value_in_base(w) for w in (gold, given)]
    if None in values:
        return _unknown("a number in another base")
    if values[0] == values[1]:
        return _SAME
    if gold.base and given.base:
        return _DIFFERENT
    return _unknown("the base is left out") if gold.body == given.body else _DIFFERENT


def _value_in_base(written: Written) -> Fraction | None:
    if written.base is None:
        return value(written.body)
    try:
        return Fraction(int(written.body, written.base))
    except ValueError:
        return None


def _compare_ratios(gold: Written, given: Written) -> Equivalence:
    """Compare `3:4` with `6:8` or 3/4; an answer that may be a time of day is unknown."""
    gold_parts, given_parts = (w.parts or (w.body,) for w in (gold, given))
    if gold_parts == given_parts:
        return _SAME
    gold_values, given_values = [value(p) for p in gold_parts], [value(p) for p in given_parts]
    if None in gold_values or None in given_values or any(map(_is_time, (gold, given))):
        return _unknown("a ratio or a time")
    gold_proportions, given_proportions = _proportions(gold_values), _proportions(given_values)
    if gold_proportions is None or given_proportions is None:
        return _unknown("a ratio")
    return _SAME if gold_proportions == given_proportions else _DIFFERENT


def _proportions(parts: Sequence[Fraction | None]) -> list[Fraction] | None:
    numbers = [part for part in parts if part is not None]
    numbers = [*numbers, Fraction(1)] if len(numbers) == 1 else numbers
    return [n / numbers[-1] for n in numbers] if numbers[-1] else None


def _is_time(written: Written) -> bool:
    return re.fullmatch(r"[0-9]{1,2}:[0-5][0-9](?::[0-5][0-9])?", written.body.replace(" ", "")) is not None


def _compare_collections(gold: Written, given: Written, factor: Fraction) -> Equivalence | tuple[str, str]:
    """Compare lists, sets, tuples and brackets element by element, if every element is a number."""
    kinds = {gold.kind, given.kind}
    if len(kinds) > 1:
        return _compare_kinds(gold, given)
    if gold.kind is AnswerKind.BRACKETS and gold.body[0] + gold.body[-1] != given.body[0] + given.body[-1]:
        return _DIFFERENT
    if _names_elements(gold) or _names_elements(given):
        return gold.body, given.body
    gold_elements, given_elements = ([read(p) for p in w.parts] for w in (gold, given))
    if any(e.unit or e.percent for e in (*gold_elements, *given_elements)):
        return _unknown("a collection with units in it")
    gold_values, given_values = [value(e.body) for e in gold_elements], [value(e.body) for e in given_elements]
    if None not in gold_values and None not in given_values:
        scaled = [n * factor for n in gold_values if n is not None]
        others = [n for n in given_values if n is not None]
        if gold.kind in (AnswerKind.TUPLE, AnswerKind.BRACKETS):
            return _SAME if scaled == others else _DIFFERENT
        if gold.kind is AnswerKind.SET:
            return _SAME if set(scaled) == set(others) else _DIFFERENT
        return _SAME if Counter(scaled) == Counter(others) else _DIFFERENT
    if factor != 1:
        return _unknown("a collection with units")
    return gold.body, given.body


def _names_elements(written: Written) -> bool:
    return any("=" in part for part in written.parts)


def _compare_kinds(gold: Written, given: Written) -> Equivalence | tuple[str, str]:
    """Compare two kinds, such as `1, 2` and `{1, 2}`: other elements differ, equal ones may mean different things."""
    if any(_names_elements(w) or plain_words(w.body) for w in (gold, given)):
        return gold.body, given.body
    gold_values, given_values = ([value(p) for p in (w.parts or (w.body,))] for w in (gold, given))
    if AnswerKind.SINGLE in (gold.kind, given.kind):
        plain, collection = (gold, given) if gold.kind is AnswerKind.SINGLE else (given, gold)
        digits = [re.sub(r"[^0-9]", "", w.body) for w in (plain, collection)]
        if value(plain.body) is None:
            return gold.body, given.body
        return _unknown("a number or a list") if digits[0] == digits[1] else _DIFFERENT
    detail = f"written as {given.kind}, the reference as {gold.kind}"
    if None in gold_values or None in given_values:
        return _unknown(detail)
    if sorted(map(str, gold_values)) != sorted(map(str, given_values)):
        return _DIFFERENT
    if {gold.kind, given.kind} == {AnswerKind.LIST, AnswerKind.SET} and "\\pm" in (gold.body[:3], given.body[:3]):
        return _SAME
    return Equivalence(None if AnswerKind.LIST in (gold.kind, given.kind) else False, detail)


def _unknown(reason: str) -> Equivalence:
    return Equivalence(None, reason)
