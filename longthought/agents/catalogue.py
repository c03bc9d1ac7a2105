"""Agents by their names, `provider:model`, with the dialect and the sampling that suit each."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from langchain_core.language_models import BaseChatModel

from longthought.agents.accepting import AcceptingCritic
from longthought.agents.agent import Critic, Policy
from longthought.agents.dialects.chairs import ALONE, DIALOGUE
from longthought.agents.dialects.compact import Compact
from longthought.agents.dialects.dialect import Dialect, SolutionsOnly
from longthought.agents.dialects.programs import Programs
from longthought.agents.dialects.prose import Prose
from longthought.agents.dialects.thinkers import CompactThinker, ProseThinker
from longthought.agents.dialects.yes_no import YesNo
from longthought.agents.in_process.chat_model import InProcessChatModel
from longthought.agents.model import BUNDLED_MODEL, TOOLS_ALONE, Model, speaks_compact
from longthought.agents.program import Programmer
from longthought.agents.scorer import Scorer
from longthought.agents.served.chat_model import ServedChatModel
from longthought.errors import ConfigError, ModelError

Role = Literal["policy", "critic", "solo"]
BUNDLED: Final = Path(__file__).parent / "bundled"
DIALECTS: Final = {"prose": Prose, "compact": Compact}
"""The dialects of policies and critics."""
THINKERS: Final = {"prose": ProseThinker, "compact": CompactThinker}
"""The dialects of thinkers, by the dialect of their thoughts."""
_SPOKEN: Final = {
    **DIALECTS,
    YesNo.name: YesNo,
    Programs.name: Programs,
    **{thinker.name: thinker for thinker in THINKERS.values()},
}
BEGINS_AS: Final[tuple[Role, ...]] = ("solo", "critic", "policy")
"""Chairs of the bundled agents that a thinker begins as: the first that there is. A thinker has a policy's."""
DIALECT_NAMES: Final = tuple(_SPOKEN)
_COMPACT_TEMPERATURE: Final = 0.7
"""Default temperature of a policy in the compact dialect."""
PROVIDERS: Final = """\
  bundled:countdown        the agents that ship with longthought (Countdown only, CPU);
                           bundled:countdown-wide know more and larger numbers;
                           bundled:countdown-self-taught taught themselves some of them;
                           bundled:countdown-thinker writes whole thoughts (--graph sampling)
  bundled:FOLDER           agents that `longthought train bundled --out FOLDER` made
  openai:NAME              a model on an OpenAI-compatible server, with `base_url`
  transformers:FOLDER      a model or an adapter in this process
  scorer:FOLDER            a critic that gives scores and no words, of `longthought train scorer`
  tools                    no critic: what no tool refutes is accepted
  PROVIDER:NAME            anything else that LangChain's init_chat_model knows, if langchain is installed"""


def policy(model: str | Model | BaseChatModel = BUNDLED_MODEL, **settings: Any) -> Policy:
    """Make the policy called `provider:model`; settings are fields of `Model`.

        >>> lt.policy("bundled:countdown", seed=7).name
        'bundled:countdown'

    A chat model of LangChain is taken as it is; `dialect` and `prompts` are then the only settings.

    The default temperature of the compact dialect is 0.7, chosen on the validation split. Otherwise it is the model's
    own: what its `generation_config.json` says, or what its server does where none is asked for.

    Raises:
        ModelError: if there is no such provider, model or dialect.
        ConfigError: if a setting makes no sense.

    """
    if isinstance(model, BaseChatModel):
        name, spoken = _as_given(model, settings)
        return Policy(name, model, spoken)
    asked = Model.of(model, **settings)
    spoken = _worded(dialect_of(asked.name, asked.dialect), asked)
    usual = _COMPACT_TEMPERATURE if isinstance(spoken, Compact) else None
    made = Programmer if isinstance(spoken, Programs) else Policy
    return made(asked.name, chat_model(_filled(asked, usual, spoken), "policy"), spoken)


def critic(model: str | Model | BaseChatModel = BUNDLED_MODEL, **settings: Any) -> Critic | Scorer | AcceptingCritic:
    """Make the critic called `provider:model`; settings are fields of `Model`. It is greedy unless told otherwise.

        >>> lt.critic("tools").name
        'tools'

    A scorer writes nothing, so every argument but its name is ignored; `tools` is no model, and accepts what no tool
    refutes. A chat model of LangChain is taken as it is; `dialect` and `prompts` are then the only settings.

    Raises:
        ModelError: if there is no such provider, model or dialect.
        ConfigError: if a setting makes no sense.

    """
    if isinstance(model, BaseChatModel):
        name, spoken = _as_given(model, settings)
        return Critic(name, model, spoken)
    if (model.name if isinstance(model, Model) else model) == TOOLS_ALONE:
        return AcceptingCritic(TOOLS_ALONE)
    asked = Model.of(model, **settings)
    if asked.name.startswith("scorer:") and asked.name != "scorer:":
        return Scorer(asked.name.removeprefix("scorer:"))
    if asked.prefill:
        raise ConfigError("`prefill`: only a policy goes on from a path; leave it out for the critic")
    spoken = _worded(dialect_of(asked.name, asked.dialect), asked)
    return Critic(asked.name, chat_model(_filled(asked, 0.0, spoken), "critic"), spoken)


def solo(model: str | Model = BUNDLED_MODEL, **settings: Any) -> tuple[Policy, Critic]:
    """Make policy and critic from one agent, `provider:model`; its steps are sampled, its verdicts greedy.

    Raises:
        ModelError: if there is no such provider, model or dialect.
        ConfigError: if a setting makes no sense.

    """
    asked = Model.of(model, **settings)
    usual = _COMPACT_TEMPERATURE if speaks_compact(asked.name) else None
    speaks = _worded(alone(dialect_of(asked.name, asked.dialect)), asked)
    writing = _filled(asked, usual, speaks)
    judging = writing.model_copy(update={"temperature": 0.0})
    return (
        Policy(asked.name, chat_model(writing, "solo"), speaks),
        Critic(asked.name, chat_model(judging, "solo"), speaks),
    )


def _as_given(model: BaseChatModel, settings: Mapping[str, Any]) -> tuple[str, Dialect]:
    """Return the name and the dialect of a chat model that was made elsewhere.

    Raises:
        ConfigError: if a setting is one of the model's own.

    """
    if own := sorted(settings.keys() - {"dialect", "prompts"}):
        raise ConfigError(f"`{own[0]}`: a chat model that is given as an object keeps its own settings; set it there")
    named = (getattr(model, field, None) for field in ("model_name", "model"))
    name = next((name for name in named if isinstance(name, str) and name), type(model).__name__)
    asked = Model(name=f"langchain:{name}", **settings)
    return asked.name, _worded(dialect_of("", asked.dialect or "prose"), asked)


def _filled(asked: Model, temperature: float | None, spoken: Dialect) -> Model:
    """Fill in how an agent samples, where it isn't said."""
    usual = {"temperature": temperature, "max_tokens": spoken.longest}
    return asked.model_copy(update={name: value for name, value in usual.items() if getattr(asked, name) is None})


def _worded(dialect: Dialect, asked: Model) -> Dialect:
    """Return a dialect that asks as a model's settings say: with the texts of a file, and from a path or below it.

    Raises:
        ConfigError: if the file makes no sense, or the dialect knows only one way to ask or to accept.

    """
    if asked.sure is not None:
        if not isinstance(dialect, YesNo):
            raise ConfigError(f"`sure`: {asked.name} speaks {dialect.name}; only a critic in yes-no accepts from there")
        dialect = YesNo(asked.sure)
    if asked.prompts is None and not asked.prefill:
        return dialect
    if type(dialect) is not Prose:
        setting, lacks = (
            ("`prefill`", "goes on from a path")
            if asked.prompts is None
            else (f"`prompts` {asked.prompts}", "has such texts")
        )
        raise ConfigError(f"{setting}: {asked.name} speaks {dialect.name}; only prose {lacks}")
    voice = dialect.voice if asked.prompts is None else dialect.voice.replaced(asked.prompts)
    return Prose(voice, prefill=bool(asked.prefill))


def alone(dialect: Dialect) -> Dialect:
    """Return a dialect in the form for one agent that is policy and critic at once; one's own texts stay as they are.

    Raises:
        ConfigError: if the dialect is for one chair alone.

    """
    if isinstance(dialect, YesNo | SolutionsOnly):
        raise ConfigError(f"`dialect` {dialect.name} is for one chair alone: one agent in both speaks prose or compact")
    if type(dialect) is Prose and dialect.voice is DIALOGUE:
        return Prose(ALONE, prefill=dialect.prefill)
    return dialect


def chat_model(model: str | Model, role: Role, **settings: Any) -> BaseChatModel:
    """Make the chat model called `provider:model`; settings are fields of `Model`.

    Raises:
        ModelError: if there is no such provider or model.
        ConfigError: if a setting makes no sense, or the model can't follow it.

    """
    asked = Model.of(model, **settings)
    provider, _, name = asked.name.partition(":")
    if not name and asked.name and (BUNDLED / asked.name).is_dir():
        raise ModelError(f"{asked.name!r} is not a model: did you mean bundled:{asked.name}?")
    if not name:
        raise ModelError(f"{asked.name!r} is not a model: write provider:model, one of\n{PROVIDERS}")
    match provider:
        case "bundled" | "transformers":
            path = str(bundled_folder(name, role)) if provider == "bundled" else name
            _expect_unset(asked, _OF_SERVERS)
            return InProcessChatModel(
                model=asked.name, path=path, temperature=asked.temperature, top_p=asked.top_p, top_k=asked.top_k,
                max_tokens=asked.max_tokens, stop=asked.stop, seed=asked.seed or 0,
            )  # fmt: skip
        case "scorer":
            raise ModelError(f"{asked.name}: it gives scores and no words, so it sits in the critic's chair alone")
        case "openai" if asked.base_url is not None:
            return _served(name, asked.base_url, asked)
        case "openai":
            raise ModelError(f"{asked.name}: say where the server is, such as `base_url=http://localhost:8000/v1`")
        case _:
            return _langchain(asked)


_IN_BODY: Final = ("top_p", "top_k", "min_p", "presence_penalty", "frequency_penalty", "repetition_penalty", "stop")
_OF_SERVERS: Final = (*_IN_BODY[2:-1], "extra_body", "headers", "api_key_env", "timeout", "attempts")
"""Settings that a model in this process can't follow."""


def _served(name: str, base_url: str, asked: Model) -> ServedChatModel:
    """Make a client of a server.

    Raises:
        ConfigError: if an environment variable that a setting names isn't set.

    """
    given = asked.model_dump(exclude_none=True, include={"temperature", "max_tokens", "timeout", "attempts"})
    sampling = asked.model_dump(exclude_none=True, include=set(_IN_BODY))
    if asked.api_key_env is not None:
        given["key_name"] = asked.api_key_env or "`api_key_env`"
        given["api_key"] = _variable("api_key_env", asked.api_key_env) if asked.api_key_env else None
    headers = {
        header: _variable(f"headers.{header}", value[1:]) if value.startswith("$") else value
        for header, value in (asked.headers or {}).items()
    }
    body = {**sampling, **(asked.extra_body or {})}
    return ServedChatModel(model=name, base_url=base_url, headers=headers, extra_body=body, **given)


def _variable(setting: str, name: str) -> str:
    value = os.environ.get(name.strip("{}"))
    if not value:
        raise ConfigError(f"`{setting}` names the environment variable {name}, which isn't set")
    return value


def _expect_unset(asked: Model, fields: Sequence[str]) -> None:
    """Raise if one of the fields is set, which a model in this process can't follow."""
    for field in fields:
        if getattr(asked, field) is not None:
            raise ConfigError(f"`{field}`: {asked.name} runs in this process and can't follow it; serve the model")


def bundled_folder(model: str, *roles: Role) -> Path:
    """Return the folder of an agent that ships with longthought or was made by `longthought train bundled`.

    Args:
        model: The name of the agents, or their folder.
        roles: The chairs that the agent may be of; the first that there is counts.

    Raises:
        ModelError: if there is no such agent.

    """
    folder = _bundle(model)
    found = next((folder / role for role in roles if (folder / role / "config.json").exists()), None)
    if found is not None:
        return found
    if folder.is_dir():
        raise ModelError(f"bundled:{model} has no {roles[0]}; `longthought train bundled` makes one")
    known = sorted(p.name for p in BUNDLED.iterdir() if p.is_dir()) if BUNDLED.exists() else []
    raise ModelError(f"bundled:{model} does not exist; there is: {', '.join(f'bundled:{k}' for k in known)}")


def _bundle(model: str) -> Path:
    """Return the folder of bundled agents, which holds one of each chair, by their name or as it is given."""
    return BUNDLED / model if (BUNDLED / model).is_dir() else Path(model).expanduser()


def _langchain(asked: Model) -> BaseChatModel:
    name = asked.name
    given = asked.model_dump(
        exclude_none=True, exclude={"name", "dialect", "prompts", "prefill", "sure", "seed", "attempts", "api_key_env"}
    )
    given |= {} if asked.attempts is None else {"max_retries": asked.attempts - 1}
    given |= {"api_key": _variable("api_key_env", asked.api_key_env)} if asked.api_key_env else {}
    try:
        from langchain.chat_models import init_chat_model  # pyright: ignore  # an optional dependency
    except ImportError as error:
        raise ModelError(
            f"unknown provider in {name!r} (langchain is not installed): there are\n{PROVIDERS}"
        ) from error
    try:
        made: object = init_chat_model(name, **given)  # pyright: ignore
    except (ImportError, ValueError) as error:
        raise ModelError(f"{name!r}: {error}") from error
    assert isinstance(made, BaseChatModel)
    return made


def dialect_of(model: str, dialect: str | None = None) -> Dialect:
    """Return the dialect of a name or, without a name, the one that suits a model.

    Raises:
        ModelError: if there is no dialect of that name.

    """
    if dialect is None:
        trained = _training(model)
        if trained.get("data", {}).get("dialect") == YesNo.name:
            return YesNo()
        kinds = THINKERS if trained.get("role") == "thinker" else DIALECTS
        return kinds["compact" if speaks_compact(model) else "prose"]()
    if dialect not in _SPOKEN:
        raise ModelError(f"unknown dialect {dialect!r}: choose from {', '.join(_SPOKEN)}")
    return _SPOKEN[dialect]()


def _training(model: str) -> Mapping[str, Any]:
    """Return what `training.json` in a model's folder records of its training; nothing without one."""
    provider, _, name = model.partition(":")
    folder = _bundle(name) / "policy" if provider == "bundled" else Path(name).expanduser()
    record = folder / "training.json"
    if provider not in ("bundled", "transformers") or not record.is_file():
        return {}
    try:
        facts: dict[str, Any] = dict(json.loads(record.read_text())["facts"])
        return facts
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{record}: can't be read ({error}); train again, or name its `dialect`") from error
