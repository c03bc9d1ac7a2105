"""A row of training data before it is chosen and written: its columns, its origin and its length.

The formats make rows, and `RowStaging` keeps them. Messages are TRL's conversational ones, `{"role", "content"}`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from langchain_core.messages import BaseMessage, convert_to_openai_messages

from longthought.agents.in_process.load import expect_on_hub
from longthought.errors import ModelError
from longthought.extras import expect_installed

Message = Mapping[str, str]
RULE: Final = "rule"
"""The writer of texts that no model rewrote."""
UNGRADED: Final = "without a grade, which `longthought label RUN --method tree` gives where it can"
"""Why a whole solution is left out."""


@dataclass(frozen=True, slots=True)
class RowOrigin:
    """The place in a run that a row comes from."""

    run: str
    """The name of the run folder."""
    problem: str
    """The problem's canonical key, by which train and validation are told apart."""
    debate: str
    node: int
    validation: bool = False
    """Whether the run is the validation set."""


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """One example."""

    format: str
    kind: str
    """What it teaches, within its format: `step`, `reflection`, `accept`, `reject`, …"""
    source: RowOrigin
    columns: Mapping[str, Any]
    """TRL's columns."""
    text: str
    """The text that no other row on the same problem may repeat."""
    length: int
    """Length of what is learned."""
    total: int
    """Length of the whole row."""
    twin: int = 0
    """Length of what its twin learns, if it has one."""
    by: str = RULE
    """The model that wrote the text, or `rule`."""


@dataclass(frozen=True, slots=True)
class PairCandidate:
    """A reply to a prompt, to be paired with a better or a worse one to the same prompt."""

    format: str
    kind: str
    source: RowOrigin
    prompt: Sequence[Message]
    reply: str
    good: bool


def messages(prompt: Sequence[BaseMessage]) -> list[dict[str, str]]:
    """Return the prompt of an agent in TRL's form."""
    converted: Any = convert_to_openai_messages(prompt, text_format="string")
    return [{"role": message["role"], "content": message["content"]} for message in converted]


def reply(text: str) -> list[dict[str, str]]:
    """Return the reply of an agent in TRL's form."""
    return [{"role": "assistant", "content": text}]


class Ruler(Protocol):
    """How lengths are measured."""

    unit: str

    def __call__(self, text: str) -> int:
        """Return the length of a text."""
        ...


class WordRuler:
    """Counts words between spaces; in the compact dialect they are the tokens."""

    def __init__(self, unit: str = "words") -> None:
        """Take the name of the unit."""
        self.unit = unit

    def __call__(self, text: str) -> int:
        """Count the words."""
        return len(text.split())


class TokenRuler:
    """Counts the tokens of a model."""

    unit = "tokens"

    def __init__(self, name: str) -> None:
        """Load the tokenizer of a model.

        Raises:
            ModelError: if it can't be loaded.

        """
        self.tokenizer = load_tokenizer(name)

    def __call__(self, text: str) -> int:
        """Count the tokens, without those of the chat template."""
        return len(self.tokenizer.encode(text, add_special_tokens=False))


def load_tokenizer(name: str) -> Any:
    """Load a tokenizer from a folder, or by its name on the Hugging Face hub.

    Raises:
        ModelError: if there is none, or the library for it is missing.

    """
    name = name.removeprefix("transformers:")
    expect_installed(("transformers",), "local", f"`tokenizer` {name}", ModelError)
    from transformers import AutoTokenizer  # pyright: ignore

    if not Path(name).is_dir():
        try:
            expect_on_hub(name)
        except ModelError as error:
            raise ModelError(f"`tokenizer` {error}") from error
    try:
        return AutoTokenizer.from_pretrained(name)  # pyright: ignore
    except (OSError, ValueError, json.JSONDecodeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(
            f"`tokenizer` {name}: holds no tokenizer that can be read ({reason}); give the model that is to be trained"
        ) from error


def turn(
    format: str, kind: str, source: RowOrigin, asked: Sequence[BaseMessage], text: str, ruler: Ruler
) -> TrainingRow:
    """Return the row of one prompt and the reply to it."""
    prompt = messages(asked)
    length = ruler(text)
    total = length + sum(ruler(message["content"]) for message in prompt)
    columns = {"prompt": prompt, "completion": reply(text)}
    whole = "\n".join([*(message["content"] for message in prompt), text])
    return TrainingRow(format, kind, source, columns, whole, length, total)
