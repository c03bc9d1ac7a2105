"""The plain engine: waiting requests are padded on the left into one batch for `model.generate`.

It is the reference in tests of the continuous engine, and the fallback if continuous batching is not available. A batch
lasts as long as its longest reply; no prefix is shared, and no cache can become stale.
"""

import asyncio
import queue
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessorList

from longthought.agents.in_process.engine import Generation, Guide, SamplingParams
from longthought.agents.in_process.guided import GuidedBatch
from longthought.agents.in_process.limits import Limited, Limits, limits, own_sampling
from longthought.agents.in_process.pending import Pending
from longthought.errors import EngineError, ModelError

_GATHER_SECONDS = 0.002
"""How long the first request of a batch waits for others."""


class StaticEngine(Limited):
    """An `Engine` over batched `model.generate`; usable from several event loops, at once or in turn."""

    def __init__(self, model: Any, *, seed: int = 0, max_batch: int = 64) -> None:
        """Start the worker thread.

        Args:
            model: a transformers causal language model; it is switched to evaluation mode.
            seed: seeds torch's global generator when the first batch runs.
            max_batch: maximum number of requests in one batch.

        """
        super().__init__(limits(model), own_sampling(model))
        self._worker = _Worker(model, self._limits, seed, max_batch)
        self._closed = False
        self._finalizer = weakref.finalize(self, self._worker.stop)

    async def generate(self, prompt: Sequence[int], sampling: SamplingParams, guide: Guide | None = None) -> Generation:
        """Generate one completion; see `Engine.generate`."""
        if self._closed:
            raise EngineError("the engine is closed; load the model again.")
        self._limits.check(prompt, sampling)
        request = Pending(prompt, sampling, guide)
        self._worker.inbox.put(request)
        return await request.outcome()

    async def reload(self, weights: Mapping[str, Any] | None = None) -> None:
        """Replace the weights between two batches.

        Args:
            weights: a state dict; None if the model was already changed in place; then there is nothing to do.

        Raises:
            ModelError: if the weights don't fit the model.

        """
        if self._closed:
            raise EngineError("the engine is closed; load the model again.")
        if weights is not None:
            await asyncio.to_thread(self._worker.load, weights)

    async def aclose(self) -> None:
        """Stop after the current batch; pending requests fail with EngineError."""
        self._closed = True
        await asyncio.to_thread(self._finalizer)


class _Worker:
    """The queue, and the thread that runs the model.

    It doesn't know its engine, so that it stops when the engine is garbage-collected.
    """

    def __init__(self, model: Any, limits: Limits, seed: int, max_batch: int) -> None:
        self.inbox: queue.SimpleQueue[Pending | None] = queue.SimpleQueue()
        self._model: Any = model.eval()
        self._limits = limits
        self._seed = seed
        self._max_batch = max_batch
        self._stopping = False
        self._model_lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="longthought-static", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self.inbox.put(None)
        if self._thread is not threading.current_thread():
            self._thread.join()

    def load(self, weights: Mapping[str, Any]) -> None:
        with self._model_lock:
            try:
                self._model.load_state_dict(weights)
            except RuntimeError as error:
                raise ModelError(f"the new weights don't fit the model: {error}") from error

    def _run(self) -> None:
        waiting: list[Pending] = []
        seeded = False
        while not self._stopping:
            if not waiting:
                self._take(waiting, self.inbox.get())
                time.sleep(_GATHER_SECONDS)
            while not self.inbox.empty():
                self._take(waiting, self.inbox.get())
            waiting = [r for r in waiting if not r.abandoned]
            if waiting and not self._stopping:
                batch = [r for r in waiting if r.sampling == waiting[0].sampling][: self._max_batch]
                waiting = [r for r in waiting if r not in batch]
                if not seeded:  # not earlier: the generator is global, and others might draw from it
                    seeded = True
                    torch.manual_seed(self._seed)  # pyright: ignore[reportUnknownMemberType]
                self._answer(batch)
        while not self.inbox.empty():
            self._take(waiting, self.inbox.get())
        for request in waiting:
            request.settle(EngineError("the engine was closed before the request was served; load the model again."))
        self._model = None

    def _take(self, waiting: list[Pending], request: Pending | None) -> None:
        if request is not None:
            waiting.append(request)

    def _answer(self, batch: list[Pending]) -> None:
        try:
            with self._model_lock:
                outcomes = _generate(self._model, batch, self._limits)
        except Exception as error:  # the error is for these callers, not for this thread
            failure = EngineError(f"generation failed: {error!r}; see the cause.")
            failure.__cause__ = error
            outcomes = [failure] * len(batch)
        for request, outcome in zip(batch, outcomes, strict=True):
            request.settle(outcome)


def _generate(model: Any, batch: Sequence[Pending], limits: Limits) -> list[Generation]:
    """Answer requests of equal sampling."""
    prompts, sampling = [request.prompt for request in batch], batch[0].sampling
    guides = [request.guide for request in batch]
    width = max(map(len, prompts))
    ids = torch.tensor([[0] * (width - len(p)) + list(p) for p in prompts], device=model.device)
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=model.device)
    sampled: dict[str, Any] = {"do_sample": False}
    if sampling.temperature > 0:
        sampled = {
            "do_sample": True,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": sampling.top_k,
        }
    config = GenerationConfig(
        max_new_tokens=sampling.max_tokens,
        eos_token_id=sorted(limits.end) or None,
        pad_token_id=min(limits.end, default=0),
        output_scores=True,
        return_dict_in_generate=True,
        **sampled,
    )
    guided = [GuidedBatch(guides, width)] if any(guides) else []
    output: Any = model.generate(
        ids, attention_mask=mask, generation_config=config, logits_processor=LogitsProcessorList(guided)
    )
    tokens: Any = output.sequences[:, width:]
    scores: Any = torch.stack(output.scores, dim=1).float().log_softmax(dim=-1)  # (batch, length, vocabulary)
    logprobs: Any = scores.gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    return [limits.finish(t, p) for t, p in zip(tokens.tolist(), logprobs.tolist(), strict=True)]
