"""Playing strategies: a run folder for each and each seed, at the largest budget, resumable like any job.

    OUT/majority/seed-0    a run folder, as `longthought generate` writes it
    OUT/debate/seed-0      …

Nothing here grades or measures.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longthought.agents.agent import Judge
from longthought.api import generate
from longthought.domains.grade import expect_gradable, reference_of
from longthought.errors import ConfigError, ProblemError, RunFolderError
from longthought.evaluation.ablations import LeafCritic, OracleCritic, RandomCritic
from longthought.evaluation.budgets import TokenBill
from longthought.evaluation.strategies import MANY, STRATEGIES, Strategy
from longthought.graphs.context import Context
from longthought.jobs.progress import Progress
from longthought.problems.problem import Task
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """What is compared: strategies on the same problems, at the same budgets, with the same agents and seeds."""

    strategies: Sequence[Strategy]
    tasks: Sequence[Task]
    """With references; see `graded`."""
    out: Path
    budgets: Sequence[int]
    """Tokens of both agents together, a problem."""
    seeds: Sequence[int] = (0,)
    settings: Mapping[str, Any] | None = None
    """Of every run, such as the agents; a strategy's own come before them."""

    def __post_init__(self) -> None:
        """Refuse what can't be compared."""
        if not self.budgets or min(self.budgets) < 1:
            raise ConfigError(f"--budget {','.join(map(str, self.budgets))}: give tokens, more than 0")
        if not self.seeds:
            raise ConfigError("--seeds 0: must be at least 1")
        if (self.out / "run.json").exists():
            raise RunFolderError(f"{self.out} is a run folder itself: choose another --out, which will hold several")

    def plays(self) -> Iterator["Play"]:
        """Yield the runs there have to be, in an order that works; a strategy that reads another's has none."""
        known = {strategy.name: strategy for strategy in self.strategies}
        wanted: dict[str, Strategy] = {}
        for strategy in self.strategies:
            for name in (strategy.after, strategy.plays):
                if name is not None:
                    wanted[name] = known.get(name) or STRATEGIES[name]
        for strategy in wanted.values():
            for seed in self.seeds:
                yield Play(self, strategy, seed)

    def play_of(self, strategy: Strategy, seed: int) -> "Play":
        """Return the runs that a strategy reads."""
        found = {(play.strategy.name, play.seed): play for play in self.plays()}
        return found[strategy.plays, seed]


@dataclass(frozen=True, slots=True)
class Play:
    """One strategy with one seed."""

    plan: EvaluationPlan
    strategy: Strategy
    seed: int

    @property
    def folder(self) -> Path:
        """Its run folder."""
        return self.plan.out / self.strategy.name / f"seed-{self.seed}"

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of its runs: the tokens alone end them, and the same tools look at all but blind attempts."""
        given = {"rounds": MANY, "tools": Context().tools, **(self.plan.settings or {}), **self.strategy.settings}
        return {**given, "seed": self.seed, "computed": max(self.plan.budgets)}

    def run(
        self, *, progress: Progress | None = None, concurrency: int = 64, processes: int | None = None
    ) -> Generator[Trajectory]:
        """Play, or go on where it stopped.

        Raises:
            UserError: if the settings make no sense, or the folder was begun with others.
            EndpointError: if a model server can't be reached.

        """
        critic, given = self._stand_in(), self.settings
        agents = {name: given.pop(name) for name in ("policy", "critic") if name in given}
        if critic is not None:
            agents["critic"], processes = critic, None
        yield from generate(
            self.plan.tasks, out=self.folder, graph=self.strategy.graph, concurrency=concurrency, processes=processes,
            progress=progress, graph_settings=given, **agents,
        )  # fmt: skip

    def trajectories(self) -> Iterator[Trajectory]:
        """Yield its runs in the order of the problems."""
        run = Run(self.folder)
        for task in self.plan.tasks:
            yield run.trajectory(f"{task.problem.id}#0")

    def expect_affordable(self) -> None:
        """Raise if a budget doesn't buy a single call on any problem.

        Raises:
            ConfigError: naming what a call costs.

        """
        least = min(self.plan.budgets)
        calls = [TokenBill(t.events).first_call("computed") for t in self.trajectories()]
        cheapest = min((cost for cost in calls if cost is not None), default=None)
        if cheapest is not None and cheapest > least:
            raise ConfigError(
                f"--budget {least}: too small for a single call of {self.strategy.name}, which takes {cheapest} tokens "
                "at least; give a larger one"
            )

    def _stand_in(self) -> Judge | None:
        match self.strategy.stand_in:
            case "oracle":
                return OracleCritic()
            case "leaf-only":
                return LeafCritic()
            case "random":
                real = next(p for p in self.plan.plays() if p.strategy.name == self.strategy.after)
                return RandomCritic.like(Run(real.folder).trajectories(), self.seed)
            case None:
                return None


def graded(tasks: Sequence[Task]) -> list[Task]:
    """Return tasks that all have something to grade by; a Countdown statement says it itself.

    Raises:
        ProblemError: naming the first that has nothing, or whose domain has no checker or can't be imported.

    """
    found: list[Task] = []
    for task in tasks:
        reference = task.reference or reference_of(task.problem, None)
        expect_gradable(task.problem)
        if reference is None:
            raise ProblemError(
                f"the problem {task.problem.id!r} has no reference to grade by: give it one, name it with "
                "--answer-field, or leave it out with --where"
            )
        found.append(task if task.reference else Task.model_validate({"problem": task.problem, "reference": reference}))
    return found
