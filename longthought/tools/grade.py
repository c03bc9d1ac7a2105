"""The one place where a problem, its reference and an answer meet; called after a debate has ended."""

from longthought.problems.problem import AnswerReference, CountdownReference, Problem, Reference
from longthought.problems.puzzle import Puzzle
from longthought.tools import countdown
from longthought.tools.answer.compare import compare


async def grade(problem: Problem, reference: Reference, answer: str | None) -> tuple[bool | None, str]:
    """Say whether an answer is right, and why not; None where it can't be told.

    Countdown expressions are checked exactly. Other answers are compared with `tools.answer.compare`: exactly where
    that is possible, else in a worker process, so that the event loop goes on.
    """
    if answer is None:
        return False, "no answer was given"
    match reference:
        case CountdownReference():
            fault = countdown.fault(reference.numbers, reference.target, answer)
            return fault is None, fault or ""
        case AnswerReference():
            found = await compare(reference.answer, answer)
            return found.equal, found.detail
        case _:
            return None, f"no grader for a {type(reference).__name__} ({problem.domain})"


def reference_of(problem: Problem, answer: str | None) -> Reference | None:
    """Return the reference a person typed in, or, for Countdown, the one the statement itself holds."""
    puzzle = Puzzle.read(problem.statement)
    if puzzle is not None and puzzle.target > 0:
        return CountdownReference(numbers=puzzle.numbers, target=puzzle.target)
    return AnswerReference(answer=answer) if answer is not None else None
