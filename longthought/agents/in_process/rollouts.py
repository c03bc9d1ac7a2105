"""Replies to many prompts at once, as reinforcement learning needs them: one batch, no server, no waiting.

An engine serves requests as they come; here all are known, and only the total time counts. Equal prompts are read once;
the cache is written in place, where a plain `generate` copies all of it at every token; and replies that have ended
leave the batch, so that the last long ones don't carry the others along.
"""

# pyright: basic

from collections.abc import Iterator, Sequence
from typing import Any, Final

import torch
from transformers.cache_utils import Cache, DynamicLayer

from longthought.agents.in_process.engine import Generation, SamplingParams
from longthought.agents.in_process.limits import limits

CACHE_BYTES: Final = 2 << 30
"""Maximum size of the cache of one batch, in bytes; more prompts are answered in several batches."""
_GROWTH: Final = 64
"""Tokens by which the cache grows at a time."""
_ENDED: Final = 0.75
"""Share of the rows of a batch that are still being written, below which the others leave it."""


@torch.no_grad()
def generate_all(model: Any, prompts: Sequence[Sequence[int]], sampling: SamplingParams) -> list[Generation]:
    """Sample one reply to each prompt; equal prompts get replies of their own.

    Args:
        model: A transformers causal language model; it is in evaluation mode meanwhile.
        prompts: The tokens of each prompt, in any order.
        sampling: The sampling of every reply; torch's global generator draws it.

    Returns:
        The replies in the order of the prompts, without logprobs.

    Raises:
        ModelError: if a prompt and its reply don't fit the context.

    """
    bounds = limits(model)
    for prompt in {tuple(prompt) for prompt in prompts}:
        bounds.check(prompt, sampling)
    training = model.training
    model.eval()
    try:
        written: dict[int, list[int]] = {}
        for batch in _batches(model, prompts, sampling.max_tokens):
            replies = _Batch(model, [prompts[index] for index in batch], sampling, bounds.end).write()
            written.update(zip(batch, replies, strict=True))
    finally:
        model.train(training)
    return [bounds.finish(written[index], ()) for index in range(len(prompts))]


def _batches(model: Any, prompts: Sequence[Sequence[int]], longest: int) -> Iterator[list[int]]:
    """Divide prompts into batches whose cache fits; prompts of similar length come together."""
    config = model.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    token = 2 * config.num_hidden_layers * heads * head * model.dtype.itemsize
    rows = max(1, CACHE_BYTES // (token * (max(map(len, prompts), default=0) + longest)))
    order = sorted(range(len(prompts)), key=lambda index: (len(prompts[index]), tuple(prompts[index])))
    for start in range(0, len(order), rows):
        yield order[start : start + rows]


class _Batch:
    """The rows that are written together."""

    def __init__(
        self, model: Any, prompts: Sequence[Sequence[int]], sampling: SamplingParams, end: frozenset[int]
    ) -> None:
        self._model, self._sampling = model, sampling
        self._end = torch.tensor(sorted(end), device=model.device)
        distinct = {tuple(prompt): number for number, prompt in enumerate(dict.fromkeys(map(tuple, prompts)))}
        self._width = max(map(len, distinct))
        self._cache = Cache(layer_class_to_replicate=_InPlaceLayer)
        padded = [[0] * (self._width - len(prompt)) + list(prompt) for prompt in distinct]
        mask = [[0] * (self._width - len(prompt)) + [1] * len(prompt) for prompt in distinct]
        self._prompts = torch.tensor(padded, device=model.device)
        self._rows = torch.tensor([distinct[tuple(prompt)] for prompt in prompts], device=model.device)
        self._positions = torch.tensor([len(prompt) for prompt in prompts], device=model.device)
        self._mask = None if all(map(all, mask)) else torch.tensor(mask, device=model.device)

    def write(self) -> list[list[int]]:
        """Write every reply to its end or the limit; the end token is kept."""
        replies = torch.zeros(len(self._rows), self._sampling.max_tokens, dtype=torch.long, device=self._rows.device)
        lengths = torch.full((len(self._rows),), self._sampling.max_tokens, device=self._rows.device)
        live = torch.arange(len(self._rows), device=self._rows.device)
        ended = torch.zeros_like(live, dtype=torch.bool)
        logits = self._read()
        for at in range(self._sampling.max_tokens):
            tokens = _sampled(logits, self._sampling)
            replies[live[~ended], at] = tokens[~ended]
            ending = torch.isin(tokens, self._end) & ~ended
            lengths[live[ending]] = at + 1
            ended |= ending
            left = int((~ended).sum())
            if not left or at + 1 == self._sampling.max_tokens:
                break
            if left < _ENDED * len(live):
                kept = (~ended).nonzero()[:, 0]
                self._keep(kept)
                live, tokens, ended = live[kept], tokens[kept], ended[kept]
            logits = self._step(tokens)
        return [row[:length] for row, length in zip(replies.tolist(), lengths.tolist(), strict=True)]

    def _read(self) -> torch.Tensor:
        """Read the prompts, each once, and return the logits after the prompt of each row, (rows, vocabulary)."""
        positions = None if self._mask is None else (self._mask.cumsum(-1) - 1).clamp(min=0)
        logits = self._forward(self._prompts, positions)
        self._keep(self._rows, narrow_positions=False)
        return logits[self._rows]

    def _step(self, tokens: torch.Tensor) -> torch.Tensor:
        """Write one token of each row, and return the logits after it."""
        if self._mask is not None:
            self._mask = torch.nn.functional.pad(self._mask, (0, 1), value=1)
        logits = self._forward(tokens[:, None], self._positions[:, None])
        self._positions += 1
        return logits

    def _forward(self, tokens: torch.Tensor, positions: torch.Tensor | None) -> torch.Tensor:
        output = self._model(
            input_ids=tokens, attention_mask=self._mask, position_ids=positions, past_key_values=self._cache,
            use_cache=True, logits_to_keep=1,
        )  # fmt: skip
        return output.logits[:, -1].float()

    def _keep(self, rows: torch.Tensor, *, narrow_positions: bool = True) -> None:
        """Keep some rows of the batch, or repeat them."""
        self._cache.batch_select_indices(rows)
        if self._mask is not None:
            self._mask = self._mask[rows]
        if narrow_positions:
            self._positions = self._positions[rows]


def _sampled(logits: torch.Tensor, sampling: SamplingParams) -> torch.Tensor:
    """Draw a token from each row of logits, (rows, vocabulary)."""
    if sampling.temperature == 0:
        return logits.argmax(-1)
    logits = logits / sampling.temperature
    if sampling.top_k:
        least = logits.topk(min(sampling.top_k, logits.shape[-1])).values[:, -1:]
        logits = logits.masked_fill(logits < least, -torch.inf)
    if sampling.top_p < 1:
        ordered, order = logits.sort(descending=True)
        before = ordered.softmax(-1).cumsum(-1) - ordered.softmax(-1)
        logits = logits.masked_fill((before >= sampling.top_p).scatter(-1, order, before >= sampling.top_p), -torch.inf)
    return torch.multinomial(logits.softmax(-1), 1)[:, 0]


class _InPlaceLayer(DynamicLayer):
    """A layer of the cache that has room ahead: new keys and values are written, and nothing is copied."""

    _length = 0

    def update(self, key_states: Any, value_states: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Append keys and values, each (rows, heads, tokens, head dimension), and return all."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self._room_k = self._room_v = key_states[:, :, :0]
        end = self._length + key_states.shape[-2]
        if end > self._room_k.shape[-2]:
            ahead = max(_GROWTH, self._length // 2) + key_states.shape[-2]
            self._room_k = _grown(self._room_k, self._length, ahead, key_states)
            self._room_v = _grown(self._room_v, self._length, ahead, value_states)
        self._room_k[:, :, self._length : end] = key_states
        self._room_v[:, :, self._length : end] = value_states
        self._length = end
        self.keys, self.values = self._room_k[:, :, :end], self._room_v[:, :, :end]
        return self.keys, self.values

    def batch_select_indices(self, indices: Any) -> None:
        """Keep some rows, or repeat them."""
        self._room_k = self._room_k[:, :, : self._length].index_select(0, indices)
        self._room_v = self._room_v[:, :, : self._length].index_select(0, indices)
        self.keys, self.values = self._room_k, self._room_v


def _grown(room: Any, length: int, ahead: int, like: Any) -> Any:
    """Return a room with what is in it and further tokens ahead."""
    larger = like.new_empty((*like.shape[:2], length + ahead, like.shape[-1]))
    larger[:, :, :length] = room[:, :, :length]
    return larger
