"""The compact language: how a Countdown debate is written for small models, one number or word a token.

A view reads `use 16 16 11 8 make 35 step 16 - 8 = 8 left 16 11 8 not 16 + 11 dead step`; the policy goes on with
`16 - 11 = 5 left 8 5`. The critic reads the same with the new step and the word of the tools on it, `… holds judge`,
and writes its look-ahead before its verdict: `need 35 have 13 3 40 blank none backtrack 1`. Training renders with the
same functions, so that training and inference can't drift apart. The notation does not know which moves are right.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from longthought.problems.countdown.puzzle import Puzzle

MAX_VALUE: Final = 400
PAD: Final = "<pad>"
END: Final = "<end>"
WORDS: Final = (
    *("use", "make", "step", "left", "not", "judge", "doubt"),
    *("dead", "illegal"),
    *("holds", "refuted", "unchecked"),
    *("need", "have", "found", "none", "wrong", "blank"),
    *("continue", "backtrack", "reflect", "terminate"),
    *("+", "-", "*", "/", "="),
)
NUMBERS: Final = frozenset(str(n) for n in range(MAX_VALUE + 1))
VOCABULARY: Final = (PAD, END, *WORDS, *(str(n) for n in range(MAX_VALUE + 1)))
LOOK_AHEAD_WORDS: Final = NUMBERS | {"need", "have", "found", "none", "wrong", "blank"}
"""The words of a critic's look-ahead; `lookahead` reads and writes it."""


def read_statement(statement: str) -> Puzzle | None:
    """Read a Countdown statement; None if the notation can't say it."""
    puzzle = Puzzle.read(statement)
    if puzzle is None or not all(1 <= n <= MAX_VALUE for n in (*puzzle.numbers, puzzle.target)):
        return None
    return puzzle


def write_problem(puzzle: Puzzle) -> str:
    """Open a view: the numbers, largest first, and the target."""
    return f"use {_spaced(sorted(puzzle.numbers, reverse=True))} make {puzzle.target}"


def write_step(left: int, operator: str, right: int, result: int, remaining: Sequence[int]) -> str:
    """Write one step and the numbers it leaves, largest first."""
    return f"{left} {operator} {right} = {result} left {_spaced(sorted(remaining, reverse=True))}"


def write_rejected(step: str, reason: str) -> str:
    """Write a rejected step from the same node, with the reason in one word."""
    return f"not {step.partition(' =')[0]} {reason}"


def write_view(problem: str, path: Sequence[str], rejected: Sequence[str]) -> str:
    """Join a problem, the accepted steps and the rejected ones from here; equal paths give equal prefixes."""
    return " ".join([problem, *(f"step {step}" for step in path), *rejected])


def policy_prompt(view: str) -> str:
    """Ask the policy for the next step."""
    return f"{view} step"


def critic_prompt(view: str, step: str, evidence: str) -> str:
    """Ask the critic about a new step; `evidence` is `holds`, `refuted` or `unchecked`."""
    return f"{view} step {step} {evidence} judge"


def _spaced(numbers: Sequence[int]) -> str:
    return " ".join(str(n) for n in numbers)


class ParsedStep(NamedTuple):
    """A step as read from a reply."""

    left: int
    operator: str
    right: int
    result: int
    remaining: tuple[int, ...]


_STEP: Final = re.compile(r"^(\d{1,12}) ([-+*/]) (\d{1,12}) = (\d{1,12}) left (\d{1,12}(?: \d{1,12})*)$")


def read_step(text: str) -> ParsedStep | None:
    """Read a step; None if it isn't one. Says nothing about whether it is legal or right."""
    match = _STEP.match(" ".join(text.split()))
    if match is None:
        return None
    left, operator, right, result, remaining = match.groups()
    return ParsedStep(int(left), operator, int(right), int(result), tuple(int(n) for n in remaining.split()))


class ParsedVerdict(NamedTuple):
    """A verdict as read from a reply; `back_to` counts accepted steps on the path, 0 for the problem."""

    action: str
    back_to: int | None
    words: str


_VERDICT: Final = re.compile(r"^(.*?)\s*\b(?:(continue|terminate|reflect)|backtrack(?: (\d+))?)$")


def read_verdict(text: str) -> ParsedVerdict | None:
    """Read a verdict; None if it isn't one."""
    match = _VERDICT.match(" ".join(text.split()))
    if match is None:
        return None
    words, action, depth = match.groups()
    if action:
        return ParsedVerdict(action, None, words)
    return ParsedVerdict("backtrack", int(depth) if depth else None, words)


def expression(path: Sequence[str]) -> str | None:
    """Compose the steps into one expression, as written; None if a step can't be read."""
    results: list[tuple[int, str]] = []
    for text in path:
        step = read_step(text)
        if step is None:
            return None
        left, right = _take(results, step.left), _take(results, step.right)
        results.append((step.result, f"({left} {step.operator} {right})"))
    return results[-1][1].removeprefix("(").removesuffix(")") if results else None


def _take(results: list[tuple[int, str]], value: int) -> str:
    """Remove and return the expression of an earlier result of that value; without one, the number as dealt."""
    for index, (result, text) in enumerate(results):
        if result == value:
            del results[index]
            return text
    return str(value)
