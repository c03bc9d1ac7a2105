"""A body of a function becomes the function, however it is indented; whole programs stay as they are."""

import ast

import pytest

from longthought.tools.completion import completed

PROMPT = '''from math import ceil

def half(n):
    return n / 2

def evens(xs):
    """Count the even ones.

    >>> evens([1, 2])
    1
    """'''
BODY = """    # Count them.
    total = 0
    for x in xs:
        if x % 2 == 0:
            total += 1
    return total
"""
DEDENTED = "".join(line[4:] for line in BODY.splitlines(keepends=True))


def statement(prompt: str) -> str:
    return f"Complete this program:\n\n```python\n{prompt}\n```"


def same(one: str, other: str) -> bool:
    return ast.dump(ast.parse(one)) == ast.dump(ast.parse(other))


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        f"\n{BODY}\n\n",
        BODY.strip(),
        DEDENTED,
        BODY.partition("\n")[2].strip(),
        BODY.replace("    ", "  "),
        BODY.rstrip(),
    ],
)
@pytest.mark.parametrize(
    "prompt",
    [
        PROMPT,
        PROMPT.replace('    """Count', '    import math\n    """Count'),
        "def evens(xs):\n    # Count the even ones.",
        "def evens(xs: list[int]) -> int:",
        "def evens(xs):\n    ...",
    ],
)
def test_a_body_is_completed(prompt: str, body: str) -> None:
    found = completed(statement(prompt), body)
    assert same(found, f"{prompt}\n{BODY}")


def test_a_short_body_and_what_follows_it() -> None:
    for body in ("    return sum(x % 2 == 0 for x in xs)", "return sum(x % 2 == 0 for x in xs)"):
        assert same(completed(statement(PROMPT), body), f"{PROMPT}\n    return sum(x % 2 == 0 for x in xs)\n")
    more = "    return odd(xs)\n\ndef odd(xs):\n    return 0\n"
    assert same(completed(statement(PROMPT), more), f"{PROMPT}\n{more}")


@pytest.mark.parametrize(
    "program",
    [
        f"{PROMPT}\n{BODY}",
        "def evens(xs):\n    return 0\n",
        "async def evens(xs): return 0",
        "evens = lambda xs: 0",
        "from there import count as evens",
        "class evens: pass",
        "this is no program",
        "",
    ],
)
def test_any_other_program_stays_as_it_is(program: str) -> None:
    assert completed(statement(PROMPT), program) == program


@pytest.mark.parametrize(
    "words",
    [
        "Write f.",
        "Write f.\n\nThe program must pass this test:\n\n```python\nassert f(1) == 1\n```",
        "Mend it:\n\n```python\ndef f(x):\n    return x - 1\n```",
        "Look:\n\n```python\ndef f(\n```",
    ],
)
def test_a_statement_that_begins_no_function_completes_nothing(words: str) -> None:
    assert completed(words, "    return x + 1\n") == "    return x + 1\n"
