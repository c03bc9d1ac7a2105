"""The settings that every graph has, and the first event of a run.

A graph's own settings are a subclass. This module knows no LangGraph, rules or strategies. It imports agents only when
it makes them, so that the command line can read the settings for its help quickly.
"""

import math
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from longthought.agents.model import BUNDLED_MODEL, OPENAI_KEY, Model, is_in_models_file, is_openai, speaks_compact
from longthought.errors import ConfigError
from longthought.problems.problem import Problem
from longthought.request import objection
from longthought.trajectories.events import Author, Started, StopReason
from longthought.trajectories.ids import trajectory_id
from longthought.trajectories.tree import Tree

if TYPE_CHECKING:
    from longthought.agents.agent import Judge, Proposer
    from longthought.graphs.seats import Seats
    from longthought.tools.verifier import Verifier

Chair = Literal["policy", "critic"]
Positive = Annotated[int, Field(ge=1)]
_CHAIRS: Final[tuple[Chair, ...]] = ("policy", "critic")
OWN: Final = frozenset(("name", "base_url", "dialect", "temperature", "max_tokens", "seed"))
"""Settings of a model that are settings of a run under names of their own."""
_SHARED: Final = ("dialect", "seed")
"""Settings of a model that the critic takes from the policy unless it has its own."""
_ACCESS: Final = ("base_url", "api_key_env", "headers")
"""What it takes beside them, unless it has a server of its own."""


@dataclass(kw_only=True, config=ConfigDict(use_attribute_docstrings=True, extra="forbid"))
class Context:
    """The settings of one run, as Studio shows them; each has a default and is checked on construction.

    Raises:
        ConfigError: naming the first invalid setting, its value and the reason.

    """

    graph: ClassVar[str] = ""
    """The name of the graph, as on the command line."""
    renamed: ClassVar[Mapping[str, str]] = {}
    """Former names of settings, which logs and users may still give, and their present names."""
    newer: ClassVar[frozenset[str]] = frozenset((
        "max_tokens", "critic_dialect", "critic_temperature", "critic_max_tokens", "critic_seed", "policy_settings",
        "critic_settings",
    ))  # fmt: skip
    """Settings that earlier versions hadn't, which a log holds only where they are set."""

    policy: str = BUNDLED_MODEL
    """Model that proposes steps."""
    critic: str = BUNDLED_MODEL
    """Model that judges steps."""
    base_url: str | None = None
    """OpenAI-compatible server of both agents."""
    critic_base_url: str | None = None
    """Server of the critic (default: the policy's server)."""
    dialect: str | None = None
    """Language of prompts: prose or compact, for thinkers prose-thought or compact-thought (default: depends on the
    model)."""
    tools: Sequence[str] | None = None
    """Verifiers that check every step, such as algebra,python, or none (default: algebra and countdown, and for a
    policy that writes prose also python, if the sandbox works here; sampling has none)."""
    rounds: Positive = 32
    """Maximum number of proposals (default: depends on the graph)."""
    tokens: Positive | None = None
    """Maximum number of tokens of both agents in a run, prompts included."""
    computed: Positive | None = None
    """Maximum number of tokens without cached prompt tokens: what a server with a prefix cache computes."""
    seconds: Annotated[float, Field(gt=0)] | None = None
    """Maximum number of seconds in a run, in models and tools."""
    veto: bool = True
    """Let refuted evidence reject a step without asking the critic."""
    temperature: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """Policy temperature (default: depends on the model)."""
    max_tokens: Positive | None = None
    """Maximum number of tokens of one reply of the policy (default: depends on the dialect)."""
    seed: int = 0
    """Seed of in-process models and of the strategy's own draws; servers sample by themselves."""
    critic_dialect: str | None = None
    """Language of the critic's prompts (default: the policy's setting)."""
    critic_temperature: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """Critic temperature (default: 0)."""
    critic_max_tokens: Positive | None = None
    """Maximum number of tokens of one reply of the critic (default: depends on the dialect)."""
    critic_seed: int | None = None
    """Seed of an in-process critic (default: the seed of the run)."""
    policy_settings: Mapping[str, Any] | None = None
    """Further settings of the policy's model by name: top_p, top_k, min_p, penalties, stop, extra_body, headers,
    api_key_env, timeout, attempts, prompts, prefill; see `longthought.agents.model.Model`."""
    critic_settings: Mapping[str, Any] | None = None
    """Further settings of the critic's model, `sure` among them."""

    @model_validator(mode="wrap")
    @classmethod
    def _expect_sound_values(cls, given: Any, check: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return check(given)
        except ValidationError as error:
            raise ConfigError(objection(error)) from error

    def __post_init__(self) -> None:
        """Keep the tools as a list, as JSON returns them, and look models up in the file of models."""
        self.tools = None if self.tools is None else list(self.tools)
        for chair in _CHAIRS:
            self._look_up(chair)

    @property
    def used_tools(self) -> list[str]:
        """The tools that are used: those named or, if none are, the usual ones of the policy on this machine."""
        return usual_tools(self.policy, self.dialect) if self.tools is None else list(self.tools)

    def expect_readable(self) -> None:
        """Raise if a file named by the settings can't be read."""

    def spent(self, tree: Tree) -> StopReason | None:
        """Return the exhausted budget, other than rounds, that forbids another call; None if there is none."""
        if self.tokens is not None and tree.total_usage.total >= self.tokens:
            return StopReason.TOKENS
        if self.computed is not None and tree.total_usage.computed >= self.computed:
            return StopReason.TOKENS
        if self.seconds is not None and tree.seconds >= self.seconds:
            return StopReason.SECONDS
        return None

    def affordable(self, tree: Tree, made: int) -> int:
        """Return how many more attempts the budget of tokens buys at the mean cost of those made; at least one."""
        usage, most = tree.total_usage, sys.maxsize
        for budget, spent in ((self.tokens, usage.total), (self.computed, usage.computed)):
            if budget is not None and made and spent:
                most = min(most, math.ceil((budget - spent) * made / spent))
        return max(1, most)

    def seats(self, policy: "Proposer | None" = None, critic: "Judge | None" = None) -> "Seats":
        """Seat the agents and tools that the settings name, or the agents given instead."""
        from longthought.agents import catalogue
        from longthought.graphs.seats import Seats

        made: list[Proposer | Judge] = []
        if policy is None:
            made.append(policy := catalogue.policy(self.model("policy")))
        if critic is None:
            made.append(critic := catalogue.critic(self.model("critic")))
        return Seats(policy, critic, self._verifiers(policy), made)

    def _verifiers(self, policy: "Proposer") -> "list[Verifier]":
        """Make the tools; the one that has programs written asks the policy's model.

        Raises:
            ConfigError: if there is no such tool, or the policy has no model to write programs.

        """
        from longthought.agents.agent import Agent
        from longthought.agents.program import Program
        from longthought.tools.catalogue import verifiers

        made = verifiers(name for name in self.used_tools if name != Program.name)
        if Program.name not in self.used_tools:
            return made
        if not isinstance(policy, Agent) or policy.dialect.name != "prose":
            raise ConfigError(f"`tools` program: {policy.name} writes no programs; take a policy that speaks prose")
        return [*made, Program(policy.name, policy.model)]

    def _look_up(self, chair: Chair) -> None:
        """Set what the file of models says of a chair's model, check its settings, and keep each in one place."""
        given = self.given(chair)
        model = (Model.of if is_in_models_file(given["name"]) else Model)(**given)  # a live agent may have any name
        further = {name: value for name, value in model.model_dump(exclude_none=True).items() if name not in OWN}
        for name in OWN:
            setattr(self, setting_of(chair, name), getattr(model, name))
        setattr(self, f"{chair}_settings", further or None)

    def given(self, chair: Chair) -> dict[str, Any]:
        """Return the settings of the model in a chair, by their names in `Model`.

        Raises:
            ConfigError: if a setting is given twice and differently.

        """
        given = {name: getattr(self, setting_of(chair, name)) for name in OWN}
        further: Mapping[str, Any] = getattr(self, f"{chair}_settings") or {}
        for name, value in further.items():
            if given.get(name) not in (None, value):
                setting = setting_of(chair, name)
                raise ConfigError(f"`{setting}` is {given[name]!r}, and `{chair}_settings` says {value!r}")
        return {**given, **further}

    def model(self, chair: Chair) -> Model:
        """Return the model in a chair with its settings.

        A critic without a server of its own is served where the policy is, with the same key and headers, unless it is
        a model of another kind. Where there are two servers, `OPENAI_API_KEY` goes to OpenAI's alone unless
        `api_key_env` says whose it is.
        """
        own = self.given(chair)
        if chair == "critic":
            policy = self.given("policy")
            kinds = {str(model["name"]).partition(":")[0] for model in (own, policy)}
            same = len(kinds) == 1 or str(own["name"]).startswith("openai:")
            shared = (*_SHARED, *(_ACCESS if same and own["base_url"] is None else ()))
            own |= {name: policy[name] for name in shared if own.get(name) is None and name in policy}
        if self.base_url is not None and self.critic_base_url not in (None, self.base_url):
            own.setdefault("api_key_env", OPENAI_KEY if is_openai(own["base_url"]) else "")
        return Model(**own)

    def written(self) -> dict[str, Any]:
        """Return the settings as a log keeps them, with the graph's name; newer settings only if they are set.

        A log of default settings therefore reads as in earlier versions. Headers that may hold a secret are left out.
        """
        settings = asdict(self)
        settings["tools"] = self.used_tools
        for chair in _CHAIRS:
            if (further := settings[f"{chair}_settings"]) and "headers" in further:
                further["headers"] = {k: v for k, v in further["headers"].items() if v.startswith("$")}
        return {"graph": self.graph, **{k: v for k, v in settings.items() if v is not None or k not in self.newer}}

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Self:
        """Read settings back from a log; settings that no longer exist are left out."""
        names = {f.name for f in fields(cls)}
        return cls(**{name: value for name, value in cls.current(written).items() if name in names})

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Build settings from their names and values.

        Raises:
            ConfigError: if a setting is unknown or a value is invalid.

        """
        settings, names = cls.current(given), [f.name for f in fields(cls)]
        if unknown := sorted(set(settings) - set(names)):
            raise ConfigError(
                f"unknown setting {', '.join(unknown)} of {cls.graph}: choose from {', '.join(sorted(names))}"
            )
        return cls(**settings)

    @classmethod
    def current(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return settings under their present names; a former name counts only if the present one isn't given."""
        older = {new: given[old] for old, new in cls.renamed.items() if old in given}
        return older | {name: value for name, value in given.items() if name not in cls.renamed}


def described(kind: type[Context], name: str) -> str:
    """Return the text under a setting, which stands in the class that declares it."""
    declared = (getattr(base, "__pydantic_fields__", {}).get(name) for base in kind.__mro__)
    return next((field.description for field in declared if field is not None and field.description), "")


def usual_tools(policy: str, dialect: str | None) -> list[str]:
    """Return the tools of settings that name none: Python only for a policy that can write it, and can have it run."""
    if speaks_compact(policy) if dialect is None else dialect not in _WORDY:
        return [*_USUAL]
    return [*_USUAL, "python"] if _runs_python() else [*_USUAL]


@cache
def _runs_python() -> bool:
    from longthought.tools.sandbox.confinement import probe

    return probe().kind is not None


_USUAL: Final = ("algebra", "countdown")
_WORDY: Final = frozenset(("prose", "yes-no"))


def setting_of(chair: Chair, name: str) -> str:
    """Return the name, among the settings of a run, of a setting of the model in a chair."""
    if name == "name":
        return chair
    return name if chair == "policy" else f"critic_{name}"


def started(problem: Problem, context: Context, *, sample: int = 0, by: Author = Author.STRATEGY) -> Started:
    """Return the first event of a run."""
    return Started(
        trajectory=trajectory_id(problem, sample), seq=0, by=by, at=time.time(), problem=problem, sample=sample,
        config=context.written(),
    )  # fmt: skip
