"""Join the steps of a debate into a tactic script.

A step holds the next lines of the proof, bare or in fenced code blocks among any words. The lines of all steps, in
order and with their indentation, are the script so far, so that a step may go on inside the `case` or `·` that an
earlier one opened. A script whose last tactic is `done`, which is Lean's own word for "no goals are left", is a whole
proof and therefore the answer.
"""

import re
import textwrap
from collections.abc import Sequence
from typing import Final

from longthought.problems.problem import Problem
from longthought.tools.lean.lexer import Unlexable, tokens
from longthought.tools.lean.screen import MAX_LENGTH

DOMAIN: Final = "lean"
_FENCE: Final = re.compile(
    r"^[ \t]*```[ \t]*(?P<language>\w*)[^\n]*\n(?P<code>.*?)^[ \t]*```[^\n]*$", re.DOTALL | re.MULTILINE
)
_LANGUAGES: Final = ("", "lean", "lean4", "tactic", "tactics")
_SENTENCE: Final = re.compile(r"\s*[A-Z*#]")
"""The beginning of a sentence or a heading; no tactic begins with a capital letter or with these signs."""


def tactics(step: str) -> str | None:
    """Return the lines of the proof that a step holds; None if it holds only words."""
    if blocks := _blocks(step):
        return "".join(blocks).rstrip()
    if not step.strip() or _SENTENCE.match(step) or "```" in step:
        return None
    return step.strip("\n").rstrip()


def script(path: Sequence[str], step: str) -> str:
    """Return the tactic script of a path and the step after it."""
    lines = (tactics(text) for text in (*path, step))
    return textwrap.dedent("\n".join(text for text in lines if text is not None))


def answer(path: Sequence[str], step: str) -> str | None:
    """Return the whole script if the step ends it with `done`: the final answer of a Lean problem."""
    whole = script(path, step) if tactics(step) is not None else ""
    return whole if finished(whole) else None


def finished(script: str) -> bool:
    """Say whether a script ends with the tactic `done`, outside of any `·` or `case`."""
    if len(script) > MAX_LENGTH:
        return False
    try:
        lexed = tokens(script)
    except Unlexable:
        return False
    return bool(lexed) and lexed[-1].text == "done" and not _column(script, lexed[-1].start)


def statement(problem: Problem) -> str:
    """Return the theorem in a problem's statement: its first fenced block, or all of it."""
    text = problem.statement.replace("\r\n", "\n")
    return textwrap.dedent(next(iter(_blocks(text)), text)).strip()


def _blocks(text: str) -> list[str]:
    return [match["code"] for match in _FENCE.finditer(text) if match["language"].lower() in _LANGUAGES]


def _column(text: str, position: int) -> int:
    return position - (text.rfind("\n", 0, position) + 1)
