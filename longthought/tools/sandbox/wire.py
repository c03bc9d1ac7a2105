"""How the processes of a sandbox talk: a length, then so many bytes. It knows nothing of what they mean."""

import json
import os
from typing import Any, Final

LENGTH: Final = 8


def take(descriptor: int, size: int) -> bytes:
    """Read exactly so many bytes, unbuffered, so that what follows is left for another process to read.

    Raises:
        EOFError: if the other side is gone.

    """
    found = bytearray()
    while len(found) < size:
        part = os.read(descriptor, min(size - len(found), 1 << 20))
        if not part:
            raise EOFError
        found += part
    return bytes(found)


def put(descriptor: int, data: bytes | memoryview) -> None:
    """Write it all."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def receive(descriptor: int, most: int | None = None) -> Any:
    """Read one JSON message.

    Raises:
        EOFError: if the other side is gone.
        ValueError: if it is longer than `most` bytes, or isn't JSON.

    """
    size = int.from_bytes(take(descriptor, LENGTH), "big")
    if most is not None and size > most:
        raise ValueError(f"a message of {size} bytes")
    return json.loads(take(descriptor, size))


def send(descriptor: int, message: Any) -> None:
    """Write one JSON message."""
    put(descriptor, packed(message))


def packed(message: Any) -> bytes:
    """Return one JSON message as `receive` reads it."""
    data = json.dumps(message).encode()
    return len(data).to_bytes(LENGTH, "big") + data
