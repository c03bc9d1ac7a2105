"""Countdown: make a target from numbers, each used once. Any correct expression is an answer."""

from functools import lru_cache
from typing import Final

from longthought.domains.domain import Grade
from longthought.domains.math import Math
from longthought.errors import ProblemError
from longthought.problems.countdown import game, notation
from longthought.problems.countdown.puzzle import Puzzle
from longthought.problems.problem import AnswerReference, CountdownReference, Problem, Reference, Task
from longthought.tools import countdown


class Countdown(Math):
    """The domain of Countdown; a problem that is no puzzle is treated as one of `math`."""

    reference = CountdownReference
    computes = False

    def problem_id(self, statement: str) -> str | None:
        """Return the sorted numbers and the target."""
        puzzle = Puzzle.read(statement)
        return puzzle.id if puzzle else None

    def split(self, problem: Problem) -> str | None:
        """Return the split by a hash of the numbers, which is the same on every machine."""
        puzzle = Puzzle.read(problem.statement)
        return game.split_of(puzzle.numbers) if puzzle else None

    def unseen(self, problem: Problem) -> str | None:
        """Return that the target is held out, if the game keeps it out of all training."""
        puzzle = Puzzle.read(problem.statement)
        return "a held-out target" if puzzle and game.held_out_target(puzzle.target) else None

    def difficulty(self, problem: Problem) -> str:
        """Return how many numbers a puzzle has."""
        puzzle = Puzzle.read(problem.statement)
        return f"{len(puzzle.numbers)} numbers" if puzzle else self.name

    def closing_answer(self, step: str) -> str | None:
        """Return the final answer of the last step; None for a move that leaves several numbers."""
        move = notation.read_step(step)
        return None if move and len(move.remaining) > 1 else super().closing_answer(step)

    def same_answer(self, problem: Problem, one: str, other: str) -> bool:
        """Compare expressions, ignoring order and brackets within a sum or a product.

        Two expressions of the same value are still two answers, since only a checker may say whether an expression
        makes the target.
        """
        if Puzzle.read(problem.statement) is None:
            return super().same_answer(problem, one, other)
        return _normal_form(one) == _normal_form(other)

    def reference_of(self, problem: Problem, answer: str | None) -> Reference | None:
        """Read the puzzle from its statement, which holds all that grading needs."""
        puzzle = Puzzle.read(problem.statement)
        if puzzle is not None and puzzle.target > 0:
            return CountdownReference(numbers=puzzle.numbers, target=puzzle.target)
        return AnswerReference(answer=answer) if answer is not None else None

    async def grade(self, problem: Problem, reference: Reference, answer: str) -> Grade:
        """Check an expression exactly."""
        assert isinstance(reference, CountdownReference)
        fault = countdown.fault(reference.numbers, reference.target, answer)
        return fault is None, fault or ""

    def expect_possible(self, problem: Problem) -> None:
        """Raise if the puzzle has no solution; the numbers may be too many to tell.

        Raises:
            ProblemError: naming the nearest target that there is a solution for.

        """
        puzzle = Puzzle.read(problem.statement)
        if puzzle is None or len(puzzle.numbers) > game.MAX_NUMBERS or min(puzzle.numbers) < 1:
            return
        if not game.solvable(puzzle.numbers, puzzle.target):
            nearest = min(game.reachable(puzzle.numbers), key=lambda value: (abs(value - puzzle.target), value))
            raise ProblemError(
                f"{problem.statement!r} has no solution by the rules of Countdown (each number once, positive whole "
                f"results): choose another target; the nearest that works is {nearest}"
            )


def countdown_task(puzzle: Puzzle) -> Task:
    """Return a puzzle as a problem in words with its reference."""
    return Task(
        problem=Problem(id=puzzle.id, statement=puzzle.statement, domain=COUNTDOWN.name),
        reference=CountdownReference(numbers=puzzle.numbers, target=puzzle.target),
    )


@lru_cache(maxsize=4096)
def _normal_form(answer: str) -> str:
    return countdown.normal_form(answer)


COUNTDOWN: Final = Countdown("countdown")
