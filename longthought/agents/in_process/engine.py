"""The engine protocol: many requests in flight on one model in this process.

An engine knows tokens, never messages or debates. Importing this module does not import torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How one request is sampled."""

    max_tokens: int = 128
    temperature: float = 0.0
    """0 is greedy."""
    top_p: float = 1.0


@dataclass(frozen=True, slots=True)
class Generation:
    """What one request produced, the end token left out."""

    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...] | None
    """One per token, under the distribution that was sampled; None where the engine can't say."""
    cached: int
    """Prompt tokens served from the prefix cache."""
    truncated: bool
    """True if the token limit ended it rather than the end token."""


class Engine(Protocol):
    """One model in this process, shared by many debates on one event loop."""

    @property
    def context_length(self) -> int:
        """Most tokens of prompt and completion together."""
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
