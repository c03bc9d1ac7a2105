r"""Where a text gives its final answer: `\boxed{72}`, `#### 72`, "The answer is 72", or its last line.

These conventions hold for data sets and replies alike. This module does not say whether an answer is right.
"""

import re
from typing import Final

MAX_LINE: Final = 200
"""Maximum number of characters of a last line that counts as an answer rather than a paragraph."""
_PYTHON: Final = re.compile(r"```\s*(?:python|py)\b.*?(?:```|\Z)", re.DOTALL | re.IGNORECASE)
_BRACE: Final = re.compile(r"(?P<box>\\(?:boxed|fbox)\s*\{)|\\.|(?P<open>\{)|(?P<close>\})", re.DOTALL)
_HASHES: Final = re.compile(r"^[ \t]*####(?!#)", re.MULTILINE)
_HEADING: Final = re.compile(r"[^\W\d_]{2}|\d+[.)]\s")
"""How a heading of Markdown begins: with a word or a number in a list."""
_ANSWER_IS: Final = re.compile(r"\banswer\b[*_]{0,3}[ \t]{0,3}(?:\bis\b[ \t]{0,3}:?|[:=])", re.IGNORECASE)
_SENTENCE: Final = re.compile(r"(?<!\bapprox)\.(?:\s|$)")


_BLANK: Final = re.compile(r"(?:\.|…|\\l?dots|\\cdots|\s)+")
"""What stands in a box that a model copied from its instructions."""


def final_answer(text: str, *, last_line: bool = True) -> str | None:
    r"""Return the final answer of a text; None if it gives none.

    The last `\boxed{…}` comes first, then the last `####` line as in GSM8K, then the last "the answer is …", and then
    the last line, if it is short and `last_line` is set. A box that is never closed rules out the last line, and a
    heading of Markdown is no answer.
    """
    try:
        if boxed := boxed_answer(text):
            return boxed
        cut_off = False
    except ValueError:
        cut_off = True
    if found := _after_hashes(text):
        return _bare(found)
    if found := _after_last(_ANSWER_IS, text):
        return _bare(_SENTENCE.split(found, maxsplit=1)[0])
    if not last_line:
        return None
    last = text.rstrip()[-MAX_LINE - 1 :].rpartition("\n")[2].strip()
    return None if cut_off or not last or len(last) > MAX_LINE or last.startswith("#") else _bare(last)


def boxed_answer(text: str) -> str | None:
    r"""Return the content of the last `\boxed{…}` outside Python code; None without one, or if it holds only dots.

    Raises:
        ValueError: if a box is never closed.

    """
    span = boxed_span(text)
    return None if span is None else text[slice(*span)]


def boxed_span(text: str) -> tuple[int, int] | None:
    r"""Return the start and end offsets of the boxed answer in a text; None without one.

    Raises:
        ValueError: if a box is never closed.

    """
    prose = _PYTHON.sub(lambda code: " " * len(code[0]), text)
    opened: list[int | None] = []
    """By open brace: where its box begins; None for a brace that opens no box."""
    begin, span = -1, None
    for brace in _BRACE.finditer(prose):
        if brace["box"] or brace["open"]:
            opened.append(brace.end() if brace["box"] else None)
        elif brace["close"] and opened:
            start, end = opened.pop(), brace.start()
            held = prose[start:end].strip() if start is not None and start > begin else ""
            if start is not None and held and not _BLANK.fullmatch(held):
                first = prose.index(held[0], start, end)
                begin, span = start, (first, first + len(held))
    if any(start is not None for start in opened):
        raise ValueError("its \\boxed{ is never closed")
    return span


def _after_hashes(text: str) -> str | None:
    """Return the rest of the last `####` line that is no heading; words count in the only such line, at the end."""
    lines = [_rest_of_line(text, match.end()) for match in _HASHES.finditer(text)]
    if answers := [line for line in lines if line and not _HEADING.match(line)]:
        return answers[-1]
    is_last = _HASHES.match(text.rstrip().rpartition("\n")[2])
    return lines[0] if len(lines) == 1 and is_last and not lines[0].lower().startswith("step ") else None


def _after_last(convention: re.Pattern[str], text: str) -> str | None:
    """Return the rest of the line after the last match; None without a match."""
    end = None
    for match in convention.finditer(text):
        end = match.end()
    if end is None:
        return None
    return _rest_of_line(text, end)


def _rest_of_line(text: str, start: int) -> str:
    stop = text.find("\n", start)
    return text[start : len(text) if stop < 0 else stop].strip(" \t*_")


def _bare(text: str) -> str:
    """Strip the Markdown and the full stop around an answer."""
    return text.strip().strip("*_`").strip().removesuffix(".").strip()
