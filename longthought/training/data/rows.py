"""A row of training data before it is chosen and written: its columns, where it comes from, and how long it is.

Rows are what the formats make and `RowStaging` keeps. Messages are TRL's conversational ones, `{"role", "content"}`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from langchain_core.messages import BaseMessage, convert_to_openai_messages

from longthought.agents.in_process.load import expect_on_hub
from longthought.errors import ModelError

Message = Mapping[str, str]
RULE: Final = "rule"
"""Who wrote what no model wrote anew."""


@dataclass(frozen=True, slots=True)
class RowOrigin:
    """Where a row comes from."""

    run: str
    """The name of the run folder."""
    problem: str
    """The problem's canonical key, by which train and validation are told apart."""
    debate: str
    node: int
    validation: bool = False
    """Whether its run was named as the validation set."""


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
    """What no other row on the same problem may repeat."""
    length: int
    """Of what is learned."""
    total: int
    """Of the whole row."""
    twin: int = 0
    """Length of what its twin learns, if it has one."""
    by: str = RULE
    """The model in whose words it is."""


@dataclass(frozen=True, slots=True)
class PairCandidate:
    """A reply to a prompt, to be paired with a better or a worse one to the same prompt."""

    format: str
    kind: str
    source: RowOrigin
    prompt: Sequence[Message]
    reply: str
    good: bool


def messages(asked: Sequence[BaseMessage]) -> list[dict[str, str]]:
    """Write what an agent is asked as TRL wants it."""
    written: Any = convert_to_openai_messages(asked, text_format="string")
    return [{"role": message["role"], "content": message["content"]} for message in written]


def reply(text: str) -> list[dict[str, str]]:
    """Write what an agent says as TRL wants it."""
    return [{"role": "assistant", "content": text}]


class Ruler(Protocol):
    """How lengths are measured."""

    unit: str

    def __call__(self, text: str) -> int:
        """Return the length of a text."""
        ...


class WordRuler:
    """Counts what stands between spaces: in the compact dialect, the tokens."""

    def __init__(self, unit: str = "words") -> None:
        """Name what they are."""
        self.unit = unit

    def __call__(self, text: str) -> int:
        """Count them."""
        return len(text.split())


class TokenRuler:
    """Counts the tokens of a model."""

    unit = "tokens"

    def __init__(self, name: str) -> None:
        """Load its tokenizer.

        Raises:
            ModelError: if that can't be done.

        """
        self.tokenizer = load_tokenizer(name)

    def __call__(self, text: str) -> int:
        """Count them; those of the chat template are left out."""
        return len(self.tokenizer.encode(text, add_special_tokens=False))


def load_tokenizer(name: str) -> Any:
    """Load a tokenizer from a folder, or by its name on the Hugging Face hub.

    Raises:
        ModelError: if there is none, or the library for it is missing.

    """
    name = name.removeprefix("transformers:")
    try:
        from transformers import AutoTokenizer  # pyright: ignore
    except ImportError as error:
        raise ModelError(
            f"`tokenizer` {name} needs packages: run `pip install 'longthought[local]'`, or leave it out"
        ) from error
    if not Path(name).is_dir():
        try:
            expect_on_hub(name)
        except ModelError as error:
            raise ModelError(f"`tokenizer` {error}") from error
    try:
        return AutoTokenizer.from_pretrained(name)  # pyright: ignore
    except (OSError, ValueError, json.JSONDecodeError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(
            f"`tokenizer` {name}: holds no tokenizer that can be read ({said}); give the model that is to be trained"
        ) from error


def turn(
    wanted: str, kind: str, source: RowOrigin, asked: Sequence[BaseMessage], text: str, ruler: Ruler
) -> TrainingRow:
    """Return the row of one request and what to answer it with."""
    prompt = messages(asked)
    length = ruler(text)
    total = length + sum(ruler(message["content"]) for message in prompt)
    columns = {"prompt": prompt, "completion": reply(text)}
    said = "\n".join([*(message["content"] for message in prompt), text])
    return TrainingRow(wanted, kind, source, columns, said, length, total)
