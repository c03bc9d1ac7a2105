"""`evaluate`: a comparison from its problems to its figures, with a report on every critic that took part."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from longthought.api import tasks_of
from longthought.evaluation.comparison import Comparison, Note, asks_critic, compare, silent
from longthought.evaluation.critic_report import Criticism, criticism
from longthought.evaluation.grades import AnswerGrades
from longthought.evaluation.request import EvaluationRequest
from longthought.evaluation.runs import Evaluation, StrategyRun, with_references
from longthought.evaluation.saving import Critics, expect_free, save
from longthought.jobs.progress import Progress
from longthought.jobs.thread import awaited
from longthought.problems.problem import Problem, Task
from longthought.request import expect
from longthought.tools.catalogue import TOOLS, verifiers
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory

Watch = Callable[[StrategyRun, Progress], AbstractContextManager[object]]
"""Returns a context that is entered while a run is played; the progress counts its debates."""


class EvaluationResult(NamedTuple):
    """What a comparison found."""

    comparison: Comparison
    """Every strategy at every budget."""
    critics: Critics
    """The reports on the critics, by strategy."""


def evaluate(
    problems: str | Path | Iterable[Task | Problem | str],
    request: EvaluationRequest | None = None,
    *,
    out: str | Path,
    watch: Watch = lambda run, progress: nullcontext(),
    note: Note = silent,
    **settings: Any,
) -> EvaluationResult:
    """Compare strategies at equal cost: play the runs that are missing, measure them all, and write the figures.

        comparison, critics = lt.evaluate("problems.jsonl", out="runs/compared", strategies=("majority", "debate"))
        print(comparison.row("debate", 4000).solved.rate)

    Args:
        problems: A file of problems, or the problems; all must have a reference to grade by.
        request: What the comparison is asked to do; without it, a request is built from the settings.
        out: The folder of the runs and of `table.csv`, `comparison.json` and `critic.json`; an evaluation begun there
            is resumed.
        watch: Returns a context, for each run and its progress, that is entered while the run is played.
        note: Called with a few words on what is being measured.
        settings: Fields of `EvaluationRequest`, such as strategies, budgets and seeds, and settings of every run.

    Raises:
        UserError: if the problems or the settings make no sense, or a folder was begun with others.
        EndpointError: if a model server can't be reached.
        RunError: if a file can't be written.

    """
    request = EvaluationRequest.given(request, settings)
    expect("the path of a folder", str, Path, out=out)
    expect("a function", Callable, watch=watch, note=note)
    expect_free(Path(out))
    evaluation = Evaluation(request, with_references(list(tasks_of(problems))), Path(out))
    for run in evaluation.runs():
        run.expect_sound()
    for run in evaluation.runs():
        progress = Progress(limit=request.concurrency * (request.processes or 1), expected=len(evaluation.tasks))
        with watch(run, progress), closing(run.play(progress)) as playing:
            for _ in playing:
                pass
        progress.summary().write(run.folder)
        run.expect_affordable()
    result = awaited(measure(evaluation, note))
    save(result.comparison, result.critics, evaluation.out)
    return result


async def measure(evaluation: Evaluation, note: Note = silent) -> EvaluationResult:
    """Compare the strategies on the runs that were played, and report on their critics.

    Raises:
        RunFolderError: if a run is missing.

    """
    reports: dict[str, Criticism] = {}
    for run in evaluation.runs():
        first = run.seed == evaluation.request.seeds[0]
        if first and run.strategy.stand_in is None and asks_critic(run.trajectories()):
            note(f"the critic of {run.strategy.name}")
            reports[run.strategy.name] = await judge(evaluation, run.strategy.name)
    return EvaluationResult(await compare(evaluation, note), Critics(reports=reports))


async def judge(evaluation: Evaluation, strategy: str) -> Criticism:
    """Report on the critic of one strategy, over all seeds."""
    runs = [run for run in evaluation.runs() if run.strategy.name == strategy]
    used = Run(runs[0].folder).config["tools"]
    checking = verifiers(name for name in used if name in TOOLS)  # a program that a model writes checks no words
    return await criticism(_debates(runs), AnswerGrades(), checking)


async def _debates(runs: list[StrategyRun]) -> AsyncIterator[tuple[Task, Trajectory]]:
    for run in runs:
        for task, trajectory in zip(run.evaluation.tasks, run.trajectories(), strict=True):
            yield task, trajectory
