r"""Where a text says its final answer: `\boxed{72}`, `#### 72`, "The answer is 72", or its last line.

The one home of these conventions, for data sets and replies alike. Whether an answer is right, it does not say.
"""

import re
from typing import Final

MAX_LINE: Final = 200
"""Characters of a last line that may still be an answer and not a paragraph."""
_PYTHON: Final = re.compile(r"```\s*(?:python|py)\b.*?(?:```|\Z)", re.DOTALL | re.IGNORECASE)
_BRACE: Final = re.compile(r"(?P<box>\\(?:boxed|fbox)\s*\{)|\\.|(?P<open>\{)|(?P<close>\})", re.DOTALL)
_HASHES: Final = re.compile(r"^[ \t]*####(?!#)", re.MULTILINE)
_ANSWER_IS: Final = re.compile(r"\banswer\b[*_]{0,3}[ \t]{0,3}(?:\bis\b[ \t]{0,3}:?|[:=])", re.IGNORECASE)
_SENTENCE: Final = re.compile(r"(?<!\bapprox)\.(?:\s|$)")


def final_answer(text: str, *, last_line: bool = True) -> str | None:
    r"""Return the final answer that a text gives; None where it gives none.

    The last `\boxed{…}` comes first, then the last `####` line as in GSM8K, then the last "the answer is …", and then
    the last line, if it is short and wanted. A box that is never closed leaves only the explicit ones.
    """
    try:
        if boxed := boxed_answer(text):
            return boxed
        cut_off = False
    except ValueError:
        cut_off = True
    if found := _after_last(_HASHES, text):
        return _bare(found)
    if found := _after_last(_ANSWER_IS, text):
        return _bare(_SENTENCE.split(found, maxsplit=1)[0])
    if not last_line:
        return None
    last = text.rstrip()[-MAX_LINE - 1 :].rpartition("\n")[2].strip()
    return None if cut_off or not last or len(last) > MAX_LINE else _bare(last)


def boxed_answer(text: str) -> str | None:
    r"""Return what the last `\boxed{…}` outside of Python code holds; None without one, or if it is empty.

    Raises:
        ValueError: if a box is never closed.

    """
    span = boxed_span(text)
    return None if span is None else text[slice(*span)]


def boxed_span(text: str) -> tuple[int, int] | None:
    r"""Say where in a text that answer stands: start and end offsets.

    Raises:
        ValueError: if a box is never closed.

    """
    prose = _PYTHON.sub(lambda code: " " * len(code[0]), text)
    opened: list[int | None] = []
    """Where each open brace's box begins; None for a brace that is no box."""
    begin, span = -1, None
    for brace in _BRACE.finditer(prose):
        if brace["box"] or brace["open"]:
            opened.append(brace.end() if brace["box"] else None)
        elif brace["close"] and opened:
            start, end = opened.pop(), brace.start()
            if start is not None and start > begin and (held := prose[start:end].strip()):
                first = prose.index(held[0], start, end)
                begin, span = start, (first, first + len(held))
    if any(start is not None for start in opened):
        raise ValueError("its \\boxed{ is never closed")
    return span


def _after_last(convention: re.Pattern[str], text: str) -> str | None:
    """Return the rest of the line behind the last match."""
    end = None
    for match in convention.finditer(text):
        end = match.end()
    if end is None:
        return None
    stop = text.find("\n", end)
    return text[end : len(text) if stop < 0 else stop].strip(" \t*_")


def _bare(text: str) -> str:
    """Drop what stands around an answer in Markdown or a sentence."""
    return text.strip().strip("*_`").strip().removesuffix(".").strip()
