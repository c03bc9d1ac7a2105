"""Messages of models as calls: the text, what ended it, and what it cost."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage

from longthought.agents.endings import expect_unbroken, finish_reason
from longthought.agents.estimates import ESTIMATED
from longthought.agents.surrogates import without_lone_surrogates
from longthought.trajectories.events import Call, Usage


def call_of(name: str, message: AIMessage, latency: float) -> Call:
    """Turn a model's message into a call: text, usage and, if the server returned them, token ids and logprobs.

    Raises:
        EndpointError: if the server broke the reply off.

    """
    ended = finish_reason(message.response_metadata)
    expect_unbroken(name, ended)
    usage = message.usage_metadata
    details: Mapping[str, Any] = usage.get("input_token_details", {}) if usage else {}
    ids: Sequence[Any] | None = message.response_metadata.get("token_ids")
    logprobs: Sequence[Any] | None = message.response_metadata.get("logprobs")
    thinking: object = message.additional_kwargs.get("reasoning_content")
    return Call(
        model=name,
        text=without_lone_surrogates(message.text or str(message.response_metadata.get("refusal") or "")),
        thinking=without_lone_surrogates(thinking) if isinstance(thinking, str) else None,
        finish_reason=ended,
        usage=Usage(
            prompt=usage["input_tokens"], cached=details.get("cache_read") or 0, completion=usage["output_tokens"],
            estimated=message.response_metadata.get(ESTIMATED, False),
        )
        if usage
        else Usage(),
        latency=latency,
        token_ids=_numbers(ids),
        logprobs=_numbers(logprobs),
    )  # fmt: skip


def calls_of(name: str, messages: Sequence[AIMessage], latency: float) -> list[Call]:
    """Turn several answers into calls; the usage of answers to one request, which the first carries, is divided."""
    calls = [call_of(name, message, latency if index == 0 else 0.0) for index, message in enumerate(messages)]
    first = [index for index, message in enumerate(messages) if message.usage_metadata or index == 0]
    groups = [calls[begin:end] for begin, end in itertools.pairwise([*first, len(calls)])]
    return [call for group in groups for call in _shared(group)]


def _shared(calls: Sequence[Call]) -> Sequence[Call]:
    """Divide the usage of one request, which its first call carries, among its calls exactly."""
    if len(calls) < 2:
        return calls
    total = calls[0].usage
    shares = _shares(total.completion, [len(call.token_ids or call.logprobs or call.text) for call in calls])
    usages = [Usage(completion=share, estimated=total.estimated) for share in shares]
    usages[0] += Usage(prompt=total.prompt, cached=total.cached)
    return [call.model_copy(update={"usage": usage}) for call, usage in zip(calls, usages, strict=True)]


def _shares(total: int, weights: Sequence[int]) -> list[int]:
    """Divide a number of tokens by weight; the shares add up to it."""
    weight, distributed, shares = sum(weights), 0, list[int]()
    for weight_so_far in itertools.accumulate(weights):
        shares.append((total * weight_so_far // weight if weight else total) - distributed)
        distributed += shares[-1]
    return shares


def _numbers(values: Sequence[Any] | None) -> tuple[Any, ...] | None:
    """Return a plain list of numbers as a tuple; None for anything else that a server sends under the same name."""
    if not isinstance(values, list | tuple) or not all(isinstance(value, float | int) for value in values):
        return None
    return tuple(values)
