"""The limits of a model: checks that both engines make before they build a tensor, and the tokens that end a reply.

A prompt that doesn't fit is refused here, because inside a batch it would fail every request. Nothing here imports
torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from longthought.agents.in_process.engine import Generation, SamplingParams
from longthought.errors import ConfigError, ModelError

UNSAID: Final = SamplingParams(temperature=0.7)
"""The sampling of a model that asks for none: small models talk gibberish at temperature 1."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one loaded model."""

    context_length: int
    vocabulary: int
    end: frozenset[int]
    """The tokens that end a reply."""

    def check(self, prompt: Sequence[int], sampling: SamplingParams) -> None:
        """Raise if the model can't serve a request.

        Raises:
            ModelError: if the prompt is empty, holds an unknown token, or doesn't fit with its completion.
            ConfigError: if the sampling settings are out of range.

        """
        if sampling.max_tokens < 1 or sampling.temperature < 0 or not 0 < sampling.top_p <= 1 or sampling.top_k < 0:
            raise ConfigError(
                f"{sampling}: out of range; use max_tokens >= 1, temperature >= 0, 0 < top_p <= 1 and top_k >= 0."
            )
        if len(prompt) + sampling.max_tokens > self.context_length:
            raise ModelError(
                f"{len(prompt)} prompt tokens and up to {sampling.max_tokens} new ones exceed the model's context of "
                f"{self.context_length}; shorten the prompt or lower max_tokens."
            )
        if not prompt or min(prompt) < 0 or max(prompt) >= self.vocabulary:
            raise ModelError(
                f"the prompt is empty or holds a token outside 0–{self.vocabulary - 1}; "
                "use the tokenizer that was saved with the model."
            )

    def finish(self, tokens: Sequence[int], logprobs: Sequence[float], cached: int = 0) -> Generation:
        """Cut a raw completion before its end token."""
        for index, token in enumerate(tokens):
            if token in self.end:
                return Generation(tuple(tokens[:index]), tuple(logprobs[:index]), cached, truncated=False)
        return Generation(tuple(tokens), tuple(logprobs[: len(tokens)]), cached, truncated=True)


class Limited:
    """What both engines say of their model."""

    def __init__(self, limits: Limits, usual: SamplingParams) -> None:
        """Keep the limits of the model, and its own sampling."""
        self._limits, self._usual = limits, usual

    @property
    def usual(self) -> SamplingParams:
        """The model's own sampling."""
        return self._usual

    @property
    def context_length(self) -> int:
        """Maximum number of tokens of prompt and completion together."""
        return self._limits.context_length

    @property
    def vocabulary(self) -> int:
        """Number of tokens that the model knows."""
        return self._limits.vocabulary

    @property
    def end(self) -> frozenset[int]:
        """The tokens that end a reply."""
        return self._limits.end


def own_sampling(model: Any) -> SamplingParams:
    """Read the sampling that a loaded transformers model asks for; `UNSAID` if it asks for none."""
    config = model.generation_config
    if not config.do_sample:
        return UNSAID
    return SamplingParams(
        temperature=UNSAID.temperature if config.temperature is None else float(config.temperature),
        top_p=1.0 if config.top_p is None else float(config.top_p),
        top_k=int(config.top_k or 0),
    )


def limits(model: Any) -> Limits:
    """Read the limits of a loaded transformers model."""
    config = model.config.get_text_config()
    end = model.generation_config.eos_token_id
    end = config.eos_token_id if end is None else end
    ends: list[int] = [] if end is None else [end] if isinstance(end, int) else list(end)
    return Limits(
        context_length=int(config.max_position_embeddings),
        vocabulary=int(model.get_input_embeddings().num_embeddings),
        end=frozenset(ends),
    )
