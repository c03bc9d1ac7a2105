"""A copy of a run folder on shared storage, kept up to date while a job runs: `file://`, `s3://`, or any of fsspec.

Object stores can't append, so a segment is copied in chunks, which never change once written:

    run.json
    events-0001.000000000000.jsonl        from byte 0 of events-0001.jsonl
    events-0001.000000482113.jsonl        from byte 482,113, and so on

The copy is itself a run folder. If the machine with the run folder is lost, fetch the copy and run the job again with
it as `out`; only the work since the last complete upload, `SECONDS` or more ago, is repeated.
"""

import asyncio
import logging
import os
import re
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from longthought.errors import ConfigError, RunError, RunFolderError
from longthought.trajectories.folder import segments
from longthought.trajectories.segment import sound_length

log = logging.getLogger(__name__)
SECONDS: Final = 5.0
"""Seconds between two rounds of uploads."""
CHUNK: Final = 32 * 2**20
"""Maximum number of bytes of a chunk, plus the rest of its last line."""
_MANIFEST: Final = "run.json"
_CHUNK_NAME: Final = re.compile(r"/(events-[^/]*)\.(\d{12})\.jsonl$")


class Copy:
    """The copy of one run folder; every method waits for the storage, so call them off the event loop."""

    def __init__(self, folder: Path, url: str) -> None:
        """Find out which bytes are copied already.

        Raises:
            ConfigError: if the storage is unknown or can't be reached.
            RunFolderError: if the copy is of another run, or holds more than the folder.

        """
        self.folder, self.url = folder, url.rstrip("/")
        self._fs, self._root = _storage(self.url)
        self._copied: dict[str, int] = {}
        """By segment: the number of bytes copied."""
        self._before = Counter[str]()
        """By segment: the bytes in chunks that were fetched into the folder; its own chunks come behind them."""
        try:
            self._fs.makedirs(self._root, exist_ok=True)
            self._take_stock()
        except (OSError, ImportError) as error:
            raise ConfigError(f"`upload` {url}: can't be used ({error}); check the address and the keys") from error

    def round(self) -> int:
        """Copy the bytes written since the last round; return the number of chunks."""
        return sum(self._copy(segment) for segment in segments(self.folder))

    def _take_stock(self) -> None:
        manifest, ours = f"{self._root}/{_MANIFEST}", (self.folder / _MANIFEST).read_bytes()
        self._fs.invalidate_cache()
        files: dict[str, dict[str, Any]] = self._fs.find(self._root, detail=True)
        if not self._fs.exists(manifest):
            if files:
                raise RunFolderError(f"`upload` {self.url}: holds something else; choose an empty place")
            self._fs.pipe_file(manifest, ours)
        elif self._fs.cat_file(manifest) != ours:
            raise RunFolderError(f"`upload` {self.url}: is the copy of another run; choose another place")
        for path in segments(self.folder):
            if chunk := _CHUNK_NAME.search(str(path)):
                self._before[chunk[1]] = max(self._before[chunk[1]], int(chunk[2]) + path.stat().st_size)
        for path in sorted(files):
            if chunk := _CHUNK_NAME.search(path):
                fetched = self.folder / path.rpartition("/")[2]
                if fetched.exists() and fetched.stat().st_size >= files[path]["size"]:
                    self._copied[fetched.name] = files[path]["size"]
                    continue
                local, offset = self.folder / f"{chunk[1]}.jsonl", int(chunk[2]) - self._before[chunk[1]]
                if offset < 0 or not local.exists() or local.stat().st_size < offset + files[path]["size"]:
                    raise RunFolderError(
                        f"`upload` {self.url}: has more of {local.name} than {self.folder}; fetch the copy and go on "
                        "with that, or choose another place"
                    )
                self._copied[local.name] = offset  # the last chunk is copied again: its upload may have been cut off

    def _copy(self, segment: Path) -> int:
        chunks, start = 0, self._copied.get(segment.name, 0)
        with segment.open("rb") as file:
            end = sound_length(file, segment)
            while start < end:
                data = os.pread(file.fileno(), min(CHUNK, end - start), start)
                if start + len(data) < end:
                    file.seek(start + len(data))
                    data += file.readline()
                self._fs.pipe_file(f"{self._root}/{segment.stem}.{self._before[segment.stem] + start:012}.jsonl", data)
                start = self._copied[segment.name] = start + len(data)
                chunks += 1
        return chunks


@asynccontextmanager
async def uploading(folder: Path, url: str | None) -> AsyncGenerator[None]:
    """Keep a copy of a run folder up to date during the block, and complete it at the end; do nothing without a URL.

    A failed round is repeated with the next one; only the last must succeed.

    Raises:
        RunError: if the copy could not be completed.

    """
    if url is None:
        yield
        return
    copy = await asyncio.to_thread(Copy, folder, url)
    over = asyncio.Event()

    async def keep_up() -> None:
        while not over.is_set():
            try:
                async with asyncio.timeout(SECONDS):
                    await over.wait()
            except TimeoutError:
                try:
                    await asyncio.to_thread(copy.round)
                except Exception as error:
                    log.warning("the upload to %s failed (%s); it is tried again", url, error)

    task = asyncio.create_task(keep_up())
    try:
        yield
    finally:
        over.set()
        await task
        try:
            await asyncio.to_thread(copy.round)
        except Exception as error:
            raise RunError(
                f"`upload` {url}: the copy is not complete ({error}), and {folder} is: run again to mend that"
            ) from error


def _storage(url: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs  # pyright: ignore  # an optional dependency

        filesystem_and_path: tuple[Any, str] = url_to_fs(url)  # pyright: ignore
        return filesystem_and_path
    except ImportError as error:
        raise ConfigError(f"`upload` {url}: {error}; install what it names with pip") from error
    except ValueError as error:
        raise ConfigError(f"`upload` {url}: {error}; write file:///FOLDER or s3://BUCKET/PREFIX") from error
