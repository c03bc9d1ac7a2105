"""A search for a text in the words of all debates: the logs are read block by block, and nothing is kept but the finds.

A search goes on in the background while its first finds are shown, and later reads only what was written since. Case
is ignored for ASCII letters.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from longthought.trajectories.ids import root_debate
from longthought.trajectories.segment import NAME_HEAD
from longthought.viewer.index import blocks
from longthought.viewer.store import Store

_WORDS: Final = frozenset(
    ("text", "answer", "critique", "claim", "detail", "output", "reason", "thinking", "statement")
)
"""The fields of an event and of its parts that hold words of a debate."""


class Search:
    """One text that is looked for, and the debates in which it was found so far."""

    def __init__(self, text: str, store: Store) -> None:
        """Look for a text in the debates of a store."""
        self._store = store
        self._text = text.lower()
        self._needle = json.dumps(text, ensure_ascii=False)[1:-1].encode(errors="surrogatepass").lower()
        self.found: set[int] = set()
        """The keys of the debates."""
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
                with path.open("rb") as file:
                    for offset, block in blocks(file, start, end):
                        self._look(block, run)
                        self._read[run, name] = offset + len(block)
                        self.share = min(1.0, sum(self._read.values()) / total)
                        yield
            self.share = 1.0

    def _look(self, block: bytes, run: int) -> None:
        """Find the lines of a block that hold the text, and add their debates."""
        lowered, at, last, keys = block.lower(), 0, b"", dict[bytes, int | None]()
        while (at := lowered.find(self._needle, at)) >= 0:
            start, end = block.rfind(b"\n", 0, at) + 1, block.find(b"\n", at)
            head = NAME_HEAD.match(block, start)
            if head is not None and head[1] != last:
                if head[1] not in keys:
                    keys[head[1]] = self._key(run, json.loads(head[1]))
                key = keys[head[1]]
                if key is not None and (key in self.found or self._says(block[start:end])):
                    self.found.add(key)
                    last = head[1]
            at = end + 1

    def _key(self, run: int, name: str) -> int | None:
        """Return the key of a debate, or of the debate that a sub-debate belongs to."""
        sql = "SELECT key FROM debates WHERE run = ? AND id = ?"
        rows = self._store.ask(sql, (run, root_debate(name) or name))
        return rows[0][0] if rows else None

    def _says(self, line: bytes) -> bool:
        """Say whether the words of an event hold the text, and not just its other fields."""
        try:
            return self._holds(msgspec.json.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
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
