"""Grades of answers, each asked for once, because many cuts of a run give the same answer."""

from longthought.domains.grade import grade
from longthought.problems.problem import Task
from longthought.trajectories.trajectory import Trajectory


class AnswerGrades:
    """Grades answers, and remembers the grade of each answer to each problem."""

    def __init__(self) -> None:
        """Begin without any grades."""
        self._grades: dict[tuple[str, str], bool | None] = {}

    def remember(self, trajectory: Trajectory) -> None:
        """Take over the grade that is in the log of a run."""
        answer, solved = trajectory.answer, trajectory.solved
        if answer is not None and solved is not None:
            self._grades[trajectory.problem.id, answer] = solved

    async def of(self, task: Task, answer: str | None) -> bool | None:
        """Return whether an answer is right; None if the checker can't decide. A missing answer is wrong.

        Raises:
            ValueError: if the task has no reference.

        """
        if answer is None:
            return False
        if task.reference is None:
            raise ValueError(f"{task.problem.id} has no reference")
        key = (task.problem.id, answer)
        if key not in self._grades:
            self._grades[key], _ = await grade(task.problem, task.reference, answer)
        return self._grades[key]
