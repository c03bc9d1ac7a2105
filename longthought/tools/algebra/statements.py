"""A step to the links it states: each `a = b` of each chain, with its quote, its span, and whether it is hedged.

A link counts only where it stands for itself. Its sides reach as far as an expression can, and the words around must be
words that leave it alone: `half of 10 + 2 = 7` has no link, for the words change what is added. A hedged link stands in
a sentence that asks, denies, supposes or rounds; it may be confirmed, never refuted. What it says is not judged here.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from typing import Final

from longthought.tools.algebra import lexicon
from longthought.tools.algebra.tokens import Token, tokenize

LONGEST: Final = 50_000
"""Characters of a step that are read."""
MOST: Final = 200
"""Links of a step that are looked at."""
_RELATION: Final = re.compile(r"[=≈≃<>≤≥]|\\(?:approx|simeq|le|ge|lt|gt)|\bequals\b")
_NOTE: Final = re.compile(r"<<([^<>\n\ud800-\udfff]{1,300})>>")
_SENTENCE: Final = re.compile(r"[.!?](?=[\s*$)\"”\\]|$)|\n")
_CLAUSE: Final = re.compile(r"[,;:(]")
_SEEN: Final = 1_000
"""Characters of a sentence that are looked at, before and after a link."""
_OPERATORS: Final = frozenset({"plus", "minus", "times", "over", "power", "of"})
_STARTS: Final = frozenset({"number", "currency", "open", "command", "name"})
_ENDS: Final = frozenset(
    {"number", "close", "name", "percent", "word", "hyphenated", "degree", "factorial", "superscript"}
)
_WORDS: Final = frozenset({"word", "hyphenated"})
_EDGES: Final = frozenset({"relation", "odd", "arrow", "stop", "line", "bad", "dots", "ordinal"})


class StepContext:
    """The sentences of a step, and which of them say something else than that a link holds."""

    def __init__(self, text: str, problem: str) -> None:
        """Look at nothing yet: most links hold, and then nobody asks."""
        self.text, self.problem = text, problem

    @cached_property
    def everywhere(self) -> bool:
        """Whether the whole step, or the statement, makes plain readings unsafe."""
        return (
            _odd(self.problem[:LONGEST])
            or bool(lexicon.OTHER_ARITHMETIC.search(self.text))
            or bool(lexicon.CORRECTION.search(self.text))
        )

    @cached_property
    def breaks(self) -> list[int]:
        """Where sentences end."""
        return [m.end() for m in _SENTENCE.finditer(self.text)]

    def hedges(self, start: int, end: int) -> bool:
        """Say whether the sentence around a link asks, denies, supposes or rounds."""
        if self.everywhere:
            return True
        before, after = bisect_right(self.breaks, start), bisect_left(self.breaks, end)
        first = self.breaks[before - 1] if before else 0
        last = self.breaks[after] if after < len(self.breaks) else len(self.text)
        first, last = max(first, start - _SEEN), min(last, end + _SEEN)
        if self.text[last - 1 : last] == "?" or lexicon.HEDGE.search(self.text, first, last):
            return True
        clause = first
        for mark in _CLAUSE.finditer(self.text, first, start):
            clause = mark.end()
        return bool(lexicon.CONDITION.search(self.text, clause, start))


@dataclass(frozen=True, slots=True)
class Statement:
    """One link, in the words of the step."""

    text: str
    start: int
    end: int
    doubtful: bool
    """Whether it may go on in another line."""
    context: StepContext

    @property
    def hedged(self) -> bool:
        """Whether it may be confirmed only."""
        return self.doubtful or self.context.hedges(self.start, self.end)


def statements(step: str, problem: str = "") -> list[Statement]:
    """Find the links of a step, in order; time is linear in its length."""
    text = step[:LONGEST]
    if not _RELATION.search(text):
        return []
    tokens = tokenize(text)
    partners = _partners(tokens)
    context = StepContext(text, problem)
    found: list[Statement] = []
    for index, token in enumerate(tokens):
        if token.kind == "relation" and len(found) < MOST:
            left, right = _left(tokens, partners, index), _right(tokens, partners, index)
            if left and right and not _label(tokens, left[0], index):
                first = left[0] + _delimited(text, tokens, left[0], right[0])
                start, end = tokens[first].start, tokens[right[0] - 1].end
                found.append(Statement(text[start:end], start, end, left[1] or right[1], context))
    notes = _NOTE.finditer(text) if "<<" in text else iter(())
    found += (
        Statement(note[1], note.start(1), note.end(1), False, context) for note in islice(notes, MOST - len(found))
    )
    return found


@lru_cache(maxsize=256)
def _odd(problem: str) -> bool:
    return bool(lexicon.OTHER_ARITHMETIC.search(problem) or lexicon.STATEMENT.search(problem))


def _partners(tokens: Sequence[Token]) -> dict[int, int]:
    """Match brackets that open and close on the same line."""
    partners: dict[int, int] = {}
    opened: list[int] = []
    for index, token in enumerate(tokens):
        if token.kind == "open":
            opened.append(index)
        elif token.kind == "line":
            opened.clear()
        elif token.kind == "close" and opened:
            partners[index] = opened.pop()
            partners[partners[index]] = index
    return partners


def _binary(tokens: Sequence[Token], index: int) -> bool:
    """Say whether an operator stands between two operands: `3 - 2` and `3-2`, but not `so -2`."""
    if index >= len(tokens) or tokens[index].kind not in _OPERATORS:
        return False
    if tokens[index].kind != "minus" or index + 1 == len(tokens):
        return True
    return tokens[index].spaced == tokens[index + 1].spaced or not tokens[index].spaced


def _left(tokens: Sequence[Token], partners: dict[int, int], relation: int) -> tuple[int, bool] | None:
    """Return where the left side of a relation begins and whether it is doubtful; None if it can't be told."""
    index = relation - 1
    if index >= 0 and tokens[index].kind == "line":
        index -= 1
    while index >= 0:
        token = tokens[index]
        following = tokens[index + 1]
        if token.kind == "close":
            if index not in partners:
                break
            if following.kind in ("number", "currency"):
                if not following.spaced:
                    return None
                break
            index = partners[index]
        elif token.kind == "open" or token.kind in _EDGES:
            break
        elif token.kind in _WORDS:
            if not (index + 1 == relation or following.kind in _WORDS or _binary(tokens, index + 1)):
                break
            if following.kind in _WORDS and tokens[_past_words(tokens, index)].kind in _STARTS:
                break
        elif token.kind == "name" and following.kind in ("number", "currency") and following.spaced:
            if token.text not in "aAI":
                return None
            break
        index -= 1
    return _begin(tokens, index, relation)


def _past_words(tokens: Sequence[Token], index: int) -> int:
    while tokens[index].kind in _WORDS:
        index += 1
    return index


def _begin(tokens: Sequence[Token], edge: int, relation: int) -> tuple[int, bool] | None:
    """Look at what stands before a left side."""
    begin = edge + 1
    kind = tokens[edge].kind if edge >= 0 else "line"
    if kind == "line" and begin < relation and tokens[begin].kind == "line":
        return None
    doubtful = False
    if kind == "line":
        if edge > 0 and tokens[edge - 1].kind in _OPERATORS:
            return None
        if begin + 1 < relation and tokens[begin].kind in ("minus", "plus", "times") and tokens[begin + 1].spaced:
            begin, doubtful = begin + 1, True
    elif kind in ("odd", "bad", "dots"):
        return None
    elif kind == "open":
        before = tokens[edge - 1].kind if edge else ""
        if before in _OPERATORS | {"command"} or (before in ("name", "number", "close") and not tokens[edge].spaced):
            return None
    elif kind in _WORDS or kind == "ordinal":
        if kind == "ordinal" or not _harmless(tokens, edge):
            return None
        if _bare(tokens, begin, relation):
            return None
    if begin >= relation or tokens[begin].kind in _WORDS or tokens[begin].kind in _OPERATORS - {"minus"}:
        return None
    return begin, doubtful


def _harmless(tokens: Sequence[Token], index: int) -> bool:
    """Say whether a word before an expression leaves it alone."""
    word = tokens[index].text.lower()
    before = tokens[index - 1] if index else None
    if word in ("and", "or"):
        return before is None or before.kind not in _ENDS - _WORDS or _result(tokens, index - 1)
    if word not in lexicon.OPERATIVE:
        return True
    earlier = before.text.lower() if before and before.kind == "word" else ""
    if index > 1 and tokens[index - 2].text.lower() in lexicon.OPERATIVE:
        return False
    return (word == "of" and earlier in lexicon.TOTALS) or (word == "to" and earlier in lexicon.ARRIVALS)


def _result(tokens: Sequence[Token], index: int) -> bool:
    """Say whether a number is what something was said to be, as in `3 * 2 = $6`."""
    while index > 0 and tokens[index].kind in ("number", "currency", "percent", "degree"):
        index -= 1
    return tokens[index].kind == "relation"


def _bare(tokens: Sequence[Token], begin: int, end: int) -> bool:
    """Say whether there is one number and nothing to compute."""
    return all(t.kind in ("number", "currency", "word", "hyphenated", "line") for t in tokens[begin:end])


def _delimited(text: str, tokens: Sequence[Token], first: int, end: int) -> bool:
    """Say whether the dollar before a link begins a formula, which ends right behind it."""
    if tokens[first].kind != "currency" or text[tokens[first].start : tokens[first].end] != "$":
        return False
    return text.startswith("$", tokens[end - 1].end) and not any(t.kind == "currency" for t in tokens[first + 1 : end])


def _label(tokens: Sequence[Token], begin: int, relation: int) -> bool:
    """Say whether the left side is a number that may count things, as in `Day (2) = 5 * 3`."""
    return begin > 0 and tokens[begin - 1].kind in ("close", "ordinal", "name") and _bare(tokens, begin, relation)


def _right(tokens: Sequence[Token], partners: dict[int, int], relation: int) -> tuple[int, bool] | None:
    """Return where the right side of a relation ends and whether it is doubtful; None if it can't be told."""
    index = relation + 1
    if index < len(tokens) and tokens[index].kind == "line":
        index += 1
    if index < len(tokens) and tokens[index].kind == "word" and tokens[index].text.lower() in lexicon.APPROXIMATELY:
        index += 1
    first = index
    while index < len(tokens):
        token = tokens[index]
        operand = index > first and tokens[index - 1].kind in _ENDS
        if token.kind == "open":
            if index not in partners or (operand and token.spaced and _remark(tokens, index, partners[index])):
                break
            index = partners[index]
        elif token.kind in _WORDS:
            onward = _past_unit(tokens, index) if operand else index
            if onward == index:
                break
            index = onward - 1
        elif token.kind == "over" and operand and index + 1 < len(tokens) and tokens[index + 1].kind == "word":
            index += 1
        elif token.kind == "name" and operand and token.spaced and _article(tokens, index):
            break
        elif token.kind == "dots" and index > first and tokens[index - 1].kind == "number":
            index += 1
            break
        elif token.kind == "close" or token.kind in _EDGES:
            break
        index += 1
    return _finish(tokens, first, index, relation)


def _remark(tokens: Sequence[Token], start: int, end: int) -> bool:
    return any(t.kind in ("word", "relation", "stop", "hyphenated") for t in tokens[start:end])


def _article(tokens: Sequence[Token], index: int) -> bool:
    following = tokens[index + 1].kind if index + 1 < len(tokens) else "stop"
    return tokens[index].text in "aAI" and following in ("word", "stop", "line")


def _past_unit(tokens: Sequence[Token], index: int) -> int:
    """Step over the words of a unit if the calculation goes on behind them; else stay."""
    ahead = index
    while ahead < len(tokens) and ahead < index + 6:
        following = tokens[ahead + 1].kind if ahead + 1 < len(tokens) else ""
        if tokens[ahead].kind == "power" and following == "number" and ahead > index:
            ahead += 2
        elif tokens[ahead].kind in _WORDS or (tokens[ahead].kind == "over" and following == "word"):
            ahead += 1
        else:
            break
    if (
        ahead + 1 < len(tokens)
        and tokens[ahead].kind != "power"
        and _binary(tokens, ahead)
        and tokens[ahead + 1].kind in _STARTS - {"name"}
    ):
        return ahead
    return index


def _finish(tokens: Sequence[Token], first: int, end: int, relation: int) -> tuple[int, bool] | None:
    """Look at what stands after a right side."""
    after = tokens[end] if end < len(tokens) else None
    if after and after.kind in ("odd", "bad", "ordinal", "dots"):
        return None
    if after and end > first + 1 and tokens[end - 1].kind == "minus" and after.kind in ("word", "name", "line"):
        end -= 1
    if end <= first or tokens[end - 1].kind in _OPERATORS:
        return None
    doubtful = False
    if after and after.kind == "line" and end + 1 < len(tokens):
        following = end + 2 < len(tokens) and tokens[end + 2].kind not in _WORDS
        doubtful = tokens[end + 1].kind in _OPERATORS and following
    if after is None or end >= len(tokens) or tokens[end].kind not in _WORDS:
        return end, doubtful
    return _unit(tokens, first, end, relation, doubtful)


def _unit(tokens: Sequence[Token], first: int, end: int, relation: int, doubtful: bool) -> tuple[int, bool] | None:
    """Take in the unit behind a result where it matters to what the result says."""
    word = tokens[end].text.lower()
    following = tokens[end + 1 : end + 3]
    if word in lexicon.AFTERWARDS or any(t.text.lower() == "than" for t in following):
        return None
    if word in lexicon.DIMENSIONS:
        joined = following[1:] if following and following[0].text in ("and", ",") else following[:1]
        if joined and joined[0].kind in ("number", "currency"):
            return None
        return end + 1, doubtful
    counted = any(t.kind in _WORDS for t in tokens[max(0, relation - 40) : relation])
    adjacent = tokens[end].start - tokens[end - 1].end <= 1
    return (end + 1 if counted and adjacent and len(word) > 3 else end), doubtful
