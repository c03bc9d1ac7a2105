"""A model as it is asked for: which one, where it is served, and how it samples.

Nothing is loaded or connected here; `longthought.agents.catalogue` makes an agent of it.
"""

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Self, cast
from urllib.parse import urlsplit

from pydantic import Field

from longthought.errors import ConfigError
from longthought.request import Request, expect

BUNDLED_MODEL: Final = "bundled:countdown"
"""The agents that ship with longthought."""
TOOLS_ALONE: Final = "tools"
"""The critic that is no model: the tools alone judge."""
MODELS_FILE: Final = "models.toml"
"""The file that names models, in the folder where a command is run."""
MODELS_FILE_VARIABLE: Final = "LONGTHOUGHT_MODELS"
"""The environment variable that names another such file."""
COMPACT_FILE: Final = "compact.json"
"""The file that marks the folder of a model as speaking the compact notation, and holds the recipe of its training."""
OPENAI_KEY: Final = "OPENAI_API_KEY"
"""The environment variable of the key that a server gets by default."""


def is_openai(base_url: str) -> bool:
    """Say whether a server is OpenAI's own, or the one that `OPENAI_BASE_URL` names."""
    own = os.environ.get("OPENAI_BASE_URL")
    host = urlsplit(base_url).hostname or ""
    return f".{host}".endswith(".openai.com") or (own is not None and urlsplit(base_url)[:2] == urlsplit(own)[:2])


class Model(Request):
    """A chat model, named `provider:model`, with its settings; what is None is the model's or its server's own.

    >>> lt.Model(name="openai:Qwen/Qwen3-8B", base_url="http://localhost:8000/v1", temperature=0.6).top_p is None
    True
    """

    name: str = BUNDLED_MODEL
    """Chat model, as provider:model."""
    base_url: str | None = None
    """OpenAI-compatible server of the model."""
    dialect: str | None = None
    """Language of prompts and replies: prose, compact, yes-no (a critic of one word), program (a policy of
    programs), prose-thought or compact-thought (default: depends on the model)."""
    prompts: str | None = None
    """TOML file of texts that replace those of the prose dialect, by name."""
    prefill: bool | None = None
    """Let the policy go on from the accepted steps in its own turn (default: it is shown them)."""
    sure: Annotated[float, Field(ge=0, le=1)] | None = None
    """Probability of *yes* from which a critic of one word accepts (default: it goes by the word)."""
    temperature: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """Sampling temperature (default: the model's own for a policy, 0 for a critic)."""
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    """Sample from the most probable tokens that together have this probability."""
    top_k: Annotated[int, Field(ge=0)] | None = None
    """Sample from this many most probable tokens; 0 takes all."""
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    """Leave out tokens less probable than this share of the most probable one."""
    presence_penalty: float | None = None
    """Lowers tokens that the reply already holds."""
    frequency_penalty: float | None = None
    """Lowers tokens by how often the reply already holds them."""
    repetition_penalty: Annotated[float, Field(gt=0)] | None = None
    """Divides the weight of tokens that prompt or reply hold; 1 changes nothing."""
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    """Maximum number of tokens of one reply, thinking included (default: the dialect's limit, or the server's)."""
    stop: Sequence[str] | None = None
    """Strings that end a reply."""
    seed: int | None = None
    """Seed of an in-process model (default: 0); servers sample by themselves."""
    extra_body: Mapping[str, Any] | None = None
    """Further fields of every request, such as chat_template_kwargs or reasoning_effort."""
    headers: Mapping[str, str] | None = None
    """Further headers of every request; a value such as $NAME is read from the environment."""
    api_key_env: str | None = None
    """Environment variable that holds the server's key; empty sends none (default: OPENAI_API_KEY, which is sent to
    one server only)."""
    timeout: Annotated[float, Field(gt=0)] | None = None
    """Maximum number of seconds for one attempt of a request (default: 600)."""
    attempts: Annotated[int, Field(ge=1)] | None = None
    """Maximum number of attempts of a request (default: 8)."""

    @classmethod
    def of(cls, model: "str | Model" = BUNDLED_MODEL, **settings: Any) -> Self:
        """Return a model of its name or of another one, with settings of its own.

        A name without a provider is looked up in the file of models; settings given here come before those there.

        Raises:
            ConfigError: if there is no such setting, the value makes no sense, or the file can't be read.

        """
        expect("provider:model or a Model", str, Model, model=model)
        given: dict[str, Any] = {"name": model} if isinstance(model, str) else model.model_dump(exclude_none=True)
        asked = given | {name: value for name, value in settings.items() if value is not None}
        name = asked.pop("name")
        return cls(**{"name": name, **_kept(name)} | asked)


def speaks_compact(name: str) -> bool:
    """Say whether a model was trained on the compact notation; the folder of such a model holds a `COMPACT_FILE`."""
    provider, _, folder = name.partition(":")
    marker = Path(folder).expanduser() / COMPACT_FILE
    return provider == "bundled" or (provider == "transformers" and marker.exists())


def is_in_models_file(name: str) -> bool:
    """Say whether a name stands for a model in the file of models.

    Raises:
        ConfigError: if the file can't be read.

    """
    return ":" not in name and name in _models()


def _kept(name: str) -> dict[str, Any]:
    """Return what the file of models says of a name; nothing if the name has a provider or there is no file.

    Raises:
        ConfigError: if the file can't be read or doesn't have the name.

    """
    path = _path()
    if ":" in name or not path.is_file():
        return {}
    models = _models()
    if not isinstance(models.get(name), dict):
        raise ConfigError(f"{path} has no model {name}: it has {', '.join(models) or 'none'}")
    settings = cast("dict[str, Any]", models[name])
    if not isinstance(named := settings.pop("model", None), str) or ":" not in named:
        raise ConfigError(f'{path}: [{name}] needs a line such as model = "openai:NAME"')
    try:
        Model(name=named, **settings)
    except ConfigError as error:
        raise ConfigError(f"{path}: [{name}]: {error}") from error
    return {"name": named, **settings}


def _models() -> dict[str, Any]:
    """Read the file of models; it is empty if there is none."""
    path = _path()
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: can't be read as TOML ({error})") from error


def _path() -> Path:
    return Path(os.environ.get(MODELS_FILE_VARIABLE, MODELS_FILE))
