"""Logits processors that apply the guides of requests: one for `generate`, one for continuous batching."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import torch
from transformers import LogitsProcessor
from transformers.generation.continuous_batching.cb_logits_processors import ContinuousBatchingLogitsProcessor

from longthought.agents.in_process.engine import Guide

FORBIDDEN: Final = float("-inf")


class GuidedBatch(LogitsProcessor):
    """Applies guides to a batch of `generate`."""

    def __init__(self, guides: Sequence[Guide | None], width: int) -> None:
        """Take the guide of each row, and the number of tokens of every prompt, padding included."""
        self._guides, self._width = guides, width

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> Any:
        """Forbid in each row what its guide doesn't allow; return the changed scores."""
        rows: Any = input_ids[:, self._width :]
        return _guided(scores, self._guides, rows.tolist())


class GuidedLane(ContinuousBatchingLogitsProcessor):
    """Applies guides in a lane of continuous batching, which must know each token before the next is asked for."""

    supported_kwargs: dict[str, type] = {}  # noqa: RUF012
    ignored_kwargs: tuple[str, ...] = ()

    def __init__(self, guide_of: Callable[[str], tuple[Guide | None, int]]) -> None:
        """Take what returns the guide of a request, by its id, and the number of tokens of its prompt."""
        self._guide_of = guide_of
        self._guides: list[Guide | None] = []
        self._written: list[list[int]] = []

    def fill_defaults(self, int32_tensor: torch.Tensor) -> None:
        """Fill the row of arguments that the library keeps for each processor; it is not used."""
        int32_tensor.zero_()

    def prepare_tensor_args(self, requests_with_new_token: Sequence[Any]) -> torch.Tensor:
        """Note whose scores come next, and what each request has written; return nothing of use."""
        self._guides, self._written = [], []
        for request in requests_with_new_token:
            guide, prompt = self._guide_of(request.state.request_id)
            self._guides.append(guide)
            # a request that lost its place in the cache comes again, with what it wrote in its prompt
            self._written.append((request.state.initial_tokens + request.state.generated_tokens)[prompt:])
        return torch.zeros(len(self._guides), dtype=torch.int32)

    def __call__(self, scores: torch.Tensor, tensor_arg: torch.Tensor) -> Any:
        """Forbid in each row what its guide doesn't allow; return the changed scores."""
        return _guided(scores, self._guides, self._written)

    def join(self, processors: Any) -> None:
        """Become the first processor of a manager's list, so that what is forbidden takes no part in the others."""
        processors.logits_processor.insert(0, self)
        processors.tensors_required += 1
        processors.do_processing = True


def _guided(scores: Any, guides: Sequence[Guide | None], written: Sequence[Sequence[int]]) -> Any:
    for row, (guide, tokens) in enumerate(zip(guides, written, strict=True)):
        allowed = None if guide is None else guide.allowed(tokens)
        if allowed is not None:
            scores[row].masked_fill_(torch.as_tensor(np.logical_not(allowed), device=scores.device), FORBIDDEN)
    return scores
