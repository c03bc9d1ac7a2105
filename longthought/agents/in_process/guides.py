"""Guides: they hold a reply to a JSON schema and end it at a stop string, as servers do.

Before each token, a guide says which ones may follow. Schemas repeat from debate to debate, so each is compiled once. A
guide knows tokens and text, not messages; the engines apply it. Importing this module does not import llguidance.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from longthought.agents.in_process.engine import Guide
from longthought.extras import installed

log = logging.getLogger(__name__)
_KEPT: Final = 256
"""Maximum number of compiled schemas."""
_LAYOUT: Final = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""JSON on one line, as `json.dumps` writes it: a small model that may indent never stops indenting."""


class Guides:
    """Makes the guides of one loaded model."""

    def __init__(self, name: str, tokenizer: Any, end: frozenset[int], vocabulary: int) -> None:
        """Take what the guides need of the model; no schema is compiled yet.

        Args:
            name: The name of the model, for warnings.
            tokenizer: A transformers tokenizer; only fast ones can be held to a schema.
            end: The tokens that end a reply.
            vocabulary: Number of tokens that the model knows.

        """
        self._name, self._tokenizer, self._end, self._vocabulary = name, tokenizer, sorted(end), vocabulary
        self._lock = threading.Lock()
        self._compiled: dict[str, Any] = {}
        self._warned = set[str]()
        self._library: tuple[Any, Any] | None = None

    def guide(self, response_format: Mapping[str, Any] | None, stop: Sequence[str]) -> Guide | None:
        """Return a guide for one reply; None if nothing is to be held to or the model can't be.

        Args:
            response_format: The `response_format` of OpenAI's API; one that can't be followed is warned about once.
            stop: Strings that end the reply.

        """
        matcher = self._matcher(response_format) if response_format else None
        if (matcher is None and not stop) or not self._end:
            return None
        return _ReplyGuide(matcher, stop, self._decode, self._end, self._vocabulary)

    def _decode(self, tokens: Sequence[int]) -> str:
        return self._tokenizer.decode(tokens, skip_special_tokens=True)

    def _matcher(self, response_format: Mapping[str, Any]) -> Any:
        """Return a fresh matcher of a format; None if there is nothing to match or it can't be matched."""
        if response_format.get("type") == "text":
            return None
        wanted = json.dumps(response_format)  # in the order of its fields, in which a reply is written
        with self._lock:
            if wanted not in self._compiled:
                if len(self._compiled) == _KEPT:
                    del self._compiled[next(iter(self._compiled))]
                try:
                    self._compiled[wanted] = self._compile(response_format)
                except (ValueError, LookupError, TypeError) as error:
                    self._compiled[wanted] = None
                    self._warn(str(error).strip().splitlines()[0])
            matcher = self._compiled[wanted]
        return None if matcher is None else matcher.deep_copy()

    def _compile(self, response_format: Mapping[str, Any]) -> Any:
        """Compile a format.

        Raises:
            ValueError: if it can't be followed.

        """
        if not self._end:
            raise ValueError("the model names no token that ends a reply")
        tokenizer, matching = self._loaded()
        grammar = matching.grammar_from_json_schema(json.dumps(_schema(response_format)), _LAYOUT)
        is_error, said = matching.validate_grammar_with_warnings(grammar, tokenizer)
        if is_error:
            raise ValueError(said[0])
        return matching(tokenizer, grammar, log_level=0)

    def _loaded(self) -> tuple[Any, Any]:
        """Return the tokenizer in the library's form, and its matcher.

        Raises:
            ValueError: if the library is missing or can't take the tokenizer.

        """
        if self._library is None:
            if not installed("llguidance"):
                raise ValueError("llguidance isn't installed; run `pip install 'longthought[local]'`")
            from llguidance import LLMatcher, hf

            made = hf.from_tokenizer(self._tokenizer, n_vocab=self._vocabulary, eos_token=self._end)
            self._library = made, LLMatcher
        return self._library

    def _warn(self, reason: str) -> None:
        if reason not in self._warned:
            self._warned.add(reason)
            log.warning("%s can't be held to a schema: %s; the words of the request must do", self._name, reason)


def _schema(response_format: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the JSON schema of a response format.

    Raises:
        ValueError: if it has none.

    """
    match response_format:
        case {"type": "json_object"}:
            return {"type": "object"}
        case {"type": "json_schema", "json_schema": {"schema": {} as schema}}:
            return schema
        case {"type": "json_schema"}:
            raise ValueError("the `response_format` holds no schema")
        case _:
            raise ValueError(f"a `response_format` of type {response_format.get('type')!r} is unknown")


class _ReplyGuide:
    """The guide of one reply; see `Guide`."""

    def __init__(
        self,
        matcher: Any,
        stop: Sequence[str],
        decode: Callable[[Sequence[int]], str],
        end: Sequence[int],
        vocabulary: int,
    ) -> None:
        self._matcher, self._stop, self._decode = matcher, stop, decode
        self._end, self._vocabulary = end, vocabulary
        self._tail = max((len(s.encode()) for s in stop), default=0) + 1
        """Number of last tokens that are sure to hold a stop string which the newest completes."""
        self._read = 0

    def allowed(self, written: Sequence[int]) -> NDArray[np.bool_] | None:
        """Return which tokens may follow; None allows all."""
        new, self._read = written[self._read :], len(written)
        if any(token in self._end for token in new):
            return None  # a static batch goes on for the sake of others
        if self._stop and written:
            tail = self._decode(written[-self._tail - len(new) :])
            if any(string in tail for string in self._stop):
                return self._only(self._end)
        if self._matcher is None:
            return None
        if not self._matcher.consume_tokens(list(new)):
            return self._only(self._end)
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        return np.unpackbits(bits, count=self._vocabulary, bitorder="little").astype(np.bool_)

    def _only(self, tokens: Sequence[int]) -> NDArray[np.bool_]:
        only = np.zeros(self._vocabulary, dtype=np.bool_)
        only[list(tokens)] = True
        return only
