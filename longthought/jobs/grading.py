"""Grade a debate after its end: the only place where the log of a debate meets the reference of its problem."""

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
        reference: The reference to grade by; without one, the debate is returned unchanged.
        observe: Called with the grade first; a job logs it here.

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
