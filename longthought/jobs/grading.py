"""Grade a debate after its end: the one place where the log of a debate meets what its answer is graded by."""

import time

from longthought.domains.grade import grade
from longthought.graphs.machine import Observer
from longthought.problems.problem import Reference
from longthought.trajectories.events import Author, Graded
from longthought.trajectories.trajectory import Trajectory


async def graded(trajectory: Trajectory, reference: Reference | None, observe: Observer) -> Trajectory:
    """Grade the answer of a finished debate, and return the debate with its grade.

    Args:
        trajectory: The debate, which has ended.
        reference: What to grade by; without one, the debate comes back as it is.
        observe: Told of the grade before it counts; a job logs it here.

    Raises:
        LogError: if the log can't be written.

    """
    if reference is None:
        return trajectory
    solved, detail = await grade(trajectory.problem, reference, trajectory.answer)
    event = Graded(
        trajectory=trajectory.id, seq=len(trajectory.events), by=Author.GRADER, at=time.time(), solved=solved,
        detail=detail,
    )  # fmt: skip
    observe([event])
    return Trajectory(trajectory.id, (*trajectory.events, event))
