"""A file of rows as text: unpacked and decoded, whatever its name says.

What a file is packed with and how it is encoded is read from its first bytes. gzip, bzip2, xz and zstd are unpacked;
archives are refused, since they may hold several files. UTF-8 is read with or without a byte order mark, and so are
UTF-16 and UTF-32. This module does not know what a row is.
"""

import bz2
import gzip
import io
import json
import lzma
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TextIO

from longthought.errors import ProblemError

MAX_LINE: Final = 16 * 2**20
"""Longest line read, in characters."""
_PACKED_SUFFIXES: Final = {".gz", ".gzip", ".bz2", ".xz", ".zst", ".zstd"}
_ARCHIVES: Final = {
    (0, b"PK\x03\x04"): "a ZIP archive or a spreadsheet",
    (0, b"\xd0\xcf\x11\xe0"): "a spreadsheet",
    (0, b"7z\xbc\xaf"): "a 7z archive",
    (0, b"ARROW1"): "an Arrow file",
    (257, b"ustar"): "a tar archive",
}
"""Formats that are refused, by what stands at an offset."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file on this machine."""

    path: Path
    label: str
    """What messages call it."""

    @property
    def name(self) -> str:
        """The file's name without the endings."""
        return self._unpacked.stem

    @property
    def suffix(self) -> str:
        """The ending that tells the format of the unpacked file, in lower case; may be empty."""
        return self._unpacked.suffix.lower()

    @property
    def _unpacked(self) -> Path:
        """The file's name without the ending that says how it is packed."""
        plain = Path(self.label)
        return plain.with_suffix("") if plain.suffix.lower() in _PACKED_SUFFIXES else plain

    def head(self, size: int) -> bytes:
        """Return the first bytes as they are stored.

        Raises:
            ProblemError: if the file can't be read.

        """
        with self._naming_errors(), self.path.open("rb") as file:
            return file.read(size)

    @contextmanager
    def text(self) -> Generator[TextIO]:
        """Open the text; every line ends in a line feed.

        Raises:
            ProblemError: if the file can't be read, now or while it is read.

        """
        with self._naming_errors(), self.path.open("rb") as stored:
            unpack = _unpacking(stored.peek(8), self.label)
            with io.BufferedReader(unpack(stored)) as file:
                head = file.peek(512)
                for (offset, magic), kind in _ARCHIVES.items():
                    if head[offset : offset + len(magic)] == magic:
                        raise ProblemError(f"{self.label}: is {kind}; unpack it, or save the rows as CSV or JSON lines")
                encoding = json.detect_encoding(head[:4])
                utf8 = encoding.startswith("utf-8")
                with io.TextIOWrapper(
                    file, encoding="utf-8-sig" if utf8 else encoding, errors="surrogateescape" if utf8 else "strict"
                ) as text:
                    yield text

    def first_line(self) -> str:
        """Return the first line that isn't blank, cut off if it is longer than a line may be; may be empty.

        Raises:
            ProblemError: if the file can't be read.

        """
        with self.text() as text:
            while line := text.readline(MAX_LINE + 1):
                if not line.isspace():
                    return line
        return ""

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield every line with its number, from 1.

        Raises:
            ProblemError: if the file can't be read, or at a line that is too long or is no UTF-8.

        """
        with self.text() as text:
            number = 0
            while line := text.readline(MAX_LINE + 1):
                number += 1
                if len(line) > MAX_LINE:
                    raise ProblemError(
                        f"{self.label}:{number}: expected at most {MAX_LINE:,} characters a line, found more"
                    )
                self.expect_utf8(line, number)
                yield number, line

    def expect_utf8(self, text: str, first: int = 1) -> None:
        """Raise if a text that was read here holds bytes that are not UTF-8; `first` is its first line's number.

        Raises:
            ProblemError: naming the line, the byte and its column.

        """
        try:
            text.encode()
        except UnicodeEncodeError as error:  # `surrogateescape` made half a surrogate pair of the byte
            before = text[: error.start]
            column = len(before.rpartition("\n")[2].encode()) + 1
            place = f"{self.label}:{first + before.count(chr(10))}"
            found = f"byte 0x{ord(text[error.start]) - 0xDC00:02x} at column {column}"
            raise ProblemError(f"{place}: expected UTF-8 text, found {found}; save it as UTF-8") from error

    @contextmanager
    def _naming_errors(self) -> Generator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or first_line(error)
            raise ProblemError(
                f"{self.label}: can't be read ({reason}); check the path, its permissions, and whether it is whole"
            ) from error
        except UnicodeDecodeError as error:
            raise ProblemError(f"{self.label}: expected {error.encoding} text, found {error.reason}") from error
        except (EOFError, zlib.error, lzma.LZMAError) as error:
            raise ProblemError(f"{self.label}: can't be unpacked ({first_line(error)}); is it whole?") from error


def _unpacking(head: bytes, label: str) -> Callable[[Any], Any]:
    """Return what unpacks a file with these first bytes."""
    if head.startswith(b"\x1f\x8b"):
        return lambda file: gzip.GzipFile(fileobj=file)
    if head.startswith(b"BZh"):
        return bz2.BZ2File
    if head.startswith(b"\xfd7zXZ\0"):
        return lzma.LZMAFile
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return lambda file: _Zstd(file, label)
    return lambda file: file


@dataclass(frozen=True, slots=True)
class FileRows:
    """The rows of a file, whatever its format."""

    file: StoredFile

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.file.name

    def place(self, number: int) -> str:
        """Name the file and the row."""
        return f"{self.file.label}, row {number}"


class _Zstd(io.RawIOBase):
    """Unpacks zstd, frame by frame, and raises its errors as those of the standard library."""

    def __init__(self, file: Any, label: str) -> None:
        try:
            self._library: Any = import_module("zstandard")
        except ModuleNotFoundError as error:
            raise ProblemError(
                f"{label}: zstandard is not installed; pip install zstandard, or unpack it with `zstd -d`"
            ) from error
        self._file, self._unpacked = file, b""
        self._frame: Any = None

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Unpack into a buffer; return the number of bytes, 0 at the end."""
        while not self._unpacked and (packed := self._packed()):
            self._frame = self._frame or self._library.ZstdDecompressor().decompressobj()
            try:
                self._unpacked = self._frame.decompress(packed)
            except self._library.ZstdError as error:
                raise EOFError(str(error)) from error
        size = min(len(buffer), len(self._unpacked))
        buffer[:size], self._unpacked = self._unpacked[:size], self._unpacked[size:]
        return size

    def _packed(self) -> bytes:
        """Return the next packed bytes, which may belong to the next frame; none at the end."""
        rest = b""
        if self._frame is not None and self._frame.eof:
            rest, self._frame = self._frame.unused_data, None
        packed = rest or self._file.read(io.DEFAULT_BUFFER_SIZE)
        if not packed and self._frame is not None:
            raise EOFError("the file ended within a frame")
        return packed


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or its kind if it has none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
