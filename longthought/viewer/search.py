"""A search for a text in the words of all debates: the logs are read block by block, and nothing is kept but the finds.

A search goes on in the background while its first finds are shown, and later reads only what was written since. Case
is ignored for ASCII letters.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

import orjson

from longthought.viewer.index import blocks
from longthought.viewer.tally import HEAD

_WORDS: Final = frozenset(
    ("text", "answer", "critique", "claim", "detail", "output", "reason", "thinking", "statement")
)
"""The fields of an event and of its parts that hold words of a debate."""


class Search:
    """One text that is looked for, and the debates in which it was found so far."""

    def __init__(self, text: str) -> None:
        """Look for a text."""
        self._text = text.lower()
        self._needle = json.dumps(text, ensure_ascii=False)[1:-1].encode(errors="surrogatepass").lower()
        self.found: dict[int, set[str]] = {}
        """The names of the debates, by the number of their run."""
        self._read: dict[tuple[int, str], int] = {}
        self._lock = threading.Lock()
        self.share = 0.0
        """The share of the logs that was read."""

    def go_on(self, segments: Mapping[tuple[int, str], tuple[Path, int]]) -> Iterator[None]:
        """Read what was not read yet; yield after every block.

        Args:
            segments: By run and name: the file, and up to which byte it is to be read.

        """
        with self._lock:
            total = sum(end for _, end in segments.values()) or 1
            for (run, name), (path, end) in segments.items():
                start = self._read.get((run, name), 0)
                if start >= end:
                    continue
                found = self.found.setdefault(run, set())
                with path.open("rb") as file:
                    for offset, block in blocks(file, start, end):
                        self._look(block, found)
                        self._read[run, name] = offset + len(block)
                        self.share = min(1.0, sum(self._read.values()) / total)
                        yield
            self.share = 1.0

    def forget(self) -> None:
        """Begin again, as when another run lies in a folder."""
        with self._lock:
            self._read.clear()
            self.found.clear()
            self.share = 0.0

    def _look(self, block: bytes, found: set[str]) -> None:
        """Find the lines of a block that hold the text, and add their debates."""
        lowered, at, last = block.lower(), 0, b""
        while (at := lowered.find(self._needle, at)) >= 0:
            start, end = block.rfind(b"\n", 0, at) + 1, block.find(b"\n", at)
            head = HEAD.match(block, start)
            if head is not None and head[1] != last:
                name = json.loads(head[1])
                if name in found or self._says(block[start:end]):
                    found.add(name)
                    last = head[1]
            at = end + 1

    def _says(self, line: bytes) -> bool:
        """Say whether the words of an event hold the text, and not just its other fields."""
        try:
            return self._holds(orjson.loads(line))
        except ValueError:
            return False

    def _holds(self, value: object) -> bool:
        if isinstance(value, dict):
            for name, part in cast(dict[str, Any], value).items():
                if isinstance(part, str):
                    if name in _WORDS and self._text in part.lower():
                        return True
                elif name != "config" and self._holds(part):
                    return True
            return False
        return isinstance(value, list) and any(map(self._holds, cast(list[object], value)))
