"""The default engine: transformers' continuous batching behind asyncio.

Requests join and leave the running batch at every token, and prompts with a common prefix share its cache, also with
requests that have ended. This file does what the library leaves to its callers: it checks lengths, cancels requests of
cancelled callers, drops the cache when weights change, and fails the pending requests of a loop that dies.

Greedy, plain and truncated sampling each get a lane: one library manager with its own thread and cache, created when it
is first needed. So temperature 0 is an argmax, and only truncated sampling pays for the sort that it needs. Each has a
second lane for requests with a guide, which waits for every token before it asks for the next.
"""

import asyncio
import inspect
import itertools
import threading
import weakref
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from transformers import ContinuousBatchingConfig, GenerationConfig

from longthought.agents.in_process.engine import Generation, Guide, SamplingParams
from longthought.agents.in_process.guided import GuidedLane
from longthought.agents.in_process.limits import Limited, Limits, limits, own_sampling
from longthought.agents.in_process.pending import Pending
from longthought.errors import EngineError, ModelError

_POLL_SECONDS = 0.1
_CLOSED = "the engine is closed; load the model again."


@dataclass(frozen=True, slots=True)
class LaneLimits:
    """The capacity of a lane. None leaves a value to transformers, which fills an accelerator's memory."""

    page_size: int | None = None
    """Tokens per block; prompts share only whole blocks."""
    num_blocks: int | None = None
    max_batch_tokens: int | None = None
    """Maximum number of tokens in one forward pass, prompts and replies together."""
    max_requests: int | None = None
    """Maximum number of requests in one forward pass; further ones wait."""


CPU_CACHE = LaneLimits(page_size=16, num_blocks=1024, max_batch_tokens=128, max_requests=32)
"""Tuned for models of a few million parameters on one core."""


class _Kind(NamedTuple):
    """What the requests of a lane have in common."""

    samples: bool
    truncates: bool
    """Whether it leaves tokens out by `top_p` or `top_k`."""
    guided: bool


class ContinuousEngine(Limited):
    """An `Engine` over transformers' continuous batching; usable from several event loops, at once or in turn."""

    def __init__(self, model: Any, *, seed: int = 0, cache: LaneLimits | None = None) -> None:
        """Take a model; nothing runs before the first request.

        Args:
            model: a transformers causal language model; it is switched to evaluation mode.
            seed: seed of sampling. Each lane seeds torch's global generator when it starts, so at concurrency 1 equal
                requests get equal tokens, if nothing else in the process draws random numbers.
            cache: sizes of the batch and the KV cache; by default `CPU_CACHE` on CPU, transformers' defaults elsewhere.

        """
        on_cpu = model.device.type == "cpu"
        self._cache = cache or (CPU_CACHE if on_cpu else LaneLimits())
        super().__init__(_capped(limits(model), self._cache), own_sampling(model))
        self._model: Any = model
        self._seeds = itertools.count(seed)
        self._lanes: dict[_Kind, _Lane] = {}
        self._reload: Future[ModelError | None] | None = None
        self._closed = False
        self._finalizer = weakref.finalize(self, _end, self._lanes)

    async def generate(self, prompt: Sequence[int], sampling: SamplingParams, guide: Guide | None = None) -> Generation:
        """Generate one completion; see `Engine.generate`."""
        await self._reloaded()
        if self._closed:
            raise EngineError(_CLOSED)
        self._limits.check(prompt, sampling)
        samples = sampling.temperature > 0
        kind = _Kind(samples, samples and _truncates(sampling), guide is not None)
        if kind not in self._lanes:
            generation = _generation_config(self._limits, kind)
            batching = _batching_config(self._model, self._cache, next(self._seeds), kind)
            manager = self._model.init_continuous_batching(generation, batching)
            self._lanes[kind] = _Lane(manager, self._limits, guided=kind.guided)
        return await self._lanes[kind].generate(Pending(prompt, sampling, guide))

    async def reload(self, weights: Mapping[str, Any] | None = None) -> None:
        """Replace the weights, after the requests in flight have ended; requests that come meanwhile wait.

        Args:
            weights: a state dict; None if the model was already changed in place; its cache is dropped either way.

        Raises:
            ModelError: if the weights don't fit the model.
            EngineError: if the engine is closed.

        """
        await self._reloaded()
        if self._closed:
            raise EngineError(_CLOSED)
        pool = ThreadPoolExecutor(max_workers=1)
        self._reload = reload = pool.submit(self._replace, weights)
        pool.shutdown(wait=False)
        await self._reloaded()
        if (error := reload.result()) is not None:
            raise error

    async def aclose(self) -> None:
        """Stop and free the model; pending requests fail with EngineError."""
        await self._reloaded()
        self._closed = True
        await asyncio.to_thread(self._finalizer)
        self._model = None

    def _replace(self, weights: Mapping[str, Any] | None) -> ModelError | None:
        _end(self._lanes, flush=True)
        try:
            if weights is not None:
                self._model.load_state_dict(weights)
        except RuntimeError as error:
            return ModelError(f"the new weights don't fit the model: {error}")
        return None

    async def _reloaded(self) -> None:
        """Wait until no weights are being replaced; works from every event loop."""
        while self._reload is not None and not self._reload.done():
            await asyncio.wait([asyncio.wrap_future(self._reload)])


class _Lane:
    """One library manager and the thread that starts it, reads its results and stops it.

    It doesn't know its engine, so that an engine that is garbage-collected ends its lanes.
    """

    def __init__(self, manager: Any, limits: Limits, *, guided: bool) -> None:
        self._manager = manager
        self._limits = limits
        self._ids = itertools.count()
        self._pending: dict[str, Pending] = {}
        self._ending = threading.Event()
        self._flush = False
        self._ended = False
        self._cause: BaseException | None = None
        if guided:
            GuidedLane(self._guide_of).join(manager.logit_processor)
        # A daemon, and so is the manager's own thread, which inherits it: neither keeps the interpreter alive.
        self._thread = threading.Thread(target=self._run, name="longthought-engine", daemon=True)
        self._thread.start()

    async def generate(self, request: Pending) -> Generation:
        """Add one request to the batch and wait for it; if the caller is cancelled, cancel the request."""
        name = str(next(self._ids))
        self._pending[name] = request
        try:
            if self._ended:
                raise self._ended_error()
            self._manager.add_request(
                request.prompt,
                name,
                max_new_tokens=request.sampling.max_tokens,
                **_options(request.sampling, self._limits.vocabulary),
            )  # refused only when the loop is ending, and then the lane's thread settles the request
            return await request.outcome()
        finally:
            if self._pending.pop(name, None) is not None:
                self._manager.cancel_request(name)

    def end(self, *, flush: bool) -> None:
        """Start to end; with `flush`, serve the requests in flight first."""
        self._flush = flush
        self._ending.set()

    def join(self) -> None:
        """Wait for the end."""
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        manager = self._manager
        try:
            manager.warmup()
            self._watch_cache(manager.batch_processor.cache)
            manager.start()
            while manager.is_running() and not self._ending.is_set():
                self._deliver(manager.get_result(timeout=_POLL_SECONDS))
            manager.stop(hard_stop=not self._flush)
            while (output := manager.get_result(timeout=0)) is not None:
                self._deliver(output)
            self._cause = manager.background_thread_status.fatal_error
            manager.destroy()
        except Exception as error:  # from the library: it is passed on to the pending requests
            self._cause = error
        self._ended = True
        while self._pending:
            self._pending.popitem()[1].settle(self._ended_error())

    def _ended_error(self) -> EngineError:
        if self._cause is None:
            return EngineError(_CLOSED)
        error = EngineError(f"generation stopped: {self._cause!r}; load the model again.")
        error.__cause__ = self._cause
        return error

    def _deliver(self, output: Any) -> None:
        if output is None:
            return
        if output.error is not None and self._manager.background_thread_status.can_accept_new_requests() is not None:
            return  # the whole loop is ending: `_run` passes the real cause on to every request that is left
        request = self._pending.pop(output.request_id, None)
        if request is None:
            return
        if output.error is not None:
            request.settle(EngineError(f"the request failed: {output.error}"))
        else:
            request.settle(self._limits.finish(output.generated_tokens, output.logprobs, request.cached))

    def _guide_of(self, name: str) -> tuple[Guide | None, int]:
        """Return the guide of a request, none if it was cancelled, and the number of tokens of its prompt."""
        request = self._pending.get(name)
        return (None, 0) if request is None else (request.guide, len(request.prompt))

    def _watch_cache(self, cache: Any) -> None:
        """Record how much of each prompt was cached: the library looks it up, but doesn't report it."""
        search = cache.search_prefix_match

        def recorded(request_id: str, prompt_ids: list[int]) -> int:
            cached: int = search(request_id, prompt_ids)
            request = self._pending.get(request_id)
            if request is not None:
                request.cached = min(cached, len(request.prompt))
            return cached

        cache.search_prefix_match = recorded


def _end(lanes: "dict[_Kind, _Lane]", *, flush: bool = False) -> None:
    ending = list(lanes.values())
    lanes.clear()
    for lane in ending:
        lane.end(flush=flush)
    for lane in ending:
        lane.join()


def _capped(limits: Limits, cache: LaneLimits) -> Limits:
    """Lower the context length to the size of the KV cache: a larger request would fail the whole batch."""
    if cache.num_blocks is None or cache.page_size is None:
        return limits
    return replace(limits, context_length=min(limits.context_length, cache.num_blocks * cache.page_size))


def _options(sampling: SamplingParams, vocabulary: int) -> dict[str, float | int]:
    if sampling.temperature == 0:
        return {}
    options: dict[str, float | int] = {"temperature": float(sampling.temperature)}
    if not _truncates(sampling):
        return options
    return options | {"top_p": float(sampling.top_p), "top_k": min(sampling.top_k or vocabulary, vocabulary)}


def _truncates(sampling: SamplingParams) -> bool:
    return sampling.top_p < 1 or sampling.top_k > 0


def _generation_config(limits: Limits, kind: _Kind) -> GenerationConfig:
    # Only settings that differ from the neutral ones get a processor, and only those can be set per request.
    cuts: dict[str, Any] = {"top_p": 0.9, "top_k": 50} if kind.truncates else {"top_p": 1.0, "top_k": 0}
    sampled: dict[str, Any] = {"temperature": 0.7, **cuts} if kind.samples else {}
    return GenerationConfig(do_sample=kind.samples, eos_token_id=sorted(limits.end) or -1, **sampled)


def _batching_config(model: Any, cache: LaneLimits, seed: int, kind: _Kind) -> ContinuousBatchingConfig:
    parameters = inspect.signature(ContinuousBatchingConfig).parameters
    sizes: dict[str, Any] = {
        "page_size" if "page_size" in parameters else "block_size": cache.page_size,  # renamed in transformers 5.17
        "num_blocks": cache.num_blocks,
        "max_batch_tokens": cache.max_batch_tokens,
        "max_requests_per_batch": cache.max_requests,
    }
    # a guide must see a token before it says what may follow, and it can't be recorded in a graph
    in_step: dict[str, Any] = {"use_async_batching": False, "use_cuda_graph": False} if kind.guided else {}
    return ContinuousBatchingConfig(
        **in_step,
        **{name: value for name, value in sizes.items() if value is not None},
        return_logprobs=True,
        seed=seed,
        per_request_processors=True,
        auto_switch_to_flash=model.device.type == "cuda",
    )
