r"""Cutting of a reply into steps, as models write them: numbered items, paragraphs, or sentences that claim something.

A cut never falls inside a formula or a block of code, and a list stays with the sentence that introduces it. The words
are kept as they are: the pieces, joined by what separated them, are the reply.
"""

import re
from typing import Final

MOST: Final = 40
"""Maximum number of steps in a reply; what follows stays in the last one."""
SHORT: Final = 160
"""Characters up to which a piece that claims nothing is no step of its own."""

_WHOLE: Final = re.compile(  # what is never cut
    r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|\$\$.*?(?:\$\$|\Z)|\\\[.*?(?:\\\]|\Z)|\\\(.*?(?:\\\)|\n\n|\Z)"
    r"|\\begin\{(?P<env>\w+\*?)\}.*?(?:\\end\{(?P=env)\}|\Z)|(?<![\\$])\$(?![\s\d])[^$\n]*?\$"
    r"|(?<![\\$])\$(?=\d[^$\n]*(?:[=\\^]|\d[A-Za-z]))[^$\n]*(?<!\s)\$(?!\d)",  # no price: `$3 a pound, or $5`
    re.DOTALL,
)
_NUMBERED: Final = re.compile(
    r"^(?:[#>*_]{1,5} ?)?(?:(?:step|part)\s+)?(?P<number>\d{1,2})(?:\s*[.):]|\s*[—–-](?=\s))(?=[\s*_])|"
    r"^(?:[#>*_]{1,5} ?)?(?:step|part)\s+(?P<named>\d{1,2})\b",
    re.IGNORECASE | re.MULTILINE,
)
_PARAGRAPH: Final = re.compile(r"\n[ \t]*\n\s*(?=\S)")
_SENTENCE: Final = re.compile(r"(?<=[.!?。])[)\"'”*]*(?:\s+)(?=[A-Z“\"(*\\$\d])|(?<=[.!?])\n(?=\S)|(?<=。)")
_ABBREVIATION: Final = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|Mr|Mrs|Ms|Dr|St|approx|eq|No|no|Fig|cf)|\b[A-Z])\.$")
_CLAIM: Final = re.compile(r"[=<>≤≥≈≠]|\\(?:boxed|frac|leq?|geq?|approx|neq)|\d\s*(?:[-+*/×÷^%]|\\times|\\cdot)|```")
_SPEAKS: Final = re.compile(r"\d|\\boxed|[=<>≤≥≈]|```")


def cut_into_steps(text: str, *, sentences: bool = True) -> list[str]:
    """Return the steps of a reply, in order; a reply that holds no more than one is returned whole.

    Args:
        text: The reply.
        sentences: Whether to cut between sentences that claim something, where there is only one paragraph.

    """
    text = text.strip()
    guarded = _guard(text)
    cuts = _items(guarded) or [match.end() for match in _PARAGRAPH.finditer(guarded)]
    pieces = _joined(_cut(text, cuts))
    if len(pieces) == 1 and sentences:
        pieces = _joined(_claims(text, guarded))
    return [piece.strip() for piece in [*pieces[: MOST - 1], "".join(pieces[MOST - 1 :])] if piece.strip()]


def _guard(text: str) -> str:
    """Return a text of the same length in which nothing inside formulas and code looks like a place to cut."""
    return _WHOLE.sub(lambda match: "x" * len(match[0]), text)


def _items(guarded: str) -> list[int]:
    """Return the offsets of numbered items that count up from 1, and of the paragraphs after the last one."""
    starts: list[int] = []
    for match in _NUMBERED.finditer(guarded):
        if int(match["number"] or match["named"]) == len(starts) + 1:
            starts.append(match.start())
    if len(starts) < 2:
        return []
    after = [match.end() for match in _PARAGRAPH.finditer(guarded, starts[-1]) if not _is_indented(guarded, match)]
    return starts + after


def _is_indented(guarded: str, gap: re.Match[str]) -> bool:
    return guarded[gap.end() - 1] in " \t"


def _cut(text: str, cuts: list[int]) -> list[str]:
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def _claims(text: str, guarded: str) -> list[str]:
    """Cut one paragraph after each sentence that claims something."""
    ends = [match.end() for match in _SENTENCE.finditer(guarded)]
    sentences = _cut(text, [end for end in ends if not _ABBREVIATION.search(guarded[:end].rstrip())])
    pieces = [""]
    for sentence in sentences:
        if _CLAIM.search(pieces[-1]) and _CLAIM.search(sentence):
            pieces.append("")
        pieces[-1] += sentence
    return pieces


def _joined(pieces: list[str]) -> list[str]:
    """Join what introduces something with what it introduces, and short pieces that claim nothing with the next one."""
    steps: list[str] = []
    waiting = ""
    for piece in pieces:
        if steps and not waiting and piece.lstrip().startswith(("```", "~~~")):
            steps[-1] += piece  # code belongs to the words before it
            continue
        waiting += piece
        words = waiting.rstrip()
        if words.endswith((":", "：")) or (len(words) < SHORT and not _SPEAKS.search(words)):
            continue
        steps.append(waiting)
        waiting = ""
    if waiting and steps:
        steps[-1] += waiting
    return steps or [waiting]
