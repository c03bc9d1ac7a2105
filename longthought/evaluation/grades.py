"""The checker's words, each asked for once: many cuts of a run have the same answer."""

from longthought.domains.grade import grade
from longthought.problems.problem import Task
from longthought.trajectories.trajectory import Trajectory


class Marks:
    """Whether answers are right, by problem."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._known: dict[tuple[str, str], bool | None] = {}

    def know(self, trajectory: Trajectory) -> None:
        """Take over the grade that stands in a log."""
        answer, solved = trajectory.answer, trajectory.solved
        if answer is not None and solved is not None:
            self._known[trajectory.problem.id, answer] = solved

    async def of(self, task: Task, answer: str | None) -> bool | None:
        """Say whether an answer is right; None where it can't be told, and no answer is wrong.

        Raises:
            ValueError: if there is nothing to grade by.

        """
        if answer is None:
            return False
        if task.reference is None:
            raise ValueError(f"{task.problem.id} has no reference")
        key = (task.problem.id, answer)
        if key not in self._known:
            self._known[key], _ = await grade(task.problem, task.reference, answer)
        return self._known[key]
