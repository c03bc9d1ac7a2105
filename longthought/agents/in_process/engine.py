"""The engine protocol: many requests in flight on one model in this process.

An engine knows tokens, not messages or debates. Importing this module does not import torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


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


class Engine(Protocol):
    """One model in this process, shared by many debates on one event loop."""

    @property
    def context_length(self) -> int:
        """Maximum number of tokens of prompt and completion together."""
        ...

    @property
    def usual(self) -> SamplingParams:
        """The sampling that the model's own `generation_config.json` asks for."""
        ...

    async def generate(self, prompt: Sequence[int], sampling: SamplingParams) -> Generation:
        """Generate one completion.

        Raises:
            ModelError: if prompt and completion don't fit the context.
            EngineError: if the engine has stopped.

        """
        ...

    async def aclose(self) -> None:
        """Stop and free the model; pending requests fail with EngineError."""
        ...
