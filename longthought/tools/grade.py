"""The one place where a problem, its reference and an answer meet; called after a debate has ended."""

from longthought.problems.countdown.puzzle import Puzzle
from longthought.problems.problem import (
    AnswerReference,
    CodeReference,
    CountdownReference,
    LeanReference,
    Problem,
    Reference,
)
from longthought.tools import countdown
from longthought.tools.answer.compare import compare
from longthought.tools.lean.grade import grade_lean
from longthought.tools.sandbox.pool import shared
from longthought.tools.sandbox.result import Mark, RunStatus


async def grade(problem: Problem, reference: Reference, answer: str | None) -> tuple[bool | None, str]:
    """Say whether an answer is right, and why not; None where it can't be told.

    Countdown expressions are checked exactly. Other answers are compared with `tools.answer.compare`: exactly where
    that is possible, else in a worker process, so that the event loop goes on. Programs face their tests in the
    sandbox, in a process apart from the tests; proofs face Lean. Details quote nothing of the reference: they are
    logged.
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
        case CodeReference():
            return await _examine(reference, answer)
        case LeanReference():
            return await grade_lean(reference, answer)
        case _:
            return None, f"no grader for a {type(reference).__name__} ({problem.domain})"


async def _examine(reference: CodeReference, program: str) -> tuple[bool | None, str]:
    """Put the tests, then the cases, to a program."""
    if reference.tests.strip():
        found = await shared().judge(program, reference.tests, names=reference.names)
        if found.mark is not Mark.PASSED:
            return (False if found.mark is Mark.FAILED else None), found.detail
    for number, case in enumerate(reference.cases, start=1):
        result = await shared().run(program, stdin=case.input)
        if result.run is RunStatus.SANDBOX_UNAVAILABLE:
            return None, result.detail
        if result.run is not RunStatus.OK:
            return False, f"case {number} of {len(reference.cases)}: {result.run}"
        if result.stdout.split() != case.output.split():
            return False, f"case {number} of {len(reference.cases)}: it printed something else"
    return True, ""


def reference_of(problem: Problem, answer: str | None) -> Reference | None:
    """Return the reference a person typed in, or, for Countdown, the one the statement itself holds."""
    puzzle = Puzzle.read(problem.statement)
    if puzzle is not None and puzzle.target > 0:
        return CountdownReference(numbers=puzzle.numbers, target=puzzle.target)
    return AnswerReference(answer=answer) if answer is not None else None
