"""Programming problems as the usual data sets write them, and the examples a statement itself shows.

HumanEval lines hold `prompt`, `entry_point` and `test`; MBPP lines hold `text` (or `prompt`) and `test_list`. Their
solutions are dropped unread. The tests go into the reference; an MBPP statement shows the first of them, as the data
set's authors do, since without it nobody knows the function's name.

Chen et al., "Evaluating Large Language Models Trained on Code", 2021; Austin et al., "Program Synthesis with Large
Language Models", 2021.
"""

import ast
import doctest
import re
from collections.abc import Mapping
from typing import Any, Final

from longthought.errors import ProblemError

DOMAIN: Final = "code"
_FENCE: Final = re.compile(r"^[ \t]*(?:```[^\n]*|\"\"\"|''')[ \t]*$", re.MULTILINE)
_ASSERT: Final = re.compile(r"^[ \t]*(assert\b.*)$", re.MULTILINE)


def from_data_set(fields: Mapping[str, Any]) -> dict[str, Any] | None:
    """Turn a HumanEval or MBPP line into the fields of a problem line; None if it is neither.

    Raises:
        ProblemError: if it is one of them, but not as it should be.

    """
    match fields:
        case {"entry_point": str(entry), "test": str(tests), "prompt": str(prompt)}:
            statement = f"Complete this program:\n\n```python\n{prompt.rstrip()}\n```"
            reference: dict[str, Any] = {"tests": f"{tests}\n\ncheck({entry})\n", "names": [entry]}
        case {"test_list": [str(first), *_] as asserts}:
            words = fields.get("text") or fields.get("prompt")
            if not isinstance(words, str):
                raise ProblemError('"text": expected the problem in words, found none')
            statement = f"{words.strip()}\n\nThe program must pass this test:\n\n```python\n{first.strip()}\n```"
            setup = str(fields.get("test_setup_code") or "")
            more = [str(test) for test in (*asserts, *(fields.get("challenge_test_list") or ()))]
            reference = {"tests": "\n".join([setup, *more]).strip() + "\n", "names": []}
        case _:
            return None
    name = str(fields.get("task_id", fields.get("id", "")))
    return {"id": name, "statement": statement, "domain": DOMAIN, "reference": reference}


def examples(statement: str) -> list[str]:
    """Return the tests that a statement shows, as `assert` lines: its own, and what stands behind `>>>`."""
    found = [line for line in map(_one_line, _ASSERT.findall(statement)) if line]
    try:
        shown = doctest.DocTestParser().get_examples(_FENCE.sub("", statement))
    except ValueError:
        return found
    for example in shown:
        source, want = example.source.strip(), example.want.strip()
        if _expression(source) and _expression(want):
            found.append(f"assert ({source}) == ({want})")
    return found


def _one_line(text: str) -> str:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    return text


def _expression(text: str) -> bool:
    try:
        ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
