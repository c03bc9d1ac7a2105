"""Refusals of a request that is longer than the context of a model: the numbers in them, and the limit that fits.

Each server words this differently; the table covers OpenAI, vLLM, SGLang, llama.cpp, TGI, Mistral, Anthropic, Google
and OpenRouter.
"""

import re
from typing import Final

from longthought.errors import EndpointError, RefusedError

LEAST: Final = 16
"""Tokens of room below which a reply is not worth asking for."""

_ABOUT_CONTEXT: Final = re.compile(
    r"context.?(?:length|size|window|limit)|maximum context|too long|longer than the model|must be <= \d+\. Given"
    r"|input tokens? (?:count .*)?exceeds?|maximum number of tokens allowed",
    re.I,
)
_CONTEXT: Final = (
    r"\d+ \+ \d+ > (\d+)",
    r"must be <= (\d+)",
    r"context.?(?:length|size|window|limit)\D{0,20}(\d+)",
    r"(\d+) maximum context",
    r"> (\d+) maximum",
    r"limit of (\d+)",
    r"tokens allowed \((\d+)\)",
)
_PROMPT: Final = (
    r"(\d+) \+ \d+ > \d+",
    r"(\d+) (?:tokens )?(?:in|from|of) (?:the )?(?:input )?(?:messages|prompt|text input)",
    r"(\d+) `?(?:input|prompt)s?`? tokens",
    r"\((\d+) tokens\) (?:is longer|exceeds)",
    r"(?:contains|resulted in|too long:) (\d+) tokens",
    r"token count \((\d+)\)",
)
"""Where the sizes of the context and of the prompt stand in a refusal; the first that matches counts."""


def fitted_limit(refused: RefusedError, model: str, limit: int | None) -> tuple[int | None, bool]:
    """Return the limit of a reply that fits, None if it is unknown, and whether the refusal is about the context.

    Raises:
        EndpointError: if the prompt alone leaves no room for a reply.

    """
    if not _ABOUT_CONTEXT.search(refused.said):
        return None, False
    context, prompt = _number(_CONTEXT, refused.said), _number(_PROMPT, refused.said)
    if context is None or prompt is None:
        return None, True
    if context - prompt < LEAST:
        raise EndpointError(
            f"the problem doesn't fit: with the steps so far it takes {prompt:,} tokens, and {model} has a context of "
            f"{context:,}; serve it with a longer context, or play fewer rounds"
        ) from refused
    return (context - prompt if limit is not None and limit > context - prompt else None), True


def _number(patterns: tuple[str, ...], text: str) -> int | None:
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    found = next((m for pattern in patterns if (m := re.search(pattern, text, re.I))), None)
    return int(found[1]) if found else None
