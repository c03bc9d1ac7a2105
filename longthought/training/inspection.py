"""Check every example with the tokenizer, before any weights are loaded.

The check finds what would otherwise come out hours later, or never: words that the tokenizer doesn't have, replies that
don't end in the end token, examples longer than the model can take. The trainers tokenize for themselves, with the
same template.
"""

# pyright: basic

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from longthought.errors import ModelError, ProblemError
from longthought.training.bases import Base
from longthought.training.chat_template import SET, expect_end, marked_template


@dataclass(frozen=True, slots=True)
class Lengths:
    """The lengths of the examples of a split, in tokens."""

    examples: int
    tokens: int
    longest: int
    learned: int
    """Tokens of replies, the only ones that are learned."""
    cut: int
    """Examples that are cut at the end, where their reply stands."""
    dropped: int
    """Examples that lose their whole reply, and are left out."""


def inspect(rows: Any, replies: Sequence[str], base: Base, limit: int, where: str) -> Lengths:
    """Measure every example of a split.

    Args:
        rows: a `datasets.Dataset` with `prompt` and the columns of replies, or with `messages`.
        replies: `completion`, or `chosen` and `rejected`.
        base: the model whose tokenizer is used.
        limit: tokens at which an example is cut.
        where: the name of the split, for messages.

    Raises:
        ModelError: if the tokenizer or its chat template doesn't suit the data.
        ProblemError: if an example is malformed, or every one is left out.

    """
    if has_turns_between(rows, replies):
        marked_template(base.tokenizer, base.name, SET)
    tokens = learned = longest = cut = dropped = 0
    for number, row in enumerate(rows, start=1):
        place = f"{where}, example {number}"
        if "messages" in row:
            encoded = [(0, _rendered(base, row["messages"], place))]
        else:
            encoded = [_encoded(base, row["prompt"], row[reply], place) for reply in replies]
            if len(encoded) > 1 and encoded[0] == encoded[1]:
                raise ProblemError(
                    f"{place}: the {replies[0]} and the {replies[1]} reply are the same; export it again"
                )
        size = max(len(ids) for _, ids in encoded)
        for _, ids in encoded:
            base.expect_known_words(ids, place)
        tokens, longest = tokens + size, max(longest, size)
        learned += sum(min(len(ids), limit) - min(prompt, limit) for prompt, ids in encoded)
        cut += size > limit
        dropped += max(prompt for prompt, _ in encoded) >= limit
    if dropped == len(rows):
        raise ProblemError(
            f"{where}: every one of its {dropped} prompts fills the {limit} tokens that an example may have; "
            "raise `max_length`, or take a base with a longer context"
        )
    return Lengths(len(rows), tokens, longest, learned, cut, dropped)


def has_turns_between(rows: Any, replies: Sequence[str]) -> bool:
    """Say whether replies alternate with other messages, so that only the chat template can mark what is learned."""
    if "messages" in rows.column_names:
        return True
    learned = [message for reply in replies if isinstance(rows[0][reply], list) for message in rows[0][reply]]
    return any(message["role"] != "assistant" for message in learned)


def _encoded(base: Base, prompt: Any, reply: Any, place: str) -> tuple[int, list[int]]:
    """Return the number of tokens of the prompt, and the tokens of prompt and reply."""
    if not prompt or not reply or (isinstance(reply, list) and not any(m.get("content") for m in reply)):
        raise ProblemError(f"{place}: its prompt or its reply is empty; export the data again")
    if isinstance(prompt, str) != isinstance(reply, str):
        raise ProblemError(f"{place}: prompt and reply must both be text, or both messages; export the data again")
    if isinstance(prompt, str):
        prompt_ids = base.tokenizer(prompt)["input_ids"]
        return len(prompt_ids), base.tokenizer(prompt + str(reply))["input_ids"]
    prompt_ids = _templated(base, prompt, place, add_generation_prompt=True)
    return len(prompt_ids), _rendered(base, [*prompt, *reply], place)


def _templated(base: Base, messages: list[dict[str, Any]], place: str, **options: Any) -> list[int]:
    try:
        return base.tokenizer.apply_chat_template(messages, return_dict=False, **options)
    except (TemplateError, KeyError, TypeError) as error:
        raise ModelError(
            f"{place}: the chat template of {base.name} can't render it ({error}); give another as `chat_template`"
        ) from error


def _rendered(base: Base, messages: list[dict[str, Any]], place: str) -> list[int]:
    ids = _templated(base, messages, place)
    if messages[-1]["role"] != "assistant":
        raise ProblemError(f"{place}: it ends in a message of the {messages[-1]['role']}; it must end in the reply")
    expect_end(base.tokenizer, base.name, ids, {base.tokenizer.eos_token_id}, SET)
    return ids
