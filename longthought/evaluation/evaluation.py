"""All that is measured on a plan that was played: the comparison, and a report on every critic that sat in it."""

import asyncio
from collections.abc import AsyncIterator

from longthought.evaluation.comparison import Comparison, Note, asks_critic, compare, silent
from longthought.evaluation.critic_report import Criticism, criticism
from longthought.evaluation.grades import Marks
from longthought.evaluation.plays import EvaluationPlan, Play
from longthought.evaluation.saving import Critics
from longthought.problems.problem import Task
from longthought.tools.catalogue import verifiers
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory


def evaluate(
    plan: EvaluationPlan, *, concurrency: int = 64, processes: int | None = None
) -> tuple[Comparison, Critics]:
    """Play a plan, or what is left of it, and measure it.

    Raises:
        UserError: if the settings make no sense, or a folder was begun with others.
        EndpointError: if a model server can't be reached.

    """
    for play in plan.plays():
        for _ in play.run(concurrency=concurrency, processes=processes):
            pass
        play.expect_affordable()
    return asyncio.run(measure(plan))


async def measure(plan: EvaluationPlan, note: Note = silent) -> tuple[Comparison, Critics]:
    """Measure what was played; `note` is told what is being measured.

    Raises:
        RunFolderError: if a run is missing.

    """
    reports: dict[str, Criticism] = {}
    for play in plan.plays():
        if play.seed == plan.seeds[0] and play.strategy.stand_in is None and asks_critic(play.trajectories()):
            note(f"the critic of {play.strategy.name}")
            reports[play.strategy.name] = await judge(plan, play.strategy.name)
    return await compare(plan, note), Critics(reports=reports)


async def judge(plan: EvaluationPlan, strategy: str) -> Criticism:
    """Report on the critic of one strategy, over all seeds."""
    plays = [play for play in plan.plays() if play.strategy.name == strategy]
    return await criticism(_debates(plays), Marks(), verifiers(Run(plays[0].folder).config["tools"]))


async def _debates(plays: list[Play]) -> AsyncIterator[tuple[Task, Trajectory]]:
    for play in plays:
        for task, trajectory in zip(play.plan.tasks, play.trajectories(), strict=True):
            yield task, trajectory
