"""The graphs for LangGraph Studio, as `langgraph.json` names them: their debates are checked, graded and kept.

    make studio

Graphs know no grader; this module lends them one. A debate is graded if its statement holds all that grading needs, as
in Countdown, and kept in a run folder if the setting `out` names one.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

from longthought.domains.grade import grade, reference_of
from longthought.graphs.catalogue import GRAPHS
from longthought.graphs.seats import Seats
from longthought.jobs.preflight import expect_ready
from longthought.problems.problem import Problem
from longthought.trajectories.events import AnyEvent, Author, Graded
from longthought.trajectories.keeping import expect_keeps, keep
from longthought.trajectories.stamps import stamped
from longthought.trajectories.trajectory import Trajectory


class StudioHost:
    """What the graphs need of the house above them; see `longthought.graphs.studio.stepwise.Host`."""

    async def expect_ready(self, seats: Seats, problem: Problem, out: str | None) -> None:
        """Raise unless the agents can read the problem, their models answer, and the folder can keep the debate."""
        if out is not None:
            await asyncio.to_thread(expect_keeps, out)
        await expect_ready(seats, [problem])

    async def grade(self, trajectory: Trajectory) -> Sequence[AnyEvent]:
        """Return the grade of a debate; nothing if its statement doesn't hold what grading needs."""
        reference = reference_of(trajectory.problem, None)
        if reference is None:
            return []
        solved, detail = await grade(trajectory.problem, reference, trajectory.answer)
        return [stamped(trajectory.tree, Graded, Author.GRADER, solved=solved, detail=detail)]

    async def keep(self, trajectory: Trajectory, out: str) -> None:
        """Write a debate that has ended into a run folder."""
        await asyncio.to_thread(partial(keep, trajectory, out))


HOST: Final = StudioHost()
debate = GRAPHS["debate"]().compile(HOST)
tree_search = GRAPHS["tree_search"]().compile(HOST)
self_critique = GRAPHS["self_critique"]().compile(HOST)
sampling = GRAPHS["sampling"]().compile(HOST)
decompose = GRAPHS["decompose"]().compile(HOST)
