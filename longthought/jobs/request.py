"""The request of a job: the settings of its debates, their number, and where they run."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import Field, PlainSerializer, PlainValidator, model_validator

from longthought.agents.model import BUNDLED_MODEL, Model
from longthought.errors import ConfigError
from longthought.extras import expect_installed
from longthought.graphs.context import OWN, Chair, Context, setting_of
from longthought.request import Request

if TYPE_CHECKING:
    from longthought.graphs.machine import Machine

    _MachineClass = type[Machine[Any, Any]]
else:  # which would import langchain_core for the help
    _MachineClass = type


def _context(given: Any) -> Context:
    """Return a context as it is, or read one as a log keeps it."""
    if isinstance(given, Context):
        return given
    from longthought.graphs import catalogue

    return catalogue.context(given["graph"], {name: value for name, value in given.items() if name != "graph"})


def _whole(context: Context) -> dict[str, Any]:
    """Return a context for a worker: unlike a log, with the headers that its server wants, and with the tools here."""
    return {"graph": context.graph, **asdict(context), "tools": context.used_tools}


class JobRequest(Request):
    """What a job is asked to do, other than the problems and the run folder."""

    context: Annotated[Context, PlainValidator(_context), PlainSerializer(_whole)]
    """The graph and its settings, the names of the agents among them."""
    machine: _MachineClass | None = Field(default=None, exclude=True)
    """A state machine of your own that plays in place of the graph, in this process alone."""
    samples: int = Field(default=1, ge=1)
    """Number of debates per problem."""
    concurrency: int = Field(default=64, ge=1)
    """Maximum number of debates in flight."""
    requests: int | None = Field(default=None, ge=1)
    """Maximum number of requests in flight to one server; old debates go first (default: one per debate)."""
    deadline: float | None = Field(default=None, gt=0)
    """Seconds after which a debate is ended, even while it waits; counted anew when it is resumed."""
    retry_failed: bool = False
    """Play debates that failed in an earlier run on from before the failure."""
    processes: int | None = Field(default=None, ge=1)
    """Number of processes or actors that share the job (default: this process, or one actor per node of a cluster)."""
    executor: Literal["local", "ray"] = "local"
    """Where debates run: local for processes of this machine, ray for actors of a Ray cluster."""
    ray_address: str | None = None
    """Ray cluster, such as auto or ray://head:10001 (default: a new one on this machine)."""
    ray_resources: Mapping[str, float] = Field(default_factory=dict)
    """Resources of each actor on the Ray cluster, such as CPU=2,GPU=1 (default: CPU=1)."""
    serve_vllm: str | None = None
    """Model to serve with vLLM while the job runs, for agents that are not named; options of vLLM may follow it."""
    tensor_parallel_size: int = Field(default=1, ge=1)
    """Number of GPUs for the served model."""
    upload: str | None = None
    """Storage that keeps a copy of the run folder, such as s3://bucket/run."""

    @model_validator(mode="before")
    @classmethod
    def _name_served(cls, given: Any) -> Any:
        """Name the served model for agents that are not named."""
        context, model = given["context"], given.get("serve_vllm")
        if not isinstance(model, str) or not isinstance(context, Context):
            return given
        from longthought.jobs.vllm import model_and_options

        name = f"openai:{model_and_options(model)[0]}"
        chairs = {chair: name for chair in ("policy", "critic") if getattr(context, chair) == BUNDLED_MODEL}
        return {**given, "context": replace(context, **chairs)}

    @model_validator(mode="after")
    def _expect_agreement(self) -> Self:
        """Refuse fields that contradict each other."""
        if self.executor != "ray" and (self.ray_address or self.ray_resources):
            raise ConfigError("`ray_address` and `ray_resources` are for `executor=ray`: add that, or leave them out")
        if self.executor == "ray":
            expect_installed(("ray",), "ray", "`executor=ray`", ConfigError)
        if self.serve_vllm is not None and self.context.base_url is not None:
            raise ConfigError("`serve_vllm` starts a server, and `base_url` names one that runs: give one of the two")
        if self.serve_vllm is not None and self.executor == "ray":
            raise ConfigError(
                "`serve_vllm` serves this machine alone: start servers on the nodes and give their `base_url`"
            )
        return self

    @classmethod
    def of(
        cls,
        graph: str | _MachineClass = "debate",
        *,
        policy: str | Model = BUNDLED_MODEL,
        critic: str | Model = BUNDLED_MODEL,
        **settings: Any,
    ) -> Self:
        """Build a request from its own fields and, under any other name, settings of the graph.

        Raises:
            ConfigError: if a setting is unknown, or a value is invalid.

        """
        from longthought.graphs import catalogue

        own = {name: settings.pop(name) for name in cls.model_fields if name in settings}
        if not isinstance(graph, str):
            own["machine"] = catalogue.machine(graph)
        return cls(context=catalogue.context(graph, with_models(settings, policy, critic)), **own)

    @property
    def elsewhere(self) -> bool:
        """Whether debates are played outside this process."""
        return self.executor == "ray" or (self.processes or 1) > 1

    def config(self) -> dict[str, Any]:
        """Return the settings that must not change when the job is resumed: all but speed and servers."""
        config = self._config(self.samples, self.context)
        return config if self.machine is None else {**config, "machine": self.machine.__qualname__}

    def config_of(self, older: Mapping[str, Any]) -> dict[str, Any]:
        """Return the `config` of an earlier version as this version would write it."""
        if older.get("graph") != self.context.graph:
            return dict(older)
        # before `samples` of sampling became `attempts`, it was written over the job's own `samples`
        overwritten = not set(self.context.renamed.values()) <= set(older)
        config = self._config(self.samples if overwritten else older["samples"], self.context.read(older))
        return config | {name: older[name] for name in OWN_OBJECTS if name in older}

    @staticmethod
    def _config(samples: int, context: Context) -> dict[str, Any]:
        settings = {name: value for name, value in context.written().items() if name not in _OF_SERVERS}
        for name in _OF_MODELS & settings.keys():
            settings[name] = {k: v for k, v in settings[name].items() if k not in _OF_CONNECTIONS}
        return {"samples": samples, **{k: v for k, v in settings.items() if v or k not in _OF_MODELS}}


OWN_OBJECTS: Final = ("machine", "own_tools")
"""Settings that name what a program brought as an object; absent without any."""
_OF_SERVERS: Final = frozenset(("base_url", "critic_base_url"))
_HERE: Final = frozenset(("bundled", "transformers", "scorer", "tools", "random", "oracle", "leaf-only"))
"""Providers of agents that ask no server."""
_OF_MODELS: Final = frozenset(("policy_settings", "critic_settings"))
_OF_CONNECTIONS: Final = frozenset(("headers", "api_key_env", "timeout", "attempts"))
"""Settings of a model that change nothing about its replies."""


def with_models(settings: Mapping[str, Any], policy: str | Model, critic: str | Model) -> dict[str, Any]:
    """Add the models of both chairs to the settings of a graph.

    Raises:
        ConfigError: if a setting is given both with a model and beside it, with different values.

    """
    combined = dict(settings)
    chairs: tuple[tuple[Chair, str | Model], ...] = (("policy", policy), ("critic", critic))
    for chair, model in chairs:
        given = {"name": model} if isinstance(model, str) else model.model_dump(exclude_none=True)
        for field, value in given.items():
            name, place = setting_of(chair, field), combined
            if field not in OWN:
                name = field
                place = combined[f"{chair}_settings"] = dict(combined.get(f"{chair}_settings") or {})
            if place.setdefault(name, value) != value:
                raise ConfigError(f"`{name}` is given twice, as {place[name]!r} and with {given['name']} as {value!r}")
    if isinstance(policy, Model) and policy.dialect and isinstance(critic, Model) and not critic.dialect:
        from longthought.agents.catalogue import dialect_of

        combined["critic_dialect"] = dialect_of(critic.name).name  # its own dialect, not the policy's
    return combined


def expect_served(context: Context) -> None:
    """Raise if a server is given, and no agent is on one.

    Raises:
        ConfigError: naming the agents.

    """
    names = [context.policy, context.critic]
    if context.base_url and all(name.partition(":")[0] in _HERE for name in names):
        raise ConfigError(
            f"`base_url` {context.base_url}: neither {names[0]} nor {names[1]} is on a server; name a model on it, "
            "such as openai:NAME, or leave it out"
        )
