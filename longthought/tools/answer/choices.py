r"""Compare multiple choices in their usual writings: `B`, `(B)`, `B. Paris`, `\textbf{(B) } 12`, `B: 12`, `Option B`.

An answer is the same choice if its letter is; a text beside the letter must not contradict. A choice that has a text
also equals an answer that is this text alone.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from longthought.tools.answer.cleaning import is_balanced
from longthought.tools.answer.equivalence import DIFFERENT, SAME, Decision, Equivalence, Undecided, unknown

_FIRST: Final = re.compile(r"[(\[{A-Ja-jOo]|\\text|\\boldsymbol")
_WHOLE: Final = re.compile(r"\\(?:text|textbf|mathbf|mathrm|boldsymbol)\s*\{(.*)\}", re.DOTALL)
_INTRODUCTION: Final = re.compile(r"(?:option|choice|answer)\s*:?\s+(?=\(?[A-J])", re.IGNORECASE)
_LETTER: Final = re.compile(r"\(\s*([A-Ja-j])\s*\)[.:]?|\[\s*([A-J])\s*\]|([A-Ja-j])\s*[.:)]?")
_WITH_TEXT: Final = re.compile(
    r"(?:(?:\(\s*([A-Ja-j])\s*\)|\[\s*([A-J])\s*\])[.:]?(?:\s+|(?=[0-9$\ue000]))"
    r"|([A-J])(?:\s*[:)]\s*|\s*\.(?:\s+|(?=[0-9$\ue000\\]))|\s+-\s+(?=[A-Za-z]{2}))|([a-j])\)\s+)(\S.*)",
    re.DOTALL,
)
_OPERATOR: Final = re.compile(
    r"[+*/^=<>_'!,|]|-(?![0-9.\\a-z({])|[A-J](?![a-zA-Z])"
    r"|\\(?:cdot|times|div|cup|cap|pm|in|le|ge|ne|to|setminus|subset|subseteq|Rightarrow|equiv|cong|sim)(?![a-zA-Z])"
)
_ANOTHER: Final = re.compile(r"\([A-J]\)|(?<![a-zA-Z])[A-J][.:)]\s")


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the choices of a question."""

    letter: str
    """A capital letter."""
    text: str = ""
    """What stands beside the letter."""
    small: bool = False
    """Whether the letter was written small, and so may be a variable."""


def choice(text: str) -> Choice | None:
    """Read a cleaned answer as a choice; None if it is anything else."""
    if not _FIRST.match(text):
        return None
    if (match := _WHOLE.fullmatch(text)) and is_balanced(match[1]):
        text = match[1]
    text = re.sub(r"\\text\s*\{([^{}]*)\}|\{\s*(\([A-J]\))\s*\}", lambda m: f" {m[1] or m[2] or ''} ", text).strip()
    text = _INTRODUCTION.sub("", text, count=1)
    if match := _LETTER.fullmatch(text):
        letter = match[1] or match[2] or match[3]
        return Choice(letter.upper(), small=letter.islower())
    match = _WITH_TEXT.fullmatch(text)
    if match is None or _OPERATOR.match(match[5]):
        return None
    letter = match[1] or match[2] or match[3] or match[4]
    return Choice(letter.upper(), match[5].strip(), letter.islower())


def compare_choices(gold: str, given: str, compare: Callable[[str, str], Decision]) -> Decision | None:
    """Compare two cleaned answers of which at least one is a choice; None if neither is."""
    gold_choice, given_choice = choice(gold), choice(given)
    if gold_choice is None or given_choice is None:
        return _compare_text(gold_choice, gold, given_choice, given, compare)
    if gold_choice.small and (given_choice.small or not gold_choice.text):
        return None
    if _ANOTHER.search(gold_choice.text) or _ANOTHER.search(given_choice.text):
        return unknown("more than one choice")
    texts = compare(gold_choice.text, given_choice.text) if gold_choice.text and given_choice.text else None
    if gold_choice.letter != given_choice.letter:
        return unknown("the text of the reference under another letter") if texts == SAME else DIFFERENT
    doubt = "the letter of the reference with another text"
    if isinstance(texts, Undecided):
        return Undecided(texts.pairs, doubt)
    return unknown(doubt) if isinstance(texts, Equivalence) and texts.equal is False else SAME


def _compare_text(
    gold_choice: Choice | None,
    gold: str,
    given_choice: Choice | None,
    given: str,
    compare: Callable[[str, str], Decision],
) -> Decision | None:
    """Compare the text beside a letter with an answer that has no letter."""
    if gold_choice and gold_choice.text and not gold_choice.small:
        return compare(gold_choice.text, given)
    if given_choice and given_choice.text and not given_choice.small:
        return compare(gold, given_choice.text)
    return None
