"""The runs of a comparison: a run folder for each strategy and seed, played at the largest budget.

    OUT/majority/seed-0    a run folder, as `longthought generate` writes it
    OUT/debate/seed-0      …

A run can be resumed like any other job. This module neither grades nor measures.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longthought.agents.agent import Judge
from longthought.agents.model import BUNDLED_MODEL
from longthought.api import generate
from longthought.domains.grade import expect_gradable, reference_of
from longthought.errors import ConfigError, ProblemError, RunFolderError
from longthought.evaluation.ablations import STAND_INS, RandomCritic
from longthought.evaluation.budgets import TokenBill
from longthought.evaluation.request import EvaluationRequest
from longthought.evaluation.strategies import MANY, STRATEGIES, Strategy
from longthought.graphs.self_critique import SelfCritiqueContext
from longthought.jobs.progress import Progress
from longthought.jobs.request import JobRequest
from longthought.participants import agents_of, named, split
from longthought.problems.problem import Task
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A comparison with its problems and its folder."""

    request: EvaluationRequest
    tasks: Sequence[Task]
    """Tasks with references; see `with_references`."""
    out: Path

    def __post_init__(self) -> None:
        """Refuse a folder that is itself a run folder."""
        if (self.out / "run.json").exists():
            raise RunFolderError(f"{self.out} is a run folder itself: choose another `out`, which will hold several")

    def runs(self) -> Iterator["StrategyRun"]:
        """Yield the runs to play, each after those that it depends on; strategies may share a run."""
        known = {strategy.name: strategy for strategy in self.request.strategies}
        wanted: dict[str, Strategy] = {}
        for strategy in self.request.strategies:
            for name in (strategy.after, strategy.plays):
                if name is not None:
                    wanted[name] = known.get(name) or STRATEGIES[name]
        for strategy in wanted.values():
            for seed in self.request.seeds:
                yield StrategyRun(self, strategy, seed)

    def run_of(self, strategy: Strategy, seed: int) -> "StrategyRun":
        """Return the run that a strategy is measured on."""
        runs = {(run.strategy.name, run.seed): run for run in self.runs()}
        return runs[strategy.plays, seed]


@dataclass(frozen=True, slots=True)
class StrategyRun:
    """The run of one strategy with one seed."""

    evaluation: Evaluation
    strategy: Strategy
    seed: int

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.evaluation.out / self.strategy.name / f"seed-{self.seed}"

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the job: only tokens end a debate, and only blind attempts have other tools."""
        request = self.evaluation.request
        given = {"rounds": MANY, **request.settings, **self.strategy.settings}
        if self.strategy.graph == SelfCritiqueContext.graph:  # whose policy judges its own steps
            given = {name: value for name, value in given.items() if not name.startswith("critic")}
        own = {"graph": self.strategy.graph, "seed": self.seed, "computed": max(request.budgets)}
        speed = {name: getattr(request, name) for name in ("concurrency", "processes", "retry_failed")}
        settings = {**given, **own, **speed}
        if self.strategy.checked and settings.get("tools") is None:
            settings["tools"] = _job({**settings, "tools": ()}, tools=None).context.used_tools
        return settings

    def expect_sound(self) -> None:
        """Raise if the settings make no sense.

        Raises:
            ConfigError: naming the setting.

        """
        _job(self.settings)

    def play(self, progress: Progress | None = None) -> Generator[Trajectory]:
        """Play the run, or resume it, and yield each debate as it ends.

        Raises:
            UserError: if the settings make no sense, or the folder was begun with others.
            EndpointError: if a model server can't be reached.

        """
        settings = self.settings
        if (critic := self._stand_in()) is not None:
            settings |= {"critic": critic, "processes": None}
        yield from generate(self.evaluation.tasks, out=self.folder, progress=progress, **settings)

    def trajectories(self) -> Iterator[Trajectory]:
        """Yield the debates in the order of the problems."""
        run = Run(self.folder)
        for task in self.evaluation.tasks:
            yield run.trajectory(f"{task.problem.id}#0")

    def expect_affordable(self) -> None:
        """Refuse a budget that doesn't buy a single call on any problem.

        Raises:
            ConfigError: if there is such a budget; it names the cost of the cheapest call.

        """
        least = min(self.evaluation.request.budgets)
        calls = [TokenBill(t.events).first_call("computed") for t in self.trajectories()]
        cheapest = min((cost for cost in calls if cost is not None), default=None)
        if cheapest is not None and cheapest > least:
            raise ConfigError(
                f"`budgets` {least}: too small for a single call of {self.strategy.name}, which takes {cheapest} "
                "tokens at least; give a larger one"
            )

    def _stand_in(self) -> Judge | None:
        match self.strategy.stand_in:
            case "random":
                real = next(run for run in self.evaluation.runs() if run.strategy.name == self.strategy.after)
                return RandomCritic.like(Run(real.folder).trajectories(), self.seed)
            case None:
                return None
            case name:
                return STAND_INS[name]()


def _job(settings: Mapping[str, Any], **changes: Any) -> JobRequest:
    """Return a job of these settings, in which agents and tools that are objects have names alone.

    Raises:
        ConfigError: if a setting makes no sense.

    """
    given = dict(settings)
    agents = agents_of(given.pop("policy", BUNDLED_MODEL), given.pop("critic", BUNDLED_MODEL), given)
    names, _ = split(given.pop("tools", None))
    named_tools = {} if names is None else {"tools": names}
    return JobRequest.of(**named(*agents), **{**given, **named_tools, **changes})


def with_references(tasks: Sequence[Task]) -> list[Task]:
    """Return the tasks, each with a reference to grade by; that of a Countdown problem is read from its statement.

    Raises:
        ProblemError: if a task has no reference, or its domain has no checker or can't be imported.

    """
    gradable: list[Task] = []
    for task in tasks:
        reference = task.reference or reference_of(task.problem, None)
        expect_gradable(task.problem)
        if reference is None:
            raise ProblemError(
                f"the problem {task.problem.id!r} has no reference to grade by: give it one, name it with "
                "`answer_field`, or leave it out with `where`"
            )
        gradable.append(
            task if task.reference else Task.model_validate({"problem": task.problem, "reference": reference})
        )
    return gradable
