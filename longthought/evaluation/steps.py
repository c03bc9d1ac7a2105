"""How well a critic finds the first error in solutions with labelled steps, and leaves right solutions alone.

A policy that only reads out a solution proposes its steps in a debate, which ends when the critic or a tool first goes
back. So any critic can be measured with the views, the tools and the log of a real debate. The task is that of
ProcessBench (Zheng et al., 2024) and BIG-Bench Mistake (Tyen et al., 2024), whose fields are read too.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, cast

from longthought.agents.accepting import AcceptingCritic
from longthought.agents.agent import Judge, Reply
from longthought.agents.dialects.dialect import Step, Unreadable
from longthought.agents.model import TOOLS_ALONE
from longthought.agents.view import View
from longthought.api import generate
from longthought.domains.catalogue import domain_of, recognised
from longthought.errors import ProblemError
from longthought.evaluation.critic_report import CountedShare, counted_share
from longthought.jobs.progress import Progress
from longthought.problems.problem import Problem
from longthought.problems.row import Row, show
from longthought.problems.sources import source_of
from longthought.record import Record
from longthought.statistics import FirstErrors, first_errors
from longthought.trajectories.events import Action, Author, Cause, EvidenceStatus, Moved, StopReason
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Node

PROBLEM_FIELDS: Final = ("problem", "question", "input", "statement")
LABEL_FIELDS: Final = ("first_error", "mistake_index", "label")


class Solution(Record):
    """A solution in steps, labelled with its first wrong step."""

    problem: Problem
    steps: tuple[str, ...]
    first_error: int | None
    """Index of the first wrong step, from 0; None if all steps are right."""


class StepReport(Record):
    """How well a critic found the first errors of labelled solutions."""

    critic: str
    tools: tuple[str, ...]
    solutions: int
    first_errors: FirstErrors
    by_tools: CountedShare
    """Share of the named steps that a tool refuted before the critic was asked."""
    undecided: int
    """Number of solutions without a usable verdict; they count as missed."""


def load(source: str | Path) -> Iterator[Solution]:
    """Read solutions with labelled steps, one per row.

    The problem is in `problem`, `question`, `input` or `statement`; the steps are texts in `steps`; the index of the
    first wrong step, from 0, is in `first_error`, `mistake_index` or `label`, and is null or -1 if all are right.

    Raises:
        ProblemError: if the file is missing or empty, or a row can't be read.

    """
    rows, number = source_of(source), 0
    for number, row in rows.rows():
        try:
            yield _solution(row, f"{rows.name}-{number}")
        except ProblemError as error:
            raise ProblemError(f"{rows.place(number)}: {error}") from error
    if not number:
        raise ProblemError(f"{rows.place(1)}: expected a solution, found an empty file")


def _solution(row: Row, name: str) -> Solution:
    statement, steps, label = _field(row, PROBLEM_FIELDS), row.get("steps"), _field(row, LABEL_FIELDS)
    if not isinstance(statement, str) or not statement.strip():
        raise ProblemError(f'"{PROBLEM_FIELDS[0]}": expected a problem in words, found {show(statement)}')
    texts = tuple(cast("list[Any]", steps)) if isinstance(steps, list) else ()
    if not texts or not all(isinstance(text, str) for text in texts):
        raise ProblemError(f'"steps": expected a list of texts, found {show(cast(object, steps))}')
    first_error = _index(label)
    if first_error is not None and (type(first_error) is not int or not 0 <= first_error < len(texts)):
        raise ProblemError(
            f'"{LABEL_FIELDS[0]}": expected a step from 0 to {len(texts) - 1}, or null or -1, found {show(label)}'
        )
    problem = Problem(id=name, statement=statement, domain=recognised(statement).name)
    return Solution(problem=problem, steps=texts, first_error=first_error)


def _index(label: object) -> object:
    """Return a label as an index, None if all steps are right.

    Tables that have gaps keep whole numbers as decimals, and a gap as a number that is none.
    """
    if isinstance(label, float | Decimal) and not math.isinf(label):
        label = None if math.isnan(label) else int(label) if label == int(label) else label
    return None if label == -1 else label


def _field(row: Row, names: Sequence[str]) -> Any:
    for name in names:
        if name in row:
            return row[name]
    raise ProblemError(f'"{names[0]}": expected among the fields (or {", ".join(names[1:])}), found {", ".join(row)}')


class Reciter:
    """A policy that reads out given solutions, step by step."""

    def __init__(self, solutions: Sequence[Solution], name: str) -> None:
        """Keep the steps of each solution by its problem."""
        self.name = name
        self._steps = {solution.problem.id: solution.steps for solution in solutions}

    def unsuitable(self, view: View) -> str | None:
        """Refuse a problem without a given solution."""
        return None if view.problem.id in self._steps else "there is no solution to recite"

    async def propose(self, view: View) -> Reply[Step]:
        """Read out the next step; the last step carries the answer that is in it."""
        steps, index = self._steps[view.problem.id], len(view.path)
        if index == len(steps):
            return Reply(Unreadable("the solution is over"), ())
        is_last = index == len(steps) - 1
        answer = domain_of(view.problem).closing_answer(steps[index]) if is_last else None
        return Reply(Step(steps[index], answer), ())

    async def propose_many(self, view: View, count: int) -> Sequence[Reply[Step]]:
        """Read out the next step once, whatever the count."""
        return [await self.propose(view)]

    async def reflect(self, view: View) -> Reply[str]:
        """Say that the step stands."""
        return Reply("I stand by this step.", ())

    async def aclose(self) -> None:
        """Do nothing: there is no connection to close."""


def settings(solutions: Sequence[Solution]) -> dict[str, Any]:
    """Return the settings of a debate that has enough rounds for every step and ends at the first step back."""
    return {"graph": "debate", "rounds": 4 * max(len(s.steps) for s in solutions), "backtracks": 0}


def recite(
    solutions: Sequence[Solution],
    out: Path,
    *,
    critic: str | Judge,
    name: str = "solutions",
    progress: Progress | None = None,
    **given: Any,
) -> Iterator[Trajectory]:
    """Have a critic judge solutions, and yield each debate as it ends; see `generate`.

    Args:
        solutions: Solutions with labelled steps, as `load` reads them.
        out: The run folder; a run begun there is resumed.
        critic: A model, an agent, or `tools` to let only the tools find errors.
        name: The name of the solutions' file, for the log.
        progress: Counts the debates.
        given: Anything else that `generate` takes.

    """
    seated_critic = AcceptingCritic() if critic == TOOLS_ALONE else critic
    yield from generate(
        [s.problem for s in solutions], out=out, policy=Reciter(solutions, f"recited:{name}"), critic=seated_critic,
        progress=progress, **settings(solutions), **given,
    )  # fmt: skip


def score(solutions: Sequence[Solution], out: Path) -> StepReport:
    """Compare the steps named in the log with the labels."""
    run = Run(out)
    pairs: list[tuple[int | None, int | None]] = []
    by_tools = undecided = 0
    for solution in solutions:
        debate = run.trajectory(f"{solution.problem.id}#0")
        index, by = named(debate)
        by_tools += by is Author.TOOL
        if index is None and debate.stop_reason is not StopReason.ANSWERED and not _all_accepted(debate, solution):
            undecided += 1
            index = -1  # neither an error found nor a solution left alone
        pairs.append((solution.first_error, index))
    flagged = sum(index is not None and index >= 0 for _, index in pairs)
    config: Mapping[str, Any] = run.config
    return StepReport(
        critic=TOOLS_ALONE if config["critic"] == AcceptingCritic.name else config["critic"],
        tools=tuple(config["tools"]),
        solutions=len(pairs),
        first_errors=first_errors(pairs).model_copy(update={"flagged": flagged}),
        by_tools=counted_share(by_tools, flagged),
        undecided=undecided,
    )


def named(debate: Trajectory) -> tuple[int | None, Author | None]:
    """Return the index, from 0, of the step named as the first wrong one, and its author; None if none was named."""
    for node in debate.steps:
        if node.verdicts and node.verdicts[-1].action is Action.BACKTRACK:
            target = node.verdicts[-1].target
            return (node.depth - 1 if target is None else debate.tree.node(target).depth), Author.CRITIC
    last = debate.steps[-1] if debate.steps else None
    if last is not None and _vetoed(debate, last):
        return last.depth - 1, Author.TOOL
    return None, None


def _vetoed(debate: Trajectory, last: Node) -> bool:
    """Return whether the tools ended the debate: its last step is refuted, and the critic did not judge it."""
    refuted = any(e.status is EvidenceStatus.REFUTED for e in last.evidence)
    return refuted and not last.verdicts and not last.failures and debate.stop_reason is StopReason.BACKTRACKS


def _all_accepted(debate: Trajectory, solution: Solution) -> bool:
    accepted = [e for e in debate.events if isinstance(e, Moved) and e.cause is Cause.ACCEPTED]
    return len(accepted) == len(solution.steps)
