"""The engine protocol: many requests in flight on one model in this process.

An engine knows tokens, not messages or debates. Importing this module does not import torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """The sampling settings of one request."""

    max_tokens: int = 128
    temperature: float = 0.0
    """0 is greedy."""
    top_p: float = 1.0
    top_k: int = 0
    """0 takes all tokens."""


@dataclass(frozen=True, slots=True)
class Generation:
    """The completion of one request, without its end token."""

    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...] | None
    """One per token, under the distribution that was sampled; None if the engine can't tell."""
    cached: int
    """Prompt tokens served from the prefix cache."""
    truncated: bool
    """Whether the token limit and not the end token ended the completion."""


class Guide(Protocol):
    """Says what one reply may hold, token by token; each request has a guide of its own."""

    def allowed(self, written: Sequence[int]) -> NDArray[np.bool_] | None:
        """Return a flag for each token of the vocabulary, whether it may follow the tokens of the reply so far.

        None allows all. It is called once before each token, with one more token every time.
        """
        ...


class Engine(Protocol):
    """One model in this process, shared by many debates on one event loop."""

    @property
    def context_length(self) -> int:
        """Maximum number of tokens of prompt and completion together."""
        ...

    @property
    def vocabulary(self) -> int:
        """Number of tokens that the model knows."""
        ...

    @property
    def end(self) -> frozenset[int]:
        """The tokens that end a reply."""
        ...

    @property
    def usual(self) -> SamplingParams:
        """The sampling that the model's own `generation_config.json` asks for."""
        ...

    async def generate(self, prompt: Sequence[int], sampling: SamplingParams, guide: Guide | None = None) -> Generation:
        """Generate one completion, of what its guide allows.

        Raises:
            ModelError: if prompt and completion don't fit the context.
            EngineError: if the engine has stopped.

        """
        ...

    async def aclose(self) -> None:
        """Stop and free the model; pending requests fail with EngineError."""
        ...
