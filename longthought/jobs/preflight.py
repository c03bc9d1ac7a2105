"""Checks before anything is written, so that a mistake costs one line of output and not a folder of failed debates.

They ask whether both agents can read every problem, and whether their models are available. They know no references.
"""

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from longthought.agents.agent import Agent
from longthought.agents.dialects.dialect import SolutionsOnly, WholeDialect
from longthought.agents.in_process.chat_model import InProcessChatModel
from longthought.agents.served.chat_model import ServedChatModel
from longthought.agents.view import View
from longthought.domains.catalogue import expect_known
from longthought.errors import ProblemError
from longthought.graphs.seats import Seats
from longthought.problems.problem import Problem, Task
from longthought.trajectories.ids import trajectory_id
from longthought.trajectories.run import Run


async def expect_ready(seats: Seats, problems: Iterable[Problem], *, elsewhere: bool = False) -> None:
    """Raise unless both agents can read every problem and their models answer.

    A server is asked for its list of models; a model in this process is loaded. Without problems, nothing is checked.

    Args:
        seats: The agents.
        problems: The problems to check.
        elsewhere: Whether other processes play the debates, and so import the domains of the problems.

    Raises:
        ProblemError: naming the first problem that an agent can't read, or whose domain can't be imported.
        OutageError: if a server can't be reached, takes no key, or hasn't the model.
        ModelError: if a model in this process can't be loaded.

    """
    first: Problem | None = None
    for problem in problems:
        first = first or problem
        expect_known(problem.domain, elsewhere=elsewhere)
        _expect_readable(problem, seats)
    for seated in (seats.policy, seats.critic) if first else ():
        if first and isinstance(seated, Agent):
            await _expect_model(seated, first)


def to_inspect(tasks: Iterable[Task]) -> tuple[Iterable[Task], Iterable[Task]]:
    """Return the tasks to check before a job, and those to run; of an iterator, only the first is checked."""
    if not isinstance(tasks, Iterator):
        return tasks, tasks
    first = list(itertools.islice(tasks, 1))
    return first, itertools.chain(first, tasks)


def unfinished(path: Path, tasks: Iterable[Task], samples: int, *, retry_failed: bool = False) -> Iterator[Task]:
    """Yield the tasks with debates to be played in a run folder, which need not exist yet.

    Args:
        path: The folder.
        tasks: The tasks to choose from.
        samples: Number of debates on each.
        retry_failed: Whether debates that failed are to be played too.

    """
    done: Collection[str] = ()
    if (path / "run.json").exists():
        run = Run(path)
        done = set(run.finished_ids()) - set(run.failed_ids() if retry_failed else ())
    for task in tasks:
        if any(trajectory_id(task.problem, sample) not in done for sample in range(samples)):
            yield task


def _first_view(problem: Problem) -> View:
    return View(problem, path=(), path_nodes=(), attempts=())


def _expect_readable(problem: Problem, seats: Seats) -> None:
    for agent in (seats.policy, seats.critic):
        if objection := agent.unsuitable(_first_view(problem)):
            raise ProblemError(
                f"{agent.name} can't read the problem {problem.id!r}: {objection.rstrip('.')}; "
                "for other problems give `policy` and `critic` openai:NAME with `base_url`"
            )


async def _expect_model(agent: Agent, problem: Problem) -> None:
    dialect, seen = agent.dialect, _first_view(problem)
    if isinstance(dialect, SolutionsOnly) and isinstance(dialect, WholeDialect):
        messages = dialect.ask_solution(seen)
    else:
        messages = dialect.ask_policy(seen)
    await expect_model(agent.model, messages)


async def expect_model(model: BaseChatModel, messages: Sequence[BaseMessage]) -> None:
    """Raise unless a model is available; a model in this process is loaded and asked for one token.

    Raises:
        OutageError: if a server can't be reached, takes no key, or hasn't the model.
        ModelError: if a model in this process can't be loaded.

    """
    match model:
        case ServedChatModel():
            await model.expect_ready()
        case InProcessChatModel():
            await model.ainvoke(messages, {"run_name": "ready?"}, max_tokens=1, temperature=0.0)
        case _:
            pass
