"""Compare numbers that have units or percent signs, and angles in degrees."""

from fractions import Fraction

from longthought.tools.answer.equivalence import SAME, Decision, Equivalence, symbolically, unknown
from longthought.tools.answer.numbers import compare_plain
from longthought.tools.answer.writing import Written


def compare_measures(gold: Written, given: Written) -> Decision:
    """Compare two answers that may have units or percent signs."""
    if gold.percent != given.percent:
        return _compare_percentage(gold, given)
    gold_unit, given_unit = gold.unit, given.unit
    if gold_unit is None and given_unit is None:
        return compare_plain(gold, given)
    if gold_unit and given_unit:
        if gold_unit.dimensions == given_unit.dimensions:
            return compare_plain(gold, given, gold_unit.factor / given_unit.factor)
        as_numbers = compare_plain(gold, given)
        if (gold_unit.known and given_unit.known) or (
            isinstance(as_numbers, Equivalence) and as_numbers.equal is False
        ):
            return Equivalence(False, "it is in units of another kind")
        return unknown("what it counts may not be the same")
    unit = gold_unit or given_unit
    assert unit is not None
    if unit.dimensions == (("degree", 1),):
        return _compare_angle(gold, given)
    return compare_plain(gold, given)  # questions often say the unit, and answers leave it out


def _compare_percentage(gold: Written, given: Written) -> Decision:
    """Compare a percentage with a number: 50% is 1/2, but it is 50 in an answer to "what percentage"."""
    factor = Fraction(1, 100) if gold.percent else Fraction(100)
    as_ratio = compare_plain(gold, given, factor)
    if as_ratio == SAME:
        return SAME
    as_written = compare_plain(gold, given)
    if isinstance(as_written, Equivalence) and as_written.equal is False and isinstance(as_ratio, Equivalence):
        return as_ratio
    return unknown("one is a percentage")


def _compare_angle(gold: Written, given: Written) -> Decision:
    """Compare degrees with a number: a bare number may be meant in degrees, one with π is in radians."""
    bare = given if gold.unit else gold
    if "\\pi" not in bare.body:
        as_numbers = compare_plain(gold, given)
        return unknown("one is in degrees, the other is not") if as_numbers == SAME else as_numbers
    degrees = [f"{w.body}^\\circ" if w.unit else w.body for w in (gold, given)]
    return symbolically(degrees[0], degrees[1])
