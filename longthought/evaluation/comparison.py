"""The comparison itself: every run cut at every budget, the answer it then has graded, and the table of it all.

An answer is the graph's own word (`Machine.answer`) on what a budget bought, except where the strategy lets the exact
checker choose. Nothing here plays or draws.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from longthought.domains.catalogue import domain_of
from longthought.evaluation.budgets import COUNTS, Count, Spent, TokenBill
from longthought.evaluation.grades import Marks
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
"""What every strategy is tested against."""
POINTS: Final = 24
"""Budgets of a curve, beside those asked for."""


class Entrant(Record):
    """One strategy, as it was played."""

    name: str
    graph: str
    settings: dict[str, Any]
    choice: str
    """How the answer is picked."""
    checker: bool
    """Whether the exact checker picked it."""
    tools: tuple[str, ...]
    """What looked at its steps."""
    critic: str
    """Whose verdicts it had; empty if nobody's."""


class Rate(Record):
    """A share of problems solved, with its 95 % interval."""

    solved: int
    of: int
    """Problems times seeds."""
    rate: float
    low: float
    high: float


class ComparisonRow(Record):
    """One strategy at one budget."""

    strategy: str
    budget: int
    """Tokens that each problem may cost."""
    count: Count
    """Which tokens the budget counts."""
    solved: Rate
    by_seed: tuple[float, ...]
    """Share solved with each seed."""
    unseen: Rate | None
    """The same on Countdown targets that never occur in training; None where there are none."""
    computed: float
    """Tokens a problem, cached prompt tokens left out."""
    all: float
    """Tokens a problem, all of them."""
    requests: float
    """Model calls a problem."""
    seconds: float
    """In models and tools, a problem; calls that wait for each other are counted both."""
    undecided: int
    """Answers that the checker can't decide; they count as not solved."""
    failed: int
    """Runs that a failure ended; they count with what they had."""
    p: dict[str, float]
    """Paired p-values against the baselines, problem by problem."""


class Comparison(Record):
    """The whole table, and the curves."""

    problems: int
    seeds: tuple[int, ...]
    budgets: tuple[int, ...]
    strategies: tuple[Entrant, ...]
    rows: tuple[ComparisonRow, ...]
    """At the budgets asked for, under both counts."""
    curve: tuple[ComparisonRow, ...]
    """At many budgets, of computed tokens."""

    def row(self, strategy: str, budget: int, count: Count = "computed") -> ComparisonRow:
        """Return one row.

        Raises:
            KeyError: if there is none.

        """
        for row in self.rows:
            if (row.strategy, row.budget, row.count) == (strategy, budget, count):
                return row
        raise KeyError((strategy, budget, count))


class Outcome(NamedTuple):
    """What one run came to within a budget."""

    solved: bool | None
    spent: Spent
    failed: bool


@dataclass(slots=True)
class Replay:
    """One logged run, to be cut at any budget."""

    task: Task
    trajectory: Trajectory
    strategy: Strategy
    machine: Machine[Any, Any]
    marks: Marks

    async def within(self, budgets: Iterable[tuple[int, Count]]) -> list[Outcome]:
        """Return what the run came to within each budget; it is gone through once for all of them."""
        events, ledger = self.trajectory.events, TokenBill(self.trajectory.events)
        bought = [ledger.bought(*budget) for budget in budgets]
        counts = sorted(set(bought))
        answers = self._first_right(events, counts) if self.strategy.checker else self._own_word(events, counts)
        failed = self.trajectory.stop_reason is StopReason.FAILED
        outcomes = {
            count: Outcome(solved, ledger.spent(needed), failed and count == len(events))
            async for count, solved, needed in answers
        }
        return [outcomes[count] for count in bought]

    async def _own_word(
        self, events: Sequence[AnyEvent], counts: Sequence[int]
    ) -> AsyncIterator[tuple[int, bool | None, int]]:
        """Ask the graph what it would answer after so many events."""
        settings = self.machine.context.read(events[0].config if isinstance(events[0], Started) else {})
        fold, folded = self.machine.begin(settings), 0
        for count in counts:
            for event in events[folded:count]:
                fold.apply(event)
            folded = count
            yield count, await self.marks.of(self.task, self.machine.answer(fold, settings)), count

    async def _first_right(
        self, events: Sequence[AnyEvent], counts: Sequence[int]
    ) -> AsyncIterator[tuple[int, bool | None, int]]:
        """Let the checker look at every answer as it comes, and stop at the first right one."""
        solved: bool | None = False
        right, seen = 0, 0
        for count in counts:
            for number, event in enumerate(events[seen:count], seen + 1):
                if not right and isinstance(event, Proposed) and event.answer is not None:
                    found = await self.marks.of(self.task, event.answer)
                    if found:
                        solved, right = True, number
                    elif found is None:
                        solved = None
            seen = count
            yield count, solved, right or count


Note = Callable[[str], object]
"""Is told, in words, what is being measured."""


def silent(_: str) -> None:
    """Say nothing."""


async def compare(evaluation: Evaluation, note: Note = silent) -> Comparison:
    """Measure what was played.

    Raises:
        RunFolderError: if a run is missing.

    """
    budgets = sorted(set(evaluation.request.budgets))
    curve = steps(budgets)
    marks = Marks()
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
            async for replay in _replays(evaluation, strategy, seed, marks):
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


async def _replays(evaluation: Evaluation, strategy: Strategy, seed: int, marks: Marks) -> AsyncIterator[Replay]:
    machine = catalogue.machine(strategy.graph)()
    for task, trajectory in zip(evaluation.tasks, evaluation.run_of(strategy, seed).trajectories(), strict=True):
        marks.know(trajectory)
        yield Replay(task, trajectory, strategy, machine, marks)


def steps(budgets: Sequence[int], points: int = POINTS) -> list[int]:
    """Return the budgets of a curve: evenly spaced on a log scale up to the largest, those asked for among them."""
    low, high = max(1, min(budgets) // 8), max(budgets)
    between = {round(low * (high / low) ** (n / (points - 1))) for n in range(points)}
    return sorted(between | set(budgets))


def _row(
    strategy: str,
    budget: int,
    count: Count,
    seeds: Sequence[Sequence[Outcome]],
    unseen: Sequence[bool],
    rivals: Mapping[str, Sequence[Sequence[Outcome]]],
) -> ComparisonRow:
    every = [outcome for outcomes in seeds for outcome in outcomes]
    spent = Spent()
    for outcome in every:
        spent = spent.plus(outcome.spent)
    hits = _hits(seeds)
    return ComparisonRow(
        strategy=strategy,
        budget=budget,
        count=count,
        solved=_rate(hits, len(seeds)),
        by_seed=tuple(sum(o.solved is True for o in outcomes) / len(outcomes) for outcomes in seeds),
        unseen=_rate([h for h, new in zip(hits, unseen, strict=True) if new], len(seeds)) if any(unseen) else None,
        computed=spent.computed / len(every),
        all=spent.all / len(every),
        requests=spent.requests / len(every),
        seconds=spent.seconds / len(every),
        undecided=sum(o.solved is None for o in every),
        failed=sum(o.failed for o in every),
        p={name: paired([a - b for a, b in zip(hits, _hits(other), strict=True)]) for name, other in rivals.items()},
    )


def _hits(seeds: Iterable[Sequence[Outcome]]) -> list[int]:
    """Return how often each problem was solved."""
    return [sum(o.solved is True for o in tries) for tries in zip(*seeds, strict=True)]


def _rate(hits: Sequence[int], tries: int) -> Rate:
    found = clustered(hits, tries)
    return Rate(solved=found.hits, of=found.of, rate=found.value, low=found.low, high=found.high)


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
    """Say whether a critic was asked in any of some runs."""
    return any(event.by is Author.CRITIC for trajectory in trajectories for event in trajectory.events)
