"""What a chat completion says: its answers as messages, and its token counts as far as they can be believed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

from langchain_core.messages import AIMessage
from langchain_core.messages.ai import InputTokenDetails, UsageMetadata

MOST_TOKENS: Final = 100_000_000
"""A count beyond this is no count."""


def answer_of(choice: Mapping[str, Any], name: str) -> AIMessage:
    """Return one choice as a message; its thinking is `additional_kwargs["reasoning_content"]`."""
    reply = choice["message"]
    metadata: dict[str, Any] = {"model_name": name, "finish_reason": choice.get("finish_reason")}
    if choice.get("token_ids") is not None:
        metadata["token_ids"] = list(choice["token_ids"])
    logprobs: Mapping[str, Any] = choice.get("logprobs") or {}
    if logprobs.get("content") is not None:
        metadata["logprobs"] = [float(token["logprob"]) for token in logprobs["content"]]
    if reply.get("refusal"):
        metadata["refusal"] = str(reply["refusal"])
    content = reply.get("content") or ""
    thinking = reply.get("reasoning_content") or reply.get("reasoning")
    if not isinstance(content, str):
        parts = _parts(content)
        thinking = thinking or _joined(parts, _THOUGHTS)
        content = _joined(parts, _TEXTS)
        if refusal := _joined(parts, ("refusal",)):
            metadata["refusal"] = refusal
    if thinking and not isinstance(thinking, str):
        thinking = _joined(_parts(thinking), (*_THOUGHTS, *_TEXTS))
    return AIMessage(
        content=content,
        additional_kwargs={"reasoning_content": thinking} if thinking else {},
        response_metadata=metadata,
    )


_THOUGHTS: Final = ("thinking", "reasoning", "summary", "reasoning_content")
_TEXTS: Final = ("text", "output_text", "content")
"""The types of a part of a message, which are also the names of the fields that hold its text."""


def _parts(content: object) -> Sequence[Mapping[str, Any]]:
    """Return the parts of a content; a bare string among them is text."""
    parts: Iterable[Any] = cast("list[Any]", content) if isinstance(content, list) else [content]
    return [
        cast("dict[str, Any]", part) if isinstance(part, dict) else {"type": "text", "text": str(part)}
        for part in parts
    ]


def _joined(parts: Sequence[Mapping[str, Any]], kinds: Sequence[str]) -> str:
    """Join the texts of the parts of some kinds."""
    return "".join(_written(part) for part in parts if part.get("type", "text") in kinds)


def _written(part: Mapping[str, Any]) -> str:
    """Return the text of a part: under its type or as its `text`, itself perhaps a list of parts."""
    held = part.get(part.get("type", "text")) or next((part[n] for n in (*_TEXTS, *_THOUGHTS) if part.get(n)), "")
    return held if isinstance(held, str) else "".join(map(_written, _parts(held)))


def usage_of(usage: object) -> UsageMetadata | None:
    """Return the token counts of a completion; None if a count is missing or can't be one."""
    if not isinstance(usage, dict):
        return None
    counts = cast("dict[str, Any]", usage)
    prompt, completion = _count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens"))
    if not prompt or not completion:
        return None
    details = counts.get("prompt_tokens_details")
    cached = _count(cast("dict[str, Any]", details).get("cached_tokens")) if isinstance(details, dict) else None
    return UsageMetadata(
        input_tokens=prompt,
        output_tokens=completion,
        total_tokens=prompt + completion,
        input_token_details=InputTokenDetails(cache_read=min(cached or 0, prompt)),
    )


def counts_one(body: Mapping[str, Any]) -> bool:
    """Say whether a completion of several answers counts the tokens of one only, as its timings of one show."""
    timings: object = body.get("timings") if len(body["choices"]) > 1 else None
    if not isinstance(timings, dict):
        return False
    return cast("dict[str, Any]", timings).get("predicted_n") == body["usage"]["completion_tokens"]


def _count(value: object) -> int | None:
    """Return a number of tokens; None if the value is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST_TOKENS:
        return None
    return int(value)
