"""Find the links that a step states: each `a = b` of each chain, with its quote, its span, and whether it is hedged.

A link counts only if the words around it don't change its meaning: `half of 10 + 2 = 7` has no link, because the words
change what is added. Its sides reach as far as an expression can. A hedged link stands in a sentence that asks, denies,
supposes or rounds; it may be confirmed, never refuted. This module doesn't judge whether a link holds.
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

MAX_LENGTH: Final = 50_000
"""Maximum number of characters read of a step."""
MAX_LINKS: Final = 200
"""Maximum number of links taken from a step."""
_RELATION: Final = re.compile(r"[=≈≃<>≤≥]|\\(?:approx|simeq|le|ge|lt|gt)|\bequals\b")
_NOTE: Final = re.compile(r"<<([^<>\n\ud800-\udfff]{1,300})>>")
_SENTENCE: Final = re.compile(r"[.!?](?=[\s*$)\"”\\]|$)|\n")
_CLAUSE: Final = re.compile(r"[,;:(]")
_SENTENCE_REACH: Final = 1_000
"""Maximum number of characters of a sentence searched for hedges, before and after a link."""
_OPERATORS: Final = frozenset({"plus", "minus", "times", "over", "power", "of"})
_OPERAND_STARTS: Final = frozenset({"number", "currency", "open", "command", "name"})
_OPERAND_ENDS: Final = frozenset(
    {"number", "close", "name", "percent", "word", "hyphenated", "degree", "factorial", "superscript"}
)
_WORD_KINDS: Final = frozenset({"word", "hyphenated"})
_SIDE_EDGES: Final = frozenset({"relation", "odd", "arrow", "stop", "line", "bad", "dots", "ordinal"})


class StepContext:
    """The sentences of a step, and which of them hedge the links in them."""

    def __init__(self, text: str, problem: str) -> None:
        """Keep the texts; they are searched only when a link fails, since hedges don't matter to links that hold."""
        self.text, self.problem = text, problem

    @cached_property
    def unsafe_everywhere(self) -> bool:
        """Whether the whole step or the statement makes plain readings unsafe."""
        return (
            _is_unusual(self.problem[:MAX_LENGTH])
            or bool(lexicon.OTHER_ARITHMETIC.search(self.text))
            or bool(lexicon.CORRECTION.search(self.text))
        )

    @cached_property
    def sentence_ends(self) -> list[int]:
        """The positions where sentences end."""
        return [m.end() for m in _SENTENCE.finditer(self.text)]

    def hedges(self, start: int, end: int) -> bool:
        """Say whether the sentence around a link asks, denies, supposes or rounds."""
        if self.unsafe_everywhere:
            return True
        before, after = bisect_right(self.sentence_ends, start), bisect_left(self.sentence_ends, end)
        first = self.sentence_ends[before - 1] if before else 0
        last = self.sentence_ends[after] if after < len(self.sentence_ends) else len(self.text)
        first, last = max(first, start - _SENTENCE_REACH), min(last, end + _SENTENCE_REACH)
        if self.text[last - 1 : last] == "?" or lexicon.HEDGE.search(self.text, first, last):
            return True
        clause = first
        for separator in _CLAUSE.finditer(self.text, first, start):
            clause = separator.end()
        return bool(lexicon.CONDITION.search(self.text, clause, start))


@dataclass(frozen=True, slots=True)
class Statement:
    """One link, in the words of the step."""

    text: str
    start: int
    end: int
    doubtful: bool
    """Whether the link may go on in another line."""
    context: StepContext

    @property
    def hedged(self) -> bool:
        """Whether the link may be confirmed but not refuted."""
        return self.doubtful or self.context.hedges(self.start, self.end)


def statements(step: str, problem: str = "") -> list[Statement]:
    """Find the links of a step, in order; time is linear in its length."""
    text = step[:MAX_LENGTH]
    if not _RELATION.search(text):
        return []
    tokens = tokenize(text)
    partners = _partners(tokens)
    context = StepContext(text, problem)
    links: list[Statement] = []
    for index, token in enumerate(tokens):
        if token.kind == "relation" and len(links) < MAX_LINKS:
            left, right = _left(tokens, partners, index), _right(tokens, partners, index)
            if left and right and not _is_label(tokens, left[0], index):
                first = left[0] + _opens_formula(text, tokens, left[0], right[0])
                start, end = tokens[first].start, tokens[right[0] - 1].end
                links.append(Statement(text[start:end], start, end, left[1] or right[1], context))
    notes = _NOTE.finditer(text) if "<<" in text else iter(())
    links += (
        Statement(note[1], note.start(1), note.end(1), False, context) for note in islice(notes, MAX_LINKS - len(links))
    )
    return links


@lru_cache(maxsize=256)
def _is_unusual(problem: str) -> bool:
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


def _is_binary(tokens: Sequence[Token], index: int) -> bool:
    """Say whether an operator stands between two operands: `3 - 2` and `3-2`, but not `so -2`."""
    if index >= len(tokens) or tokens[index].kind not in _OPERATORS:
        return False
    if tokens[index].kind != "minus" or index + 1 == len(tokens):
        return True
    return tokens[index].spaced == tokens[index + 1].spaced or not tokens[index].spaced


def _left(tokens: Sequence[Token], partners: dict[int, int], relation: int) -> tuple[int, bool] | None:
    """Return where the left side of a relation begins and whether it is doubtful; None if that is unclear."""
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
        elif token.kind == "open" or token.kind in _SIDE_EDGES:
            break
        elif token.kind in _WORD_KINDS:
            if not (index + 1 == relation or following.kind in _WORD_KINDS or _is_binary(tokens, index + 1)):
                break
            if following.kind in _WORD_KINDS and tokens[_past_words(tokens, index)].kind in _OPERAND_STARTS:
                break
        elif token.kind == "name" and following.kind in ("number", "currency") and following.spaced:
            if token.text not in "aAI":
                return None
            break
        index -= 1
    return _checked_start(tokens, index, relation)


def _past_words(tokens: Sequence[Token], index: int) -> int:
    while tokens[index].kind in _WORD_KINDS:
        index += 1
    return index


def _checked_start(tokens: Sequence[Token], edge: int, relation: int) -> tuple[int, bool] | None:
    """Check what stands before a left side; return its first token and whether it is doubtful, or None to reject it."""
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
    elif kind in _WORD_KINDS or kind == "ordinal":
        if kind == "ordinal" or not _is_harmless(tokens, edge):
            return None
        if _has_no_operation(tokens, begin, relation):
            return None
    if begin >= relation or tokens[begin].kind in _WORD_KINDS or tokens[begin].kind in _OPERATORS - {"minus"}:
        return None
    return begin, doubtful


def _is_harmless(tokens: Sequence[Token], index: int) -> bool:
    """Say whether a word before an expression doesn't change its meaning."""
    word = tokens[index].text.lower()
    before = tokens[index - 1] if index else None
    if word in ("and", "or"):
        return before is None or before.kind not in _OPERAND_ENDS - _WORD_KINDS or _is_result(tokens, index - 1)
    if word not in lexicon.OPERATIVE:
        return True
    earlier = before.text.lower() if before and before.kind == "word" else ""
    if index > 1 and tokens[index - 2].text.lower() in lexicon.OPERATIVE:
        return False
    return (word == "of" and earlier in lexicon.TOTALS) or (word == "to" and earlier in lexicon.ARRIVALS)


def _is_result(tokens: Sequence[Token], index: int) -> bool:
    """Say whether a number is the result of an earlier relation, as in `3 * 2 = $6`."""
    while index > 0 and tokens[index].kind in ("number", "currency", "percent", "degree"):
        index -= 1
    return tokens[index].kind == "relation"


def _has_no_operation(tokens: Sequence[Token], begin: int, end: int) -> bool:
    """Say whether a range of tokens holds only numbers and words, so that there is nothing to compute."""
    return all(t.kind in ("number", "currency", "word", "hyphenated", "line") for t in tokens[begin:end])


def _opens_formula(text: str, tokens: Sequence[Token], first: int, end: int) -> bool:
    """Say whether the dollar sign before a link opens a formula that closes right behind the link."""
    if tokens[first].kind != "currency" or text[tokens[first].start : tokens[first].end] != "$":
        return False
    return text.startswith("$", tokens[end - 1].end) and not any(t.kind == "currency" for t in tokens[first + 1 : end])


def _is_label(tokens: Sequence[Token], begin: int, relation: int) -> bool:
    """Say whether the left side is a number that may be a label, as in `Day (2) = 5 * 3`."""
    return (
        begin > 0
        and tokens[begin - 1].kind in ("close", "ordinal", "name")
        and _has_no_operation(tokens, begin, relation)
    )


def _right(tokens: Sequence[Token], partners: dict[int, int], relation: int) -> tuple[int, bool] | None:
    """Return where the right side of a relation ends and whether it is doubtful; None if that is unclear."""
    index = relation + 1
    if index < len(tokens) and tokens[index].kind == "line":
        index += 1
    if index < len(tokens) and tokens[index].kind == "word" and tokens[index].text.lower() in lexicon.APPROXIMATELY:
        index += 1
    first = index
    while index < len(tokens):
        token = tokens[index]
        operand = index > first and tokens[index - 1].kind in _OPERAND_ENDS
        if token.kind == "open":
            if index not in partners or (operand and token.spaced and _is_remark(tokens, index, partners[index])):
                break
            index = partners[index]
        elif token.kind in _WORD_KINDS:
            onward = _past_unit(tokens, index) if operand else index
            if onward == index:
                break
            index = onward - 1
        elif token.kind == "over" and operand and index + 1 < len(tokens) and tokens[index + 1].kind == "word":
            index += 1
        elif token.kind == "name" and operand and token.spaced and _is_article(tokens, index):
            break
        elif token.kind == "dots" and index > first and tokens[index - 1].kind == "number":
            index += 1
            break
        elif token.kind == "close" or token.kind in _SIDE_EDGES:
            break
        index += 1
    return _checked_end(tokens, first, index, relation)


def _is_remark(tokens: Sequence[Token], start: int, end: int) -> bool:
    return any(t.kind in ("word", "relation", "stop", "hyphenated") for t in tokens[start:end])


def _is_article(tokens: Sequence[Token], index: int) -> bool:
    following = tokens[index + 1].kind if index + 1 < len(tokens) else "stop"
    return tokens[index].text in "aAI" and following in ("word", "stop", "line")


def _past_unit(tokens: Sequence[Token], index: int) -> int:
    """Return the index behind the words of a unit if the calculation goes on there, else the given index."""
    ahead = index
    while ahead < len(tokens) and ahead < index + 6:
        following = tokens[ahead + 1].kind if ahead + 1 < len(tokens) else ""
        if tokens[ahead].kind == "power" and following == "number" and ahead > index:
            ahead += 2
        elif tokens[ahead].kind in _WORD_KINDS or (tokens[ahead].kind == "over" and following == "word"):
            ahead += 1
        else:
            break
    if (
        ahead + 1 < len(tokens)
        and tokens[ahead].kind != "power"
        and _is_binary(tokens, ahead)
        and tokens[ahead + 1].kind in _OPERAND_STARTS - {"name"}
    ):
        return ahead
    return index


def _checked_end(tokens: Sequence[Token], first: int, end: int, relation: int) -> tuple[int, bool] | None:
    """Check what stands after a right side; return its end and whether it is doubtful, or None to reject it."""
    after = tokens[end] if end < len(tokens) else None
    if after and after.kind in ("odd", "bad", "ordinal", "dots"):
        return None
    if after and end > first + 1 and tokens[end - 1].kind == "minus" and after.kind in ("word", "name", "line"):
        end -= 1
    if end <= first or tokens[end - 1].kind in _OPERATORS:
        return None
    doubtful = False
    if after and after.kind == "line" and end + 1 < len(tokens):
        following = end + 2 < len(tokens) and tokens[end + 2].kind not in _WORD_KINDS
        doubtful = tokens[end + 1].kind in _OPERATORS and following
    if after is None or end >= len(tokens) or tokens[end].kind not in _WORD_KINDS:
        return end, doubtful
    return _with_unit(tokens, first, end, relation, doubtful)


def _with_unit(tokens: Sequence[Token], first: int, end: int, relation: int, doubtful: bool) -> tuple[int, bool] | None:
    """Extend a right side by the unit behind it if the unit matters to the result."""
    word = tokens[end].text.lower()
    following = tokens[end + 1 : end + 3]
    if word in lexicon.AFTERWARDS or any(t.text.lower() == "than" for t in following):
        return None
    if word in lexicon.DIMENSIONS:
        joined = following[1:] if following and following[0].text in ("and", ",") else following[:1]
        if joined and joined[0].kind in ("number", "currency"):
            return None
        return end + 1, doubtful
    counted = any(t.kind in _WORD_KINDS for t in tokens[max(0, relation - 40) : relation])
    adjacent = tokens[end].start - tokens[end - 1].end <= 1
    return (end + 1 if counted and adjacent and len(word) > 3 else end), doubtful
