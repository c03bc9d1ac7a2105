"""Token counts of replies for which a model gives none: estimated from the texts, so that budgets hold on any server.

Every reply counts at least one token, so a strategy that ends only with its tokens does end. This module knows no
particular model.
"""

import math
from collections.abc import Sequence
from typing import Any, Final, cast

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata

ESTIMATED: Final = "usage_estimated"
"""The key of a message's `response_metadata` that says that a count in its usage is estimated."""
BYTES_PER_TOKEN: Final = 3.6
"""Mean number of UTF-8 bytes in a token, of prose with formulas; it is about right for Chinese and Cyrillic too."""
MOST_CHARACTERS: Final = 12
"""Characters per token beyond which a count can't be right."""
MOST_CHARACTERS_OF_SEVERAL: Final = 6
"""The same for several answers together, since a count of one of them alone is a known fault of servers."""
_SLACK: Final = 16
"""Tokens that are added to the count of a single answer before it is doubted, since short texts prove little."""
_FRAME: Final = 4
"""Tokens that a chat template adds to a message."""


def counted(messages: Sequence[BaseMessage], answers: Sequence[AIMessage]) -> Sequence[AIMessage]:
    """Return the answers to one request with usage; estimate what is missing.

    The first answer may carry the usage of all, as those of one request do.
    """
    usage = answers[0].usage_metadata if answers else None
    if not answers or (usage is not None and usage["output_tokens"] >= 1 and usage["input_tokens"] >= 1):
        return answers
    read = (usage["input_tokens"] if usage else 0) or sum(_FRAME + tokens_in(m.text) for m in messages)
    written = (usage["output_tokens"] if usage else 0) or sum(map(tokens_of, answers))
    cached = min(usage.get("input_token_details", {}).get("cache_read") or 0 if usage else 0, read)
    full = UsageMetadata(
        input_tokens=read, output_tokens=written, total_tokens=read + written,
        input_token_details={"cache_read": cached},
    )  # fmt: skip
    update: dict[str, Any] = {
        "usage_metadata": full, "response_metadata": {**answers[0].response_metadata, ESTIMATED: True},
    }  # fmt: skip
    return [answers[0].model_copy(update=update), *answers[1:]]


def contradicted(answers: Sequence[AIMessage], written: int) -> bool:
    """Say whether answers are too long for the number of tokens that a server counted for them."""
    listed, characters = sum(len(_listed(a)) for a in answers), sum(len(_text(a)) for a in answers)
    alone = len(answers) == 1
    most = MOST_CHARACTERS * (written + _SLACK) if alone else MOST_CHARACTERS_OF_SEVERAL * written
    return listed > written or characters > most


def tokens_of(answer: AIMessage) -> int:
    """Return the number of tokens of an answer: of those listed with it or, without a list, an estimate."""
    return len(_listed(answer)) or tokens_in(_text(answer))


def tokens_in(text: str) -> int:
    """Return the estimated number of tokens in a text, at least one."""
    return max(1, math.ceil(len(text.encode(errors="replace")) / BYTES_PER_TOKEN))


def _listed(answer: AIMessage) -> list[Any]:
    """Return the tokens that the server lists with an answer, by their ids or log-probabilities."""
    listed: object = answer.response_metadata.get("token_ids") or answer.response_metadata.get("logprobs")
    return cast("list[Any]", listed) if isinstance(listed, list) else []


def _text(answer: AIMessage) -> str:
    """Return what a model wrote, its thinking included."""
    content: object = answer.content  # pyright: ignore[reportUnknownMemberType]  # `text` copies it
    said = content if isinstance(content, str) else str(answer.text)
    thought = answer.additional_kwargs.get("reasoning_content")
    return f"{said}{thought}" if thought else said
