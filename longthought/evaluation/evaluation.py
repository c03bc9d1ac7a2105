"""All that is measured on a plan that was played: the comparison, and a report on every critic that sat in it."""

from collections.abc import AsyncIterator

from longthought.evaluation.comparison import Comparison, asks_critic, compare
from longthought.evaluation.criticism import Criticism, criticism
from longthought.evaluation.marks import Marks
from longthought.evaluation.plays import Plan, Play
from longthought.evaluation.saving import Critics
from longthought.problems.problem import Task
from longthought.tools.catalogue import verifiers
from longthought.trajectories.trajectory import Trajectory


async def measure(plan: Plan) -> tuple[Comparison, Critics]:
    """Measure what was played.

    Raises:
        RunFolderError: if a run is missing.

    """
    reports: dict[str, Criticism] = {}
    for play in plan.plays():
        if play.seed == plan.seeds[0] and play.strategy.stand_in is None and asks_critic(play.trajectories()):
            reports[play.strategy.name] = await judge(plan, play.strategy.name)
    return await compare(plan), Critics(reports=reports)


async def judge(plan: Plan, strategy: str) -> Criticism:
    """Report on the critic of one strategy, over all seeds."""
    plays = [play for play in plan.plays() if play.strategy.name == strategy]
    tools = plays[0].settings.get("tools", ())
    return await criticism(_debates(plays), Marks(), verifiers(tools))


async def _debates(plays: list[Play]) -> AsyncIterator[tuple[Task, Trajectory]]:
    for play in plays:
        for task, trajectory in zip(play.plan.tasks, play.trajectories(), strict=True):
            yield task, trajectory
