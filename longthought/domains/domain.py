r"""The interface of a domain: one object that knows a kind of problem, such as Countdown or proofs in Lean.

The base class suits problems whose answer stands in `\boxed{}` and is compared word for word. A domain of your own is a
subclass with a name and a `grade`, and one instance of it at the top of its module:

    class Dates(lt.Domain):
        name = "dates"

        async def grade(self, problem, reference, answer):
            try:
                return date.fromisoformat(answer) == date.fromisoformat(reference.answer), ""
            except ValueError:
                return False, "it is no date"

    DATES = Dates()

Python takes the object, as in `lt.solve("…", domain=DATES)`; problem files and the command line take `module:DATES`.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from longthought.errors import ProblemError
from longthought.problems.final_answer import boxed_answer, final_answer
from longthought.problems.problem import AnswerReference, Problem, Reference

Grade = tuple[bool | None, str]
"""Whether an answer is right, None if unknown; and the reason, which quotes nothing of the reference."""


class Domain:
    """A kind of problem; override what differs from an answer in words."""

    name: str
    """A short name that no other domain has."""
    reference: type[Reference] = AnswerReference
    """The class of its references; problem files hold their fields under `reference`."""
    answer_form: str = r"Give the final answer as \boxed{...}, with nothing but the answer in the box."
    """How and where to write the final answer, in a sentence that is put below the statement."""
    answer_is_program: bool = False
    """Whether the answer is a Python program."""
    computes: bool = True
    """Whether steps may compute in Python: not where the problem is to do without, or asks for a program itself."""

    # How problems are recognised.

    def problem_id(self, statement: str) -> str | None:
        """Return an id for a statement of this domain; None if the statement doesn't show that it is one."""
        return None

    def problem_line(self, row: Mapping[str, Any]) -> dict[str, Any] | None:
        """Turn a row of a well-known data set into the fields of a problem line; None for any other row.

        Raises:
            ProblemError: if the row is from such a data set and incomplete.

        """
        return None

    def key(self, problem: Problem) -> str | None:
        """Return a key that is equal for equal problems, however they are worded; None if only the words can tell.

        By default, the key is the id that the statement gives.
        """
        return self.problem_id(problem.statement)

    def split(self, problem: Problem) -> str | None:
        """Return `train`, `validation` or `test` if the domain itself splits its problems; else None."""
        return None

    def unseen(self, problem: Problem) -> str | None:
        """Say what about a problem is kept out of all training; None for most problems."""
        return None

    def difficulty(self, problem: Problem) -> str:
        """Return the group of a problem in statistics; by default, all problems of the domain are one."""
        return self.name

    # Where answers stand.

    def step_answer(self, path: Sequence[str], step: str) -> str | None:
        """Return the final answer that a step of a debate gives, after the steps of `path`; None if it gives none.

        Raises:
            ValueError: if the step must be written again, with the reason.

        """
        return boxed_answer(step)

    def solution_answer(self, text: str) -> str | None:
        """Return the final answer of a solution that a model wrote whole; None if it gives none."""
        return final_answer(text, last_line=False)

    def thought_answer(self, text: str) -> str | None:
        """Return the final answer of a long thought, where `written_answer` puts it; None if it gives none."""
        before, fence, after = text.rstrip().removesuffix("```").rpartition(f"```{self.name}\n")
        if fence and before and "```" not in after:
            return after.rstrip("\n")
        return final_answer(text, last_line=False)

    def closing_answer(self, step: str) -> str | None:
        """Return the final answer in the last step of a worked solution, whose last line may be the answer."""
        return final_answer(step)

    def written_answer(self, answer: str) -> str:
        """Write the final answer as a long thought ends with it."""
        return f"```{self.name}\n{answer}\n```" if "\n" in answer else rf"\boxed{{{answer}}}"

    def same_answer(self, problem: Problem, one: str, other: str) -> bool:
        """Say, without waiting, whether a vote counts two answers as one; not if they can't be compared exactly."""
        return one.split() == other.split()

    # For code outside a debate only.

    def reference_of(self, problem: Problem, answer: str | None) -> Reference | None:
        """Return a reference made from the statement alone or from a typed answer; None without either.

        Raises:
            ProblemError: if a typed answer can't be made a reference.

        """
        if answer is None:
            return None
        if self.reference is not AnswerReference:
            raise ProblemError(
                f"answer {answer!r}: the domain {self.name} grades by a {self.reference.__name__}, which can't be made "
                "of a typed answer; leave the answer out"
            )
        return AnswerReference(answer=answer)

    async def grade(self, problem: Problem, reference: Reference, answer: str) -> Grade:
        """Say whether an answer is right and, if not, why; None if that is unknown."""
        return None, f"the domain {self.name} has no checker"

    @property
    def has_checker(self) -> bool:
        """Whether the domain can grade."""
        return type(self).grade is not Domain.grade

    def expect_possible(self, problem: Problem) -> None:
        """Raise if a problem is known to have no solution.

        Raises:
            ProblemError: with what to change.

        """

    @property
    def address(self) -> str:
        """The name of a bundled domain, or the `module:NAME` by which other processes and later readers import it.

        Raises:
            ProblemError: if no name at the top of its class's module holds it.

        """
        module = type(self).__module__
        if module.startswith(f"{__package__}."):
            return self.name  # the bundled domains go by their names
        for name, value in vars(sys.modules[module]).items():
            if value is self:
                return f"{module}:{name}"
        raise ProblemError(
            f"domain {type(self).__name__}: it has no name that other processes can import; assign it to a name at the "
            f"top of {module}, such as {type(self).__name__.upper()} = {type(self).__name__}()"
        )
