"""The comparison: every run is cut at every budget, the answer it has by then is graded, and a table sums it all up.

The answer is what the graph itself would answer (`Machine.answer`) after the events that the budget buys, unless the
strategy lets the exact checker choose. This module plays no runs and draws no plots.
"""

import operator
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from pydantic import Field

from longthought.domains.catalogue import domain_of
from longthought.evaluation.budgets import COUNTS, Count, Spent, TokenBill
from longthought.evaluation.grades import AnswerGrades
from longthought.evaluation.runs import Evaluation
from longthought.evaluation.strategies import Strategy
from longthought.graphs import catalogue
from longthought.graphs.machine import Machine
from longthought.problems.problem import Task
from longthought.record import Record
from longthought.statistics import clustered, paired
from longthought.trajectories.events import AnyEvent, Author, Proposed, Started, StopReason
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory

BASELINES: Final = ("majority", "best-of-n")
"""Strategies that every other strategy is tested against."""
POINTS: Final = 24
"""Number of budgets of a curve, besides those asked for."""


class Entrant(Record):
    """One strategy, as it was played."""

    name: str
    graph: str
    settings: dict[str, Any]
    choice: str
    """How the answer is chosen."""
    checker: bool
    """Whether the exact checker chose it."""
    tools: tuple[str, ...]
    """Names of the tools that checked its steps."""
    critic: str
    """Name of the critic that judged its steps; empty if there was none."""


class Rate(Record):
    """The share of problems solved, with its 95 % interval."""

    solved: int
    of: int
    """Number of problems times number of seeds."""
    rate: float
    low: float
    high: float


class ComparisonRow(Record):
    """One strategy at one budget."""

    strategy: str
    budget: int
    """Maximum number of tokens per problem."""
    count: Count
    """Which tokens the budget counts."""
    solved: Rate
    by_seed: tuple[float, ...]
    """The share solved with each seed."""
    unseen: Rate | None
    """The share solved of problems whose Countdown target never occurs in training; None without such problems."""
    computed: float
    """Mean tokens per problem, without cached prompt tokens."""
    all: float
    """Mean tokens per problem, with cached prompt tokens."""
    estimated: bool = Field(default=False, exclude_if=operator.not_)
    """Whether some of these tokens are estimated from the texts."""
    requests: float
    """Mean number of model calls per problem."""
    seconds: float
    """Mean seconds in models and tools per problem, summed over calls even where they overlap."""
    undecided: int
    """Number of answers that the checker can't decide; they count as not solved."""
    failed: int
    """Number of runs that a failure ended; they count with the answer they had by then."""
    p: dict[str, float]
    """Paired p-values against the baselines, by their names; see `paired`."""


class Comparison(Record):
    """The whole comparison: its table and its curves."""

    problems: int
    seeds: tuple[int, ...]
    budgets: tuple[int, ...]
    strategies: tuple[Entrant, ...]
    rows: tuple[ComparisonRow, ...]
    """Rows at the budgets asked for, under both counts."""
    curve: tuple[ComparisonRow, ...]
    """Rows at many budgets, which count computed tokens."""

    @property
    def title(self) -> str:
        """What is compared, in words."""
        budgets = ", ".join(f"{budget:,}" for budget in self.budgets)
        seeds = ", ".join(map(str, self.seeds))
        names = ", ".join(strategy.name for strategy in self.strategies)
        return f"{names} on {self.problems:,} problems with seed {seeds} at {budgets} tokens"

    def row(self, strategy: str, budget: int, count: Count = "computed") -> ComparisonRow:
        """Return the row of a strategy at a budget.

        Raises:
            KeyError: if there is no such row.

        """
        for row in self.rows:
            if (row.strategy, row.budget, row.count) == (strategy, budget, count):
                return row
        raise KeyError((strategy, budget, count))


class Outcome(NamedTuple):
    """The result of one run within a budget."""

    solved: bool | None
    spent: Spent
    failed: bool


@dataclass(slots=True)
class Replay:
    """One logged run, which can be cut at any budget."""

    task: Task
    trajectory: Trajectory
    strategy: Strategy
    machine: Machine[Any, Any]
    grades: AnswerGrades

    async def within(self, budgets: Iterable[tuple[int, Count]]) -> list[Outcome]:
        """Return the result within each budget; the log is read once for all of them."""
        events, bill = self.trajectory.events, TokenBill(self.trajectory.events)
        bought = [bill.bought(*budget) for budget in budgets]
        counts = sorted(set(bought))
        answers = self._first_right(events, counts) if self.strategy.checker else self._graphs_answers(events, counts)
        failed = self.trajectory.stop_reason is StopReason.FAILED
        outcomes = {
            count: Outcome(solved, bill.spent(needed), failed and count == len(events))
            async for count, solved, needed in answers
        }
        return [outcomes[count] for count in bought]

    async def _graphs_answers(
        self, events: Sequence[AnyEvent], counts: Sequence[int]
    ) -> AsyncIterator[tuple[int, bool | None, int]]:
        """Yield (count, whether the graph's answer after that many events is right, count) for each count of events."""
        played = events[0].config if isinstance(events[0], Started) else {}
        settings = self.machine.context.read(played)
        fold, folded = self.machine.begin(settings), 0
        for count in counts:
            for event in events[folded:count]:
                fold.apply(event)
            folded = count
            yield count, await self.grades.of(self.task, self.machine.answer(fold, settings)), count

    async def _first_right(
        self, events: Sequence[AnyEvent], counts: Sequence[int]
    ) -> AsyncIterator[tuple[int, bool | None, int]]:
        """Yield (count, whether a right answer came by then, events up to that answer) for each count of events."""
        solved: bool | None = False
        first_right, seen = 0, 0
        for count in counts:
            for number, event in enumerate(events[seen:count], seen + 1):
                if not first_right and isinstance(event, Proposed) and event.answer is not None:
                    is_right = await self.grades.of(self.task, event.answer)
                    if is_right:
                        solved, first_right = True, number
                    elif is_right is None:
                        solved = None
            seen = count
            yield count, solved, first_right or count


Note = Callable[[str], object]
"""Called with a few words on what is being measured."""


def silent(_: str) -> None:
    """Ignore what is being measured."""


async def compare(evaluation: Evaluation, note: Note = silent) -> Comparison:
    """Cut every run at every budget, grade the answers, and return the table and the curves.

    Raises:
        RunFolderError: if a run is missing.

    """
    budgets = sorted(set(evaluation.request.budgets))
    curve = curve_budgets(budgets)
    grades = AnswerGrades()
    table: dict[str, dict[tuple[int, Count], list[list[Outcome]]]] = {}
    for strategy in evaluation.request.strategies:
        cells = table[strategy.name] = {
            (budget, count): list[list[Outcome]]()
            for count in COUNTS
            for budget in (curve if count == "computed" else budgets)
        }
        for seed in evaluation.request.seeds:
            note(f"{strategy.name}, seed {seed}")
            for outcomes in cells.values():
                outcomes.append([])
            async for replay in _replays(evaluation, strategy, seed, grades):
                for outcomes, outcome in zip(cells.values(), await replay.within(cells), strict=True):
                    outcomes[-1].append(outcome)
    unseen = [_unseen(task) for task in evaluation.tasks]

    def row(strategy: str, budget: int, count: Count) -> ComparisonRow:
        rivals = {name: table[name][budget, count] for name in BASELINES if name in table and name != strategy}
        return _row(strategy, budget, count, table[strategy][budget, count], unseen, rivals)

    names = [strategy.name for strategy in evaluation.request.strategies]
    return Comparison(
        problems=len(evaluation.tasks),
        seeds=tuple(evaluation.request.seeds),
        budgets=tuple(budgets),
        strategies=tuple(_entrant(evaluation, strategy) for strategy in evaluation.request.strategies),
        rows=tuple(row(name, budget, count) for count in COUNTS for budget in budgets for name in names),
        curve=tuple(row(name, budget, "computed") for name in names for budget in curve),
    )


async def _replays(
    evaluation: Evaluation, strategy: Strategy, seed: int, grades: AnswerGrades
) -> AsyncIterator[Replay]:
    machine = catalogue.machine(strategy.graph)()
    for task, trajectory in zip(evaluation.tasks, evaluation.run_of(strategy, seed).trajectories(), strict=True):
        grades.remember(trajectory)
        yield Replay(task, trajectory, strategy, machine, grades)


def curve_budgets(budgets: Sequence[int]) -> list[int]:
    """Return the budgets of a curve: those given, and others evenly spaced on a log scale up to the largest."""
    low, high = max(1, min(budgets) // 8), max(budgets)
    between = {round(low * (high / low) ** (n / (POINTS - 1))) for n in range(POINTS)}
    return sorted(between | set(budgets))


def _row(
    strategy: str,
    budget: int,
    count: Count,
    seeds: Sequence[Sequence[Outcome]],
    unseen: Sequence[bool],
    rivals: Mapping[str, Sequence[Sequence[Outcome]]],
) -> ComparisonRow:
    all_outcomes = [outcome for outcomes in seeds for outcome in outcomes]
    spent = Spent()
    for outcome in all_outcomes:
        spent = spent.plus(outcome.spent)
    hits = _hits(seeds)
    return ComparisonRow(
        strategy=strategy,
        budget=budget,
        count=count,
        solved=_rate(hits, len(seeds)),
        by_seed=tuple(sum(o.solved is True for o in outcomes) / len(outcomes) for outcomes in seeds),
        unseen=_rate([h for h, new in zip(hits, unseen, strict=True) if new], len(seeds)) if any(unseen) else None,
        computed=spent.computed / len(all_outcomes),
        all=spent.all / len(all_outcomes),
        estimated=spent.estimated,
        requests=spent.requests / len(all_outcomes),
        seconds=spent.seconds / len(all_outcomes),
        undecided=sum(o.solved is None for o in all_outcomes),
        failed=sum(o.failed for o in all_outcomes),
        p={name: paired([a - b for a, b in zip(hits, _hits(rival), strict=True)]) for name, rival in rivals.items()},
    )


def _hits(seeds: Iterable[Sequence[Outcome]]) -> list[int]:
    """Return with how many seeds each problem was solved."""
    return [sum(o.solved is True for o in tries) for tries in zip(*seeds, strict=True)]


def _rate(hits: Sequence[int], tries: int) -> Rate:
    solved = clustered(hits, tries)
    return Rate(solved=solved.hits, of=solved.of, rate=solved.value, low=solved.low, high=solved.high)


def _unseen(task: Task) -> bool:
    return domain_of(task.problem).unseen(task.problem) is not None


def _entrant(evaluation: Evaluation, strategy: Strategy) -> Entrant:
    played = evaluation.run_of(strategy, evaluation.request.seeds[0])
    config = Run(played.folder).config
    settings = {name: value for name, value in config.items() if name not in ("samples", "attempts", "seed")}
    return Entrant(
        name=strategy.name,
        graph=settings.pop("graph"),
        settings=settings,
        choice=strategy.choice,
        checker=strategy.checker,
        tools=tuple(settings["tools"]),
        critic=strategy.stand_in or (settings["critic"] if asks_critic(played.trajectories()) else ""),
    )


def asks_critic(trajectories: Iterator[Trajectory]) -> bool:
    """Return whether a critic judged a step in any of the runs."""
    return any(event.by is Author.CRITIC for trajectory in trajectories for event in trajectory.events)
