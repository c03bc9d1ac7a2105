"""Compare numbers and expressions without units: rationals, numbers in other bases, ratios, times of day."""

import re
from collections.abc import Sequence
from fractions import Fraction

from longthought.tools.answer.equivalence import DIFFERENT, SAME, Decision, Equivalence, symbolically, unknown
from longthought.tools.answer.exact import value
from longthought.tools.answer.lists import compare_collections
from longthought.tools.answer.terms import term
from longthought.tools.answer.writing import AnswerKind, Written


def compare_plain(gold: Written, given: Written, factor: Fraction = Fraction(1)) -> Decision:
    """Compare without units, with the gold side multiplied by `factor`."""
    if gold.base or given.base:
        return _compare_bases(gold, given)
    if AnswerKind.RATIO in (gold.kind, given.kind):
        return _compare_ratios(gold, given)
    gold_number, given_number = _number(gold), _number(given)
    if gold_number is not None and given_number is not None:
        return _compare_numbers(gold_number * factor, given_number, gold.body, given.body)
    if gold.kind is not AnswerKind.SINGLE or given.kind is not AnswerKind.SINGLE:
        return compare_collections(gold, given, factor)
    for body in (gold.body, given.body):
        if "%" in body or re.search(r"(?<![_0-9])[0-9]+\s+[0-9]|!!|[0-9]_", body):
            return unknown("written so that it has more than one reading")
    gold_term, given_term = term(gold.body), term(given.body)
    if gold_term and given_term:
        return SAME if gold_term._replace(square=gold_term.square * factor**2) == given_term else DIFFERENT
    scaled = gold.body if factor == 1 else f"\\frac{{{factor.numerator}}}{{{factor.denominator}}}\\cdot({gold.body})"
    return symbolically(scaled, given.body)


def _number(written: Written) -> Fraction | None:
    return value(written.body) if written.kind is AnswerKind.SINGLE else None


def _compare_numbers(gold: Fraction, given: Fraction, gold_text: str, given_text: str) -> Equivalence:
    if gold == given:
        return SAME
    for written, rounded, exact in ((gold_text, gold, given), (given_text, given, gold)):
        decimals = re.fullmatch(r"-?[0-9,]*\.([0-9]{2,})(?:\\ldots|\.\.\.)?", written)
        if decimals and not _terminates(exact) and abs(rounded - exact) < Fraction(1, 10 ** len(decimals[1])):
            return unknown("one is the other, rounded")
    return DIFFERENT


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
        return unknown("a number in another base")
    if values[0] == values[1]:
        return SAME
    if gold.base and given.base:
        return DIFFERENT
    return unknown("the base is left out") if gold.body == given.body else DIFFERENT


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
        return SAME
    gold_values, given_values = [value(p) for p in gold_parts], [value(p) for p in given_parts]
    times = [_is_time(written) for written in (gold, given)]
    if None in gold_values or None in given_values:
        return unknown("a ratio or a time")
    gold_proportions, given_proportions = _proportions(gold_values), _proportions(given_values)
    same_ratio = all(gold_values) and gold_proportions == given_proportions  # 0:30 is no ratio
    if all(times) and not same_ratio and _clock(gold_values) != _clock(given_values):
        return DIFFERENT
    if any(times):
        return unknown("a ratio or a time")
    if gold_proportions is None or given_proportions is None:
        return unknown("a ratio")
    return SAME if gold_proportions == given_proportions else DIFFERENT


def _clock(parts: Sequence[Fraction | None]) -> Fraction:
    """Return the minutes on a clock face, on which 1:30 and 13:30 are the same."""
    minutes = sum(((part or 0) / Fraction(60) ** index for index, part in enumerate(parts)), Fraction(0)) * 60
    return minutes % (12 * 60)


def _proportions(parts: Sequence[Fraction | None]) -> list[Fraction] | None:
    numbers = [part for part in parts if part is not None]
    numbers = [*numbers, Fraction(1)] if len(numbers) == 1 else numbers
    return [n / numbers[-1] for n in numbers] if numbers[-1] else None


def _is_time(written: Written) -> bool:
    return re.fullmatch(r"[0-9]{1,2}:[0-5][0-9](?::[0-5][0-9])?", written.body.replace(" ", "")) is not None
