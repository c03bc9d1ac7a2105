"""Messages between the processes of a sandbox: a length, then that many bytes, whatever they mean."""

import json
import os
from typing import Any, Final

LENGTH: Final = 8


def take(descriptor: int, size: int) -> bytes:
    """Read exactly `size` bytes, unbuffered, so that later bytes are left for another process.

    Raises:
        EOFError: if the other side is gone.

    """
    data = bytearray()
    while len(data) < size:
        part = os.read(descriptor, min(size - len(data), 1 << 20))
        if not part:
            raise EOFError
        data += part
    return bytes(data)


def put(descriptor: int, data: bytes | memoryview) -> None:
    """Write all bytes."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def receive(descriptor: int, max_bytes: int | None = None) -> Any:
    """Read one JSON message.

    Raises:
        EOFError: if the other side is gone.
        ValueError: if it is longer than `max_bytes`, or isn't JSON.

    """
    size = int.from_bytes(take(descriptor, LENGTH), "big")
    if max_bytes is not None and size > max_bytes:
        raise ValueError(f"a message of {size} bytes")
    return json.loads(take(descriptor, size))


def send(descriptor: int, message: Any) -> None:
    """Write one JSON message."""
    put(descriptor, packed(message))


def packed(message: Any) -> bytes:
    """Return one JSON message as `receive` reads it."""
    data = json.dumps(message).encode()
    return len(data).to_bytes(LENGTH, "big") + data
