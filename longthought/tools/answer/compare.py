r"""Compare a final answer with the reference: equal, different, or unknown. This is the entrance to the folder.

Exact comparisons are made here: numbers as rationals, lists and tuples of them, intervals, ratios, units, percentages,
choices, words, and rows of all these. The rest goes to Math-Verify in a worker process (`symbolic`) with bounded time
and memory; a comparison that doesn't finish in time is unknown, not wrong. The problem and its domain are not known
here.
"""

import re
from typing import Final

from longthought.tools.answer.choices import compare_choices
from longthought.tools.answer.cleaning import clean
from longthought.tools.answer.equivalence import DIFFERENT, SAME, Decision, Equivalence, symbolically, unknown
from longthought.tools.answer.exact import value
from longthought.tools.answer.intervals import same_set, union
from longthought.tools.answer.measures import compare_measures
from longthought.tools.answer.rows import compare_rows
from longthought.tools.answer.writing import AnswerKind, Written, read
from longthought.tools.workers import WorkerCrashed, Workers, WorkerTimeout

MAX_ANSWER: Final = 2_000
"""Maximum number of characters of an answer."""
MAX_DEPTH: Final = 30
"""Maximum nesting of brackets, and number of LaTeX environments."""
WORKERS: Final = Workers("longthought.tools.answer.symbolic:judge", size=2, seconds=10.0)
"""Their time limit exceeds the one in `symbolic`, which keeps a process warm, and ends calls that hang in C."""

_PERIOD_OR_PRODUCT: Final = re.compile(r"[0-9]\.[0-9]+\s*\([0-9]+\)")
"""`2.5(3)`, which is the repeating decimal 2.5333… or 2.5 times 3."""


async def compare(gold: str, given: str) -> Equivalence:
    """Compare an answer with the reference; safe in any thread and any event loop, and never raises for any content.

    Args:
        gold: The reference answer.
        given: The answer to compare with it.

    """
    decision = decide(gold, given)
    if isinstance(decision, Equivalence):
        return decision
    detail = ""
    for pair in decision.pairs:
        found = await _judge(pair)
        if found.equal is None:
            return found
        if found.equal is False:
            return unknown(decision.doubt) if decision.doubt else found
        detail = detail or found.detail
    return Equivalence(True, detail)


async def _judge(pair: tuple[str, str]) -> Equivalence:
    """Compare two expressions in a worker process."""
    try:
        return Equivalence(*await WORKERS.call(*pair))
    except WorkerTimeout as error:
        return unknown(str(error))
    except WorkerCrashed as error:
        kind = str(error).partition(":")[0]  # not the whole message, which may quote the reference
        return unknown(f"the comparison broke off: {kind}")


def decide(gold: str, given: str) -> Decision:
    """Compare exactly if possible; else return the expressions that must be compared symbolically."""
    for name, text in (("reference", gold), ("answer", given)):
        if fault := _unreadable(text):
            return Equivalence(None if name == "reference" or text.strip() else False, f"the {name} {fault}")
    clean_gold, clean_given = clean(gold), clean(given)
    found = compare_choices(clean_gold, clean_given, _compare) or _compare(clean_gold, clean_given)
    if (isinstance(found, Equivalence) and found.equal) or not any(map(_PERIOD_OR_PRODUCT.search, (gold, given))):
        return found
    return unknown("a repeating decimal or a product")


def _compare(gold: str, given: str) -> Decision:
    """Compare two cleaned answers, or parts of them, that are no choices."""
    if gold == given and gold:
        return SAME
    if "\\begin" in gold or "\\begin" in given:
        return compare_rows(gold, given, _compare)
    return _compare_parts(read(gold), read(given))


def _unreadable(text: str) -> str | None:
    if len(text) > MAX_ANSWER:
        return f"is {len(text):,} characters long; at most {MAX_ANSWER:,} are compared"
    if not text.strip():
        return "is empty"
    if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
        return "holds half a character (a lone surrogate)"
    if any(sign < " " and sign not in "\t\n\r" for sign in text):
        return "holds control characters"
    if text.count("\\begin") > MAX_DEPTH:
        return f"has more than {MAX_DEPTH} environments"
    depth = deepest = 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        deepest = max(deepest, depth, -depth)
    if deepest > MAX_DEPTH:
        return f"has brackets more than {MAX_DEPTH} deep"
    if "\\begin" in text:  # the brace before a system stands alone
        text = text.replace("\\{", "").replace("\\}", "")
    return "has a bracket that is never closed" if text.count("{") != text.count("}") else None


def _compare_parts(gold: Written, given: Written) -> Decision:
    """Compare two answers by their parts."""
    if AnswerKind.WORDS in (gold.kind, given.kind):
        return _compare_words(gold, given)
    if gold.name and given.name and gold.name != given.name:
        measured = compare_measures(gold, given)
        different = isinstance(measured, Equivalence) and measured.equal is False
        return measured if different else unknown("named differently")
    if ("=" in gold.body) != ("=" in given.body) and gold.kind is given.kind is AnswerKind.SINGLE:
        return _compare_equation(gold, given)
    sets = union(gold.body), union(given.body)
    if sets[0] and sets[1] and (sets[0].explicit or sets[1].explicit):
        if None not in (names := {sets[0].variable, sets[1].variable}) and len(names) > 1:
            return unknown("named differently")
        equal = same_set(sets[0], sets[1])
        return symbolically(sets[0].latex(), sets[1].latex()) if equal is None else SAME if equal else DIFFERENT
    return compare_measures(gold, given)


_TRUTHS: Final = {"yes": True, "true": True, "no": False, "false": False}
_OPPOSITES: Final = ({"even", "odd"},)


def _compare_words(gold: Written, given: Written) -> Equivalence:
    """Compare words by their spelling."""
    gold_spelling, given_spelling = (_spelling(w.text) for w in (gold, given))
    if gold_spelling in _TRUTHS and given_spelling in _TRUTHS:
        return SAME if _TRUTHS[gold_spelling] == _TRUTHS[given_spelling] else DIFFERENT
    if gold_spelling and gold_spelling == given_spelling:
        return SAME
    opposite = {gold_spelling, given_spelling} in _OPPOSITES
    return DIFFERENT if opposite else unknown("words that differ, which may mean the same")


def _spelling(text: str) -> str:
    text = re.sub(r"\\text\{([^{}]*)\}", r"\1", text)
    return re.sub(r"\s+", " ", text).strip(" .,;:!\"'").casefold()


def _compare_equation(gold: Written, given: Written) -> Decision:
    """Compare an equation, such as `2 + 3 = 5`, with an answer that is none."""
    equation, plain = (gold, given) if "=" in gold.body else (given, gold)
    parts = equation.body.split("=")
    if len(parts) > 2 and re.fullmatch(r"\\?[a-zA-Z]+(?:_\{?\w\}?)?", parts[0].strip()):
        parts = parts[1:]  # the name in `x = 2 + 3 = 5`
    values = [value(part) for part in parts]
    single = value(plain.body)
    if single is not None and None not in values:
        if len(set(values)) == 1 and (gold.unit, gold.percent) == (given.unit, given.percent):
            return SAME if values[0] == single else DIFFERENT
        return unknown("an equation that doesn't hold" if len(set(values)) > 1 else "its units differ")
    if plain.name:
        return symbolically(gold.text, given.text)
    return unknown("one is an equation, the other is not")
