"""Check every example with the tokenizer, before any weights are loaded.

The check finds what would otherwise come out hours later, or never: words that the tokenizer doesn't have, replies that
don't end in the end token, templates that ask otherwise than they teach, examples longer than the model can take.
The trainers are given the same tokens; only conversations of several replies they render for themselves.
"""

# pyright: basic

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from longthought.errors import ModelError, ProblemError
from longthought.training.bases import Base
from longthought.training.chat_template import SET, expect_end, marked_template
from longthought.training.turns import Turns, expect_same_talk, joined


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
    remark: str = ""
    """Words on how the chat template renders them, if that may surprise."""


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
    examples = Examples(base, rows, replies)
    tokens = learned = longest = cut = dropped = 0
    for number, row in enumerate(rows, start=1):
        place = f"{where}, example {number}"
        encoded = [examples.encode(row, reply, place) for reply in replies]
        if len(encoded) > 1 and encoded[0] == encoded[1]:
            raise ProblemError(f"{place}: the {replies[0]} and the {replies[1]} reply are the same; export it again")
        for prompt, reply in encoded:
            base.expect_known_words(prompt + reply, place)
        sizes = [(len(prompt), len(prompt) + len(reply)) for prompt, reply in encoded]
        size = max(whole for _, whole in sizes)
        tokens, longest = tokens + size, max(longest, size)
        learned += sum(min(whole, limit) - min(prompt, limit) for prompt, whole in sizes)
        cut += size > limit
        dropped += max(prompt for prompt, _ in sizes) >= limit
    if dropped == len(rows):
        raise ProblemError(
            f"{where}: every one of its {dropped} prompts fills the {limit} tokens that an example may have; "
            "raise `max_length`, or take a base with a longer context"
        )
    return Lengths(len(rows), tokens, longest, learned, cut, dropped, examples.remark)


class Examples:
    """The rows of a split as tokens, as they are learned."""

    def __init__(self, base: Base, rows: Any, replies: Sequence[str]) -> None:
        """Look at the rows of a split; arguments as in `inspect`.

        Raises:
            ModelError: if the chat template doesn't suit them.

        """
        self._base = base
        self.talks = "messages" in rows.column_names or any(
            not _is_reply(row[reply]) for row in rows for reply in replies
        )
        """Whether other messages stand between replies, so that only the chat template can mark what is learned."""
        self._template = marked_template(base.tokenizer, base.name, SET) if self.talks else None
        self._turns: Turns | None = None

    def encode(self, row: Mapping[str, Any], reply: str, place: str) -> tuple[list[int], list[int]]:
        """Return the tokens of the prompt and those of the reply in a column; a whole talk counts as a reply.

        Raises:
            ModelError: if the chat template can't render it, or asks for it otherwise than it is learned.
            ProblemError: if it is empty or malformed.

        """
        try:
            if self._template is not None:
                return self._talk(row, reply, place)
            return self._encode(row, row["prompt"], row[reply], place)
        except (TemplateError, KeyError, TypeError) as error:
            raise ModelError(
                f"{place}: the chat template of {self._base.name} can't render it ({error}); give another as "
                "`chat_template`"
            ) from error

    @property
    def remark(self) -> str:
        """Words on how the examples were rendered, if that may surprise."""
        return self._turns.remark if self._turns else ""

    def _encode(self, row: Mapping[str, Any], prompt: Any, reply: Any, place: str) -> tuple[list[int], list[int]]:
        if not prompt or not reply or (isinstance(reply, list) and not any(m.get("content") for m in reply)):
            raise ProblemError(f"{place}: its prompt or its reply is empty; export the data again")
        if isinstance(prompt, str) != isinstance(reply, str):
            raise ProblemError(f"{place}: prompt and reply must both be text, or both messages; export the data again")
        tokenizer = self._base.tokenizer
        if isinstance(prompt, str):
            ended = str(reply).removesuffix(tokenizer.eos_token) + tokenizer.eos_token
            return joined(tokenizer, prompt, ended, special=True)
        options = _options(row)
        if self._turns is None:
            self._turns = Turns.of(tokenizer, self._base.name, prompt, **options)
        return self._turns.encode(prompt, reply[0]["content"], place, **options)

    def _talk(self, row: Mapping[str, Any], reply: str, place: str) -> tuple[list[int], list[int]]:
        prompt, talk = row.get("prompt") or [], row.get("messages") or row[reply]
        whole = [*prompt, *talk]
        if whole[-1]["role"] != "assistant":
            raise ProblemError(f"{place}: it ends in a message of the {whole[-1]['role']}; it must end in the reply")
        assert self._template is not None
        expect_same_talk(self._base.tokenizer, self._base.name, whole, len(prompt), self._template, place)
        ids = self._base.tokenizer.apply_chat_template(whole, return_dict=False)
        expect_end(self._base.tokenizer, self._base.name, ids, {self._base.tokenizer.eos_token_id}, SET)
        if not prompt:
            return [], ids
        asked = self._base.tokenizer.apply_chat_template(prompt, return_dict=False, add_generation_prompt=True)
        return ids[: len(asked)], ids[len(asked) :]


def _is_reply(reply: Any) -> bool:
    """Say whether a reply is a text, or one message of the assistant in words."""
    if not isinstance(reply, list):
        return True
    further = [key for message in reply for key, value in message.items() if value and key not in ("role", "content")]
    return (
        len(reply) < 2
        and not further
        and all(m["role"] == "assistant" and isinstance(m["content"], str) for m in reply)
    )


def _options(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables of the chat template that a row sets, as TRL reads them."""
    tools = row.get("tools")
    named = {"tools": json.loads(tools) if isinstance(tools, str) else tools} if tools else {}
    return {**named, **(row.get("chat_template_kwargs") or {})}
