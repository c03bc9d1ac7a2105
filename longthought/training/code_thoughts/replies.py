"""The replies of the chat model that tells thoughts, kept in a file until the data set is written."""

import json
import os
from pathlib import Path
from typing import Final

from longthought.errors import ConfigError

_HEAD: Final = b'{"model": '
"""The beginning of a line of kept replies."""


class Replies:
    """The replies of chat models in a file, so that a stop loses no more than the requests in flight."""

    def __init__(self, path: Path) -> None:
        """Read the replies kept so far; a line that a kill has torn is cut off.

        Raises:
            ConfigError: if the file holds something else.

        """
        self._path, self._replies = path, dict[tuple[str, str], str]()
        if not path.exists():
            return
        *whole, torn = path.read_bytes().split(b"\n")
        try:
            for line in whole:
                row = json.loads(line)
                self._replies[row["model"], row["asked"]] = row["said"]
        except (ValueError, TypeError, KeyError) as error:
            raise ConfigError(f"{path}: holds no replies of chat models ({error!r}); move it away") from error
        if torn[: len(_HEAD)] != _HEAD[: len(torn)]:
            raise ConfigError(f"{path}: holds no replies of chat models ({torn[:40]!r}); move it away")
        os.truncate(path, path.stat().st_size - len(torn))

    def find(self, model: str, request: str) -> str | None:
        """Return the reply of a model to a request; None if none is kept."""
        return self._replies.get((model, request))

    def keep(self, model: str, request: str, reply: str) -> None:
        """Add a reply to the file."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"model": model, "asked": request, "said": reply}, ensure_ascii=False) + "\n")

    def remove(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)
