"""Compare lists, sets, tuples and brackets of numbers, whose kind is part of the answer."""

import re
from collections import Counter
from fractions import Fraction

from longthought.tools.answer.equivalence import DIFFERENT, SAME, Decision, Equivalence, symbolically, unknown
from longthought.tools.answer.exact import value
from longthought.tools.answer.writing import AnswerKind, Written, plain_words, read


def compare_collections(gold: Written, given: Written, factor: Fraction) -> Decision:
    """Compare lists, sets, tuples and brackets element by element, if every element is a number."""
    kinds = {gold.kind, given.kind}
    if len(kinds) > 1:
        return _compare_kinds(gold, given)
    if gold.kind is AnswerKind.BRACKETS and gold.body[0] + gold.body[-1] != given.body[0] + given.body[-1]:
        return DIFFERENT
    if _names_elements(gold) or _names_elements(given):
        return symbolically(gold.body, given.body)
    gold_elements, given_elements = ([read(p) for p in w.parts] for w in (gold, given))
    if any(e.unit or e.percent for e in (*gold_elements, *given_elements)):
        return unknown("a collection with units in it")
    gold_values, given_values = [value(e.body) for e in gold_elements], [value(e.body) for e in given_elements]
    if None not in gold_values and None not in given_values:
        scaled = [n * factor for n in gold_values if n is not None]
        others = [n for n in given_values if n is not None]
        if gold.kind in (AnswerKind.TUPLE, AnswerKind.BRACKETS):
            return SAME if scaled == others else DIFFERENT
        if gold.kind is AnswerKind.SET:
            return SAME if set(scaled) == set(others) else DIFFERENT
        return SAME if Counter(scaled) == Counter(others) else DIFFERENT
    if factor != 1:
        return unknown("a collection with units")
    return symbolically(gold.body, given.body)


def _names_elements(written: Written) -> bool:
    return any("=" in part for part in written.parts)


def _compare_kinds(gold: Written, given: Written) -> Decision:
    """Compare two kinds, such as `1, 2` and `{1, 2}`: other elements differ, equal ones may mean different things."""
    if any(_names_elements(w) or plain_words(w.body) for w in (gold, given)):
        return symbolically(gold.body, given.body)
    gold_values, given_values = ([value(p) for p in (w.parts or (w.body,))] for w in (gold, given))
    if AnswerKind.SINGLE in (gold.kind, given.kind):
        plain, collection = (gold, given) if gold.kind is AnswerKind.SINGLE else (given, gold)
        digits = [re.sub(r"[^0-9]", "", w.body) for w in (plain, collection)]
        if value(plain.body) is None:
            return symbolically(gold.body, given.body)
        both_signs = collection.body.startswith("\\pm") and value(plain.body) != 0
        return unknown("a number or a list") if digits[0] == digits[1] and not both_signs else DIFFERENT
    detail = f"written as {given.kind}, the reference as {gold.kind}"
    if None in gold_values or None in given_values:
        return unknown(detail)
    if sorted(map(str, gold_values)) != sorted(map(str, given_values)):
        return DIFFERENT
    if {gold.kind, given.kind} == {AnswerKind.LIST, AnswerKind.SET} and "\\pm" in (gold.body[:3], given.body[:3]):
        return SAME
    return Equivalence(None if AnswerKind.LIST in (gold.kind, given.kind) else False, detail)
