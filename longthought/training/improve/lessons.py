"""One lesson of a loop: debates, labels, data, a training, a validation, and the decision.

Each stage is a job of its own that resumes by itself; the ledger says which have ended. A stage's folder lies under
`round-N`, or `round-N/LESSON` where it belongs to one lesson alone.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from longthought.api import generate
from longthought.domains.loader import write
from longthought.errors import CollapseError, ConfigError, ProblemError
from longthought.evaluation.strategies import MANY
from longthought.jobs.progress import Progress
from longthought.labels.job import label
from longthought.problems.problem import Task
from longthought.statistics import gain
from longthought.training.data.export import export
from longthought.training.data.folder import META
from longthought.training.data.preflight import expect_lessons
from longthought.training.data.request import ExportRequest
from longthought.training.improve import problems, served
from longthought.training.improve.ledger import Decision, Ledger, Stage
from longthought.training.improve.recipe import Lesson, Recipe, Settings
from longthought.training.reinforcement.reinforce import reinforce
from longthought.training.request import ReinforcementRequest, Role
from longthought.training.train import train
from longthought.trajectories.run import Run

Watch = Callable[[str, Progress], AbstractContextManager[object]]
"""Shows the figures of a job while it runs."""
SKIP: Final = "skip"
"""The stage of a lesson that a round left nothing to learn."""
THINKING: Final[Settings] = {"graph": "sampling", "attempts": 1, "temperature": 0.0, "tools": []}
"""How a thinker is validated: one greedy thought."""


def unwatched(name: str, progress: Progress) -> AbstractContextManager[object]:
    """Show nothing."""
    return nullcontext()


@dataclass
class Loop:
    """A loop at work in its folder."""

    recipe: Recipe
    out: Path
    ledger: Ledger
    say: Callable[[str], object]
    watch: Watch

    def play_round(self, number: int) -> None:
        """Play the debates of a round, and teach its lessons; what the ledger holds is left alone."""
        for lesson in self.recipe.lesson:
            if not self._ended(number, lesson):
                self.say(f"round {number}, {lesson.folder}")
                self._teach(number, lesson)

    # Agents.

    def champion(self, role: Role) -> str:
        """Return the agent in a chair; empty if there is none yet."""
        usual = "" if role == "thinker" else "bundled:countdown"
        return self.ledger.champion(role, str(self.recipe.agents.get(role, usual)))

    def expect_weights(self) -> None:
        """Raise unless every lesson has weights to go on from.

        Raises:
            ConfigError: naming the first that has none.

        """
        taught = set[Role]()
        for lesson in self.recipe.lesson:
            if "base" not in lesson.train and lesson.role not in taught:
                self._base(lesson)
            taught.add(lesson.role)

    def _agents(self, lesson: Role, settings: Settings, **instead: str) -> dict[str, Any]:
        """Return the agents of a run by their chairs; a server is given the adapters that it plays."""
        thinks = lesson == "thinker" and settings.get("graph") == "sampling"
        chairs: dict[str, Role] = {"policy": "thinker"} if thinks else {"policy": "policy", "critic": "critic"}
        agents = {chair: instead.get(role) or self.champion(role) for chair, role in chairs.items()}
        for chair, name in agents.items():
            adapter = next((d for d in self.ledger.decisions if d.candidate == name), None)
            if adapter is not None and name.startswith("openai:"):
                self._load(self._model(adapter.round, adapter.lesson), name, chair)
        return agents

    def _load(self, folder: Path, agent: str, chair: str) -> None:
        """Have every server of a chair load an adapter."""
        settings = self.recipe.agents
        urls = (settings.get("critic_base_url") if chair == "critic" else None) or settings.get("base_url")
        for url in str(urls).split(","):
            served.load(folder, agent.removeprefix("openai:"), url.strip())

    def _model(self, number: int, lesson: str) -> Path:
        return self.out / f"round-{number}" / lesson / "model"

    def _agent(self, lesson: str, model: Path) -> str:
        """Return the name of the agent that a lesson made."""
        method = next(one.method for one in self.recipe.lesson if one.folder == lesson)
        return f"{'scorer' if method == 'scorer' else 'transformers'}:{model}"

    # Stages.

    def _teach(self, number: int, lesson: Lesson) -> None:
        """Train a candidate and decide on it; a round may leave a lesson nothing to learn, if an earlier one did not.

        Raises:
            UserError: if something in the recipe makes no sense with the debates.
            RunError: if something outside fails.

        """
        model = self._model(number, lesson.folder)
        try:
            sources = self._sources(number, lesson)
            self._stage(number, lesson.folder, "train", model, lambda: self._train(lesson, sources, model))
        except (ProblemError, CollapseError) as error:
            if all(done.lesson != lesson.folder or done.stage != "train" for done in self.ledger.stages):
                raise
            why = {"why": str(error)}
            self._stage(number, lesson.folder, SKIP, model.parent, lambda: why)
            self.say(f"round {number}, {lesson.folder}: skipped, since {error}")
            return
        if lesson.promote != "never":
            self._decide(number, lesson)

    def _ended(self, number: int, lesson: Lesson) -> bool:
        last = "train" if lesson.promote == "never" else SKIP
        stages = [self.ledger.stage(number, lesson.folder, stage) for stage in (SKIP, last)]
        return any(stages) or self.ledger.decision(number, lesson.folder) is not None

    def _sources(self, number: int, lesson: Lesson) -> list[Path]:
        """Return what a lesson learns from, made if need be: a data set, a file of problems, or runs."""
        folder = self.out / f"round-{number}" / lesson.folder
        if not lesson.needs_debates:
            file = folder / "problems.jsonl"
            self._stage(number, lesson.folder, "problems", file, lambda: self._write_problems(number, file))
            return [file]
        data = folder / "data"
        runs = [self._debates(one, lesson) for one in range(lesson.oldest(number), number + 1)]
        if lesson.method == "grpo":
            return runs
        self._stage(number, lesson.folder, "export", data, lambda: self._export(runs, data, lesson))
        return [data]

    def _write_problems(self, number: int, file: Path) -> Mapping[str, Any]:
        tasks = self._problems(number)
        file.parent.mkdir(parents=True, exist_ok=True)
        write(tasks, file)
        return {"problems": len(tasks)}

    def _debates(self, number: int, lesson: Lesson) -> Path:
        """Return the labelled run of a round that a lesson learns from, played if need be."""
        own = lesson.generate is not None
        where, settings = lesson.folder if own else "", lesson.generate or self.recipe.generate or {}
        run = self.out / f"round-{number}" / where / "debates"
        self._stage(number, where, "generate", run, lambda: self._generate(number, lesson, run, settings))
        ways = lesson.label if own else self.recipe.label
        if ways is not None:
            self._stage(number, where, "label", run, lambda: label(run, **ways).model_dump(mode="json"))
        return run

    def _stage(self, number: int, lesson: str, stage: str, folder: Path, work: Callable[[], Mapping[str, Any]]) -> None:
        """Do a stage, unless the ledger has it, and enter it."""
        if self.ledger.stage(number, lesson, stage) is not None:
            return
        began = time.monotonic()
        figures = dict(work())
        self.ledger.add(
            Stage(
                round=number, lesson=lesson, stage=stage, folder=str(folder.relative_to(self.out)),
                seconds=round(time.monotonic() - began, 1), tokens=figures.pop("tokens", 0), figures=figures,
            )
        )  # fmt: skip

    def _generate(self, number: int, lesson: Lesson, run: Path, settings: Settings) -> Mapping[str, Any]:
        tasks = self._problems(number)
        given = {"seed": self.recipe.seed * 1_000 + number, **self.recipe.shared, **settings}
        return self._play(f"round {number}: debates", tasks, run, given | self._agents(lesson.role, settings))

    def _problems(self, number: int) -> list[Task]:
        played = [self.out / s.folder for s in self.ledger.stages if s.stage == "generate" and s.round < number]
        return problems.training(self.recipe, number, self.ledger.level, played)

    def _play(self, name: str, tasks: Sequence[Task], run: Path, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Play a run, or its rest, and return its figures."""
        progress = Progress()
        with self.watch(name, progress):
            for _ in generate(tasks, out=run, progress=progress, **settings):
                pass
        debates = list(Run(run).trajectories())
        solved, tokens = sum(d.solved is True for d in debates), sum(d.tree.total_usage.computed for d in debates)
        self.say(f"{name}: {solved} of {len(debates)} solved")
        return {"debates": len(debates), "solved": solved, "tokens": tokens}

    def _export(self, runs: Sequence[Path], data: Path, lesson: Lesson) -> Mapping[str, Any]:
        if (data / META).exists():  # written whole just before a stop
            return {}
        settings: dict[str, Any] = {"seed": self.recipe.seed, **lesson.export}
        request = ExportRequest(**settings)
        made = export([run for run in runs if _teaches(run, request)] or runs, data, request)
        return {"examples": made.counts, "left out": dict(made.left_out)}

    def _train(self, lesson: Lesson, sources: Sequence[Path], model: Path) -> Mapping[str, Any]:
        base = lesson.train.get("base") or self._base(lesson)
        more = {"seed": lesson.train.get("seed", self.recipe.seed)}
        if lesson.whole_debates and "partner" not in lesson.train:
            more["partner"] = self.champion("critic" if lesson.role == "policy" else "policy")
        if judge := self.recipe.judge(lesson):
            last = [s.folder for s in self.ledger.stages if (s.lesson, s.stage) == (judge, "train")][-1]
            more["judge"] = self._agent(judge, self.out / last)
        request = lesson.training(base=base, **more)
        if isinstance(request, ReinforcementRequest):
            facts = reinforce(sources, model, request, say=self.say)
        else:
            facts = train(sources[0], model, request, say=self.say)
        return {name: facts[name] for name in ("steps", "loss", "cpu_seconds") if name in facts}

    def _base(self, lesson: Lesson) -> str:
        """Return the weights that a lesson goes on from: those of the agent in the chair."""
        provider, _, name = self.champion(lesson.role).partition(":")
        if provider == "transformers":
            return name
        if provider == "bundled":
            return f"{provider}:{name}"
        raise ConfigError(
            f"`lesson` {lesson.folder}: {self.champion(lesson.role) or 'no agent in the chair'} has no weights here; "
            "say what to train, such as `train.base`"
        )

    # Decisions.

    def _decide(self, number: int, lesson: Lesson) -> None:
        """Compare the result of a lesson with the agent in its chair, and enter who sits there now."""
        model, before, level = self._model(number, lesson.folder), self.champion(lesson.role), self.ledger.level
        name = self._agent(lesson.folder, model)
        if before.startswith("openai:"):
            name = f"openai:{self.out.name}-round-{number}-{lesson.folder}"
            self._load(model, name, lesson.role)
        run = self.out / f"round-{number}" / lesson.folder / "validation"
        self._validate(number, lesson.folder, run, lesson.role, {lesson.role: name})
        after = _outcomes(run)
        rival = self._champions_run(number, lesson.role) if before else None
        earlier = _outcomes(rival) if rival else [False] * len(after)
        better = gain(after, earlier, self.recipe.validation.confidence)
        promoted = not before or lesson.promote == "always" or better.low > 0
        why = (
            "it is the first" if not before
            else "the recipe says so" if lesson.promote == "always"
            else f"the gain is {'above' if promoted else 'not surely above'} 0"
        )  # fmt: skip
        line = Decision(
            round=number, lesson=lesson.folder, role=lesson.role, level=level, candidate=name, before=before,
            rival=str(rival.relative_to(self.out)) if rival else "",
            solved=(sum(after), sum(earlier)), of=len(after), gain=better.value, low=better.low, high=better.high,
            promoted=promoted, why=why, seed=self.recipe.seed, settings=lesson.model_dump(mode="json"),
            tokens=self.ledger.tokens,
        )  # fmt: skip
        self.ledger.add(line)
        self.say(
            f"round {number}, {lesson.folder}: {line.solved[0]} of {line.of} solved, {line.solved[1]} before "
            f"({line.gain:+.1%} [{line.low:+.1%}, {line.high:+.1%}]), "
            f"{'promoted' if promoted else 'rolled back'}: {why}"
        )

    def _validate(self, number: int, lesson: str, run: Path, role: Role, instead: Mapping[str, str]) -> None:
        """Play the validation problems, with an agent instead of the one in a chair."""
        recipe, asked = self.recipe, self.recipe.validation
        graph = (recipe.generate or {}).get("graph", "debate")
        usual = {**THINKING, "max_tokens": asked.budget} if role == "thinker" else {"graph": graph}
        given = {"seed": recipe.seed, "rounds": MANY, **recipe.shared, **usual, **asked.settings}
        given["computed"] = asked.budget

        def play() -> Mapping[str, Any]:
            tasks, agents = problems.validation(recipe, self.ledger.level), self._agents(role, given, **instead)
            return self._play("validation", tasks, run, given | agents)

        self._stage(number, lesson, "validate", run, play)

    def _champions_run(self, number: int, role: Role) -> Path:
        """Return the validation run of the agents in the chairs, played if need be."""
        team = ("thinker",) if role == "thinker" else ("policy", "critic")
        promoted = [d for d in self.ledger.decisions if d.promoted and d.role in team]
        if promoted and promoted[-1].level == self.ledger.level:
            return self.out / f"round-{promoted[-1].round}" / promoted[-1].lesson / "validation"
        name = f"{'thinker' if role == 'thinker' else 'debate'}-{len(promoted)}-level-{self.ledger.level}"
        run = self.out / "validation" / name
        self._validate(number, f"validation of {name}", run, role, {})
        return run


def _teaches(run: Path, request: ExportRequest) -> bool:
    """Say whether a run of some round has a debate to learn from."""
    try:
        expect_lessons({run.name: Run(run)}, request)
    except ProblemError:
        return False
    return True


def _outcomes(run: Path) -> list[bool]:
    """Return which problems a run solved, in the order of their names."""
    return [debate.solved is True for debate in sorted(Run(run).trajectories(), key=lambda debate: debate.id)]
