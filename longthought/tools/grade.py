"""The one place where a problem, its reference and an answer meet; called after a debate has ended."""

import re
from fractions import Fraction
from typing import Final

from longthought.problems import countdown
from longthought.problems.problem import AnswerReference, CountdownReference, Problem, Reference
from longthought.problems.puzzle import Puzzle

_NUMBER: Final = re.compile(r"[-+]?(?:[0-9]{1,3}(?:,[0-9]{3}){1,30}|[0-9]{1,100})(?:\.[0-9]{1,100}|/[0-9]{1,100})?")


def grade(problem: Problem, reference: Reference, answer: str | None) -> tuple[bool | None, str]:
    """Say whether an answer is right, and why not; None where it can't be told.

    Countdown expressions are checked exactly. Other answers are compared as exact numbers where both sides are
    numbers, else as text; text that differs is reported as unknown, for it may still mean the same.
    """
    if answer is None:
        return False, "no answer was given"
    match reference:
        case CountdownReference():
            fault = countdown.check(reference.numbers, reference.target, answer)
            return fault is None, fault or ""
        case AnswerReference():
            return _same(reference.answer, answer)
        case _:
            return None, f"no grader for a {type(reference).__name__} ({problem.domain})"


def reference_of(problem: Problem, answer: str | None) -> Reference | None:
    """Return the reference a person typed in, or, for Countdown, the one the statement itself holds."""
    puzzle = Puzzle.read(problem.statement)
    if puzzle is not None and puzzle.target > 0:
        return CountdownReference(numbers=puzzle.numbers, target=puzzle.target)
    return AnswerReference(answer=answer) if answer is not None else None


def _same(gold: str, given: str) -> tuple[bool | None, str]:
    one, other = _number(gold), _number(given)
    if one is not None and other is not None:
        return one == other, "" if one == other else f"{given.strip()} is not the reference"
    if " ".join(gold.split()) == " ".join(given.split()):
        return True, ""
    return None, "not comparable as numbers, and written differently"


def _number(text: str) -> Fraction | None:
    written = text.strip().strip("$").strip().rstrip(".")
    if not _NUMBER.fullmatch(written):
        return None
    try:
        return Fraction(written.replace(",", ""))
    except ZeroDivisionError:
        return None
