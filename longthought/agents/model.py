"""A model as it is asked for: which one, where it is served, and how it samples.

Nothing is loaded or connected here; `longthought.agents.catalogue` makes an agent of it.
"""

from typing import Annotated, Any, Final, Self

from pydantic import Field

from longthought.request import Request

BUNDLED_MODEL: Final = "bundled:countdown"
"""The agents that ship with longthought."""


class Model(Request):
    """A chat model, named `provider:model`, with its settings; what is None is chosen to suit the model."""

    name: str = BUNDLED_MODEL
    """Chat model, as provider:model."""
    base_url: str | None = None
    """OpenAI-compatible server of the model."""
    dialect: str | None = None
    """Language of prompts and replies: prose, compact, prose-thought or compact-thought (default: depends on the
    model)."""
    temperature: Annotated[float, Field(ge=0)] | None = None
    """Sampling temperature (default: depends on the model for a policy, 0 for a critic)."""
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    """Maximum number of tokens of one reply (default: depends on the dialect)."""
    seed: int | None = None
    """Seed of an in-process model (default: 0); servers sample by themselves."""

    @classmethod
    def of(cls, model: "str | Model" = BUNDLED_MODEL, **settings: Any) -> Self:
        """Return a model of its name or of another one, with settings of its own.

        Raises:
            ConfigError: if there is no such setting, or the value makes no sense.

        """
        given: dict[str, Any] = {"name": model} if isinstance(model, str) else model.model_dump()
        return cls(**given | settings)
