"""The tokens of an example: the prompt as an agent is asked, then the reply and the end of its turn.

Chat templates render a whole conversation otherwise than a prompt that waits for a reply: they open or close a block of
thinking, drop earlier thinking, strip the reply, write the time. A model that learns the one and is asked the other
is trained on a text that it never sees. So an example is not rendered as a conversation: it is the prompt's own
tokens, followed by the reply and by what the template writes after one.
"""

# pyright: basic

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from longthought.errors import ModelError
from longthought.training.chat_template import SET, STOPPED, expect_end, has_stopped_clock

_PROBE: Final = "four"
_RENDERINGS: Final = 16
"""Number of times a prompt is rendered to see whether it is always the same."""
_SHOWN: Final = 60
_BLOCK: Final = re.compile(r"<(\w+)>\s*</\1>|\[(\w+)\]\s*\[/\2\]|◁(\w+)▷\s*◁/\3▷")
"""An empty block of thinking."""
_OPENED: Final = re.compile(r"(?:<(\w+)>|\[(\w+)\]|◁(\w+)▷)\s*$")
"""A block that a prompt leaves open."""

Messages = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Turns:
    """What one chat template writes around a reply."""

    tokenizer: Any
    name: str
    """The model's name, for messages."""
    lead: str
    """What the model itself writes before a reply: a space, a channel's header, the end of an open block."""
    end: str
    """What ends a reply, such as the end token and a line break."""
    opened: str
    """The tag of a block that the prompt opens, and that `lead` or the reply has to close."""
    left_out: str
    """What the template writes before a reply only in a whole conversation; no example has it."""

    @classmethod
    def of(cls, tokenizer: Any, name: str, prompt: Messages, **options: Any) -> "Turns":
        """Find what a template writes around the reply to a prompt.

        Args:
            tokenizer: The tokenizer whose template is used.
            name: The model's name.
            prompt: The messages of one example.
            options: The variables of the template that this example sets.

        Raises:
            ModelError: if the prompt is rendered differently each time, or the template loses the reply or its end.

        """
        prompted = _steady(tokenizer, name, prompt, options)
        talk = [*prompt, {"role": "assistant", "content": _PROBE}]
        whole = told(tokenizer, talk, **options)
        head, said, end = whole.rpartition(_PROBE)
        if not said:
            raise ModelError(
                f"{name}: its chat template doesn't write what the assistant says (it ends in {_tail(whole)!r}); "
                f"write a template that does and {SET}"
            )
        expect_end(tokenizer, name, _ids(tokenizer, end), {tokenizer.eos_token_id}, SET)
        before = head[_shared(prompted, head) :]
        goes_on = head.startswith(prompted)
        tag = "" if (found := _OPENED.search(prompted)) is None else found[0].strip()
        if tag and closing(tag) in before:
            return cls(tokenizer, name, before, end, tag, "")
        lead = before if goes_on and _written_by_model(tokenizer, before) else ""
        return cls(tokenizer, name, lead, end, "" if goes_on else tag, before[len(lead) :])

    @property
    def remark(self) -> str:
        """What a user may be surprised by in how examples are rendered; empty if there is nothing."""
        said: list[str] = []
        if self.left_out.strip():
            said.append(f"writes {self.left_out!r} before a reply but not when it asks for one, so it is left out")
        if self.opened and self.lead:
            said.append(f"opens {self.opened} in the prompt, so replies are learned with {self.lead!r} before them")
        if has_stopped_clock(self.tokenizer.chat_template):
            said.append(f"writes the time, which is always {STOPPED:%d %B %Y} in the template that is saved")
        return f"the chat template of {self.name} {'; it '.join(said)}" if said else ""

    def encode(self, prompt: Messages, reply: str, place: str, **options: Any) -> tuple[list[int], list[int]]:
        """Return the tokens of the prompt, and those of the reply with the end of its turn.

        Raises:
            ModelError: if the prompt opens a block that the reply doesn't close.

        """
        prompted = asked(self.tokenizer, prompt, **options)
        closes = self.opened and reply.count(closing(self.opened)) > reply.count(self.opened)
        if self.opened and not self.lead and not closes:
            raise ModelError(
                f"{place}: the chat template of {self.name} opens {self.opened} at the end of the prompt, and the "
                f"reply doesn't close it, so all of it would be read as thinking: the prompt ends in "
                f"{_tail(prompted)!r}, the reply begins with {reply[:_SHOWN]!r}; write a template that leaves "
                f"no block open, as {{% set enable_thinking = false %}} at the top of some does, and {SET}"
            )
        return joined(self.tokenizer, prompted, ("" if closes else self.lead) + reply + self.end)


def asked(tokenizer: Any, prompt: Messages, **options: Any) -> str:
    """Return a prompt in words, as when a reply is asked for."""
    return tokenizer.apply_chat_template(list(prompt), tokenize=False, add_generation_prompt=True, **options)


def told(tokenizer: Any, talk: Messages, **options: Any) -> str:
    """Return a whole conversation in words."""
    return tokenizer.apply_chat_template(list(talk), tokenize=False, **options)


def joined(tokenizer: Any, prompt: str, reply: str, *, special: bool = False) -> tuple[list[int], list[int]]:
    """Return the tokens of a prompt and of what follows; a token is never shared by both."""
    prompt_ids = _ids(tokenizer, prompt, special=special)
    whole = _ids(tokenizer, prompt + reply, special=special)
    if whole[: len(prompt_ids)] == prompt_ids:
        return prompt_ids, whole[len(prompt_ids) :]
    return prompt_ids, _ids(tokenizer, reply)


def closing(tag: str) -> str:
    """Return the tag that closes one that opens, such as `</think>`."""
    return f"{tag[0]}/{tag[1:]}"


def expect_same_talk(tokenizer: Any, name: str, talk: Messages, first: int, template: str, place: str) -> None:
    """Raise unless each reply in a conversation is learned where the model would be asked for it.

    Args:
        tokenizer: The tokenizer that the model is asked with.
        name: The model's name.
        talk: The whole conversation.
        first: The position of the first message that is learned.
        template: The chat template that the conversation is learned with.
        place: Where the conversation stands, for the message.

    Raises:
        ModelError: showing both texts where they part.

    """
    whole = told(tokenizer, talk, chat_template=template)
    for index, message in enumerate(talk):
        if index < first or message["role"] != "assistant" or not index:
            continue
        prompted = asked(tokenizer, talk[:index])
        said = str(message["content"] or "").strip()
        if whole.startswith(prompted) and whole[len(prompted) :].lstrip().startswith(said):
            continue
        raise ModelError(
            f"{place}: the chat template of {name} renders the conversation otherwise when it asks for message "
            f"{index + 1} than when that is learned: {_parting(prompted + said, whole)}; write the data as prompt and "
            f"completion, one reply a row, or write a template that renders both alike and {SET}"
        )


def _steady(tokenizer: Any, name: str, prompt: Messages, options: Mapping[str, Any]) -> str:
    """Return a prompt in words, if it is the same each time."""
    first = asked(tokenizer, prompt, **options)
    for _ in range(_RENDERINGS):
        if (again := asked(tokenizer, prompt, **options)) != first:
            raise ModelError(
                f"{name}: its chat template renders the same messages differently each time: "
                f"{_parting(first, again)}; the model would never see the prompts that it learned; write a template "
                f"without chance in it and {SET}"
            )
    return first


def _written_by_model(tokenizer: Any, text: str) -> bool:
    """Say whether a model has to write a text before its reply: a space, or a header that ends in a special token."""
    if not text.strip():
        return True
    if _BLOCK.search(text):
        return False
    return _ids(tokenizer, text.strip())[-1] in tokenizer.all_special_ids


def _ids(tokenizer: Any, text: str, *, special: bool = False) -> list[int]:
    return tokenizer(text, add_special_tokens=special)["input_ids"]


def _shared(one: str, other: str) -> int:
    """Return the number of characters that two texts begin with in common."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _parting(one: str, other: str) -> str:
    """Show two texts around the place where they part."""
    start = max(0, _shared(one, other) - 20)
    return f"{one[start : start + _SHOWN]!r} against {other[start : start + _SHOWN]!r}"


def _tail(text: str) -> str:
    return text[-_SHOWN:]
