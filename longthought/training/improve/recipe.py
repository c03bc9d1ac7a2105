"""A recipe: what an improvement loop does, as a TOML file that says it all.

Every part is checked when the recipe is read, so that a misspelt setting is found before anything is played.
"""

import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, cast, get_args, get_origin

from pydantic import BaseModel, Field, model_validator

from longthought.errors import ConfigError
from longthought.jobs.request import JobRequest
from longthought.labels.request import LabelRequest
from longthought.request import Request, suggestion
from longthought.training.data.request import ExportRequest
from longthought.training.request import ReinforcementRequest, Role, TrainingRequest

Settings = Mapping[str, Any]
Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class Level(Request):
    """Countdown problems of one difficulty."""

    numbers: Positive = 4
    """How many numbers a problem has."""
    max_number: Positive = 20
    """The largest of them."""
    targets: tuple[int, int] = (10, 100)
    """The range of targets."""


class Problems(Request):
    """The problems that are played to learn from."""

    file: str | None = None
    """File of problems with references; without one, Countdown problems are made."""
    count: Positive = 300
    """Number of problems of a round."""
    levels: tuple[Level, ...] = (Level(),)
    """Difficulties of Countdown problems, from easy to hard."""
    together: bool = False
    """Whether all difficulties are played from the first round on, in equal shares, and not one after another."""
    harder_at: Share = 0.7
    """Share of validation problems solved at which the next level begins."""
    patience: Positive | None = None
    """Rounds without a promotion after which the next level begins all the same (default: never)."""
    easier: Share = 0.25
    """Share of a round's problems that come from the levels before."""


class Validation(Request):
    """How a candidate is compared with the agent in its chair."""

    file: str | None = None
    """File of validation problems; without one, a tenth of the problems of `file`, or Countdown's validation split."""
    count: Positive = 200
    """Maximum number of validation problems."""
    budget: Positive = 2000
    """Maximum number of computed tokens of both agents per problem."""
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    """Confidence of the interval of the difference, which must lie above zero."""
    settings: Settings = Field(default_factory=dict)
    """Further settings of the debates that are compared."""


class Lesson(Request):
    """One training of one agent, and whether the result takes the chair."""

    name: str = ""
    """The lesson's name, and its folder's (default: role and method)."""
    role: Role
    """The agent that learns: policy, critic or thinker."""
    method: Literal["sft", "dpo", "scorer", "grpo"] = "sft"
    """Training method; grpo learns from rewards, a thinker on problems, policy and critic as `on` says."""
    on: Literal["states", "problems"] = "states"
    """What a policy or a critic learns on by grpo: states of the runs, or whole debates on the round's problems."""
    generate: Settings | None = None
    """Settings of runs of its own to learn from (default: the round's)."""
    label: Settings | None = None
    """How the steps of its own runs are labelled; without it, the outcome alone speaks."""
    export: Settings = Field(default_factory=dict)
    """Settings of the data set, such as formats."""
    train: Settings = Field(default_factory=dict)
    """Settings of the training; without `base`, it goes on from the agent in the chair."""
    rounds: Literal["this", "all"] | Positive = "this"
    """The rounds whose debates are learned from: this one, all so far, or the last so many."""
    promote: Literal["better", "always", "never"] = "better"
    """When the result takes the chair: if validation shows that it is better; always, as a first step may want; or
    never, as a judge of a later lesson."""

    @property
    def folder(self) -> str:
        """The name of its folder."""
        return self.name or f"{self.role}-{self.method}"

    @property
    def needs_debates(self) -> bool:
        """Whether it learns from debates, and not from problems alone."""
        return self.method != "grpo" or (self.role != "thinker" and not self.whole_debates)

    @property
    def whole_debates(self) -> bool:
        """Whether a policy or a critic learns in whole debates, with the other agent in its chair."""
        return self.method == "grpo" and self.role != "thinker" and self.on == "problems"

    def oldest(self, number: int) -> int:
        """Return the first of the rounds whose debates are learned from in round `number`."""
        if self.rounds == "all":
            return 1
        return number if self.rounds == "this" else max(1, number - self.rounds + 1)

    def training(self, **more: Any) -> TrainingRequest:
        """Return what the training is asked to do."""
        settings: dict[str, Any] = {"method": self.method, "role": self.role, **self.train, **more}
        return ReinforcementRequest(**settings) if self.method == "grpo" else TrainingRequest(**settings)


class Recipe(Request):
    """A whole loop."""

    caption: str = ""
    """What it does, in a line."""
    rounds: Positive = 3
    """Number of rounds."""
    seed: int = 0
    """Seed of problems, debates and trainings."""
    agents: Settings = Field(default_factory=dict)
    """The agents to begin with, by chair (policy, critic, thinker), and settings of all their runs."""
    problems: Problems = Problems()
    validation: Validation = Validation()
    generate: Settings | None = None
    """Settings of the debates of a round; without them, every lesson has its own."""
    label: Settings | None = None
    """How their steps are labelled; without it, the outcome alone speaks."""
    lesson: tuple[Lesson, ...] = Field(min_length=1)
    """The lessons of a round, in order."""

    @model_validator(mode="after")
    def _expect_sound_parts(self) -> "Recipe":
        """Build every request of the loop once, so that a wrong setting is refused now."""
        names = [lesson.folder for lesson in self.lesson]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ConfigError(f"`lesson`: two are called {twice.pop()}; give one a `name`")
        if unsafe := next((name for name in names if name in _TAKEN or "/" in name), None):
            raise ConfigError(f"`lesson`: {unsafe} can't be a name; choose another")
        JobRequest.of(**{**self.shared, **self.validation.settings})
        for lesson in self.lesson:
            if lesson.needs_debates and lesson.generate is None and self.generate is None:
                raise ConfigError(f"`lesson` {lesson.folder}: there are no debates to learn from; add `generate`")
            lesson.training()
            if lesson.on == "problems" and not lesson.whole_debates:
                raise ConfigError(
                    f"`lesson` {lesson.folder}: `on` is for a policy or a critic that learns by grpo; leave it out"
                )
            judge = self.judge(lesson)
            if judge and judge not in names[: names.index(lesson.folder)]:
                raise ConfigError(f"`lesson` {lesson.folder}: no lesson before it is called {judge}; mend its `judge`")
            if lesson.label is not None and lesson.generate is None:
                raise ConfigError(
                    f"`lesson` {lesson.folder}: its `label` is for debates of its own; add `generate`, or label the "
                    "debates of all lessons"
                )
            if lesson.method != "grpo":
                ExportRequest(**lesson.export)
            elif lesson.export:
                raise ConfigError(f"`lesson` {lesson.folder}: grpo learns without a data set; leave `export` out")
            for settings in (lesson.generate, self.generate):
                if settings is not None:
                    JobRequest.of(**{**self.shared, **settings})
            for settings in (lesson.label, self.label):
                if settings is not None:
                    LabelRequest(**settings)
        return self

    @staticmethod
    def judge(lesson: Lesson) -> str:
        """Return the lesson whose result judges another's replies; empty if its judge is none or no lesson's."""
        return str(lesson.train.get("judge", "")).partition(LESSON)[2]

    @property
    def shared(self) -> dict[str, Any]:
        """The settings of all runs, without the agents."""
        return {name: value for name, value in self.agents.items() if name not in CHAIRS}


LESSON: Final = "lesson:"
"""Begins the name of a judge that is the result of a lesson before."""
CHAIRS: Final[tuple[Role, ...]] = ("policy", "critic", "thinker")
_TAKEN: Final = frozenset(("debates", "validation", ""))
SHIPPED: Final = "longthought.training.improve.recipes"


def names() -> list[str]:
    """Return the names of the recipes that ship with longthought."""
    return sorted(
        file.name.removesuffix(".toml") for file in resources.files(SHIPPED).iterdir() if ".toml" in file.name
    )


def read(recipe: str | Path, changes: Mapping[str, Any] | None = None) -> Recipe:
    """Read a recipe by its name, or from a file.

    Args:
        recipe: The name of a shipped recipe, or the path of a TOML file.
        changes: Values that replace the recipe's, by dotted name, such as `problems.count`.

    Raises:
        ConfigError: if there is no such recipe, it isn't TOML, or something in it makes no sense.

    """
    path = Path(recipe)
    try:
        if str(recipe) in names():
            text = resources.files(SHIPPED).joinpath(f"{recipe}.toml").read_text(encoding="utf-8")
        else:
            text = path.read_text(encoding="utf-8")
        given = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(
            f"`recipe` {recipe}: there is no recipe or file of that name; the recipes are {', '.join(names())}"
        ) from error
    except ValueError as error:
        raise ConfigError(f"`recipe` {recipe}: it is not TOML ({error})") from error
    for name, value in (changes or {}).items():
        _put(given, name, value)
    if strange := next(_strange(Recipe, given), None):
        raise ConfigError(f"`recipe` {recipe}: {strange}")
    return Recipe(**given)


def _put(given: dict[str, Any], name: str, value: Any) -> None:
    """Set a value by its dotted name; a lesson is named too, as in `lesson.critic-sft.train.epochs`."""
    *parents, last = name.split(".")
    table: Any = given
    for parent in parents:
        if isinstance(table, list):
            lessons = cast("list[dict[str, Any]]", table)
            table = next((lesson for lesson in lessons if _lesson_name(lesson) == parent), None)
        else:
            table = cast("dict[str, Any]", table).setdefault(parent, {})
        if not isinstance(table, dict | list):
            raise ConfigError(f"`set` {name}: there is no {parent} that holds settings")
    if not isinstance(table, dict):
        raise ConfigError(f"`set` {name}: name the lesson and its setting, as in lesson.critic-sft.train.epochs")
    table[last] = value


def _lesson_name(lesson: Mapping[str, Any]) -> str:
    return str(lesson.get("name") or f"{lesson.get('role')}-{lesson.get('method', 'sft')}")


def _strange(kind: type[BaseModel], given: Any, where: str = "") -> Iterator[str]:
    """Yield a sentence for each name that a table should not have."""
    if not isinstance(given, Mapping):
        return
    for name, value in cast("Mapping[str, Any]", given).items():
        if name not in kind.model_fields:
            yield f"{where or 'a recipe'} has no setting {name}: {suggestion(name, kind.model_fields)}"
        elif (part := _part(kind.model_fields[name].annotation)) is not None:
            for one in cast("list[Any]", value) if isinstance(value, list) else [value]:
                yield from _strange(part, one, f"{where}.{name}".lstrip("."))


def _part(annotation: Any) -> type[BaseModel] | None:
    """Return the record that a field holds, or a list of which it holds; None if it holds none."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (tuple, Union, UnionType, Annotated):
        return next((part for inner in get_args(annotation) if (part := _part(inner)) is not None), None)
    return None
